"""Which voices there are, and which of them speaks a language."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import CONFIG, STARTERS, starters
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.create.voices.voice import Card, Voice


@dataclass(frozen=True, slots=True)
class Row:
    """A voice of the registry: its ``name``, the ``language`` that it speaks by default (``en`` or ``zh``), and what
    makes it."""

    name: str
    language: str
    make: Callable[[], Voice]


def _made_by(place: str) -> Callable[[], Voice]:
    module, _colon, name = place.partition(":")
    return lambda: cast("Voice", getattr(import_module(module), name)())


def _is_voice(starter: str) -> bool:
    return bool(json.loads((STARTERS / starter / CONFIG).read_text(encoding="utf-8")).get("family") == "speech")


def _starter(name: str) -> Row:
    def make() -> Voice:
        from luokuan.create.voices.trained import made_of
        from luokuan.models.registry import load_voice_model

        return made_of(load_voice_model(STARTERS / name))

    return Row(name, "en", make)


_ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row("mandarin", "zh", _made_by("luokuan.create.voices.mandarin.speaking:Mandarin")),
        Row("heart", "en", _made_by("luokuan.create.voices.english:English")),
        # After the others: the first one of a language speaks where none is asked for.
        *(_starter(name) for name in starters() if _is_voice(name)),
    )
}
_MODELS: set[str] = set()
"""Names of trained voices."""


def register(name: str, language: str, make: Callable[[], Voice]) -> None:
    """Add a voice; ``make`` is called at its first use. One of the same name is replaced.

    Args:
        name: What it is asked for by.
        language: ``en`` or ``zh``; the first voice of a language speaks it where none is asked for.
        make: Makes it.
    """
    _ROWS[name] = Row(name, language, make)
    voice_of.cache_clear()


def register_model(name: str, language: str, make: Callable[[], Voice]) -> None:
    """``register`` a trained voice: one that comes along, or that a program has registered, is never replaced.

    Raises:
        UserError: there is one of this name.
    """
    if name in _ROWS and name not in _MODELS:
        raise UserError(
            _("There is a voice called '{name}' already.", name=name[:40]),
            _("Copy the model's folder under another name."),
            code="voice.taken",
        )
    _MODELS.add(name)
    register(name, language, make)


def names() -> tuple[str, ...]:
    """The names of all voices."""
    return tuple(_ROWS)


def come_along() -> tuple[str, ...]:
    """The names of the voices that are no models: those in the package, and those that programs have registered."""
    return tuple(name for name in _ROWS if name not in _MODELS)


def unknown(name: str) -> UserError:
    """There is no voice of this name, or none that may be used; trained voices, which are somebody's, aren't named."""
    known = come_along()
    near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.4)
    shown = ", ".join(known)
    return UserError(
        _("There is no voice called '{name}'.", name=name[:40]),
        _("Did you mean {near}? There are: {known}.", near=near[0], known=shown)
        if near
        else _("Choose one of {known}.", known=shown),
        code="voice.unknown",
        status=404,
    )


def row_of(name: str) -> Row:
    """The voice called ``name``, not yet made.

    Raises:
        UserError: there is none; the nearest name is suggested.
    """
    if name in _ROWS:
        return _ROWS[name]
    raise unknown(name)


@lru_cache(maxsize=16)
def voice_of(name: str) -> Voice:
    """The voice called ``name``; loaded once.

    Raises:
        UserError: there is none, or it needs a package that isn't installed.
    """
    return row_of(name).make()


def for_languages(wanted: tuple[str, ...] = (), stored: Mapping[str, str] | None = None) -> dict[str, str]:
    """The voice that speaks each language: of those that are ``wanted``, else the first one.

    Args:
        wanted: Names.
        stored: The language of trained voices that aren't registered yet, see ``trained.stored_voices``.

    Raises:
        UserError: one is unknown, or two of one language are wanted.
    """
    chosen: dict[str, str] = {}
    for name in wanted:
        language = (stored or {}).get(name) or row_of(name).language
        if chosen.setdefault(language, name) != name:
            raise UserError(
                _("{one} and {other} speak the same language.", one=chosen[language], other=name),
                _("Give one voice a language."),
                code="voice.twice",
            )
    for row in _ROWS.values():
        chosen.setdefault(row.language, row.name)
    return chosen


def cards() -> list[Card]:
    """The cards of all voices that can be loaded here."""
    found = []
    for name in names():
        try:
            found.append(voice_of(name).card)
        except UserError:
            continue  # its package isn't installed
    return found
