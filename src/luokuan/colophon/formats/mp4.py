"""MP4 (ISO/IEC 14496-14) with AV1 and AAC: boxes and labels as in ``isobmff``."""

from __future__ import annotations

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import isobmff, m4a
from luokuan.colophon.formats.base import Encoding
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.media import Clip

ENCODERS = {
    "libsvtav1": ("-preset", "8", "-crf", "28"),
    "libaom-av1": ("-cpu-used", "8", "-row-mt", "1", "-crf", "24"),
}
"""Encoders of AV1 and their settings, the first that ffmpeg has is taken. None comes under the GPL."""

_NAME = "MP4"
_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"av01", b"avc1", b"M4V ", b"dash")


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like MP4, and not like M4A; pictures in such boxes (AVIF, HEIF) have other brands."""
    brands = isobmff.brands(data)
    return bool(brands) and brands[0] in _BRANDS and b"mif1" not in brands and not m4a.matches(data)


def encode(clip: Clip, _encoding: Encoding) -> bytes:
    """AV1 and AAC-LC by ffmpeg, with the index before the samples.

    Raises:
        UserError: there is no ffmpeg, or it has no encoder of AV1.
    """
    from luokuan.colophon import ffmpeg
    from luokuan.colophon.formats.clip import encoded

    name = ffmpeg.encoder(tuple(ENCODERS))
    sound: tuple[str, ...] = ()
    if clip.sound is not None:
        channels, rate = clip.sound.samples.shape[0], clip.sound.rate
        sound = ("-c:a", "aac", "-b:a", str(m4a.bit_rate(channels, rate)))
    return encoded(clip, ["-c:v", name, *ENCODERS[name], *sound, "-movflags", "+faststart", "-f", "mp4"])


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
