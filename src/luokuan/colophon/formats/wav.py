"""WAV (RIFF): the AIGC label lies in a chunk of its own (GB 45438-2025), the IPTC source type in XMP in the chunk
``_PMX`` (XMP part 3)."""

from __future__ import annotations

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import riff
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import write_whole
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.media import Sound

_NAME = "WAV"


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like a WAV file."""
    return riff.is_form(data, b"WAVE")


def encode(sound: Sound, encoding: Encoding) -> bytes:
    """PCM; more than two channels, or more than 16 bits, ask for the extensible header."""
    wide = sound.samples.shape[0] > 2 or encoding.bits > 16
    return write_whole(sound, "WAVEX" if wide else "WAV", encoding.bits)


def tag(data: bytes, aigc: Aigc, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels behind its samples."""
    for _chunk in riff.chunks(data, b"WAVE", _NAME):
        pass
    packet = xmp.build(None, source, rights.description)
    added = riff.chunk(b"AIGC", aigc.build().encode()) + riff.chunk(b"_PMX", packet)
    return riff.build(b"WAVE", data[12:] + added)


def read_labels(data: bytes) -> xmp.Labels:
    """What they say.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc, source = [], []
    missing = {b"fmt ", b"data"}
    for name, start, end in riff.chunks(data, b"WAVE", _NAME):
        missing.discard(name)
        if name == b"AIGC":
            aigc.append(data[start:end].rstrip(b"\0").decode("utf-8", "replace"))
        elif name == b"_PMX":
            packet = xmp.parse(data[start:end])
            aigc += [packet.aigc] if packet.aigc is not None else []
            source += [packet.source] if packet.source is not None else []
    if missing:
        raise damaged(_NAME)
    return agreed(aigc, source)
