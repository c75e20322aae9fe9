"""WebP (RFC 9649): XMP lies in the chunk 'XMP ', which needs the extended header VP8X with its XMP flag set."""

from __future__ import annotations

import io
from collections.abc import Iterator

from luokuan.colophon.formats import riff
from luokuan.colophon.formats.base import MAX_PACKET, Encoding, damaged, has_packet, image, too_long
from luokuan.media import Picture

_NAME = "WebP"
_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like a WebP file."""
    return riff.is_form(data, b"WEBP")


def encode(picture: Picture, encoding: Encoding) -> bytes:
    """Encode with quality 90, or losslessly, with alpha if there is one."""
    out = io.BytesIO()
    image(picture).save(out, "WEBP", quality=90, method=4, lossless=encoding.lossless, exact=encoding.lossless)
    return out.getvalue()


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    return riff.chunks(data, b"WEBP", _NAME)


def embed_xmp(data: bytes, packet: bytes) -> bytes:
    """Put ``packet`` at the end, with an extended header that announces it.

    Raises:
        UserError: the file is damaged or has a packet already, or the packet is too long.
    """
    if len(packet) > MAX_PACKET:
        raise too_long()
    chunks = [(name, data[start:end]) for name, start, end in _chunks(data)]
    if any(name == b"XMP " for name, _body in chunks):
        raise has_packet(_NAME)
    if not chunks:
        raise damaged(_NAME)
    name, body = chunks[0]
    if name == b"VP8X":
        if len(body) != 10:
            raise damaged(_NAME)
        chunks[0] = (name, bytes((body[0] | _XMP_FLAG,)) + body[1:])
    else:
        width, height, alpha = _simple_header(name, body)
        flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks.insert(0, (b"VP8X", bytes((flags, 0, 0, 0)) + size))
    chunks.append((b"XMP ", packet))
    return riff.build(b"WEBP", b"".join(riff.chunk(*chunk) for chunk in chunks))


def _simple_header(name: bytes, body: bytes) -> tuple[int, int, bool]:
    """(width, height, alpha) from the first bytes of a simple file's only chunk."""
    if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        alpha = False
    elif name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")  # 14 bits width - 1, 14 bits height - 1, 1 bit alpha
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    else:
        raise damaged(_NAME)
    if not width or not height:
        raise damaged(_NAME)
    return width, height, alpha


def read_xmp(data: bytes) -> bytes | None:
    """The packet, or None.

    Raises:
        UserError: the file is damaged, or has two packets.
    """
    found: bytes | None = None
    for name, start, end in _chunks(data):
        if name == b"XMP ":
            if found is not None:
                raise has_packet(_NAME)
            found = data[start:end]
    return found
