"""Error correction of a 64-bit id: a CRC-16 and a tail-biting convolutional code of rate 1/3, decoded softly.

The generators (octal 557, 663, 711; 256 states) are the best known ones of this rate and memory (Larsen 1973, IEEE
Trans. Inf. Theory 19, table I; free distance 18). Tail-biting means that the encoder starts in the state in which it
ends, so that no bits are lost to a tail (Ma & Wolf 1986, IEEE Trans. Commun. 34). The decoder runs Viterbi's
algorithm from every start at once, and takes the likeliest path whose checksum is right (list decoding).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_ID, _CHECK, _MEMORY = 64, 16, 8
_STATES = 1 << _MEMORY
_GENERATORS = (0o557, 0o663, 0o711)
_INFO = _ID + _CHECK
LENGTH = _INFO * len(_GENERATORS)
"""Code bits of an id, N."""
_TRIED = 16
"""Paths whose checksum is looked at: by chance one in 2^16 / 16 = 4,096 of what carries nothing gives an id."""


def _crc16(data: bytes) -> int:
    # CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF.
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _information(number: int) -> NDArray[np.uint8]:
    data = number.to_bytes(_ID // 8, "big")
    data += _crc16(data).to_bytes(_CHECK // 8, "big")
    return np.unpackbits(np.frombuffer(data, np.uint8))


@cache
def _outputs() -> NDArray[np.int8]:
    """Code bits of each register, int8 (512, 3): the register holds the newest bit on top, the state below."""
    registers = np.arange(2 * _STATES)
    bits = [np.bitwise_count(registers & generator) & 1 for generator in _GENERATORS]
    return (1 - 2 * np.stack(bits, 1).astype(np.int8)).astype(np.int8)


def encode(id: int) -> NDArray[np.int8]:
    """Code bits of an id, int8 (N,), 1 for a zero and -1 for a one.

    Args:
        id: 0 to 2^64 - 1.

    Raises:
        OverflowError: it is outside that range.
    """
    information = _information(id)
    padded = np.concatenate([information[-_MEMORY:], information]).astype(np.int64)
    registers = sum(padded[_MEMORY - back : len(padded) - back] << (_MEMORY - back) for back in range(_MEMORY + 1))
    return _outputs()[registers].ravel()


def decode(soft: NDArray[np.floating]) -> tuple[int | None, float]:
    """The id that soft bits say.

    Args:
        soft: Float (N,); the sign is the bit, the size how sure it is. Not finite counts as 0.

    Returns:
        The id, or None when no likely path has the right checksum; and how well the soft bits agree with the path
        (their correlation, 0 to 1).

    Raises:
        ValueError: another shape.
    """
    values = np.nan_to_num(np.asarray(soft, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if values.shape != (LENGTH,):
        raise ValueError(f"{LENGTH} soft bits, not {values.shape}")
    largest = float(np.abs(values).max())
    if largest == 0:
        return None, 0.0
    values = values / np.float32(largest)
    size = float(np.linalg.norm(values)) * LENGTH**0.5
    paths, scores = _paths(values.reshape(_INFO, len(_GENERATORS)))
    best = None
    for path, score in zip(paths, scores, strict=True):
        agreement = max(0.0, float(score) / size)
        data = np.packbits(path).tobytes()
        if _crc16(data[: _ID // 8]) == int.from_bytes(data[_ID // 8 :], "big"):
            return int.from_bytes(data[: _ID // 8], "big"), agreement
        best = agreement if best is None else best
    return None, best or 0.0


def _paths(soft: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The likeliest paths that bite their tails, uint8 (16, 80), one a start, best first; and their scores."""
    gains = soft @ _outputs().T.astype(np.float32)  # (80, 512) score of each register at each step
    states = np.arange(_STATES)
    # A state is the last eight bits, newest on top; it comes from the two states that differ in the bit dropped.
    before = np.stack([(states << 1) & (_STATES - 1), ((states << 1) & (_STATES - 1)) | 1])  # (2, 256)
    register = (states & (_STATES >> 1)) << 1 | before  # the newest bit on top of the state before
    score = np.full((_STATES, _STATES), -np.inf, np.float32)  # (start, state)
    score[states, states] = 0
    dropped = np.empty((_INFO, _STATES, _STATES), bool)
    for step in range(_INFO):
        low = score[:, before[0]] + gains[step, register[0]]
        high = score[:, before[1]] + gains[step, register[1]]
        dropped[step] = high > low
        score = np.maximum(low, high)
    whole = score[states, states]
    starts = np.argsort(-whole, kind="stable")[:_TRIED]
    state = starts.copy()
    path = np.empty((_TRIED, _INFO), np.uint8)
    for step in range(_INFO - 1, -1, -1):
        path[:, step] = state >> (_MEMORY - 1)
        state = before[dropped[step, starts, state].astype(int), state]
    return path, whole[starts]
