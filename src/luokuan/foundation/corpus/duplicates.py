"""Exact and near duplicates: SHA-256 of the bytes, PDQ hashes of the look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.compute import usable_cores
from luokuan.foundation.corpus.pictures import BrokenPicture, read_picture
from luokuan.foundation.corpus.reader import Item

DISTANCE = 31
"""Bits of 256 up to which two PDQ hashes count as the same picture (the threshold PDQ's authors recommend);
unrelated pictures differ in about 128."""
QUALITY = 50
"""PDQ quality (0-100) below which a picture is too flat for its hash to mean anything; such pictures are only
compared exactly."""
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Cluster:
    """Items that are copies of one another. ``exact``: byte for byte."""

    items: tuple[Item, ...]
    exact: bool


def pdq_hashes(items: Sequence[Item]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """PDQ hashes as four 64-bit words (N, 4), and qualities 0-100 (N,); unreadable pictures get quality 0."""
    import pdqhash

    def one(item: Item) -> tuple[NDArray[np.uint8], int]:
        try:
            picture = read_picture(item.path)
        except BrokenPicture:
            return np.zeros(256, dtype=np.uint8), 0
        picture.thumbnail((512, 512))  # PDQ works on 64 × 64; the rest is cost
        bits, quality = pdqhash.compute(np.asarray(picture))
        return bits, int(quality)

    with ThreadPoolExecutor(usable_cores()) as pool:
        found = list(pool.map(one, items))
    bits = np.stack([b for b, _quality in found]).astype(np.uint8).reshape(-1, 256)
    words = np.packbits(bits, axis=1).view(np.uint64)  # (N, 4)
    return words, np.array([quality for _bits, quality in found])


def near_pairs(words: NDArray[np.uint64], distance: int = DISTANCE) -> list[tuple[int, int]]:
    """Pairs (i < j) of hashes (N, 4) that differ in at most ``distance`` bits, block by block."""
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK]  # (b, 4)
        for other in range(start, len(words), _BLOCK):
            different = block[:, None, :] ^ words[None, other : other + _BLOCK, :]  # (b, b', 4)
            bits = np.bitwise_count(different).sum(axis=2)
            rows, columns = np.nonzero(bits <= distance)
            pairs += [
                (int(r) + start, int(c) + other)
                for r, c in zip(rows, columns, strict=True)
                if int(r) + start < int(c) + other
            ]
    return pairs


class _Union:
    """Disjoint sets with path halving."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, index: int) -> int:
        while self.parent[index] != index:
            self.parent[index] = self.parent[self.parent[index]]
            index = self.parent[index]
        return index

    def join(self, a: int, b: int) -> None:
        self.parent[self.find(a)] = self.find(b)

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self.parent)):
            found[self.find(index)].append(index)
        return list(found.values())


def clusters(items: Sequence[Item]) -> list[Cluster]:
    """Clusters of two or more items that are exact or near duplicates (chains count as one cluster)."""
    if not items:
        return []
    sets = _Union(len(items))
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        sets.join(index, first.setdefault(item.sha256, index))
    words, quality = pdq_hashes(items)
    usable = np.flatnonzero(quality >= QUALITY)
    for a, b in near_pairs(words[usable]):
        sets.join(int(usable[a]), int(usable[b]))
    return [
        Cluster(tuple(items[i] for i in group), exact=len({items[i].sha256 for i in group}) == 1)
        for group in sets.groups()
        if len(group) > 1
    ]
