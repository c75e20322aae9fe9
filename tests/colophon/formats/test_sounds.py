from __future__ import annotations

import re
import struct
import subprocess
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from drafts import real_sound, sound
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon import aigc, ffmpeg, xmp
from luokuan.colophon.formats import (
    CLIPS,
    FORMATS,
    HEADER_BYTES,
    SOUNDS,
    Encoding,
    format_of,
    format_of_file,
    format_of_header,
    format_of_path,
    id3,
    isobmff,
    known_endings,
    m4a,
    ogg,
    vorbis_comment,
)
from luokuan.colophon.formats.sound import MAX_BYTES, SoundFormat, likeness
from luokuan.colophon.label import LabelOptions
from luokuan.errors import UserError
from luokuan.media import Sound

AIGC = aigc.Aigc("1", "o'neill\"s", "0123456789abcdef")
OTHER = aigc.Aigc("2", "luokuan", "fedcba9876543210")
each_format = pytest.mark.parametrize("row", SOUNDS, ids=lambda row: row.name)
each_exact = pytest.mark.parametrize("row", [row for row in SOUNDS if row.exact], ids=lambda row: row.name)
WAV, FLAC, MP3, VORBIS, OPUS, M4A = SOUNDS


def labelled(row: SoundFormat, media: Sound) -> Sound:
    return row.labelled(media, LabelOptions(), "lanczos", AIGC.produce_id)


@lru_cache(maxsize=16)
def bare(row: SoundFormat) -> bytes:
    """A short file without any label."""
    return row.encode(Sound(sound(300, 1, 16_000).samples, 16_000), Encoding())


@lru_cache(maxsize=16)
def tagged(row: SoundFormat) -> bytes:
    return row.tag(bare(row), AIGC).data


def found(row: SoundFormat, data: bytes) -> aigc.Aigc | None:
    text = row.read_labels(data, {}).aigc
    return None if text is None else aigc.parse(text)


@each_format
def test_label_and_source_come_back(row: SoundFormat) -> None:
    assert row.read_labels(bare(row), {}) == xmp.Labels()
    assert row.tag(bare(row), AIGC).sidecars == {}
    assert found(row, tagged(row)) == AIGC
    assert row.read_labels(tagged(row), {}).source == xmp.GENERATED
    row.check(tagged(row), Sound(sound(300, 1, 16_000).samples, 16_000), Encoding())


@pytest.mark.parametrize("row", [row for row in SOUNDS if row is not WAV], ids=lambda row: row.name)
def test_ffmpeg_reads_the_label(row: SoundFormat, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(tagged(row))
    told = subprocess.run([ffmpeg.find(), "-i", str(path)], capture_output=True, text=True, check=False).stderr
    lines = re.findall(r"^\s*AIGC\s*: (.*)$", told, re.MULTILINE)
    assert [aigc.parse(line) for line in lines] == [AIGC]
    assert not re.search("invalid|error|corrupt", told, re.IGNORECASE)
    if row not in (MP3, M4A):  # there it lies in XMP, which ffmpeg cuts short or leaves out
        assert xmp.GENERATED in told


def test_the_chunk_of_wav_by_hand() -> None:
    data = tagged(WAV)
    at, chunks = 12, {}
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        chunks[kind] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert chunks[b"AIGC"].decode() == AIGC.build()
    assert xmp.parse(chunks[b"_PMX"]) == xmp.Labels(None, xmp.GENERATED)
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8


@each_exact
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 44_100), (8, 192_000)])
def test_samples_are_kept_to_the_bit(row: SoundFormat, bits: int, channels: int, rate: int) -> None:
    random = np.random.default_rng(bits)
    samples = random.uniform(-1, 1, (channels, 1000)).astype(np.float32)
    samples[:, :4] = [-1, 1, 0, 2.0 ** -(bits - 1)]
    media = Sound(samples, rate)
    data = row.encode(media, Encoding(bits=bits))
    row.check(data, media, Encoding(bits=bits))
    decoded, _rate = row.decode(row.tag(data, AIGC).data)
    assert np.abs(decoded - samples).max() <= 2.0 ** -(bits - 1)
    assert np.abs(decoded - samples)[:, 4:].max() <= 2.0**-bits * 1.01
    other = samples.copy()
    other[0, 500] += 2.0 ** -(bits - 2)
    with pytest.raises(RuntimeError):
        row.check(data, Sound(other, rate), Encoding(bits=bits))


