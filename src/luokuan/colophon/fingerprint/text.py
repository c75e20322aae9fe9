"""What a text says: SimHash, 64 bits (M. Charikar, Similarity estimation techniques from rounding algorithms, 2002;
for near-duplicates of pages G. Manku, A. Jain, A. Das Sarma, Detecting near-duplicates for web crawling, 2007).

What is counted are letters in a row: five, or two Chinese characters; case, width, spaces and punctuation don't count.
Each different one adds its hash's bits as +1 and -1; the sums' signs are the fingerprint. Texts at an angle a differ
in about 64 a / pi bits: one sentence of forty changes three or four, one of four about fourteen. That is why distances
of more than ``SURE`` bits count only where a sketch of the words agrees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.colophon.fingerprint.base import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

LETTERS, IDEOGRAPHS = 5, 2
"""How many in a row are counted as one."""
MAX_LETTERS = 200_000
"""Letters of a text that have a say, from its beginning."""
SURE = 6
"""Bits of 64 up to which texts count as the same: among 1,000,000 random ones a chance of 5e-6."""
MAYBE = 14
"""Bits up to which they do if their sketches agree: among 1,000,000 random ones about 4 are so near."""
ALIKE = 0.4
"""Resemblance (Jaccard, estimated) from which on sketches agree."""

_FIRST_IDEOGRAPH = 0x2E80
_PIECE = 1 << 15
_NO_LETTER = re.compile(r"[\W_]+")


def fingerprints(data: bytes, media_type: str) -> tuple[Fingerprint, ...]:
    """Of a file of text, without the label that we write under it; of no text, none."""
    words = words_in(data, media_type)
    return () if words is None else (of_text(words),)


def glance(data: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What to look a text up by; see the package's ``glance``."""
    words = words_in(data, media_type)
    if words is None:
        return None
    hashes = _hashes(words)
    found = _simhash(hashes)
    drawn = _sketch(hashes).astype("<u4").tobytes()
    return {"kind": "text", "bits": found.bits.hex(), "quality": found.quality, "sketch": drawn.hex()}


def of_text(text: str) -> Fingerprint:
    """The SimHash of a text. Quality: how many different things are counted, 100 at most."""
    return _simhash(_hashes(text))


def _simhash(hashes: NDArray[np.uint64]) -> Fingerprint:
    sums = np.zeros(64, dtype=np.int64)
    for start in range(0, len(hashes), _PIECE):
        part = hashes[start : start + _PIECE].astype(">u8").view(np.uint8).reshape(-1, 8)
        sums += 2 * np.unpackbits(part, axis=1).sum(axis=0, dtype=np.int64) - len(part)
    return Fingerprint("text", np.packbits(sums > 0).tobytes(), min(100, len(hashes)))


def resemblance(text: str, sketch: bytes) -> float:
    """Estimated Jaccard similarity, 0 to 1, of what is counted in a text and in the one of a glance's ``sketch``."""
    from luokuan.foundation.corpus.sketches import similarity

    return float(similarity(_sketch(_hashes(text)), np.frombuffer(sketch, dtype="<u4")[None])[0])


def _sketch(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    from luokuan.foundation.corpus.sketches import sketch_of

    return sketch_of((hashes >> np.uint64(32)).astype(np.uint32))


def words_in(data: bytes, media_type: str) -> str | None:
    """The words of a file, without our label; None if it can't be read."""
    from luokuan.colophon.formats import TEXTS
    from luokuan.colophon.formats.text import words_of

    for row in TEXTS:
        if row.media_type == media_type:
            try:
                return words_of(row.to_text(data))
            except (ValueError, LookupError, TypeError, RecursionError):
                return None
    return None


def _letters(text: str) -> str:
    # Folding may make one character into eighteen.
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text[: 2 * MAX_LETTERS]).casefold())[:MAX_LETTERS]


def _hashes(text: str) -> NDArray[np.uint64]:
    """The different hashes of all that is counted, uint64 (N,)."""
    codes = np.frombuffer(_letters(text).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    ideographs = codes >= _FIRST_IDEOGRAPH
    found = [np.empty(0, dtype=np.uint64)]
    for width, begins in ((LETTERS, ~ideographs), (IDEOGRAPHS, ideographs)):
        count = len(codes) - width + 1
        if count < 1:
            continue
        hashed = np.zeros(count, dtype=np.uint64)
        for place in range(width):
            hashed = _mixed(hashed * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + count] + np.uint64(1))
        found.append(hashed[begins[:count]])
    return np.unique(np.concatenate(found))


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit numbers after which all bits look random (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
