"""From a work's id to the symbols of a watermark, and back from what is left of them.

An id of 64 bits gets a checksum of 24 bits, then a convolutional code of rate 1/4 and constraint length 9, ended with
eight zeros: 384 symbols. Generators 463, 535, 733 and 745 (octal) have the largest free distance, 24 (Larsen 1973,
IEEE Trans. Inf. Theory 19:371), so that any 11 wrong symbols are corrected; Viterbi's algorithm (1967) takes soft
values. The symbols are repeated, shuffled and given signs by a key, so that no id and no burst is worse than another.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ID_BITS = 64
CHECK_BITS = 24
SYMBOLS = 384
"""Fewest symbols that hold an id; any larger number does, too, and stands more."""
CORRECTABLE = 11
"""Wrong symbols of ``SYMBOLS`` that are always corrected: half the free distance, rounded down."""

_GENERATORS = (0o463, 0o535, 0o733, 0o745)
_MEMORY = 8
_STATES = 1 << _MEMORY
_STEPS = ID_BITS + CHECK_BITS + _MEMORY


def subkey(secret: bytes, label: bytes) -> bytes:
    """A key of its own for each use of a home's secret, 32 bytes: HMAC-SHA-256 (RFC 2104)."""
    return hmac.new(secret, b"luokuan watermark " + label, hashlib.sha256).digest()


def stream(key: bytes, label: bytes, count: int) -> NDArray[np.uint32]:
    """``count`` random numbers of 32 bits, the same on every machine and with every version of numpy (SHAKE-256)."""
    data = hashlib.shake_256(len(label).to_bytes(1) + label + key).digest(4 * count)
    return np.frombuffer(data, "<u4").astype(np.uint32)


def encode(work_id: str, length: int, key: bytes) -> NDArray[np.float32]:
    """The symbols of an id.

    Args:
        work_id: 16 hexadecimal digits.
        length: How many symbols, ``SYMBOLS`` or more.
        key: What shuffles them.

    Returns:
        float32 (length,), each -1 or 1.

    Raises:
        ValueError: the id isn't 64 bits, or the symbols are too few to hold it.
    """
    bits = _bits(_checked(work_id), ID_BITS + CHECK_BITS)
    coded = _convolve(np.concatenate([bits, np.zeros(_MEMORY, np.uint8)]))
    places, signs = _places(length, key)
    return (1.0 - 2.0 * coded[places]).astype(np.float32) * signs


def decode(soft: NDArray[np.floating], key: bytes) -> tuple[str | None, float]:
    """The id in soft values: the sign says which symbol it was, the size how surely.

    Args:
        soft: (length,), on any scale; zero where nothing is known.
        key: That of ``encode``.

    Returns:
        The id, or None where the checksum doesn't fit; and how well the values agree with the nearest codeword, their
        correlation, 0 to 1.

    Raises:
        ValueError: the values are too few to hold an id.
    """
    values = np.nan_to_num(np.asarray(soft, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    places, signs = _places(len(values), key)
    size = float(np.sqrt(np.mean(values**2)))
    if size == 0.0:
        return None, 0.0
    pooled = np.bincount(places, values * signs, minlength=SYMBOLS).astype(np.float64)
    bits = _viterbi(pooled.reshape(_STEPS, len(_GENERATORS)))
    coded = 1.0 - 2.0 * _convolve(bits)
    confidence = float(np.mean(coded[places] * signs * values)) / size
    number = int("".join(map(str, bits[: ID_BITS + CHECK_BITS])), 2)
    found = f"{number >> CHECK_BITS:016x}"
    return (found if _checked(found) == number else None), max(0.0, confidence)


def _checked(work_id: str) -> int:
    """Id and checksum (the lower bits of CRC-32) in one number."""
    if len(work_id) != ID_BITS // 4:
        raise ValueError("an id has 16 hexadecimal digits")
    data = bytes.fromhex(work_id)
    return int.from_bytes(data) << CHECK_BITS | zlib.crc32(data) & ((1 << CHECK_BITS) - 1)


def _bits(number: int, count: int) -> NDArray[np.uint8]:
    return np.array([number >> (count - 1 - place) & 1 for place in range(count)], np.uint8)


def _convolve(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Coded bits (SYMBOLS,) of the steps' input bits; what comes before them is zero."""
    padded = np.concatenate([np.zeros(_MEMORY, np.uint8), bits])
    out = np.zeros((_STEPS, len(_GENERATORS)), np.uint8)
    for column, generator in enumerate(_GENERATORS):
        for delay in range(_MEMORY + 1):
            if generator >> (_MEMORY - delay) & 1:
                out[:, column] ^= padded[_MEMORY - delay : _MEMORY - delay + _STEPS]
    return out.ravel()


@lru_cache(maxsize=8)
def _places(length: int, key: bytes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each symbol of a mark: which coded bit it repeats, and its sign."""
    if length < SYMBOLS:
        raise ValueError(f"an id needs {SYMBOLS} symbols, not {length}")
    order = np.argsort(stream(key, b"order", length), kind="stable")
    signs = np.where(stream(key, b"sign", length) & 1, np.float32(1), np.float32(-1))
    return order % SYMBOLS, signs


@lru_cache(maxsize=1)
def _trellis() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each state and each of the two states before it: that state, and the symbols (-1, 1) on the way.

    A state's lowest bit is the oldest input; the highest is the input that led to it.
    """
    state = np.arange(_STATES)
    before = (state[:, None] << 1 & (_STATES - 1)) | np.arange(2)  # (states, 2)
    window = (state[:, None] >> (_MEMORY - 1) << _MEMORY) | before  # the nine bits that the generators see
    parity = [[[bin(int(w) & g).count("1") & 1 for g in _GENERATORS] for w in row] for row in window]
    return before, 1.0 - 2.0 * np.array(parity, np.float64)  # (states, 2), (states, 2, 4)


def _viterbi(soft: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The input bits (steps,) of the codeword that correlates best with ``soft`` (steps, 4)."""
    before, symbols = _trellis()
    gains = np.einsum("ijk,tk->tij", symbols, soft)  # (steps, states, 2)
    score = np.full(_STATES, -np.inf)
    score[0] = 0.0
    chosen = np.empty((_STEPS, _STATES), np.uint8)
    for step in range(_STEPS):
        ways = score[before] + gains[step]
        chosen[step] = ways[:, 1] > ways[:, 0]
        score = ways.max(axis=1)
    state, bits = 0, np.empty(_STEPS, np.uint8)
    for step in range(_STEPS - 1, -1, -1):
        bits[step] = state >> (_MEMORY - 1)
        state = int(before[state, chosen[step, state]])
    return bits
