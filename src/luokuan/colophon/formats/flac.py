"""FLAC (RFC 9639): the AIGC label is a Vorbis comment. C2PA puts an ID3v2 tag with its manifest before the file."""

from __future__ import annotations

from collections.abc import Iterator

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import id3, vorbis_comment
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import write_whole
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.media import Sound

_NAME = "FLAC"
_MAGIC = b"fLaC"
_COMMENT = 4


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like a FLAC file, perhaps behind a tag."""
    return data.startswith(_MAGIC, id3.length(data))


def encode(sound: Sound, encoding: Encoding) -> bytes:
    """Losslessly, but for the rounding to so many bits."""
    return write_whole(sound, "FLAC", encoding.bits)


def _blocks(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(type, start of its data, end of its data) of each metadata block; ``at``: of the magic."""
    if not data.startswith(_MAGIC, at):
        raise damaged(_NAME)
    at += len(_MAGIC)
    first = True
    while True:
        start = at + 4
        end = start + int.from_bytes(data[at + 1 : start])
        if start > len(data) or end > len(data):
            raise damaged(_NAME)
        kind, last = data[at] & 0x7F, data[at] & 0x80
        if first and (kind, end - start) != (0, 34):
            raise damaged(_NAME)  # the first block tells how to read the samples
        yield kind, start, end
        if last:
            return
        at, first = end, False


def tag(data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels among its comments."""
    blocks = [(kind, data[start:end]) for kind, start, end in _blocks(data, 0)]
    behind = len(_MAGIC) + sum(4 + len(body) for _kind, body in blocks)
    vendor: bytes = b"luokuan"
    comments: list[bytes] = []
    for kind, body in blocks:
        if kind == _COMMENT:
            vendor, comments, _end = vorbis_comment.parse(body, _NAME)
    added = vorbis_comment.build(vendor, comments + vorbis_comment.comments_of(aigc, source, rights))
    kept = [block for block in blocks if block[0] != _COMMENT]
    kept.insert(1, (_COMMENT, added))
    out = [_MAGIC]
    for number, (kind, body) in enumerate(kept):
        last = 0x80 if number == len(kept) - 1 else 0
        out.append(bytes((last | kind,)) + len(body).to_bytes(3) + body)
    return b"".join(out) + data[behind:]


def read_labels(data: bytes) -> Labels:
    """What they say, in the comments and in a tag before the file.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc, source, at = id3.labels(data, _NAME)
    end = 0
    for kind, start, end in _blocks(data, at):
        if kind == _COMMENT:
            _vendor, comments, _end = vorbis_comment.parse(data[start:end], _NAME)
            more = vorbis_comment.labels_in(comments)
            aigc += more[0]
            source += more[1]
    if end >= len(data):
        raise damaged(_NAME)
    return agreed(aigc, source)
