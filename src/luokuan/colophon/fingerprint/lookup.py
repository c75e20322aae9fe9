"""Which of many fingerprints are near one: a scan for those of fixed length, an inverted index for those of sounds.

Numbers stand for works (their ids as 64-bit integers). A scan reads all of 1,000,000 hashes in some milliseconds, so
that no index is kept; a sound has hundreds of sub-fingerprints, and those are looked up (as in J. Haitsma, T. Kalker, A
highly robust audio fingerprinting system, 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PDQ_DISTANCE = 31
"""Bits of 256 up to which two PDQ hashes count as the same picture (the threshold that PDQ's authors recommend);
unrelated pictures differ in about 128."""
BIT_ERROR = 0.15
"""Share of differing bits up to which two sounds count as the same, where they fit best."""
LEAST_OVERLAP = 12
"""Sub-fingerprints that must lie over one another, and half of the shorter sound's."""
_BLOCK = 1 << 16
_KEYS, _SHARE = 32, 8
"""Of a sound at least so many of its sub-fingerprints are in the index, or one of so many."""
_COMMON = 2000
"""A sub-fingerprint that more sounds have tells nothing."""
_CANDIDATES = 16
_LOW = np.uint32(8)  # lowest bits of a sub-fingerprint, which are the first to change and are not looked up by
_AT_ONCE = 20_000
_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Near:
    """``place``: in the order of adding, from 0. ``distance``: differing bits."""

    place: int
    distance: int


class Scan:
    """Hashes of ``words`` × 64 bits: PDQ has four words, SimHash one."""

    def __init__(self, words: int) -> None:
        self._hashes: NDArray[np.uint64] = np.empty((words, 0), dtype=np.uint64)

    def __len__(self) -> int:
        return self._hashes.shape[1]

    def add(self, bits: bytes) -> None:
        """More hashes, one after the other."""
        more = np.frombuffer(bits, dtype=">u8").reshape(-1, len(self._hashes)).T.astype(np.uint64)
        self._hashes = np.ascontiguousarray(np.concatenate([self._hashes, more], axis=1))

    def near(self, bits: bytes, within: int) -> list[Near]:
        """Those that differ in at most ``within`` bits, the nearest first, the older of equals."""
        wanted = np.frombuffer(bits, dtype=">u8").astype(np.uint64)
        if len(wanted) != len(self._hashes):
            raise ValueError(f"a hash has {8 * len(self._hashes)} bytes, not {len(bits)}")
        # Half of the words first: hardly any unrelated hash is so near in them, and only what is left needs the rest.
        first = (len(wanted) + 1) // 2
        found = []
        for start in range(0, len(self), _BLOCK):
            block = self._hashes[:, start : start + _BLOCK]
            near = np.bitwise_count(block[0] ^ wanted[0]).astype(np.uint16)
            for word in range(1, first):
                near += np.bitwise_count(block[word] ^ wanted[word])
            left = np.flatnonzero(near <= within)
            if len(left):
                distances = np.bitwise_count(block[:, left] ^ wanted[:, None]).sum(axis=0, dtype=np.int64)
                found += [
                    Near(start + int(place), int(distance))
                    for place, distance in zip(left, distances, strict=True)
                    if distance <= within
                ]
        return sorted(found, key=lambda one: (one.distance, one.place))


class Postings:
    """Which sounds have which sub-fingerprints. Memory: eight bytes a posting, ``_KEYS`` or more a sound."""

    def __init__(self) -> None:
        self._count = 0
        self._segments: list[NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return self._count

    def add(self, sounds: Sequence[bytes]) -> None:
        """More sounds, each as its sub-fingerprints."""
        parts = [np.empty(0, dtype=np.uint64)]
        for start in range(0, len(sounds), _AT_ONCE):
            parts.append(_chosen(sounds[start : start + _AT_ONCE], self._count + start))
        self._count += len(sounds)
        self._segments.append(np.sort(np.concatenate(parts)))
        if len(self._segments) > _SEGMENTS:
            self._segments = [np.sort(np.concatenate(self._segments))]

    def candidates(self, bits: bytes) -> list[int]:
        """The places of those that share most sub-fingerprints, the most likely first."""
        keys = np.unique(_scrambled(subfingerprints(bits))) << np.uint64(32)
        found = [np.empty(0, dtype=np.uint64)]
        for segment in self._segments:
            starts = np.searchsorted(segment, keys)
            stops = np.searchsorted(segment, keys + np.uint64(0xFFFFFFFF), side="right")
            rare = (stops > starts) & (stops - starts <= _COMMON)
            found += [segment[a:b] for a, b in zip(starts[rare], stops[rare], strict=True)]
        places, counts = np.unique(np.concatenate(found) & np.uint64(0xFFFFFFFF), return_counts=True)
        best = np.lexsort((places, -counts))[:_CANDIDATES]
        return [int(place) for place in places[best]]


def subfingerprints(bits: bytes) -> NDArray[np.uint32]:
    """The sub-fingerprints of a sound, uint32 (N,)."""
    return np.frombuffer(bits, dtype="<u4").astype(np.uint32)


def _scrambled(keys: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The 24 highest bits, by a bijection after which similar numbers lie far apart, as uint64."""
    keys = (keys >> _LOW) * np.uint32(0x9E3779B1)
    return (keys ^ keys >> np.uint32(15)).astype(np.uint64)


def _chosen(sounds: Sequence[bytes], first: int) -> NDArray[np.uint64]:
    """Postings of sounds at the places from ``first`` on: the least of the scrambled sub-fingerprints of each, so that
    a part of a sound chooses among its own as the whole does (a bottom-k sketch: E. Cohen, H. Kaplan, Summarizing data
    using bottom-k sketches, 2007)."""
    lengths = np.array([len(bits) // 4 for bits in sounds], dtype=np.int64)
    places = np.repeat(np.arange(first, first + len(sounds), dtype=np.uint64), lengths)
    pairs = np.sort(places << np.uint64(32) | _scrambled(subfingerprints(b"".join(sounds))))
    pairs = pairs[np.append(np.diff(pairs) > 0, len(pairs) > 0)]
    owners = pairs >> np.uint64(32)
    starts = np.searchsorted(owners, np.arange(first, first + len(sounds) + 1, dtype=np.uint64))
    each = np.diff(starts)
    rank = np.arange(len(pairs)) - np.repeat(starts[:-1], each)
    kept = pairs[rank < np.repeat(np.maximum(_KEYS, each // _SHARE), each)]
    return kept << np.uint64(32) | kept >> np.uint64(32)


def bit_error(ones: NDArray[np.uint32], others: NDArray[np.uint32]) -> tuple[int, int] | None:
    """Differing bits and compared bits of two sounds where they fit best, or None if they don't share enough.

    Tried are the ways to lay one over the other in which most sub-fingerprints agree in their 24 highest bits.

    Args:
        ones: Sub-fingerprints (N,).
        others: Sub-fingerprints (M,).
    """
    here, there = np.nonzero(ones[:, None] >> _LOW == others[None, :] >> _LOW)
    shifts, counts = np.unique(there - here, return_counts=True)
    least = max(LEAST_OVERLAP, min(len(ones), len(others)) // 2)
    best: tuple[int, int] | None = None
    for shift in shifts[np.argsort(-counts, kind="stable")[:8]]:
        start, stop = max(0, -shift), min(len(ones), len(others) - shift)
        if stop - start < least:
            continue
        wrong = int(np.bitwise_count(ones[start:stop] ^ others[start + shift : stop + shift]).sum())
        bits = 32 * int(stop - start)
        if best is None or wrong * best[1] < best[0] * bits:
            best = (wrong, bits)
    return best
