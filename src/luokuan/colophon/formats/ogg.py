"""Ogg (RFC 3533) with Vorbis or Opus (RFC 7845): the AIGC label is a comment in the stream's second packet.

Ogg holds no C2PA manifest: it lies beside, in ``FILE.c2pa``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import vorbis_comment
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import MAX_ENTRIES, write
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.media import Sound

_NAME = "Ogg"
_MAGIC = b"OggS"
_CONTINUED, _FIRST = 0x01, 0x02
_NO_GRANULE = b"\xff" * 8
_TAGS = {b"\x03vorbis": 2, b"OpusTags": 1}
"""How the comment packet begins, and how many packets of headers follow the first one."""

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def matches_vorbis(data: bytes) -> bool:
    """Whether ``data`` begins like Ogg with Vorbis."""
    return data.startswith(_MAGIC) and data.startswith(b"\x01vorbis", 28)


def matches_opus(data: bytes) -> bool:
    """Whether ``data`` begins like Ogg with Opus."""
    return data.startswith(_MAGIC) and data.startswith(b"OpusHead", 28)


def encode_vorbis(sound: Sound, _encoding: Encoding) -> bytes:
    """With libvorbis, quality 6."""
    return write(sound.samples, sound.rate, "OGG", "VORBIS", compression_level=0.4)


def encode_opus(sound: Sound, _encoding: Encoding) -> bytes:
    """With libopus, about 96 kbit/s a channel: by ffmpeg where it is here, with half the search, as near to the
    original as libsndfile's and in a quarter of the time. Not more than two channels: it asks where each is heard."""
    from luokuan.colophon import ffmpeg

    channels = len(sound.samples)
    if channels <= 2 and sound.seconds >= ffmpeg.WORTH_A_PROCESS and ffmpeg.encodes("libopus"):
        bits = ("-b:a", str(96_000 * channels), "-compression_level", "5")
        return ffmpeg.encoded(sound.samples, sound.rate, "-c:a", "libopus", *bits, "-f", "opus")
    return write(sound.samples, sound.rate, "OGG", "OPUS", compression_level=0.64)


@dataclass(frozen=True, slots=True)
class _Page:
    """``lacing``: lengths of the segments; ``start`` and ``end``: of its body, which the header precedes."""

    head: bytes
    lacing: bytes
    start: int
    end: int

    @property
    def flags(self) -> int:
        return self.head[5]

    @property
    def serial(self) -> bytes:
        return self.head[14:18]


def checksum(page: bytes) -> bytes:
    """CRC-32 of a page whose checksum field is zero: polynomial 0x04C11DB7, no reflection, start and end with 0.

    zlib's is the same polynomial, mirrored, with both ends inverted: mirrored bytes in, mirrored bits out.
    """
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_MIRROR)


def _pages(data: bytes) -> Iterator[_Page]:
    """Each page, its checksum compared."""
    at = 0
    while at < len(data):
        head = data[at : at + 27]
        lacing_end = at + 27 + (head[26] if len(head) == 27 else 0)
        lacing = data[at + 27 : lacing_end]
        end = lacing_end + sum(lacing)
        if head[:5] != _MAGIC + b"\0" or len(head) < 27 or end > len(data):
            raise damaged(_NAME)
        if checksum(head[:22] + bytes(4) + head[26:] + data[at + 27 : end]) != head[22:26]:
            raise damaged(_NAME)
        yield _Page(head, lacing, lacing_end, end)
        at = end
    if not data:
        raise damaged(_NAME)


def _page(flags: int, granule: bytes, serial: bytes, number: int, lacing: bytes, body: bytes) -> bytes:
    head = _MAGIC + bytes((0, flags)) + granule + serial + number.to_bytes(4, "little")
    tail = bytes((len(lacing),)) + lacing + body
    return head + checksum(head + bytes(4) + tail) + tail


class _Packets:
    """Puts the first packets of one stream together, page by page."""

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self._open = bytearray()

    def add(self, data: bytes, page: _Page) -> None:
        at = page.start
        for size in page.lacing:
            self._open += data[at : at + size]
            at += size
            if size < 255:
                self.whole.append(bytes(self._open))
                self._open.clear()

    @property
    def between(self) -> bool:
        """Whether no packet is open."""
        return not self._open


def _comment_start(packet: bytes) -> bytes:
    return next((start for start in _TAGS if packet.startswith(start)), b"")


def tag(data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels among its comments: pages of headers are made anew, the following ones renumbered."""
    pages = list(_pages(data))
    packets = _Packets()
    packets.add(data, pages[0])
    used = 1
    while used < len(pages):
        packets.add(data, pages[used])
        used += 1
        start = _comment_start(packets.whole[1]) if len(packets.whole) > 1 else b""
        if start and len(packets.whole) == 1 + _TAGS[start] and packets.between:
            break
    else:
        raise damaged(_NAME)
    old = packets.whole[1]
    vendor, comments, end = vorbis_comment.parse(old[len(start) :], _NAME)
    comments += vorbis_comment.comments_of(aigc, source, rights)
    # What follows the comments: Vorbis' framing bit; Opus may have padding there.
    packet = start + vorbis_comment.build(vendor, comments) + old[len(start) + end :]
    out = [data[: pages[0].end], *_paginated([packet, *packets.whole[2:]], pages[0].serial)]
    for number, page in enumerate(pages[used:], len(out)):
        out.append(_page(page.flags, page.head[6:14], page.serial, number, page.lacing, data[page.start : page.end]))
    return b"".join(out)


def _paginated(packets: list[bytes], serial: bytes) -> list[bytes]:
    """Pages of headers, numbered from 1. Their granule is 0, or none where no packet ends."""
    segments = [255 * (step < len(packet) // 255) or len(packet) % 255
                for packet in packets for step in range(len(packet) // 255 + 1)]  # fmt: skip
    body = b"".join(packets)
    made: list[bytes] = []
    at, open_before = 0, False
    for first in range(0, len(segments), 255):
        lacing = bytes(segments[first : first + 255])
        granule = bytes(8) if min(lacing) < 255 else _NO_GRANULE
        end = at + sum(lacing)
        made.append(_page(_CONTINUED if open_before else 0, granule, serial, len(made) + 1, lacing, body[at:end]))
        at, open_before = end, lacing[-1] == 255
    return made


def read_labels(data: bytes) -> Labels:
    """What the comments of all streams in the file say.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc: list[str] = []
    source: list[str] = []
    waiting: dict[bytes, _Packets] = {}
    for page in _pages(data):
        if page.flags & _FIRST:
            waiting[page.serial] = _Packets()
            if len(waiting) > MAX_ENTRIES:
                raise damaged(_NAME)
        packets = waiting.get(page.serial)
        if packets is None:
            continue  # its comments have been read
        packets.add(data, page)
        if len(packets.whole) > 1:
            del waiting[page.serial]
            start = _comment_start(packets.whole[1])
            if start:
                _vendor, comments, _end = vorbis_comment.parse(packets.whole[1][len(start) :], _NAME)
                more = vorbis_comment.labels_in(comments)
                aigc += more[0]
                source += more[1]
    if waiting:
        raise damaged(_NAME)
    return agreed(aigc, source)
