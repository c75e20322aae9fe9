"""Refusals in the words of the studio. Rooms below say what to do on the command line, in options and commands; here
there are fields of a form and pages in their place.

What neither has (``luokuan rights``, ``luokuan identity``, a folder) stays as it was said: whoever runs the home reads
it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.asking.fields import fields_of
from luokuan.studio.jobs.kinds import kinds

_MAKING = "create."
"""What the names of kinds begin with whose forms have the fields of their briefs."""
_COMMAND = re.compile(r"( ?)(with )?`luokuan ([a-z][^`]*)`( ?)")
_OPTION = re.compile(r"`[^`]*`|( ?)(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?: [A-Z]{3,}\b)?( ?)")
"""An option, with the word in capitals that stands for its value; what stands in backticks is left alone."""
_OTHERWISE = {
    "create.clip": {"attribute": "attributes"},
    "create.copy": {"attribute": "attributes"},
    "create.enlargement": {"upscaler": "model"},
    "create.image": {"attribute": "attributes", "class": "class_name"},
    "create.music": {"continue": "go_on", "from": "start"},
    "create.sentences": {"amount": "attributes", "like": "sentence"},
    "create.translation": {"from": "start", "input": "file"},
}
"""Options that are called otherwise than the field of the form."""


def here(error: UserError, kind: str = "") -> UserError:
    """The same refusal, with fields in the place of options and pages in that of commands; itself, where it names none.

    Args:
        error: As a room below said it, in the reader's language.
        kind: Name of the kind of job whose form was sent; empty: none.
    """
    do = _instead().get(error.code, error.do) if "luokuan " in error.do or "--" in error.do else error.do
    labels = _labels(kind) if kind.startswith(_MAKING) else {}
    what, do = (_fields_in(_pages_in(text), labels) for text in (error.what, do))
    return error if (what, do) == (error.what, error.do) else UserError(what, do, code=error.code, status=error.status)


def named(label: str) -> str:
    """A field, by what stands beside it."""
    return _("'{name}'", name=label)


def _instead() -> dict[str, str]:
    """What to do, by the code of an error that on the command line takes commands and options alone."""
    return {
        "market.permission": _("Where it names conditions, tick those that you meet under 'Conditions that I meet'."),
        "market.under": _("Choose them under 'Terms', if they stand there."),
        "market.guard": _("Whoever runs this home can look closer, and override it."),
        "market.disputed": _("Whoever runs this home decides on it."),
        "market.closed": _("Look at it again: it may have changed meanwhile."),
        "order.closed": _("Look at it again: it may have changed meanwhile."),
        "order.missing": _("Look for it among your orders."),
        "order.reason": _("Say why in the field 'Why'."),
        "payout.reason": _("Say why in the field 'Why'."),
    }


def _pages() -> dict[str, str]:
    """How commands begin for which there is a page, and its title."""
    return {
        "market listings": _("Market"),
        "models list": _("Models"),
        "models remove": _("Models"),
        "models show": _("Models"),
        "train": _("Train"),
        "verify": _("Check"),
    }


def _pages_in(text: str) -> str:
    def page(found: re.Match[str]) -> str:
        title = next((title for begin, title in _pages().items() if f"{found[3]} ".startswith(f"{begin} ")), None)
        if title is None:
            return found[0]
        said = _("on the page '{page}'", page=title) if found[2] else _("the page '{page}'", page=title)
        return _spaced(found, said if found.start() else said[:1].upper() + said[1:])

    return _COMMAND.sub(page, text)


def _labels(kind: str) -> Mapping[str, str]:
    fields = {field.name.rpartition(".")[2]: field.label for field in fields_of(kinds(internal=True)[kind])}
    others = {option: fields[name] for option, name in _OTHERWISE.get(kind, {}).items()}
    return {name.replace("_", "-"): label for name, label in fields.items()} | others


def _fields_in(text: str, labels: Mapping[str, str]) -> str:
    def field(found: re.Match[str]) -> str:
        return _spaced(found, named(labels[found[2]])) if found[2] in labels else found[0]

    return _OPTION.sub(field, text)


def _spaced(found: re.Match[str], said: str) -> str:
    """With the spaces around it, which Chinese marks don't have."""
    return said if said.startswith("“") else f"{found[1]}{said}{found[found.re.groups]}"
