"""Exact and near duplicates: SHA-256 of the bytes, PDQ hashes of the look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.pictures import BrokenPicture, read_picture
from luokuan.foundation.corpus.reader import Item

DISTANCE = 31
"""Bits of 256 up to which two PDQ hashes count as the same picture (the threshold PDQ's authors recommend);
unrelated pictures differ in about 128."""
QUALITY = 50
"""PDQ quality (0-100) below which a picture is too flat for its hash to mean anything; such pictures are only
compared exactly."""
_SIDE = 512  # PDQ works on 64 × 64; more than this is cost
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Cluster:
    """Items that are copies of one another, or of one in between. ``exact``: byte for byte."""

    items: tuple[Item, ...]
    exact: bool
    _words: NDArray[np.uint64] = field(compare=False, repr=False)
    _usable: NDArray[np.bool_] = field(compare=False, repr=False)

    def copies_of(self, index: int) -> NDArray[np.bool_]:
        """Which items are copies of item ``index`` itself, bool (N,), itself included: less than the whole cluster
        where A resembles B and B resembles C, but A not C."""
        same = np.array([item.sha256 == self.items[index].sha256 for item in self.items])
        near = _distances(self._words[index : index + 1], self._words)[0] <= DISTANCE
        found: NDArray[np.bool_] = same | (near & self._usable & self._usable[index])
        return found


def pdq_hashes(items: Sequence[Item]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """PDQ hashes as four 64-bit words (N, 4), and qualities 0-100 (N,); unreadable pictures get quality 0."""
    import pdqhash

    def one(item: Item) -> tuple[NDArray[np.uint8], int]:
        try:
            picture = read_picture(item.path, at_least=_SIDE)
        except BrokenPicture:
            return np.zeros(256, dtype=np.uint8), 0
        picture.thumbnail((_SIDE, _SIDE))
        bits, quality = pdqhash.compute(np.asarray(picture))
        return bits, int(quality)

    with ThreadPoolExecutor(usable_cores()) as pool:
        found = list(pool.map(one, items))
    bits = np.stack([b for b, _quality in found]).astype(np.uint8).reshape(-1, 256)
    words = np.packbits(bits, axis=1).view(np.uint64)  # (N, 4)
    return words, np.array([quality for _bits, quality in found])


def _distances(ones: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Bits in which hashes (N, 4) and (M, 4) differ, (N, M)."""
    bits = np.zeros((len(ones), len(others)), dtype=np.uint16)
    for word in range(ones.shape[1]):
        bits += np.bitwise_count(ones[:, word, None] ^ others[None, :, word])
    return bits


def near_pairs(
    words: NDArray[np.uint64], distance: int = DISTANCE
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs i < j of hashes (N, 4) that differ in at most ``distance`` bits, as two arrays a block."""
    for start in range(0, len(words), _BLOCK):
        for other in range(start, len(words), _BLOCK):
            bits = _distances(words[start : start + _BLOCK], words[other : other + _BLOCK])
            rows, columns = np.nonzero(bits <= distance)
            rows, columns = rows + start, columns + other
            later = rows < columns
            if later.any():
                yield rows[later], columns[later]


def _joined(first: NDArray[np.intp], ones: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sets given by their first members (N,), after joining those of each pair."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(first)
    rows, columns = np.concatenate([np.arange(count), ones]), np.concatenate([first, others])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(count, count))
    _count, names = connected_components(graph, directed=False)
    _names, starts = np.unique(names, return_index=True)
    joined: NDArray[np.intp] = starts[names]
    return joined


def clusters(items: Sequence[Item]) -> tuple[Cluster, ...]:
    """Clusters of two or more items that are exact or near duplicates (chains count as one cluster)."""
    if not items:
        return ()
    seen: dict[str, int] = {}
    first = np.array([seen.setdefault(item.sha256, index) for index, item in enumerate(items)], dtype=np.intp)
    words, quality = pdq_hashes(items)
    usable = quality >= QUALITY
    places = np.flatnonzero(usable)
    # Block by block, so that ten thousand frames of one film don't become fifty million pairs in memory.
    for ones, others in near_pairs(words[places]):
        first = _joined(first, places[ones], places[others])
    groups: dict[int, list[int]] = defaultdict(list)
    for index, start in enumerate(first.tolist()):
        groups[start].append(index)
    return tuple(
        Cluster(
            tuple(items[i] for i in group),
            exact=len({items[i].sha256 for i in group}) == 1,
            _words=words[group],
            _usable=usable[group],
        )
        for group in groups.values()
        if len(group) > 1
    )
