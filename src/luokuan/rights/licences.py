"""Licences: what each asks, and expressions of several (``CC0-1.0 AND OFL-1.1``, ``MIT OR Apache-2.0``).

The facts are those that matter for pictures, texts, sounds and models made from material under these licences, as the
licences' own texts say them; no advice of a lawyer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_EXPRESSION, MAX_DEPTH = 20_000, 40
"""Longest expression in characters, and how deep brackets go; beyond it nobody knows what is meant."""


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence asks.

    Args:
        id: As SPDX spells it, or the word that cards use.
        anything: Whether it permits anything at all.
        business: Whether it permits uses that make money.
        changes: Whether something new may be made.
        alike: Under which licences what is made must stand, the first by default; none: under any.
        name: Whether the makers must be named.
        text: Whether its text and the copyright notice must go along.
        font: Whether it is one for fonts, which may not be sold alone.
    """

    id: str
    anything: bool = True
    business: bool = True
    changes: bool = True
    alike: tuple[str, ...] = ()
    name: bool = False
    text: bool = False
    font: bool = False

    @property
    def address(self) -> str:
        """Where its text can be read; empty where that isn't known."""
        return f"https://spdx.org/licenses/{self.id}.html" if self.id in _SPDX else ""


@dataclass(frozen=True, slots=True)
class Term:
    """One licence of an expression. ``licence``: None if nobody here knows it."""

    text: str
    licence: Licence | None


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these bind."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these may be chosen."""

    parts: tuple[Expression, ...]


Expression = Term | AllOf | AnyOf

_FREE = ("CC0-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense", "WTFPL", "0BSD", "MIT-0")
_NOTICE = (
    "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "BSL-1.0", "Unicode-3.0", "Unicode-DFS-2016",
    "PSF-2.0", "Python-2.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "HPND", "MIT-CMU", "Artistic-2.0", "ECL-2.0",
    "NCSA", "PostgreSQL", "X11", "AFL-3.0", "MulanPSL-2.0",
)  # fmt: skip
_COPYLEFT = {
    "GPL-2.0-only": ("GPL-2.0-only",),
    "GPL-2.0-or-later": ("GPL-3.0-or-later", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-2.0-only", "AGPL-3.0-only"),
    "GPL-3.0-only": ("GPL-3.0-only", "AGPL-3.0-only"),
    "GPL-3.0-or-later": ("GPL-3.0-or-later", "GPL-3.0-only", "AGPL-3.0-only"),
    "AGPL-3.0-only": ("AGPL-3.0-only",),
    "AGPL-3.0-or-later": ("AGPL-3.0-or-later", "AGPL-3.0-only"),
    "GFDL-1.3-only": ("GFDL-1.3-only",),
    "GFDL-1.3-or-later": ("GFDL-1.3-or-later", "GFDL-1.3-only"),
    "ODbL-1.0": ("ODbL-1.0",),
    "CDLA-Sharing-1.0": ("CDLA-Sharing-1.0",),
    "LAL-1.3": ("LAL-1.3", "CC-BY-SA-4.0"),  # the Free Art Licence and BY-SA 4.0 accept each other since 2014
    "MPL-2.0": ("MPL-2.0",),
}
_PLAIN: Mapping[str, Licence] = {
    licence.id.lower(): licence
    for licence in (
        *(Licence(id) for id in _FREE),
        *(Licence(id, name=True, text=True) for id in _NOTICE),
        *(Licence(id, alike=alike, name=True, text=True) for id, alike in _COPYLEFT.items()),
        Licence("OFL-1.1", name=True, text=True, font=True),
        Licence("ODC-By-1.0", name=True),
        Licence("OGL-UK-3.0", name=True),
        Licence("etalab-2.0", name=True),
        Licence("own"),
        Licence("public domain"),
        Licence("all rights reserved", anything=False),
    )
}
_OTHER_NAMES = {
    "LicenseRef-public-domain": "public domain", "PDM-1.0": "public domain", "public-domain": "public domain",
    "publicdomain": "public domain", "公有领域": "public domain", "公版": "public domain", "CC0": "CC0-1.0",
    "自有": "own", "本人": "own", "LicenseRef-own": "own", "proprietary": "all rights reserved",
    "all-rights-reserved": "all rights reserved", "LicenseRef-all-rights-reserved": "all rights reserved",
    "版权所有": "all rights reserved", "保留所有权利": "all rights reserved", "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause", "GPL-2.0": "GPL-2.0-only", "GPL-2.0+": "GPL-2.0-or-later", "GPL-3.0": "GPL-3.0-only",
    "GPL-3.0+": "GPL-3.0-or-later", "AGPL-3.0": "AGPL-3.0-only", "GFDL-1.3": "GFDL-1.3-only", "OFL": "OFL-1.1",
    "ODC-BY": "ODC-By-1.0", "ODbL": "ODbL-1.0", "PDDL": "PDDL-1.0", "FAL": "LAL-1.3",
}  # fmt: skip
_ALIASES = {name.lower(): known.lower() for name, known in _OTHER_NAMES.items()}
_CC = re.compile(r"CC[- ]BY(-NC)?(-ND|-SA)?(?:[- ](\d\.\d))?(?:-(IGO|[A-Z]{2,3}))?", re.IGNORECASE | re.ASCII)
_CC_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
_SPDX = {
    *(id for id in (*_FREE, *_NOTICE, *_COPYLEFT, "OFL-1.1", "ODC-By-1.0", "OGL-UK-3.0", "etalab-2.0")),
    *(
        f"CC-BY{kind}-{version}"
        for kind in ("", "-NC", "-SA", "-ND", "-NC-SA", "-NC-ND")
        for version in _CC_VERSIONS
    ),
    "CC-BY-2.0-FR", "CC-BY-3.0-DE", "CC-BY-3.0-US", "CC-BY-SA-2.0-UK", "CC-BY-SA-3.0-DE", "CC-BY-SA-3.0-IGO",
}  # fmt: skip


def known_licences() -> tuple[str, ...]:
    """The licences of the table, sorted; of Creative Commons those that exist in version 4.0."""
    cc = (f"CC-BY{kind}-4.0" for kind in ("", "-NC", "-SA", "-ND", "-NC-SA", "-NC-ND"))
    return tuple(sorted({*(licence.id for licence in _PLAIN.values()), *cc}, key=str.lower))


def licence_of(term: str) -> Licence | None:
    """The licence that a word of a card, or an SPDX id, means; None where nobody here knows it."""
    word = " ".join(term.split()).lower()
    word = _ALIASES.get(word, word)
    return _PLAIN.get(word) or _creative_commons(word)


def parse(text: str) -> Expression:
    """An expression of licences; what can't be read becomes one unknown term."""
    whole = text.strip()
    if len(whole) > MAX_EXPRESSION:
        return Term(whole[:80] + "…", None)
    try:
        tokens = list(re.findall(r"[()]|[^\s()]+", whole))
        found, rest = _any(tokens, 0, 0)
        if rest != len(tokens):
            raise ValueError
    except ValueError:
        return Term(whole[:200] or "unknown", licence_of(whole))
    return found


def terms_in(expression: Expression) -> Iterator[Term]:
    """All licences of an expression, from left to right."""
    if isinstance(expression, Term):
        yield expression
    else:
        for part in expression.parts:
            yield from terms_in(part)


def _any(tokens: list[str], at: int, depth: int) -> tuple[Expression, int]:
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    first, at = _all(tokens, at, depth)
    parts = [first]
    while at < len(tokens) and tokens[at].upper() == "OR":
        part, at = _all(tokens, at + 1, depth)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AnyOf(tuple(parts))), at


