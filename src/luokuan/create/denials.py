"""What a brief says it doesn't want: words that deny, and how far a denial reaches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

DENIALS = ("no", "not", "without", "never", "neither", "nor")
"""English words after which a thing is not wanted."""
CHINESE_DENIAL = re.compile(r"(没有?|不|无|未|勿|(?<![特分区个级])别)[戴带要是穿有想]?$")
"""The same at the end of a piece of Chinese text."""
_CHINESE_REFUSAL = re.compile(r"(没有|(?:不|(?<![特分区个级])别)[要穿戴带想]|不是)[^的但要是]*$")
"""A wish denied somewhere before, with nothing since that turns it; 无袖 or 别致 only describe."""
TURNS = ("with", "but")
"""Words after which a denial holds no longer."""


def plain(text: str) -> str:
    """``text`` without case, and with its shortened denials written out."""
    return re.sub(r"n['’]t\b", " not ", text.casefold())


def clauses(text: str) -> set[int]:
    """Numbers of the words before which a mark of punctuation stands."""
    found = list(re.finditer(r"[^\W_]+", text))
    between = (text[a.end() : b.start()] for a, b in pairwise(found))
    return {index for index, gap in enumerate(between, 1) if re.search(r"[,.;:!?，。；：！？]", gap)}


def refuses(text: str) -> bool:
    """Whether Chinese ``text`` denies what stands directly after it."""
    return bool(CHINESE_DENIAL.search(text) or _CHINESE_REFUSAL.search(text))


def denied(words: Sequence[str], begins: set[int]) -> set[int]:
    """Places of the words that a denial before them reaches, to the end of its clause.

    Args:
        begins: Places at which a clause begins; see ``clauses``.
    """
    found, denying = set(), False
    for place, word in enumerate(words):
        denying = denying and place not in begins and word not in TURNS
        if denying:
            found.add(place)
        denying = denying or word in DENIALS or bool(CHINESE_DENIAL.search(word))
    return found
