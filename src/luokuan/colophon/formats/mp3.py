"""MP3 (ISO/IEC 11172-3 and 13818-3, layer III): the AIGC label lies in an ID3v2 frame TXXX, described as AIGC."""

from __future__ import annotations

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import id3
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import length, write
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.media import Sound

_NAME = "MP3"
RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like an MP3 file: with a tag that isn't FLAC's, or with two frames."""
    at = id3.length(data)
    if at:
        return data[at : at + 4] != b"fLaC"
    size = _frame_length(data)
    return bool(size) and (len(data) <= size + 4 or bool(_frame_length(data[size : size + 4])))


def _frame_length(data: bytes) -> int:
    """Bytes of the frame that begins here; 0 when none does."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return 0
    version = data[1] >> 3 & 3
    bits, rate = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return 0
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[bits]
    return (144 if version == 3 else 72) * 1000 * kbits // _RATES[version][rate] + (data[2] >> 1 & 1)


def encode(sound: Sound, _encoding: Encoding) -> bytes:
    """With LAME, variable bit rate, quality V2: by ffmpeg where it is here, which takes a third of the time that
    libsndfile takes, for it asks LAME for less search."""
    from luokuan.colophon import ffmpeg

    if sound.seconds >= ffmpeg.WORTH_A_PROCESS and ffmpeg.encodes("libmp3lame"):
        bare = ("-id3v2_version", "0", "-write_id3v1", "0", "-f", "mp3")
        found = ffmpeg.encoded(sound.samples, sound.rate, "-c:a", "libmp3lame", "-q:a", "2", *bare)
        # For some lengths what it notes of its padding doesn't reach to the end: decoders give a few samples more.
        if length(found) == sound.samples.shape[1]:
            return found
    return write(sound.samples, sound.rate, "MP3", "MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.2)


def tag(data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels before its frames."""
    if not _frame_length(data):
        raise damaged(_NAME)
    return id3.build(aigc.build(), source, rights) + data


def read_labels(data: bytes) -> Labels:
    """What they say.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc, source, at = id3.labels(data, _NAME)
    if at >= len(data):
        raise damaged(_NAME)
    return agreed(aigc, source)
