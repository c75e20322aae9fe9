"""PNG (ISO/IEC 15948): XMP lies in an iTXt chunk with the keyword XML:com.adobe.xmp (XMP part 3)."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

from luokuan.colophon.formats.base import MAX_PACKET, Encoding, damaged, has_packet, image, too_long
from luokuan.media import Picture

_NAME = "PNG"
_MAGIC = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"XML:com.adobe.xmp\0"


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like a PNG file."""
    return data.startswith(_MAGIC)


def encode(picture: Picture, _encoding: Encoding) -> bytes:
    """Encode losslessly, with alpha if there is one."""
    out = io.BytesIO()
    image(picture).save(out, "PNG")
    return out.getvalue()


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of its data, end of its data) of each chunk up to IEND, checksums compared.

    A manifest's chunk has room that no signature covers; the checksum notices changes there too.
    """
    if not matches(data):
        raise damaged(_NAME)
    view = memoryview(data)
    at = len(_MAGIC)
    while at + 12 <= len(data):
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4])
        if end + 4 > len(data) or zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            break
        kind = data[at + 4 : start]
        yield kind, start, end
        if kind == b"IEND":
            return
        at = end + 4
    raise damaged(_NAME)


def embed_xmp(data: bytes, packet: bytes) -> bytes:
    """Put ``packet`` before the samples.

    Raises:
        UserError: the file is damaged or has a packet already, or the packet is too long.
    """
    if len(packet) > MAX_PACKET:
        raise too_long()
    if read_xmp(data) is not None:
        raise has_packet(_NAME)
    # Flag 0: not compressed, so that simple readers find it; language and translated keyword are empty.
    body = b"iTXt" + _KEYWORD + b"\0\0\0\0" + packet
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    for kind, start, _end in _chunks(data):
        if kind == b"IDAT":
            return data[: start - 8] + chunk + data[start - 8 :]
    raise damaged(_NAME)


def read_xmp(data: bytes) -> bytes | None:
    """The packet, or None.

    Raises:
        UserError: the file is damaged, or has two packets.
    """
    found: bytes | None = None
    for kind, start, end in _chunks(data):
        if kind == b"iTXt" and data.startswith(_KEYWORD, start, end):
            if found is not None:
                raise has_packet(_NAME)
            found = _text(data[start + len(_KEYWORD) : end])
    return found


def _text(body: bytes) -> bytes:
    """The text of an iTXt chunk after its keyword: flag, method, language NUL, translated keyword NUL, text."""
    parts = body[2:].split(b"\0", 2)
    if len(body) < 2 or len(parts) != 3 or body[0] > 1:
        raise damaged(_NAME)
    if body[0] == 0:
        return parts[2]
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(parts[2], MAX_PACKET)
    except zlib.error as error:
        raise damaged(_NAME) from error
    if not inflate.eof:
        raise damaged(_NAME)
    return text