def _all(tokens: list[str], at: int, depth: int) -> tuple[Expression, int]:
    first, at = _term(tokens, at, depth)
    parts = [first]
    while at < len(tokens) and tokens[at].upper() == "AND":
        part, at = _term(tokens, at + 1, depth)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AllOf(tuple(parts))), at


def _term(tokens: list[str], at: int, depth: int) -> tuple[Expression, int]:
    if at < len(tokens) and tokens[at] == "(":
        found, at = _any(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at] != ")":
            raise ValueError("a bracket is open")
        return found, at + 1
    words = []
    # Words of cards, such as "public domain"; an exception ("WITH …") makes a licence that isn't in the table.
    while at < len(tokens) and tokens[at] not in "()" and tokens[at].upper() not in ("AND", "OR"):
        words.append(tokens[at])
        at += 1
    if not words:
        raise ValueError("a licence is missing")
    text = " ".join(words)
    return Term(text[:200], licence_of(text)), at


def _creative_commons(word: str) -> Licence | None:
    found = _CC.fullmatch(word)
    if found is None:
        return None
    nc, kind, version, place = (part.upper() if part else "" for part in found.groups())
    if version and version not in _CC_VERSIONS:
        return None
    parts = [f"CC-BY{nc}{kind}", version, place]
    return Licence(
        "-".join(part for part in parts if part),
        business=not nc,
        changes=kind != "-ND",
        alike=_later(f"CC-BY{nc}-SA", version) if kind == "-SA" else (),
        name=True,
    )


def _later(kind: str, version: str) -> tuple[str, ...]:
    """Versions under which an adaptation may stand: the own one and, from 2.0 on, later ones. Where the card names no
    version, the newest is taken, as all but 1.0 permit it."""
    if version == "1.0":
        return (f"{kind}-1.0",)
    start = _CC_VERSIONS.index(version) if version else len(_CC_VERSIONS) - 1
    own = [f"{kind}-{later}" for later in reversed(_CC_VERSIONS[start:])]
    return (*own, "LAL-1.3") if kind == "CC-BY-SA" and version in ("", "4.0") else tuple(own)
