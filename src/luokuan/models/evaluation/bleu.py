"""BLEU of single texts, and self-BLEU: how much the texts of a model repeat each other."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
ORDER = 4
"""Words of the longest runs that are compared."""


def words_of(text: str) -> list[str]:
    """Words without case; a hanzi or kana is one. Marks and spaces don't count."""
    return _WORD.findall(text.casefold())


def _runs(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def bleu(text: str, references: Sequence[str]) -> float:
    """BLEU-4 of one text (Papineni et al. 2002), 0 to 1: geometric mean of the clipped precisions of runs of 1 to 4
    words, times the brevity penalty against the reference nearest in length. Precisions of longer runs have 1 added to
    both counts (Lin and Och 2004, ORANGE, method 2), because single sentences often have none; 0 where no word fits."""
    return _score(words_of(text), [words_of(one) for one in references])


def _score(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    if not words or not references:
        return 0.0
    logs = 0.0
    for size in range(1, ORDER + 1):
        own, known = _runs(words, size), Counter[tuple[str, ...]]()
        for one in references:
            known |= _runs(one, size)
        fitting, all_runs = sum((own & known).values()), sum(own.values())
        if size == 1 and not fitting:
            return 0.0
        more = int(size > 1)
        logs += math.log((fitting + more) / (all_runs + more)) / ORDER
    nearest = min((abs(len(one) - len(words)), len(one)) for one in references)[1]
    return math.exp(logs + min(1 - nearest / len(words), 0.0))


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 of each text against all others (Zhu et al. 2018, arXiv 1802.01886, sec. 3), 0 to 1: the higher, the
    more alike they are. It grows with their number: compare equal ones. 0 for fewer than two."""
    rows = [words_of(text) for text in texts]
    if len(rows) < 2:
        return 0.0
    # For each run the two highest counts: clipping by all others then needs no second look at them.
    tops: list[dict[tuple[str, ...], tuple[int, int]]] = [{} for _size in range(ORDER)]
    runs = [[_runs(row, size) for size in range(1, ORDER + 1)] for row in rows]
    for mine in runs:
        for top, counts in zip(tops, mine, strict=True):
            for run, count in counts.items():
                first, second = top.get(run, (0, 0))
                top[run] = (count, first) if count > first else (first, max(second, count))
    lengths = Counter(map(len, rows))
    return sum(_against_others(row, mine, tops, lengths) for row, mine in zip(rows, runs, strict=True)) / len(rows)


def _against_others(
    words: Sequence[str],
    mine: Sequence[Counter[tuple[str, ...]]],
    tops: Sequence[dict[tuple[str, ...], tuple[int, int]]],
    lengths: Counter[int],
) -> float:
    if not words:
        return 0.0
    logs = 0.0
    for size, (counts, top) in enumerate(zip(mine, tops, strict=True), start=1):
        fitting = 0
        for run, count in counts.items():
            first, second = top[run]
            # Whoever has the highest count by itself is clipped by the second.
            fitting += min(count, second if count == first else first)
        if size == 1 and not fitting:
            return 0.0
        more = int(size > 1)
        logs += math.log((fitting + more) / (sum(counts.values()) + more)) / ORDER
    others = [length for length, count in lengths.items() if count > (length == len(words))]
    nearest = min((abs(length - len(words)), length) for length in others)[1]
    return math.exp(logs + min(1 - nearest / len(words), 0.0))
