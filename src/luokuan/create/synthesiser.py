"""A score as sound, by formula alone: no samples of instruments, equal on every machine.

Two voices. ``organ``: additive, eight harmonics with a soft beginning and end, for music in parts. ``pluck``: the
plucked string of Karplus and Strong (1983, Computer Music Journal 7:2): a burst of noise in a loop whose delay is the
period, with a low pass in it; the loop is tuned between samples by linear interpolation (Jaffe and Smith 1983, ibid.).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Note, Score, Sound

RATE = 44_100
VOICES = ("organ", "pluck")
HARMONICS = (1.0, 0.45, 0.28, 0.16, 0.09, 0.06, 0.04, 0.02)
"""Amplitudes of the organ's first harmonics."""
ATTACK, RELEASE = 0.03, 0.12
"""Seconds in which a note of the organ rises, and in which any note ends."""
RING = 1.5
"""Seconds for which a plucked string may sound beyond its note."""
LOSS = 0.996
"""What a plucked string keeps of its energy in each period, roughly."""
LONGEST = 900.0
"""Most seconds of a score that is rendered."""
LOUDEST = 0.89
"""Largest sample of what is rendered: about -1 dBFS."""


def seconds_of(score: Score) -> float:
    """How long a score lasts, seconds, without what rings on."""
    return score.quarters * 60 / score.tempo


def check_length(score: Score) -> None:
    """Refuse what is too long to be rendered.

    Raises:
        UserError: it has no notes, or lasts longer than ``LONGEST``.
    """
    if not score.notes:
        raise UserError(_("There are no notes to be heard."), _("Try another seed."), code="sound.empty")
    if seconds_of(score) > LONGEST:
        raise UserError(
            _(
                "The score lasts {found:.0f} seconds; {most:.0f} at most are rendered.",
                found=seconds_of(score),
                most=LONGEST,
            ),
            _("Make it shorter, or write MIDI."),
            code="sound.long",
        )  # fmt: skip


def render(score: Score, voice: str = "organ", rate: int = RATE) -> Sound:
    """A score as sound in two channels; its tracks stand from right to left, as singers do.

    Args:
        voice: ``organ`` or ``pluck``.
        rate: Samples a second.

    Raises:
        UserError: see ``check_length``.
        ValueError: another voice.
    """
    if voice not in VOICES:
        raise ValueError(f"voice is one of {', '.join(VOICES)}")
    check_length(score)
    second = 60 / score.tempo
    tail = RING if voice == "pluck" else RELEASE
    total = int((score.quarters * second + tail) * rate) + 1
    mixed = np.zeros((2, total))
    shape = _organ if voice == "organ" else _pluck
    tracks = max(len(score.tracks) - 1, 1)
    for note in score.notes:
        wave = shape(note, note.length * second, rate)
        start = round(note.start * second * rate)
        wave = wave[: total - start] * (note.velocity / 127)
        angle = np.pi / 4 * (1 + 0.5 * (0.5 - note.track / tracks if len(score.tracks) > 1 else 0))
        mixed[:, start : start + len(wave)] += np.array([[np.cos(angle)], [np.sin(angle)]]) * wave
    peak = float(np.abs(mixed).max())
    return Sound((mixed * (LOUDEST / peak if peak > 0 else 1.0)).astype(np.float32), rate)


def frequency(pitch: int) -> float:
    """Hertz of a MIDI pitch in equal temperament, 69 being 440 Hz."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def _organ(note: Note, seconds: float, rate: int) -> NDArray[np.float64]:
    pitch = frequency(note.pitch)
    moments = np.arange(int((seconds + RELEASE) * rate)) / rate
    heard = [(k, size) for k, size in enumerate(HARMONICS, start=1) if k * pitch < 0.45 * rate]
    # (harmonics, samples): all of them at once; above half the rate they would fold back.
    parts = np.sin(2 * np.pi * pitch * np.array([k for k, _size in heard])[:, None] * moments)
    wave = np.array([size for _k, size in heard]) @ parts
    rise = np.minimum(moments / ATTACK, 1.0)
    fall = np.clip((seconds + RELEASE - moments) / RELEASE, 0.0, 1.0)
    found: NDArray[np.float64] = wave * rise * fall**2
    return found


def _pluck(note: Note, seconds: float, rate: int) -> NDArray[np.float64]:
    from scipy.signal import lfilter

    period = rate / frequency(note.pitch)
    whole = int(period - 1)  # the low pass below delays by one sample
    share = period - 1 - whole
    taps = np.convolve((0.25, 0.5, 0.25), (1 - share, share)) * LOSS
    loop = np.zeros(whole + len(taps))
    loop[0] = 1.0
    loop[whole:] -= taps
    burst = np.zeros(int((seconds + RING) * rate))
    length = min(round(period), len(burst))
    noise = np.random.default_rng(note.pitch).uniform(-1, 1, length)  # the same string sounds the same
    burst[:length] = noise - noise.mean()
    wave = lfilter((1.0,), loop, burst)
    moments = np.arange(len(wave)) / rate
    found: NDArray[np.float64] = wave * np.clip((seconds + RING - moments) / RING, 0.0, 1.0)
    return found
