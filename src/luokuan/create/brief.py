"""What a class-conditional picture model can understand of a brief: the class that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luokuan.create.denials import clauses, denied, plain, refuses
from luokuan.errors import UserError
from luokuan.i18n import _

LONGEST = 2000
"""Characters of a brief."""
_MEASURE = re.compile(r"^[一两]?[个件条只双顶张幅]|的")
"""Chinese words that ask for nothing beside the name of a class."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``label``: index of the class, or None when the brief was empty; ``ignored``: words without effect."""

    label: int | None
    ignored: tuple[str, ...]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def joined(name: str) -> str:
    """``name`` without case, spaces and hyphens."""
    return "".join(_words(name))


def _forms(name: str) -> set[str]:
    bare = joined(name)
    # English plurals both ways: "a shoe" for a class "shoes", "dresses" for "dress".
    return {bare, bare + "s", bare + "es", bare.removesuffix("s")} - {""}


def check_text(brief: str) -> None:
    """Refuse what no recipe could hold.

    Raises:
        UserError: it is no Unicode text, or longer than ``LONGEST`` characters.
    """
    try:
        brief.encode()
    except UnicodeEncodeError as error:  # bytes of another encoding
        raise UserError(
            _("The brief holds bytes that are not UTF-8 text."),
            _("Type it again, in a terminal that is set to UTF-8."),
            code="create.text",
        ) from error
    if len(brief) > LONGEST:
        raise UserError(
            _("The brief has {count} characters.", count=len(brief)),
            _("Use {most} at most; a few words are best.", most=LONGEST),
            code="create.text",
        )


def read_brief(brief: str, classes: Sequence[str], aliases: Mapping[str, str] | None = None) -> Reading:
    """Find the class that ``brief`` names.

    Words are compared without case, hyphens and plural s; of several matches the longest name wins
    ("t-shirt" over "shirt"). A class name in a script without spaces is found inside the text. One that is denied
    ("a dress without a hat") is no match.

    Args:
        aliases: Other words for classes, such as ``{"连衣裙": "dress"}``; those of unknown classes have no effect.

    Raises:
        UserError: the brief isn't empty, and names no class of the model; or it is no Unicode text.
    """
    check_text(brief)
    words = _words(plain(brief))
    unwanted = denied(words, clauses(plain(brief)))
    if not words:
        return Reading(None, ())
    if not classes:
        return Reading(None, tuple(words))
    best: tuple[int, int, int, int] | None = None  # (length of the name, -start, index, words used)
    beside: tuple[str, ...] = ()  # what stands in the same piece of text as a name found inside it
    names = [(name, index) for index, name in enumerate(classes)]
    names += [(word, classes.index(name)) for word, name in (aliases or {}).items() if name in classes]
    refused = False
    for name, index in names:
        forms = _forms(name)
        for start in range(len(words)):
            for count in range(1, len(_words(name)) + 1):
                if "".join(words[start : start + count]) in forms:
                    refused = refused or start in unwanted
                    found = (len(name), -start, index, count)
                    if start not in unwanted and (best is None or found > best):
                        best, beside = found, ()
        if not name.isascii() and joined(name):  # nothing is left of emoji
            for start, word in enumerate(words):
                places = [match.start() for match in re.finditer(re.escape(joined(name)), word)]
                wanted = [here for here in places if start not in unwanted and not refuses(word[:here])]
                refused = refused or len(wanted) < len(places)
                found = (len(name), -start, index, 1)
                if wanted and (best is None or found > best):
                    rest = f"{word[: wanted[0]]} {word[wanted[0] + len(joined(name)) :]}"
                    best, beside = found, tuple(_MEASURE.sub(" ", rest).split())
    if best is None and refused:
        raise UserError(
            _("The brief '{brief}' only says what is not wanted.", brief=brief),
            _("Say what it shall be: {classes}.", classes=", ".join(classes)),
            code="create.class",
        )
    if best is None:
        raise UserError(
            _("The brief '{brief}' names no class of this model.", brief=brief),
            _("It knows: {classes}.", classes=", ".join(classes)),
            code="create.class",
        )
    _length, start, index, count = best
    used = range(-start, -start + count)
    skip = {"a", "an", "the"}
    others = tuple(w for i, w in enumerate(words) if i not in used and w not in skip)
    return Reading(index, (*beside, *others))
