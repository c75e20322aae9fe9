"""Licences of several materials as one SPDX expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from luokuan.foundation.corpus.card import UNKNOWN


def joint_licence(licences: Iterable[str]) -> str:
    """All of ``licences`` bind: their terms joined by AND, sorted, each once. One unknown makes the whole unknown."""
    terms = {term for licence in licences for term in _terms(licence)}
    return UNKNOWN if UNKNOWN in terms else " AND ".join(sorted(terms))


def stated(licence: str) -> str:
    """What somebody states as a licence; empty, where it names no terms at all, such as blanks or brackets alone."""
    return licence.strip() if _terms(licence) else ""


def _terms(licence: str) -> list[str]:
    """What binds at the same time; a choice stays one term, in brackets, as AND binds stronger than OR (SPDX
    Specification 2.3, annex D.4)."""
    depth, pieces = 0, [""]
    for part in re.findall(r"[()]|[^\s()]+|\s+", licence.strip()):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0 and part == "OR":
            return [f"({licence.strip()})"]
        if depth == 0 and part == "AND":
            pieces.append("")
        else:
            pieces[-1] += part
    terms = [term for piece in pieces if (term := piece.strip())]
    if len(terms) > 1:
        return [inner for term in terms for inner in _terms(term)]
    if terms and _bracketed(terms[0]):
        inner = _terms(terms[0][1:-1])
        return terms if inner == [f"({terms[0][1:-1].strip()})"] else inner  # a choice keeps its own brackets
    return terms


def _bracketed(term: str) -> bool:
    """Whether the first bracket of ``term`` is closed by its last character."""
    depth = 0
    for place, character in enumerate(term):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return term[0] == "(" and place == len(term) - 1
    return False
