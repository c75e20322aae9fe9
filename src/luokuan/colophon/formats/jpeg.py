"""JPEG (ISO/IEC 10918-1): XMP lies in an APP1 segment that begins with Adobe's namespace (XMP part 3)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from luokuan.colophon.formats.base import Encoding, damaged, has_packet, image, too_long
from luokuan.media import Picture

_NAME = "JPEG"
_MAGIC = b"\xff\xd8\xff"
_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_APP0, _APP1, _SOS, _EOI = 0xE0, 0xE1, 0xDA, 0xD9
_MAX_SEGMENT = 65_533
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # TEM, RST0-7, SOI: markers without a length


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like a JPEG file."""
    return data.startswith(_MAGIC)


def encode(picture: Picture, _encoding: Encoding) -> bytes:
    """Encode with quality 92 and full-resolution colour (coloured edges of text survive); alpha goes onto white."""
    from PIL import Image

    samples = image(picture)
    if samples.mode == "RGBA":
        white = Image.new("RGBA", samples.size, "white")
        white.alpha_composite(samples)
        samples = white.convert("RGB")
    out = io.BytesIO()
    # Not optimize=True: Pillow then gives the encoder one byte a pixel for the whole file, too few for a busy picture.
    samples.save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start of its payload, end of its payload) of each segment before the samples."""
    if not matches(data):
        raise damaged(_NAME)
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        if marker == _EOI:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + 4 or end > len(data):
            break
        yield marker, at + 4, end
        if marker == _SOS:
            return
        at = end
    raise damaged(_NAME)


def embed_xmp(data: bytes, packet: bytes) -> bytes:
    """Put ``packet`` after the JFIF header.

    Raises:
        UserError: the file is damaged or has a packet already, or the packet is longer than a segment.
    """
    payload = _HEADER + packet
    if len(payload) > _MAX_SEGMENT:
        raise too_long()
    if read_xmp(data) is not None:
        raise has_packet(_NAME)
    marker, _start, end = next(_segments(data))
    at = end if marker == _APP0 else 2
    return data[:at] + bytes((0xFF, _APP1)) + (len(payload) + 2).to_bytes(2) + payload + data[at:]


def read_xmp(data: bytes) -> bytes | None:
    """The packet, or None.

    Raises:
        UserError: the file is damaged, or has two packets.
    """
    found: bytes | None = None
    for marker, start, end in _segments(data):
        if marker == _APP1 and data.startswith(_HEADER, start, end):
            if found is not None:
                raise has_packet(_NAME)
            found = data[start + len(_HEADER) : end]
    return found
