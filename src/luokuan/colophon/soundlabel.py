"""The explicit label of sound: a rhythm, or words, that are heard before it begins.

GB 45438-2025 takes a spoken label (120 to 160 characters a minute) or the rhythm short-long short-short, which is "AI"
in Morse code; the EU's Code of Practice on Article 50 asks for an audible notice at the start. Both are put before the
sound, so that nothing of it is covered and the shortest sound has room for them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.colophon.label import LabelOptions

RHYTHM = ".- .."
UNIT = 0.1
"""Length of a short tone in seconds. A long one has three, the pause within a letter one, between letters three (ITU-R
M.1677-1); 12 words a minute, slow enough for who never learnt it to hear short and long."""

PITCH = 740.0
"""Hertz: in the band in which the ear is keen and in which small loudspeakers play."""

PAUSE = 0.4
"""Silence between the label and the sound, and between two languages, in seconds."""

BELOW = 8.0
"""The tone's level below the sound's, in dB: soft beside it."""

SOFTEST, LOUDEST = -34.0, -14.0
"""Bounds of the tone's level in dBFS (RMS): it is heard before silence, and never near clipping."""

SPEED = (120.0, 160.0)
"""Characters a minute of a spoken Chinese label (GB 45438-2025)."""

_RAMP = 0.008  # seconds: shorter ones click
_TAGS = {"人工智能生成": "zh-CN", "AI generated": "en"}


def label_text(options: LabelOptions) -> str:
    """What is heard: the words where there is a voice, else the rhythm; nothing where it is waived."""
    if options.waiver:
        return ""
    return f"AI ({RHYTHM})" if options.voice is None else options.text


def write_label(sound: Sound, options: LabelOptions) -> Sound:
    """``sound``, float32 (channels, samples), with the label before it, in every channel; a waived one isn't heard.

    Raises:
        UserError: the voice speaks faster or slower than the standard allows, or says nothing.
    """
    if options.waiver:
        return sound
    level = loudness(sound)
    heard = _spoken(sound.rate, level, options) if options.voice is not None else rhythm(sound.rate, level)
    channels = sound.samples.shape[0]
    before = np.broadcast_to(heard, (channels, heard.size))
    return Sound(np.concatenate([before, sound.samples], axis=1, dtype=np.float32), sound.rate)


def loudness(sound: Sound) -> float:
    """Level in dBFS: mean square over the blocks of 400 ms that are within 10 dB of the mean of those above -70 dBFS,
    the gates of ITU-R BS.1770-5 without its weighting of pitches; minus infinity for silence."""
    size = min(max(1, round(0.4 * sound.rate)), sound.samples.shape[1])
    count = sound.samples.shape[1] // size
    blocks = sound.samples[:, : count * size].reshape(sound.samples.shape[0], count, size)  # (C, blocks, size)
    power = np.einsum("cbs,cbs->b", blocks, blocks, dtype=np.float64) / (size * sound.samples.shape[0])
    loud = power[power > 1e-7]
    if not loud.size:
        return -math.inf
    return 10 * math.log10(float(loud[loud >= loud.mean() / 10].mean()))


def rhythm(rate: int, level: float) -> NDArray[np.float32]:
    """The rhythm at ``rate``, for a sound of ``level`` dBFS: (samples,), with the pause after it."""
    unit = UNIT * rate
    pieces: list[tuple[bool, int]] = []  # (tone, units)
    for letter in RHYTHM.split():
        for sign in letter:
            pieces += [(True, 3 if sign == "-" else 1), (False, 1)]
        pieces[-1] = (False, 3)
    pieces.pop()
    # Each edge is rounded by itself, so that no error adds up.
    edges = np.rint(np.cumsum([0, *(units for _tone, units in pieces)]) * unit).astype(int)
    samples = np.zeros(int(edges[-1]) + round(PAUSE * rate), np.float32)
    peak = _amplitude(level) * math.sqrt(2)
    for (tone, _units), start, end in zip(pieces, edges, edges[1:], strict=False):
        if tone:
            samples[start:end] = peak * _tone(rate, end - start)
    return samples


def _tone(rate: int, length: int) -> NDArray[np.float64]:
    """A sine of amplitude 1 with raised-cosine ramps."""
    at = np.arange(length)
    ramp = min(max(1, round(_RAMP * rate)), length // 2)
    edge = np.minimum(np.minimum(at + 0.5, length - at - 0.5) / ramp, 1.0)
    shape = 0.5 - 0.5 * np.cos(np.pi * edge)
    return np.asarray(shape * np.sin(2 * np.pi * min(PITCH, rate / 4) * at / rate))


def _amplitude(level: float) -> float:
    return float(10.0 ** (min(max(level - BELOW, SOFTEST), LOUDEST) / 20))


def _spoken(rate: int, level: float, options: LabelOptions) -> NDArray[np.float32]:
    assert options.voice is not None
    pause = np.zeros(round(PAUSE * rate), np.float32)
    pieces: list[NDArray[np.float32]] = []
    for words in options.words:
        tag = _TAGS[words]
        said = resampled(options.voice(words, tag), rate).samples.mean(axis=0)
        said = _without_silence(said)
        if tag == "zh-CN":
            _check_speed(len(words) * 60 * rate / said.size)
        root = math.sqrt(float(np.mean(np.square(said, dtype=np.float64))))
        gain = min(_amplitude(level + BELOW) / root, 0.9 / float(np.abs(said).max()))
        pieces += [(said * gain).astype(np.float32), pause]
    return np.concatenate(pieces)


def _without_silence(said: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without what is 40 dB below the peak, before and after."""
    size = np.abs(said)
    loud = np.flatnonzero(size > size.max(initial=0) / 100)
    if not loud.size:
        raise UserError(_("The voice for the label says nothing."), _("Give another voice."), code="label.voice")
    return said[loud[0] : loud[-1] + 1]


def _check_speed(speed: float) -> None:
    if not SPEED[0] <= speed <= SPEED[1]:
        raise UserError(
            _("The voice says the label with {speed:.0f} characters a minute.", speed=speed),
            _("Let it speak with {least:.0f} to {most:.0f}, as GB 45438-2025 asks.", least=SPEED[0], most=SPEED[1]),
            code="label.speed",
        )


def resampled(sound: Sound, rate: int) -> Sound:
    """``sound`` at another rate, by a polyphase filter (Kaiser window, β = 5); the same when the rates are."""
    if rate == sound.rate:
        return sound
    from scipy.signal import resample_poly

    common = math.gcd(rate, sound.rate)
    samples = resample_poly(sound.samples, rate // common, sound.rate // common, axis=1)
    return Sound(np.asarray(samples, np.float32), rate)
