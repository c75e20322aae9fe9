"""Ranking variants: by how many constraints they meet, then by how little they repeat each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SIZES = (1, 2, 3)
"""Lengths of the runs of tokens that are compared."""


def overlap(tokens: Sequence[str], others: Sequence[Sequence[str]]) -> float:
    """How much of a text stands in the others, 0 … 1: the mean over ``SIZES`` of the share of its runs that one of them
    has at least as often.

    That is self-BLEU (Zhu et al. 2018, arXiv 1802.01886, section 3) with an arithmetic mean, so that one run without a
    match doesn't make it 0, and without the brevity penalty.
    """
    shares = []
    for size in SIZES:
        own = _runs(tokens, size)
        if not own:
            continue
        most: Counter[tuple[str, ...]] = Counter()
        for other in others:
            most |= _runs(other, size)
        shares.append((own & most).total() / own.total())
    return sum(shares) / len(shares) if shares else 0.0


def _runs(tokens: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))


def ranked(faults: Sequence[tuple[int, ...]], texts: Sequence[Sequence[str]], count: int) -> list[int]:
    """Places of the ``count`` best texts, the best first.

    Of the texts with the least faults the one that overlaps least with those chosen before comes next (the greedy
    choice of maximal marginal relevance, Carbonell and Goldstein 1998, with the faults as relevance that nothing
    outweighs); among equals the earlier one. A text that was chosen already comes again only when no other is left.

    Args:
        faults: Of each text, compared as tuples.
        texts: Tokens of each text.
        count: How many to choose, at most as many as there are.
    """
    left, chosen = list(range(len(texts))), list[int]()
    while left and len(chosen) < count:
        known = [texts[place] for place in chosen]
        best = min(left, key=lambda p: (texts[p] in known, faults[p], overlap(texts[p], known), p))
        left.remove(best)
        chosen.append(best)
    return chosen
