"""M4A (ISO/IEC 14496-12 and -14) with AAC: the AIGC label lies in ``moov/udta/meta``, as a key with a value (QuickTime
File Format, metadata); the IPTC source type in XMP in a ``uuid`` box (XMP part 3).

ffmpeg encodes, as a program of its own. Boxes are only ever followed along these paths, so a thousand nested ones cost
nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, damaged
from luokuan.colophon.formats.sound import AIGC_FIELD, MAX_ENTRIES, SOURCE_FIELD
from luokuan.media import Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "M4A"
_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_OFFSETS = {b"stco": 4, b"co64": 8}
_BITS_A_CHANNEL = 112_000

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
"""Sampling frequencies of AAC (ISO/IEC 14496-3, table 1.18)."""

Box = tuple[bytes, int, int, int]
"""Type, start of the box, start and end of its content."""


def matches(data: bytes) -> bool:
    """Whether ``data`` begins like M4A: by its brands, or, where those say MP4 alone, because it has sound alone."""
    size = int.from_bytes(data[:4])
    if data[4:8] != b"ftyp" or not 16 <= size <= 1024:
        return False
    brands = data[8:12] + data[16 : min(size, len(data))]  # a version stands between the first and the others
    if any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4)):
        return True
    try:
        return _handlers(data) == {b"soun"}
    except _Damage:
        return False


class _Damage(Exception):
    pass


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places, which they fill."""
    at = start
    while at < end:
        content = at + 8
        size = int.from_bytes(data[at : at + 4])
        if size == 1:
            content, size = at + 16, int.from_bytes(data[at + 8 : at + 16])
        elif size == 0:
            size = end - at
        if content > end or at + size > end or at + size < content:
            raise _Damage
        yield data[at + 4 : at + 8], at, content, at + size
        at += size


def _inside(data: bytes, path: tuple[bytes, ...], start: int, end: int) -> Iterator[Box]:
    """The boxes at a path of types."""
    for box in _boxes(data, start, end):
        if box[0] == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from _inside(data, path[1:], box[2], box[3])


def _handlers(data: bytes) -> set[bytes]:
    """Kinds of tracks: of sound, pictures, text, hints."""
    path = (b"moov", b"trak", b"mdia", b"hdlr")
    return {data[start + 8 : start + 12] for _kind, _at, start, _end in _inside(data, path, 0, len(data))}


def encode(sound: Sound, _encoding: Encoding) -> bytes:
    """AAC-LC by ffmpeg, about 112 kbit/s a channel, with the index before the samples.

    Raises:
        UserError: there is no ffmpeg.
    """
    import numpy as np

    from luokuan.colophon import ffmpeg

    channels = sound.samples.shape[0]
    samples = np.ascontiguousarray(sound.samples.T, "<f4").tobytes()
    # A frame of 1,024 samples has 6,144 bits a channel at most.
    bits = channels * min(_BITS_A_CHANNEL, 5 * sound.rate)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.m4a"
        ffmpeg.run(
            [
                *("-f", "f32le", "-ar", str(sound.rate), "-ac", str(channels), "-i", "pipe:0"),
                *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
                *("-c:a", "aac", "-b:a", str(bits), "-movflags", "+faststart", "-f", "ipod", str(path)),
            ],
            samples,
        )
        return path.read_bytes()


