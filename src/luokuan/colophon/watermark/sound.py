"""The invisible watermark of sound: a secret pattern of slightly louder and softer bands, moment by moment.

Spread spectrum (Cox et al. 1997, IEEE Trans. Image Process. 6), multiplicative in the short-time spectrum. The embedder
knows the sound, and strengthens the bits that it happens to speak against (informed embedding: Malvar & Florêncio 2003,
IEEE Trans. Signal Process. 51). A detector needs the key and nothing else: it looks for the pilot at every offset and,
where wanted, at other speeds, then reads the id.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.colophon.watermark import soundcode as code
from luokuan.colophon.watermark.soundpattern import CELLS, PERIOD, carrying, fold, pilot, scores, signs_of, soft_bits
from luokuan.colophon.watermark.spectrum import (
    CELL,
    HOP,
    QUIET,
    RATE,
    SIZE,
    analyse,
    band_of_bin,
    capped,
    depths,
    features,
    features_of,
    levels,
    loudness,
    masking,
    power,
    power_of,
    resample,
    synthesise,
)
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Sound

ENOUGH = 10.0
"""Seconds from which a sound carries the id; a shorter one says only that it is marked."""
CHANCE = 1e-9
"""Probability by chance, over all offsets and speeds, below which a sound counts as marked."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
LONGEST = 60.0
"""Seconds that a detector listens to: the loudest stretch of so many."""
FASTEST = 0.015
"""How much slower or faster a sound may have become, as a share."""
_PIECE = 16 * PERIOD * HOP
_SEAM = 4 * SIZE
_BLOCK = 2 * CELLS
_LEVELLING = 0.6
_LEAST, _MOST = 0.5, 1.8
_OVER_MASK = (1.0, 4.0, 1e4)
"""How far above the masking threshold the mark may go: as little as is enough to be heard after a codec."""
_STRONG = 27.0
"""What is enough: z of the pilot in ten seconds, predicted from gains alone (overlapping frames take a third off)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector found.

    Args:
        id: The 64-bit id; None when there is no mark, or none that carries one, or it can't be read any more.
        z: How well the pattern fits, in standard deviations of an unmarked sound.
        threshold: z from which the sound counts as marked.
        chance: Upper bound of the probability that an unmarked sound fits so well, at any offset and speed, 0 to 1.
        seconds: How much sound there was to listen to: louder than -70 dBFS.
        speed: How much faster it is played than it was marked.
    """

    id: int | None
    z: float
    threshold: float
    chance: float
    seconds: float
    speed: float = 1.0

    @property
    def marked(self) -> bool:
        """Whether the sound carries the mark of the key."""
        return self.z >= self.threshold


def _checked(sound: Sound) -> None:
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        raise UserError(
            _("A sound of {rate} samples a second can't carry a watermark.", rate=sound.rate),
            _("Bring it to a rate from {low} to {high} first.", low=LOWEST_RATE, high=HIGHEST_RATE),
            code="watermark.rate",
        )
    if not np.isfinite(sound.samples).all():
        raise UserError(
            _("The sound has samples that are no numbers."),
            _("Look at what made it: every sample must be a number from -1 to 1."),
            code="watermark.samples",
        )


