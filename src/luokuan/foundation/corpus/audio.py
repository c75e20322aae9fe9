"""Reading one file of sound, whatever its rate and channels, without believing what it says of itself."""

from __future__ import annotations

import io
from math import gcd
from typing import TYPE_CHECKING

from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
BYTE_LIMIT = 256 << 20
LONGEST = 600.0
"""Seconds of the longest clip."""
SHORTEST = 0.02
RATES = (4_000, 192_000)
SILENCE = 1e-4
"""Largest amplitude of what counts as silence (-80 dBFS)."""
_FULL = 0.999


class BrokenSound(Exception):
    """A file that holds no usable sound; the message says why, in words."""


def read_sound(data: bytes, rate: int) -> NDArray[np.float32]:
    """The sound of a WAV, FLAC, OGG or MP3 file: its channels' mean, at ``rate`` samples a second.

    Returns:
        float32 (samples,), -1 to 1.

    Raises:
        BrokenSound: it is none of these, damaged, too short or too long, of a rate that no recording has, holds values
            that are no numbers, or nothing but silence.
    """
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if not RATES[0] <= file.samplerate <= RATES[1]:
                raise BrokenSound(_("its rate is {rate} samples a second", rate=file.samplerate))
            if file.frames > LONGEST * file.samplerate:
                raise BrokenSound(_("it is longer than {seconds} seconds", seconds=f"{LONGEST:g}"))
            own = int(file.samplerate)
            # One more than allowed: a header may say less than there is.
            samples = file.read(int(LONGEST * own) + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OSError, MemoryError) as error:
        raise BrokenSound(_("it is no sound that can be read, or it is damaged")) from error
    if len(samples) < SHORTEST * own:
        raise BrokenSound(_("it is shorter than {seconds} seconds", seconds=f"{SHORTEST:g}"))
    if not np.isfinite(samples).all():
        raise BrokenSound(_("it holds values that are no numbers"))
    mono = samples.mean(axis=1)
    if float(np.abs(mono).max()) < SILENCE:
        raise BrokenSound(_("it is nothing but silence"))
    return resampled(mono, own, rate)


def resampled(samples: NDArray[np.float32], own: int, rate: int) -> NDArray[np.float32]:
    """(samples,) of ``own`` samples a second as ``rate``, by a polyphase filter; float32, clipped to -1 … 1."""
    import numpy as np
    from scipy.signal import resample_poly

    if own != rate:
        shared = gcd(own, rate)
        samples = resample_poly(samples.astype(np.float64), rate // shared, own // shared)
    return np.ascontiguousarray(samples.clip(-1, 1), dtype=np.float32)


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Share of the samples that stand at full scale, 0 to 1."""
    import numpy as np

    return float((np.abs(samples) >= _FULL).mean())