def decode(data: bytes, most: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Decode with ffmpeg: (channels, samples) and the rate. ``most``: samples of all channels together, about."""
    from luokuan.colophon import ffmpeg
    from luokuan.colophon.formats.sound import read

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.m4a", Path(folder) / "a.wav"
        source.write_bytes(data)
        # Only this file may be opened, and only as what it is: nothing in it leads to other files or hosts.
        given = ["-protocol_whitelist", "file", "-f", "mov", "-i", str(source), "-map", "0:a:0"]
        size = [] if most is None else ["-fs", str(4 * most)]
        ffmpeg.run([*given, *size, "-c:a", "pcm_f32le", "-f", "wav", str(target)])
        return read(target.read_bytes(), most)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body


def _user_data(aigc: Aigc) -> bytes:
    """``udta`` with one key and its value."""
    handler = _box(b"hdlr", bytes(8), b"mdta", bytes(13))
    keys = _box(b"keys", bytes(4), (1).to_bytes(4), _box(b"mdta", AIGC_FIELD.encode()))
    value = _box(b"data", (1).to_bytes(4), bytes(4), aigc.build().encode())  # 1: UTF-8; no locale
    return _box(b"udta", _box(b"meta", bytes(4), handler, keys, _box(b"ilst", _box((1).to_bytes(4), value))))


def tag(data: bytes, aigc: Aigc, source: str = xmp.GENERATED) -> bytes:
    """The file with both labels; what it says of the places of its samples is moved along.

    Raises:
        UserError: the file is damaged.
    """
    try:
        moov = _only_moov(data)
        kept = [box for box in _boxes(data, moov[2], moov[3]) if box[0] != b"udta"]
        body = b"".join(data[at:end] for _kind, at, _content, end in kept) + _user_data(aigc)
        added = _box(b"moov", body)
        grown = len(added) - (moov[3] - moov[1])
        out = bytearray(data[: moov[1]] + added + data[moov[3] :])
        _move_offsets(out, moov[3], grown)
    except _Damage as error:
        raise damaged(_NAME) from error
    return bytes(out) + _box(b"uuid", _XMP, xmp.build(None, source))


def _only_moov(data: bytes) -> Box:
    found: Box | None = None
    for box in _boxes(data, 0, len(data)):
        if box[0] == b"moov":
            if found is not None:
                raise _Damage
            found = box
    if found is None:
        raise _Damage
    return found


def _move_offsets(out: bytearray, behind: int, grown: int) -> None:
    """Add ``grown`` to each offset of samples that lay ``behind`` this place."""
    data = bytes(out)
    for kind, width in _OFFSETS.items():
        path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", kind)
        for _kind, _at, start, end in _inside(data, path, 0, len(data)):
            for at in range(start + 8, end - width + 1, width):
                offset = int.from_bytes(data[at : at + width])
                if offset >= behind:
                    out[at : at + width] = (offset + grown).to_bytes(width)


def read_labels(data: bytes) -> xmp.Labels:
    """What they say, in keys of ``moov/udta/meta`` and ``moov/meta`` and in XMP.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc: list[str] = []
    source: list[str] = []
    try:
        moov = _only_moov(data)
        for path in ((b"udta", b"meta"), (b"meta",)):
            for _kind, _at, start, end in _inside(data, path, moov[2], moov[3]):
                for key, value in _items(data, start, end):
                    found = {AIGC_FIELD.encode(): aigc, SOURCE_FIELD.encode(): source}.get(key)
                    if found is not None:
                        found.append(value.decode("utf-8", "replace"))
        for kind, _at, start, end in _boxes(data, 0, len(data)):
            if kind == b"uuid" and data[start : start + 16] == _XMP:
                packet = xmp.parse(data[start + 16 : end])
                aigc += [packet.aigc] if packet.aigc is not None else []
                source += [packet.source] if packet.source is not None else []
    except _Damage as error:
        raise damaged(_NAME) from error
    return agreed(aigc, source)


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) in a ``meta`` box, which has a version and flags in MP4 and none in QuickTime."""
    if data[start + 4 : start + 8] != b"hdlr":
        start += 4
    names: list[bytes] = []
    lists: list[tuple[int, int]] = []
    for kind, _at, inner, close in _boxes(data, start, end):
        if kind == b"keys":
            # Version, flags and number of keys come first; each key is a box of its namespace.
            for _space, _key, at, stop in _boxes(data, inner + 8, close):
                names.append(data[at:stop])
                if len(names) > MAX_ENTRIES:
                    raise _Damage
        elif kind == b"ilst":
            lists.append((inner, close))
    for inner, close in lists:
        for kind, _at, first, last in _boxes(data, inner, close):
            number = int.from_bytes(kind)
            if 1 <= number <= len(names):
                for part, _part_at, value, stop in _boxes(data, first, last):
                    if part == b"data":
                        yield names[number - 1], data[value + 8 : stop]
