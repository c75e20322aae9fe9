"""Real sounds for tests, and what happens to sounds out there."""

from __future__ import annotations

import io
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from luokuan.media import Sound

DATA = Path(__file__).parents[1] / "data/sound"


def read(source: Path | io.BytesIO) -> Sound:
    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(samples.T), rate)


@cache
def speech() -> Sound:
    """Two sentences, 12.6 s, 22.05 kHz, mono."""
    parts = [read(DATA / f"arctic_{name}.ogg") for name in ("a0407", "b0496")]
    return Sound(np.concatenate([part.samples for part in parts], axis=1), parts[0].rate)


@cache
def guitar() -> Sound:
    """A guitar, 5 s, 16 kHz, mono."""
    return read(DATA / "sp_guit_e_fifths.flac")


def at_rate(sound: Sound, rate: int) -> Sound:
    """At another rate."""
    return Sound(resample_poly(sound.samples, rate, sound.rate, axis=1).astype(np.float32), rate)


def part(sound: Sound, first: float, seconds: float) -> Sound:
    """A part of it, from a second on."""
    start = round(first * sound.rate)
    return Sound(sound.samples[:, start : start + round(seconds * sound.rate)], sound.rate)


def through(sound: Sound, format: str, subtype: str, rate: int, compression: float) -> Sound:
    """Encoded by libsndfile at a rate and a compression of 0 to 1, and decoded."""
    place, resampled = io.BytesIO(), at_rate(sound, rate)
    soundfile.write(place, resampled.samples.T, rate, format=format, subtype=subtype, compression_level=compression)
    return read(io.BytesIO(place.getvalue()))


def through_ffmpeg(sound: Sound, folder: Path, ending: str, *options: str) -> Sound:
    """Encoded and decoded by ffmpeg."""
    import imageio_ffmpeg

    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i"]
    before, coded, after = folder / "before.wav", folder / f"coded{ending}", folder / "after.wav"
    soundfile.write(before, sound.samples.T, sound.rate, subtype="PCM_16")
    subprocess.run([*program, str(before), *options, str(coded)], check=True)
    subprocess.run([*program, str(coded), str(after)], check=True)
    return read(after)


def ratio(before: Sound, after: Sound) -> float:
    """Signal to noise, dB."""
    noise = float(((after.samples - before.samples) ** 2).sum())
    return 10 * float(np.log10(float((before.samples**2).sum()) / max(noise, 1e-30)))
