"""M4A (ISO/IEC 14496-12 and -14) with AAC, which ffmpeg encodes, as a program: boxes and labels as in ``isobmff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import isobmff
from luokuan.colophon.formats.base import Encoding
from luokuan.colophon.usage import NO_RIGHTS, Rights
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
    """AAC-LC by ffmpeg, about 112 kbit/s a channel, with the index before the samples. The coder is ``fast``: half the
    time, and meant for such high rates.

    Raises:
        UserError: there is no ffmpeg.
    """
    from luokuan.colophon import ffmpeg

    bits = bit_rate(len(sound.samples), sound.rate)
    into = ("-movflags", "+faststart", "-f", "ipod")
    return ffmpeg.encoded(sound.samples, sound.rate, "-c:a", "aac", "-aac_coder", "fast", "-b:a", str(bits), *into)


def decode(data: bytes, most: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Decode with ffmpeg: (channels, samples) and the rate. ``most``: samples of all channels together, about."""
    from luokuan.colophon import ffmpeg
    from luokuan.colophon.formats.sound import read

    # Only this file may be opened, and only as what it is: nothing in it leads to other files or hosts. It has no name,
    # and the samples come through a pipe: a process that is killed here leaves nothing on the disk.
    given = ["-protocol_whitelist", "fd,pipe", "-f", "mov", "-fd", "0", "-i", "fd:", "-map", "0:a:0"]
    size = [] if most is None else ["-fs", str(4 * most)]
    with ffmpeg.nameless(data) as file:
        return read(ffmpeg.run([*given, *size, "-c:a", "pcm_f32be", "-f", "au", "pipe:1"], file), most)


def tag(data: bytes, aigc: Aigc, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels.

    Raises:
        UserError: the file is damaged.
    """
    return isobmff.tag(data, aigc, source, _NAME, rights)


def read_labels(data: bytes) -> xmp.Labels:
    """What they say.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    return isobmff.read_labels(data, _NAME)