@pytest.mark.parametrize("row", [row for row in SOUNDS if not row.exact], ids=lambda row: row.name)
@pytest.mark.parametrize("kind", ["metal", "noise", "silence", "one sample", "high"])
def test_lossy_formats_keep_length_rate_and_likeness(row: SoundFormat, kind: str) -> None:
    rate = 44_100
    random = np.random.default_rng(1)
    media = {
        "metal": real_sound(),
        "noise": Sound(random.normal(0, 0.1, (2, rate)).astype(np.float32), rate),
        "silence": Sound(np.zeros((2, 3000), np.float32), rate),
        "one sample": Sound(np.full((1, 1), 0.5, np.float32), rate),
        "high": Sound((0.2 * np.sin(np.arange(rate) * 2.9)).astype(np.float32)[None], rate),
    }[kind]
    prepared = labelled(row, media)
    data = row.tag(row.encode(prepared, Encoding()), AIGC).data
    row.check(data, prepared, Encoding())
    wrong = Sound(-prepared.samples, prepared.rate)
    with pytest.raises(RuntimeError):
        row.check(data, wrong, Encoding())
    with pytest.raises(RuntimeError):
        row.check(data, Sound(prepared.samples[:, :-1], prepared.rate), Encoding())


@pytest.mark.parametrize("row", [MP3, OPUS], ids=lambda row: row.name)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_another_program_encodes_keeps_its_length_too(row: SoundFormat, channels: int) -> None:
    random = np.random.default_rng(2)
    for rate in {row.rate_for(wanted) for wanted in (8_000, 16_000, 22_050, 44_100, 48_000)}:
        count = int(rate * ffmpeg.WORTH_A_PROCESS) + 1237
        samples = random.normal(0, 0.1, (channels, count)).astype(np.float32)
        media = Sound(samples, rate)
        data = row.tag(row.encode(media, Encoding()), AIGC).data
        row.check(data, media, Encoding())
        assert row.read_labels(data, {}).aigc == AIGC.build()


def test_mp3_of_any_length_keeps_it() -> None:
    # ffmpeg's gave 24 samples more for the first of these.
    samples = np.random.default_rng(3).normal(0, 0.1, (1, 70_000)).astype(np.float32)
    for count in (48_407, 48_408, 60_001):
        media = Sound(np.ascontiguousarray(samples[:, :count]), 16_000)
        MP3.check(MP3.encode(media, Encoding()), media, Encoding())


def test_without_another_program_libsndfile_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "find", lambda: str(Path("/absent")))
    ffmpeg._encoders.cache_clear()
    try:
        media = Sound(np.random.default_rng(3).normal(0, 0.1, (1, 64_000)).astype(np.float32), 16_000)
        for row in SOUNDS:
            if row.name in ("MP3", "Opus"):
                row.check(row.encode(media, Encoding()), media, Encoding())
    finally:
        ffmpeg._encoders.cache_clear()


def test_likeness() -> None:
    one, other = sound(3000), sound(3000, seed=1)
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, other) > 0.9
    assert likeness(one, Sound(one.samples[:, ::-1].copy(), one.rate)) < 0.9
    zero = Sound(np.zeros((1, 3), np.float32), 8_000)
    assert likeness(zero, zero) == 1
    assert likeness(zero, Sound(np.ones((1, 3), np.float32), 8_000)) == 0


