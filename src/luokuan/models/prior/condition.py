"""What a prior is told of a picture: a short row of numbers, the prefix, that stands before the cells.

0 says nothing (an unknown class, an attribute left open, the end of a caption); everything else has a number of its
own, so that one embedding serves all kinds of condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.compute import mix_seed
from luokuan.models.interface import Wish, words_of
from luokuan.models.prior.config import WORDS, PriorConfig

MOST_WORDS = 8000
"""Words of a vocabulary, the most frequent ones."""
MOST_VALUES = 128
"""Different values beyond which a column is no attribute but a name or a number of its own."""
MOST_WAYS = 8
"""Lines of a caption that count."""
LEAST = 4
"""Pictures that a value must have on average, or the column can't be learnt."""


class Told(Protocol):
    """What is known of a picture or a clip."""

    @property
    def label(self) -> int | None:
        """Its class."""
        ...

    @property
    def text(self) -> str | None:
        """Its caption."""
        ...

    @property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        """(name, value), sorted by name."""
        ...


def prefix_shape(config: PriorConfig) -> tuple[int, int]:
    """(numbers in use, length of the prefix)."""
    if config.condition == "class":
        return 1 + len(config.classes), 1
    if config.condition == "attributes":
        return 1 + sum(len(values) for values in config.values), len(config.attributes)
    if config.condition == "text":
        return 1 + len(config.words), WORDS
    return 1, 1


def meanings(config: PriorConfig) -> list[tuple[str, ...]]:
    """What each number of a prefix says, in order; () for 0, which says nothing."""
    if config.condition == "class":
        own = [("class", name) for name in config.classes]
    elif config.condition == "attributes":
        own = [(name, value) for name, values in zip(config.attributes, config.values, strict=True) for value in values]
    else:
        own = [("word", word) for word in config.words]
    return [(), *own]


def vocabulary(captions: Iterable[str]) -> tuple[str, ...]:
    """The words of ``captions``, the most frequent first (ties by the alphabet)."""
    counts = Counter(word for caption in captions for word in words_of(caption))
    return tuple(word for word, _count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_WORDS])


def attribute_table(items: Sequence[Told]) -> dict[str, Counter[str]]:
    """Attributes that can be learnt from ``items``, each with its values and their counts."""
    table: dict[str, Counter[str]] = {}
    for item in items:
        for name, value in item.attributes:
            table.setdefault(name, Counter())[value] += 1
    return {
        name: counts
        for name, counts in sorted(table.items())
        if 2 <= len(counts) <= MOST_VALUES and counts.total() >= LEAST * len(counts)
    }


def prefix_of(config: PriorConfig, wish: Wish) -> list[int]:
    """The prefix that says ``wish``. Words and values that the model doesn't know are left out."""
    _numbers, length = prefix_shape(config)
    prefix = [0] * length
    if config.condition == "class" and wish.label is not None:
        prefix[0] = 1 + wish.label
    elif config.condition == "attributes":
        first = 1
        for place, (name, values) in enumerate(zip(config.attributes, config.values, strict=True)):
            if wish.attributes.get(name) in values:
                prefix[place] = first + values.index(wish.attributes[name])
            first += len(values)
    elif config.condition == "text":
        numbers = {word: 1 + index for index, word in enumerate(config.words)}
        known = [numbers[word] for word in words_of(wish.text) if word in numbers][:length]
        prefix[: len(known)] = known
    return prefix


def prefixes(config: PriorConfig, items: Sequence[Told]) -> NDArray[np.int64]:
    """What is known of ``items``, in as many ways as the longest caption has lines: int64 (N, ways, P).

    The lines of a caption say the same in several languages; each is a way of its own, and the first one comes first.
    """
    lines = [[line for line in (item.text or "").split("\n") if line.strip()] or [""] for item in items]
    ways = min(max((len(own) for own in lines), default=1), MOST_WAYS)
    found = [
        [prefix_of(config, Wish(item.label, dict(item.attributes), own[way % len(own)])) for way in range(ways)]
        for item, own in zip(items, lines, strict=True)
    ]
    return np.array(found, dtype=np.int64).reshape(len(items), ways, prefix_shape(config)[1])


def attributes_of(config: PriorConfig, prefix: Sequence[int]) -> dict[str, str]:
    """The attributes that a prefix says."""
    found, first = {}, 1
    for number, name, values in zip(prefix, config.attributes, config.values, strict=True):
        if 0 <= number - first < len(values):
            found[name] = values[number - first]
        first += len(values)
    return found


def plausible(
    config: PriorConfig, prefixes: Sequence[Sequence[int]], terms: Sequence[Mapping[str, Collection[str]]], seed: int
) -> dict[str, str]:
    """One of the training ``prefixes`` that satisfy most ``terms``, reduced to what satisfies them."""
    rows = [attributes_of(config, row) for row in prefixes]
    fitting = [[{n: row[n] for n, allowed in term.items() if row.get(n) in allowed} for term in terms] for row in rows]
    counts = [sum(bool(part) for part in parts) for parts in fitting]
    best = [i for i, count in enumerate(counts) if count == max(counts)]
    chosen = best[int(np.random.default_rng(mix_seed(seed, "plausible")).integers(len(best)))]
    return {name: value for part in fitting[chosen] for name, value in part.items()}