def embed(sound: Sound, id: int, key: bytes) -> Sound:
    """Mark a sound: the id from ``ENOUGH`` seconds on, else only that it is marked. Silence stays silence.

    Args:
        sound: 8 to 192 kHz, any number of channels.
        id: 0 to 2^64 - 1.
        key: The secret, 32 bytes.

    Returns:
        The marked sound, of the same shape and rate, within -1 to 1; the same for the same input.

    Raises:
        UserError: the rate can't carry a mark, or samples aren't finite.
        OverflowError: the id is out of range.
    """
    _checked(sound)
    bits = code.encode(id)
    if not sound.samples.size:
        return sound
    signs = signs_of(key)
    if sound.seconds < ENOUGH:
        bits = np.ones_like(bits)
    canonical = resample(sound.samples, sound.rate, RATE)
    length = canonical.shape[1]
    mark = np.zeros_like(canonical)
    for start in range(0, length, _PIECE):
        # Pieces overlap by a seam, over which one fades into the other; memory doesn't grow with the length.
        first, last = max(0, start - _SEAM), min(length, start + _PIECE)
        piece = _mark(canonical[:, first:last], signs, bits, first // HOP)
        if first:
            piece[:, :_SEAM] *= np.linspace(0, 1, _SEAM, dtype=np.float32)
            mark[:, first : first + _SEAM] *= np.linspace(1, 0, _SEAM, dtype=np.float32)
        mark[:, first:last] += piece
    wanted = resample(mark, RATE, sound.rate)[:, : sound.samples.shape[1]]
    samples = np.clip(sound.samples, -1, 1)
    samples[:, : wanted.shape[1]] += wanted
    return Sound(np.clip(samples, -1, 1), sound.rate)


def _mark(
    samples: NDArray[np.float32], signs: NDArray[np.float32], bits: NDArray[np.int8], first: int
) -> NDArray[np.float32]:
    """The mark alone of a piece at 16 kHz whose first sample is that of frame ``first``."""
    spectrum = analyse(samples)
    energy = power_of(spectrum)
    deepest = depths(energy)
    if not deepest.any():
        return np.zeros_like(samples)
    mask = masking(energy)
    cells = (np.arange(len(energy)) + first) // CELL
    plain = np.broadcast_to(carrying(signs, bits), (1, *signs.shape))
    for over in _OVER_MASK:
        depth = capped(deepest, energy, mask, over)
        heard = features_of(energy * (1 + depth * _spread(plain, cells)) ** 2)
        sums = _summed(heard, cells)
        if _strength(sums.sum(0), signs) * min(1.0, math.sqrt(ENOUGH * RATE / samples.shape[1])) >= _STRONG:
            break
    change = depth * _spread(_levelled(sums, signs, bits), cells)
    return _gated(synthesise(spectrum * change, samples.shape[1]), samples)


def _spread(signs: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.float32]:
    """Signs (blocks, cells, bands) at each frame and bin, (frames, 513)."""
    block = np.clip((cells - cells[0]) // _BLOCK, 0, len(signs) - 1)
    rows = np.pad(signs, ((0, 0), (0, 0), (0, 1)))  # the last column is outside all bands, where band_of_bin is -1
    return rows[block, cells % CELLS][:, band_of_bin()]


def _summed(heard: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Features added up for each block of 8.2 s and cell of the pattern, (blocks, cells, bands)."""
    starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    starts = starts[starts < len(heard)]
    blocks = max(1, len(cells) // (_BLOCK * CELL))
    found = np.zeros((blocks, CELLS, heard.shape[1]))
    block = np.minimum(np.arange(len(starts)) // _BLOCK, blocks - 1)
    np.add.at(found, (block, cells[starts] % CELLS), heard[starts])
    return found


def _strength(summed: NDArray[np.float64], signs: NDArray[np.float32]) -> float:
    """How well the pilot will be heard where its place is known, in standard deviations."""
    cells = summed[pilot()]
    return float((cells * signs[pilot()]).sum()) / max(1e-9, float(np.linalg.norm(cells)))


def _levelled(summed: NDArray[np.float64], signs: NDArray[np.float32], bits: NDArray[np.int8]) -> NDArray[np.float32]:
    """Signs for each block in which bits that are heard badly are stronger, (blocks, cells, bands)."""
    found = np.empty(summed.shape, np.float32)
    for block, cells in enumerate(summed):
        said = soft_bits(cells, signs) * bits
        mean = max(float(said.mean()), 0.3)
        strength = np.clip(1 + _LEVELLING * (mean - said) / mean, _LEAST, _MOST)
        found[block] = carrying(signs, bits * strength / math.sqrt(float((strength**2).mean())))
    return found


def _gated(mark: NDArray[np.float32], samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mark, kept 12 dB below the sound within any 8 ms: nothing before an onset, nothing in a pause."""
    from scipy.ndimage import uniform_filter1d

    near = SIZE // 8
    sound, own = (uniform_filter1d(part**2, near, axis=1, mode="constant") for part in (samples, mark))
    room = np.sqrt(np.maximum(sound, 0) / np.maximum(own * 16, 1e-20))
    return mark * np.minimum(1, np.where(sound > QUIET / 10, room, 0)).astype(np.float32)


def speeds_for(seconds: float) -> NDArray[np.float64]:
    """Speeds to try, 1 first: so close that no end of the sound is further off than a quarter of a cell."""
    step = min(0.002, 0.03 / max(seconds, 1.0))
    count = math.ceil(FASTEST / step)
    near = np.arange(1, count + 1) * (FASTEST / count)
    return np.concatenate([[1.0], np.stack([1 + near, 1 - near], 1).ravel()])


def listen(sound: Sound) -> tuple[NDArray[np.float64], float]:
    """What a detector needs of a sound, whatever the key: levels (frames, 514) and seconds above silence.

    Raises:
        UserError: the rate can't carry a mark, or samples aren't finite.
    """
    energy = energy_of(sound)
    return levels(energy), _heard(energy)


def energy_of(sound: Sound) -> NDArray[np.float32]:
    """The power of each frame and bin of what a detector listens to, float32 (frames, 513); of no sound, no frames.

    Raises:
        UserError: the rate can't carry a mark, or samples aren't finite.
    """
    _checked(sound)
    if not sound.samples.size:
        return np.empty((0, SIZE // 2 + 1), np.float32)
    return power(resample(_loudest(sound), sound.rate, RATE))


def _heard(energy: NDArray[np.float32]) -> float:
    """Seconds above silence."""
    return float((loudness(energy) > QUIET).sum() * HOP / RATE)


def _loudest(sound: Sound) -> NDArray[np.float32]:
    """The loudest stretch of at most LONGEST seconds, begun at a whole second."""
    seconds = sound.samples.shape[1] // sound.rate
    longest = int(LONGEST)
    if seconds <= longest:
        return sound.samples
    cut = sound.samples[:, : seconds * sound.rate].reshape(len(sound.samples), seconds, sound.rate)
    energy = np.cumsum(np.concatenate([[0.0], np.einsum("cst,cst->s", cut, cut, dtype=np.float64)]))
    first = int(np.argmax(energy[longest:] - energy[:-longest])) * sound.rate
    return sound.samples[:, first : first + longest * sound.rate]


def detect(sound: Sound, key: bytes, *, search: bool = True) -> Finding:
    """Look for the mark of a key.

    Args:
        sound: 8 to 192 kHz, any number of channels.
        key: The secret, 32 bytes.
        search: Whether to try other speeds too, where the sound as it is has no mark.

    Raises:
        UserError: the rate can't carry a mark, or samples aren't finite.
    """
    return find(energy_of(sound), key, search=search)


def find(energy: NDArray[np.float32], key: bytes, *, search: bool = True) -> Finding:
    """Look for the mark of a key in what ``energy_of`` gave; see ``detect``."""
    seconds = _heard(energy) if len(energy) else 0.0
    if seconds == 0:
        return _nothing(seconds, search)
    heard = levels(energy)
    signs = signs_of(key)
    length = len(heard) * HOP / RATE
    speeds = speeds_for(length)[: None if search else 1]
    tried = 2 * PERIOD * len(speeds)
    threshold = math.sqrt(2 * math.log(tried / CHANCE))
    best, at, speed, folded = -math.inf, 0, 1.0, np.zeros((PERIOD, 1), np.float32)
    for candidate in speeds:
        one = fold(features(heard, candidate))
        for part in (pilot(), np.ones_like(pilot())):
            fit = scores(one, signs, part)
            if fit.max() > best:
                best, at, speed, folded = float(fit.max()), int(fit.argmax()), float(candidate), one
        if speed == 1.0 and best >= threshold:
            break
    chance = min(1.0, tried * math.exp(-(best**2) / 2))
    number = None
    if best >= threshold:
        soft = soft_bits(np.roll(folded, -at, axis=0)[::CELL], signs)
        number, _agreement = code.decode(soft)
    return Finding(number, best, threshold, chance, seconds, speed)


def _nothing(seconds: float, search: bool) -> Finding:
    tried = 2 * PERIOD * (len(speeds_for(seconds)) if search else 1)
    return Finding(None, 0.0, math.sqrt(2 * math.log(tried / CHANCE)), 1.0, seconds)