@each_format
@pytest.mark.parametrize("rate", [1, 7_999, 22_050, 44_100, 96_000, 192_000, 768_000])
def test_any_rate_becomes_one_that_the_format_holds(row: SoundFormat, rate: int) -> None:
    made = row.rate_for(rate)
    assert made in row.rates or (row.any_rate and row.rates[0] <= made <= row.rates[-1])
    assert made >= rate or made == row.rates[-1]
    short = Sound(np.full((1, 2), 0.25, np.float32), rate)
    assert labelled(row, short).rate == made


@each_format
@pytest.mark.parametrize(
    ("samples", "rate", "code"),
    [
        (np.zeros((0, 100)), 8_000, "sound.empty"),
        (np.zeros((1, 0)), 8_000, "sound.empty"),
        (np.full((1, 9), np.nan), 8_000, "sound.samples"),
        (np.array([[0.0, np.inf, 0.0]]), 8_000, "sound.samples"),
        (np.zeros((65, 9)), 8_000, "format.channels"),
        (np.zeros((1, 9)), 2**31, "sound.rate"),
    ],
)
def test_what_cant_be_finished(row: SoundFormat, samples: np.ndarray, rate: int, code: str) -> None:
    with pytest.raises(UserError) as caught:
        labelled(row, Sound(samples.astype(np.float32), rate))
    assert caught.value.code == code


def test_mp3_holds_two_channels() -> None:
    with pytest.raises(UserError) as caught:
        labelled(MP3, sound(100, 8))
    assert caught.value.code == "format.channels"
    assert labelled(WAV, sound(100, 8)).samples.shape[0] == 8


