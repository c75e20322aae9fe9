"""Who is to be named: collected from all that a work was made from, as text, Markdown and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from luokuan.i18n import _
from luokuan.rights.licences import licence_of, parse, terms_in
from luokuan.rights.sources import Source

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~])")


@dataclass(frozen=True, slots=True)
class Credit:
    """One line of the credits.

    Args:
        title: What the material is called.
        names: Who made it.
        licence: As its record has it.
        where: Where it came from.
        required: Whether a licence asks for it; else it is a courtesy.
    """

    title: str
    names: tuple[str, ...]
    licence: str
    where: str
    required: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "title": self.title,
            "names": list(self.names),
            "licence": self.licence,
            "where": self.where,
            "required": self.required,
        }


def credits_of(sources: Iterable[Source]) -> tuple[Credit, ...]:
    """The credits of all sources, each once, in their order. Models and works are left out where the material that
    they were made from names the same people."""
    known = list(sources)
    material = [one for one in known if one.kind in ("corpus", "voice", "file")]
    named = {name for one in material for name in _names(one)}
    # Models and works repeat what their material says.
    others = [one for one in known if one not in material and set(_names(one)) - named]
    found: dict[tuple[str, tuple[str, ...], str], Credit] = {}
    for one in [*material, *others]:
        names = tuple(_names(one))
        required = any(term.licence is not None and term.licence.name for term in terms_in(parse(one.licence)))
        if names and (one.title, names, one.licence) not in found:
            found[one.title, names, one.licence] = Credit(one.title, names, one.licence, one.where, required)
    return tuple(found.values())


def as_text(credits: Sequence[Credit]) -> str:
    """One line for each, for the end of a film or the foot of a page; empty where nobody is to be named."""
    return "".join(f"{_line(one.title, '; '.join(one.names), one.licence, one.where)}\n" for one in credits)


def as_markdown(credits: Sequence[Credit]) -> str:
    """A list with links to the licences; empty where nobody is to be named."""
    lines = []
    for one in credits:
        licence = " ".join(_linked(word) for word in one.licence.split())
        title, names = _escaped(one.title), _escaped("; ".join(one.names))
        lines.append(f"- {_line(title, names, licence, _escaped(one.where))}\n")
    return "".join(lines)


def _names(source: Source) -> list[str]:
    return list(dict.fromkeys(name for part in source.credit.split(";") if (name := part.strip())))


def _line(title: str, names: str, licence: str, where: str) -> str:
    said = _("{title}: {names}; licence {licence}", title=title, names=names, licence=licence)
    return f"{said}; {where}" if where else said


def _linked(word: str) -> str:
    bare = word.strip("()")
    licence = licence_of(bare)
    if licence is None or not licence.address:
        return _escaped(word)
    return _escaped(word).replace(_escaped(bare), f"[{_escaped(bare)}]({licence.address})", 1)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
