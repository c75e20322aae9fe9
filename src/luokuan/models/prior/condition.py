"""What a prior is told of a picture: a short row of numbers, the prefix, that stands before the cells.

0 says nothing (an unknown class, an attribute left open, the end of a caption); everything else has a number of its
own, so that one embedding serves all kinds of condition.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus import Item
from luokuan.models.prior.config import WORDS, PriorConfig

MOST_WORDS = 8000
"""Words of a vocabulary, the most frequent ones."""
MOST_VALUES = 128
"""Different values beyond which a column is no attribute but a name or a number of its own."""
LEAST = 4
"""Pictures that a value must have on average, or the column can't be learnt."""
_PIECES = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty parts are left to the model.

    Args:
        label: Index of a class.
        attributes: Attribute to value.
        text: A caption.
    """

    label: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


def prefix_shape(config: PriorConfig) -> tuple[int, int]:
    """(numbers in use, length of the prefix)."""
    if config.condition == "class":
        return 1 + len(config.classes), 1
    if config.condition == "attributes":
        return 1 + sum(len(values) for values in config.values), len(config.attributes)
    if config.condition == "text":
        return 1 + len(config.words), WORDS
    return 1, 1


def words_of(text: str) -> list[str]:
    """The words of a caption: letters and digits without case; each Chinese character by itself."""
    return _PIECES.findall(text.casefold())


def vocabulary(captions: Iterable[str]) -> tuple[str, ...]:
    """The words of ``captions``, the most frequent first (ties by the alphabet)."""
    counts = Counter(word for caption in captions for word in words_of(caption))
    return tuple(word for word, _count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_WORDS])


def attribute_table(items: Sequence[Item]) -> dict[str, Counter[str]]:
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


def prefixes(config: PriorConfig, items: Sequence[Item]) -> NDArray[np.int64]:
    """What is known of ``items``: int64 (N, P)."""
    return np.array(
        [prefix_of(config, Wish(item.label, dict(item.attributes), item.text or "")) for item in items],
        dtype=np.int64,
    ).reshape(len(items), prefix_shape(config)[1])