@each_format
def test_more_than_can_be_checked_is_refused_before_anything_is_copied(row: SoundFormat) -> None:
    # One sample that stands for 2**31 bytes of them: nothing may touch each.
    endless = Sound(np.broadcast_to(np.float32(0), (2, 2**29)), 48_000)
    for action in (lambda: labelled(row, endless), lambda: row.encode(endless, Encoding())):
        with pytest.raises(UserError) as caught:
            action()
        assert caught.value.code == "format.size"
    wide = Sound(np.broadcast_to(np.float32(0), (1, MAX_BYTES // 2)), 48_000)
    with pytest.raises(UserError):
        row.encode(wide, Encoding(bits=24))


def test_samples_beyond_one_are_clipped() -> None:
    made = labelled(WAV, Sound(np.array([[3.0, -3.0]], np.float32), 16_000))
    assert made.samples[0, -2:].tolist() == [1.0, -1.0]


def test_bits() -> None:
    with pytest.raises(UserError) as caught:
        Encoding(bits=8)
    assert caught.value.code == "format.bits"


def test_no_ffmpeg_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError) as caught:
        M4A.encode(sound(), Encoding())
    assert caught.value.code == "format.ffmpeg"
    assert "luokuan[media]" in caught.value.do
    assert found(M4A, tagged_before()) == AIGC, "labels are read without it"


@lru_cache(maxsize=1)
def tagged_before() -> bytes:
    """An M4A file by hand: a movie without tracks."""
    head = isobmff.box(b"ftyp", b"M4A ", bytes(4), b"M4A isom")
    return m4a.tag(head + isobmff.box(b"moov", isobmff.box(b"mvhd", bytes(100))) + isobmff.box(b"mdat", b"x"), AIGC)


def test_ffmpeg_that_fails_is_our_fault() -> None:
    with pytest.raises(RuntimeError, match="ffmpeg failed"):
        m4a.decode(b"no file at all")


# How formats are told.


@each_format
def test_formats_are_told_by_content_and_by_ending(row: SoundFormat) -> None:
    for data in (bare(row), tagged(row)):
        assert format_of_file(data) is row
        assert [other for other in FORMATS if other.matches(data)] == [row]
    assert format_of_header(bare(row)[:HEADER_BYTES]) is row
    assert format_of(row.media_type, Sound) is row
    assert format_of_path(Path("a" + row.suffixes[-1].upper())) is row
    assert row.suffixes[0] in known_endings()


def test_what_begins_alike() -> None:
    assert format_of_header(id3.build("x")[:HEADER_BYTES]) is MP3, "most tags stand before MP3"
    assert format_of_file(id3.build("x") + bare(FLAC)) is FLAC
    assert format_of_file(id3.build("x") * 2 + bare(FLAC)) is FLAC
    assert format_of_file(b"\xff\xfb\x90\x64" + bytes(600)) is None, "one frame alone is chance"
    assert format_of_file(b"\xff\xfe" + "text".encode("utf-16-le")) is None
    assert format_of_header(b"RIFF\x10\0\0\0AVI LIST") is None
    assert format_of_file(b"OggS" + bytes(24) + b"\x80theora") is None
    mp4 = tagged(M4A).replace(b"M4A ", b"isom")
    assert format_of_file(mp4) is M4A, "MP4 that holds sound alone"
    assert format_of_file(mp4.replace(b"soun", b"vide")) is CLIPS[0]
    for size in range(12):
        assert format_of_file(mp4[:size]) is None
    assert format_of_file(mp4[:40].replace(b"isom", b"heic")) is None
    dash = bare(M4A)
    assert format_of_header(dash[:8] + b"dash" + dash[12:16] + b"M4A " + dash[20:HEADER_BYTES]) is M4A


# Hostile bytes.


@each_format
def test_every_cut_is_noticed_or_leaves_the_label_readable(row: SoundFormat) -> None:
    data = tagged(row)
    for length in range(len(data)):
        try:
            label = found(row, data[:length])
        except UserError as error:
            assert error.code == "format.damaged", length
        else:
            assert label in (None, AIGC)


@each_format
@settings(max_examples=150)
@given(changes=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_files_raise_user_errors_only(row: SoundFormat, changes: list[tuple[int, int]]) -> None:
    data = bytearray(tagged(row))
    for at, value in changes:
        data[at % len(data)] = value
    for action in (lambda: row.read_labels(bytes(data), {}), lambda: row.matches(bytes(data))):
        try:
            action()
        except UserError as error:
            assert error.code.startswith(("format.", "xmp.", "aigc."))


@each_format
@given(
    tail=st.binary(max_size=200),
    front=st.sampled_from([b"", b"ID3\x03\0\0\0\0\0\x20", b"ID3\x04\0\xc0\0\0\0\x20", b"RIFF\x40\0\0\0WAVE", b"fLaC"]),
)
def test_any_bytes_are_read_or_refused(row: SoundFormat, tail: bytes, front: bytes) -> None:
    for data in (front + tail, bare(row)[:HEADER_BYTES] + tail):
        row.matches(data)
        try:
            row.read_labels(data, {})
        except UserError as error:
            assert error.code.startswith(("format.", "xmp.", "aigc."))


def refused(row: SoundFormat, data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        row.read_labels(data, {})
    return caught.value.code


HUGE = (2**31 - 1).to_bytes(4, "little")


def test_declared_sizes_of_two_gigabytes() -> None:
    assert refused(WAV, b"RIFF" + HUGE + b"WAVE" + b"AIGC" + HUGE) == "format.damaged"
    assert refused(WAV, b"RIFF\x0c\0\0\0WAVE" + b"AIGC" + HUGE) == "format.damaged"
    assert refused(MP3, b"ID3\x04\0\0\x07\x7f\x7f\x7f" + bytes(50)) == "format.damaged"
    assert refused(FLAC, b"fLaC\0\xff\xff\xff") == "format.damaged"
    comments = b"OpusTags" + HUGE + b"x"
    head = ogg._page(2, bytes(8), b"abcd", 0, bytes((19,)), b"OpusHead" + bytes(11))
    assert refused(OPUS, head + ogg._page(0, bytes(8), b"abcd", 1, bytes((len(comments),)), comments)) == (
        "format.damaged"
    )
    many = b"OpusTags" + bytes(4) + b"\xff\xff\xff\xff"
    assert refused(OPUS, head + ogg._page(0, bytes(8), b"abcd", 1, bytes((len(many),)), many)) == "format.damaged"
    assert refused(M4A, HUGE[::-1] + b"moov" + bytes(8)) == "format.damaged"
    assert refused(M4A, b"\0\0\0\1moov" + (2**63).to_bytes(8) + bytes(8)) == "format.damaged"


def test_a_hundred_thousand_entries() -> None:
    count = 100_000
    comments = b"OpusTags" + bytes(4) + count.to_bytes(4, "little") + bytes(4 * count)
    head = ogg._page(2, bytes(8), b"abcd", 0, bytes((19,)), b"OpusHead" + bytes(11))
    pages = ogg._paginated([comments], b"abcd")
    assert refused(OPUS, head + b"".join(pages)) == "format.damaged"
    keys = isobmff.box(b"keys", bytes(8), b"\0\0\0\x08mdta" * count)
    meta = isobmff.box(b"meta", bytes(4), isobmff.box(b"hdlr", bytes(25)), keys)
    assert refused(M4A, isobmff.box(b"moov", isobmff.box(b"udta", meta))) == "format.damaged"
    assert refused(M4A, isobmff.box(b"moov") * 2) == "format.damaged"


def test_a_thousand_nested_boxes() -> None:
    nested = b"x"
    for kind in (b"moov", b"udta", b"meta", b"trak") * 250:
        nested = isobmff.box(kind, nested)
    nested = isobmff.box(b"ftyp", b"isom", bytes(4), b"isom") + isobmff.box(b"moov", nested)
    assert found(M4A, nested) is None
    assert not m4a.matches(nested)


def test_chunks_and_boxes_of_no_length() -> None:
    chunks = b"fmt \0\0\0\0data\0\0\0\0" + b"JUNK\0\0\0\0" * 100
    assert found(WAV, b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks) is None
    chunks += b"AIGC\0\0\0\0"
    with pytest.raises(UserError, match="JSON"):
        found(WAV, b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks)
    assert refused(M4A, isobmff.box(b"moov") + b"\0\0\0\x07free") == "format.damaged"
    assert found(M4A, isobmff.box(b"moov") + b"\0\0\0\0free") is None
    assert refused(FLAC, b"fLaC" + b"\x84\0\0\0") == "format.damaged"


def twice(row: SoundFormat, label: aigc.Aigc) -> bytes:
    """A file that holds AIGC, and ``label`` besides."""
    data = tagged(row)
    if row is WAV:
        chunk = b"AIGC" + len(label.build()).to_bytes(4, "little") + label.build().encode()
        chunk += b"\0" * (len(chunk) % 2)
        return b"RIFF" + (len(data) - 8 + len(chunk)).to_bytes(4, "little") + data[8:] + chunk
    if row is MP3:
        return id3.build(label.build()) + data
    if row is M4A:
        packet = xmp.build(label)
        return data + isobmff.box(b"uuid", isobmff._XMP, packet)
    return row.tag(data, label).data


@each_format
def test_two_labels_that_differ_are_refused_and_two_that_agree_are_one(row: SoundFormat) -> None:
    assert found(row, twice(row, AIGC)) == AIGC
    assert refused(row, twice(row, OTHER)) == "aigc.invalid"


def test_labels_in_xmp_count_as_well() -> None:
    packet = xmp.build(OTHER)
    chunk = b"_PMX" + len(packet).to_bytes(4, "little") + packet + b"\0" * (len(packet) % 2)
    alone = b"RIFF" + (len(bare(WAV)) - 8 + len(chunk)).to_bytes(4, "little") + bare(WAV)[8:] + chunk
    assert found(WAV, alone) == OTHER
    frame = b"PRIV" + id3._to_syncsafe(len(packet) + 4) + b"\0\0XMP\0" + packet
    head = b"ID3\x04\0\0" + id3._to_syncsafe(len(frame)) + frame
    assert found(MP3, head + bare(MP3)) == OTHER
    assert refused(MP3, head + tagged(MP3)) == "aigc.invalid"
    assert refused(FLAC, head + tagged(FLAC)) == "aigc.invalid"
    assert refused(MP3, head.replace(b"<rdf", b"<!rd") + bare(MP3)) == "xmp.invalid"


@each_format
def test_a_label_with_control_characters_is_no_label(row: SoundFormat) -> None:
    data = row.tag(bare(row), AIGC).data
    hostile = data.replace(b"neill", b"n\x1b[1m")
    if row in (VORBIS, OPUS):
        hostile = again(hostile)
    assert hostile != data
    with pytest.raises(UserError) as caught:
        found(row, hostile)
    assert caught.value.code == "aigc.invalid"


def again(data: bytes) -> bytes:
    """Ogg pages with their checksums made anew."""
    out, at = b"", 0
    while at < len(data):
        end = at + 27 + data[at + 26]
        end += sum(data[at + 27 : end])
        page = data[at : at + 22] + bytes(4) + data[at + 26 : end]
        out += page[:22] + ogg.checksum(page) + page[26:]
        at = end
    return out


# ID3 in all its ways.


def frame(body: bytes, version: int, flags: int = 0) -> bytes:
    size = id3._to_syncsafe(len(body)) if version == 4 else len(body).to_bytes(4)
    return b"TXXX" + size + bytes((0, flags)) + body


def whole(frames: bytes, version: int, flags: int = 0) -> bytes:
    footer = b"3DI" + bytes(7) if flags & 0x10 else b""
    return b"ID3" + bytes((version, 0, flags)) + id3._to_syncsafe(len(frames)) + frames + footer + bare(MP3)


PLAIN = b"\x03AIGC\0" + AIGC.build().encode()


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("padding", [0, 500])
@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        b"\0AIGC\0" + AIGC.build().encode("latin-1") + b"\0",
        b"\1" + "AIGC\0".encode("utf-16") + AIGC.build().encode("utf-16"),
        b"\2" + f"AIGC\0{AIGC.build()}\0".encode("utf-16-be"),
    ],
)
def test_id3_versions_encodings_and_padding(version: int, padding: int, body: bytes) -> None:
    assert found(MP3, whole(frame(body, version) + bytes(padding), version)) == AIGC


def test_id3_of_version_2() -> None:
    frames = b"TXX" + len(PLAIN).to_bytes(3) + PLAIN.replace(b"\x03", b"\0")
    assert found(MP3, whole(frames, 2)) == AIGC
    assert found(MP3, whole(frames, 2, 0x40)) is None


def test_id3_unsynchronisation() -> None:
    # A byte order mark is what unsynchronisation is about: FF FE becomes FF 00 FE.
    body = b"\1" + "AIGC\0".encode("utf-16") + AIGC.build().encode("utf-16")
    broken_up = body.replace(b"\xff", b"\xff\0")
    assert found(MP3, whole(frame(body, 3).replace(b"\xff", b"\xff\0"), 3, 0x80)) == AIGC
    assert found(MP3, whole(frame(len(body).to_bytes(4) + broken_up, 4, 0x03), 4, 0x80)) == AIGC


def test_id3_extended_header_and_footer() -> None:
    assert found(MP3, whole((6).to_bytes(4) + bytes(6) + frame(PLAIN, 3), 3, 0x40)) == AIGC
    assert found(MP3, whole((6).to_bytes(4) + b"\1\0" + frame(PLAIN, 4), 4, 0x40)) == AIGC
    assert found(MP3, whole(frame(PLAIN, 4), 4, 0x10)) == AIGC
    for size in (0, 3, 5, 2**27):
        assert refused(MP3, whole(size.to_bytes(4) + frame(PLAIN, 3)[:9], 3, 0x40)) == "format.damaged"


def test_id3_compressed_grouped_and_encrypted_frames() -> None:
    packed = zlib.compress(PLAIN)
    assert found(MP3, whole(frame(len(PLAIN).to_bytes(4) + packed, 3, 0x80), 3)) == AIGC
    assert found(MP3, whole(frame(b"\7" + id3._to_syncsafe(len(PLAIN)) + packed, 4, 0x49), 4)) == AIGC
    assert found(MP3, whole(frame(PLAIN, 4, 0x04), 4)) is None
    bomb = zlib.compress(bytes(50_000_000))
    assert refused(MP3, whole(frame(bytes(4) + bomb, 3, 0x80), 3)) == "format.damaged"
    assert refused(MP3, whole(frame(bytes(4) + b"rubbish", 3, 0x80), 3)) == "format.damaged"


@pytest.mark.parametrize(
    "frames", [b"TXXX", b"txxx\0\0\0\1\0\0\0", frame(b"", 4), frame(b"\x09a", 4), frame(PLAIN, 4) + b"\0\0more"]
)
def test_id3_that_is_damaged(frames: bytes) -> None:
    try:
        assert found(MP3, whole(frames, 4)) is None
    except UserError as error:
        assert error.code == "format.damaged"


def test_id3_with_two_values_is_two_labels() -> None:
    assert refused(MP3, whole(frame(PLAIN + b"\0" + OTHER.build().encode(), 4), 4)) == "aigc.invalid"


# Ogg.


def test_the_checksum_is_oggs() -> None:
    def slow(data: bytes) -> int:
        value = 0
        for byte in data:
            value ^= byte << 24
            for _bit in range(8):
                value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
        return value

    for data in (b"", b"a", bytes(range(256)), b"OggS" * 9):
        assert ogg.checksum(data) == slow(data).to_bytes(4, "little")


@pytest.mark.parametrize("row", [VORBIS, OPUS], ids=lambda row: row.name)
def test_a_wrong_checksum_is_damage(row: SoundFormat) -> None:
    for at in (len(tagged(row)) - 1, 200, 24):
        data = bytearray(tagged(row))
        data[at] ^= 1
        assert refused(row, bytes(data)) == "format.damaged"
    assert refused(row, tagged(row) + b"more") == "format.damaged"
    assert refused(row, b"") == "format.damaged"


@settings(max_examples=40)
@given(length=st.one_of(st.integers(0, 2_000), st.integers(64_500, 66_000), st.sampled_from([130_050, 200_000])))
def test_comments_of_any_length_are_paginated(length: int) -> None:
    for row in (VORBIS, OPUS):
        first = bare(row)
        pages = list(ogg._pages(first))
        packet = b"\x03vorbis" if row is VORBIS else b"OpusTags"
        at = first.index(packet) + len(packet)
        vendor, comments, _end = vorbis_comment.parse(first[at:], "Ogg")
        long = [*comments, b"TITLE=" + b"x" * length]
        packets = [packet + vorbis_comment.build(vendor, long) + (b"\1" if row is VORBIS else b"")]
        if row is VORBIS:
            reader = ogg._Packets()
            for page in pages:
                reader.add(first, page)
            packets.append(reader.whole[2])
        data = first[: pages[0].end] + b"".join(ogg._paginated(packets, pages[0].serial))
        made = ogg.tag(data + ogg._page(4, bytes(8), pages[0].serial, 9, b"\1", b"x"), AIGC)
        assert found(row, made) == AIGC
        numbers = [int.from_bytes(page.head[18:22], "little") for page in ogg._pages(made)]
        assert numbers == list(range(len(numbers)))


def test_a_second_stream_counts_as_well() -> None:
    assert found(OPUS, tagged(OPUS) + tagged(VORBIS)) == AIGC
    other = OPUS.tag(bare(OPUS), OTHER).data
    assert refused(OPUS, tagged(OPUS) + other) == "aigc.invalid"


@each_format
def test_only_whole_files_are_tagged(row: SoundFormat) -> None:
    for data in (b"", b"rubbish" * 20, *([] if row is MP3 else [bare(row)[:30]])):
        with pytest.raises(UserError) as caught:
            row.tag(data, AIGC)
        assert caught.value.code == "format.damaged"
