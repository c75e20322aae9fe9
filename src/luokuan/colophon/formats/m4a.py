"""M4A (ISO/IEC 14496-12 and -14) with AAC, which ffmpeg encodes, as a program: boxes and labels as in ``isobmff``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import isobmff
from luokuan.colophon.formats.base import Encoding
from luokuan.media import Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "M4A"
_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_BITS_A_CHANNEL = 112_000

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
"""Sampling frequencies of AAC (ISO/IEC 14496-3, table 1.18)."""


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like M4A: by its brands, or, where those say MP4 alone, because it has sound alone."""
    brands = isobmff.brands(data)
    return bool(brands) and (any(brand in _BRANDS for brand in brands) or isobmff.handlers(data) == {b"soun"})


def bit_rate(channels: int, rate: int) -> int:
    """Bits a second that sound is encoded with: a frame of 1,024 samples has 6,144 a channel at most."""
    return channels * min(_BITS_A_CHANNEL, 5 * rate)


def encode(sound: Sound, _encoding: Encoding) -> bytes:
    """AAC-LC by ffmpeg, about 112 kbit/s a channel, with the index before the samples.

    Raises:
        UserError: there is no ffmpeg.
    """
    import numpy as np

    from luokuan.colophon import ffmpeg

    channels = sound.samples.shape[0]
    samples = np.ascontiguousarray(sound.samples.T, "<f4").tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.m4a"
        ffmpeg.run(
            [
                *("-f", "f32le", "-ar", str(sound.rate), "-ac", str(channels), "-i", "pipe:0"),
                *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
                *(
                    "-c:a",
                    "aac",
                    "-b:a",
                    str(bit_rate(channels, sound.rate)),
                    "-movflags",
                    "+faststart",
                    "-f",
                    "ipod",
                    str(path),
                ),
            ],
            samples,
        )
        return path.read_bytes()


def decode(data: bytes, most: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Decode with ffmpeg: (channels, samples) and the rate. ``most``: samples of all channels together, about."""
    from luokuan.colophon import ffmpeg
    from luokuan.colophon.formats.sound import read

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.m4a", Path(folder) / "a.wav"
        source.write_bytes(data)
        # Only this file may be opened, and only as what it is: nothing in it leads to other files or hosts.
        given = ["-protocol_whitelist", "file", "-f", "mov", "-i", str(source), "-map", "0:a:0"]
        size = [] if most is None else ["-fs", str(4 * most)]
        ffmpeg.run([*given, *size, "-c:a", "pcm_f32le", "-f", "wav", str(target)])
        return read(target.read_bytes(), most)


def tag(data: bytes, aigc: Aigc, source: str = xmp.GENERATED) -> bytes:
    """The file with both labels.

    Raises:
        UserError: the file is damaged.
    """
    return isobmff.tag(data, aigc, source, _NAME)


def read_labels(data: bytes) -> xmp.Labels:
    """What they say.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    return isobmff.read_labels(data, _NAME)
