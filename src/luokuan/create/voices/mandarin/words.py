"""Chinese text cut into words, by the likeliest path through a list of words (Viterbi)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from luokuan.create.voices.mandarin.lexicon import FULL_ZI, SOFT_SECOND

LIST = Path(__file__).parents[1] / "data" / "words-zh.txt"
LONGEST = 4
_PHRASE = -12.0
"""Log probability of a word that only pypinyin knows."""
_ALONE = -11.5
"""Log probability of a character by itself: longer than any word of the list pays for."""


@lru_cache(maxsize=1)
def _list() -> dict[str, float]:
    from pypinyin.constants import PHRASES_DICT

    found = {word: _PHRASE for word in PHRASES_DICT if 1 < len(word) <= LONGEST}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        word, _tab, value = line.partition("\t")
        found[word] = float(value)
    for word in (*SOFT_SECOND, *FULL_ZI):
        found.setdefault(word, _PHRASE)
    return found


@lru_cache(maxsize=1)
def known_pairs() -> frozenset[str]:
    """The words of two characters."""
    return frozenset(word for word in _list() if len(word) == 2)


def cut(text: str) -> list[str]:
    """The words of a run of Chinese characters; put together they are the text."""
    words = _list()
    best = [0.0] + [float("-inf")] * len(text)
    back = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        for length in range(1, min(LONGEST, end) + 1):
            word = text[end - length : end]
            value = best[end - length] + (_COMMON.get(word, _ALONE) if length == 1 else words.get(word, float("-inf")))
            if value > best[end]:
                best[end], back[end] = value, end - length
    found, end = [], len(text)
    while end:
        found.append(text[back[end] : end])
        end = back[end]
    return found[::-1]


_COMMON = {
    **dict.fromkeys("的了是在和我你他她它不就也都很有没还又再把被给对从到去来要会能让这那吗呢吧啊", -6.0),
    **dict.fromkeys("一个与为以于而及其之用上下里中大小好多说看想做人", -7.5),
}
"""Characters that are words by themselves more often than the others."""
