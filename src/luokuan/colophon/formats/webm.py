"""WebM (Matroska, RFC 9559) with VP9 and Opus: AIGC label and IPTC source type are SimpleTags of the whole file.

ffmpeg writes them, copying all else, so that positions and indexes stay right; they are read here, by hand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import AIGC_FIELD, MAX_ENTRIES, SOURCE_FIELD
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.media import Clip

VIDEO = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-row-mt", "1", "-crf", "24", "-b:v", "0")
"""The encoder and its settings; its licence is BSD's."""

_NAME = "WebM"
_EBML, _DOCTYPE, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1F43B675
_TAGS, _TAG, _SIMPLE, _TAG_NAME, _TAG_STRING = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
_TOP = {_CLUSTER, _TAGS, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1043A770, 0x1941A469}
_MAX_ELEMENTS = 1 << 20  # of a file of live pictures, whose clusters don't say their size
_BITS_A_CHANNEL = 96_000

Element = tuple[int, int, int | None]
"""Id, start of its content, and its end; None: it doesn't say."""


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like WebM; other kinds of Matroska name themselves otherwise."""
    if data[:4] != _EBML.to_bytes(4):
        return False
    try:
        _kind, start, end = _element(data, 0, len(data))
        for kind, first, last in _elements(data, start, len(data) if end is None else min(end, len(data))):
            if kind == _DOCTYPE:
                return data[first:last].rstrip(b"\0") == b"webm"
    except _Damage:
        return False
    return False


class _Damage(Exception):
    pass


def _element(data: bytes, at: int, end: int) -> Element:
    """The element at this place (RFC 8794, sections 4 to 6)."""
    first = data[at] if at < end else 0
    length = 9 - first.bit_length()
    if length > 4 or at + length >= end:
        raise _Damage
    kind = int.from_bytes(data[at : at + length])
    at += length
    length = 9 - data[at].bit_length()
    if length > 8 or at + length > end:
        raise _Damage
    value = int.from_bytes(data[at : at + length]) & ((1 << 7 * length) - 1)
    start = at + length
    return kind, start, None if value == (1 << 7 * length) - 1 else start + value


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The elements between two places; one that doesn't say its size reaches to the end."""
    at = start
    while at < end:
        kind, first, last = _element(data, at, end)
        last = end if last is None else last
        if last > end:
            raise _Damage
        yield kind, first, last
        at = last


def _top(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The elements of the only segment. Of a cluster that doesn't say its size the parts come one by one: it ends where
    the next element of the segment begins."""
    segments = [one for one in _elements(data, 0, len(data)) if one[0] == _SEGMENT]
    if len(segments) != 1:
        raise _Damage
    _kind, at, end = segments[0]
    for _count in range(_MAX_ELEMENTS):
        if at >= end:
            return
        kind, first, last = _element(data, at, end)
        if last is None:
            if kind != _CLUSTER:
                raise _Damage
            at = first
            continue
        if last > end:
            raise _Damage
        yield kind, first, last
        at = last
    raise _Damage


def encode(clip: Clip, _encoding: Encoding) -> bytes:
    """VP9 and Opus by ffmpeg, with an index.

    Raises:
        UserError: there is no ffmpeg, or it has no encoder of VP9.
    """
    from luokuan.colophon import ffmpeg
    from luokuan.colophon.formats.clip import encoded

    ffmpeg.encoder([VIDEO[1]])
    sound: tuple[str, ...] = ()
    if clip.sound is not None:
        sound = ("-c:a", "libopus", "-b:a", str(_BITS_A_CHANNEL * clip.sound.samples.shape[0]))
    return encoded(clip, [*VIDEO, *sound, "-f", "webm"])


def tag(data: bytes, aigc: Aigc, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels, and the terms in the tags that Matroska names for them (its tag specification, section
    on legal information).

    Raises:
        UserError: there is no ffmpeg.
    """
    from luokuan.colophon import ffmpeg

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "a.webm", Path(folder) / "b.webm"
        before.write_bytes(data)
        given = ["-protocol_whitelist", "file", "-f", "matroska", "-i", str(before), "-map", "0", "-c", "copy"]
        said = {AIGC_FIELD: aigc.build(), SOURCE_FIELD: source, "COPYRIGHT": rights.notice, "LICENSE": rights.licence}
        labels = [part for name, value in said.items() if value for part in ("-metadata", f"{name}={value}")]
        ffmpeg.run([*given, "-fflags", "+bitexact", *labels, "-f", "webm", str(after)])
        return after.read_bytes()


def read_labels(data: bytes) -> xmp.Labels:
    """What they say. Names of tags are compared as Matroska writes them, in capitals.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc: list[str] = []
    source: list[str] = []
    wanted = {AIGC_FIELD: aigc, SOURCE_FIELD.upper(): source}
    try:
        left = MAX_ENTRIES
        for _kind, start, end in (one for one in _top(data) if one[0] == _TAGS):
            for name, value in _tags(data, start, end):
                left -= 1
                if left < 0:
                    raise _Damage
                if (found := wanted.get(name.upper())) is not None:
                    found.append(value)
    except _Damage as error:
        raise damaged(_NAME) from error
    return agreed(aigc, source)


def _tags(data: bytes, start: int, end: int) -> Iterator[tuple[str, str]]:
    """(name, value) of each SimpleTag; of those within others nobody asks."""
    for tag_kind, tag_start, tag_end in _elements(data, start, end):
        if tag_kind != _TAG:
            continue
        for kind, first, last in _elements(data, tag_start, tag_end):
            if kind != _SIMPLE:
                continue
            parts = {part: (at, stop) for part, at, stop in _elements(data, first, last)}
            name, value = (parts.get(part, (0, 0)) for part in (_TAG_NAME, _TAG_STRING))
            yield _text(data[slice(*name)]), _text(data[slice(*value)])


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")
