"""The formats of clips: labels written and read back by others, frames kept, and what hostile files do."""

from __future__ import annotations

import math
import re
import subprocess
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from drafts import clip, sound
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon import aigc, ffmpeg, footage, xmp
from luokuan.colophon.enlarge import Method
from luokuan.colophon.footage import look, sound_length
from luokuan.colophon.formats import (
    CLIPS,
    FORMATS,
    HEADER_BYTES,
    Encoding,
    format_of_file,
    format_of_header,
    format_of_path,
    isobmff,
    mp4,
    webm,
)
from luokuan.colophon.formats.clip import ClipFormat, admit
from luokuan.colophon.label import MIN_CONTRAST, MIN_INK, LabelOptions, contrast
from luokuan.colophon.waiver import Waiver
from luokuan.colophon.watermark.clip import MARKER as CLIP_MARKER
from luokuan.errors import UserError
from luokuan.media import Clip, Frames, PackedFrames, Sound

AIGC = aigc.Aigc("1", "luokuan", "0123456789abcdef")
each_format = pytest.mark.parametrize("row", CLIPS, ids=lambda row: row.name)
MP4, WEBM = CLIPS


def labelled(row: ClipFormat, media: Clip, options: LabelOptions | None = None, method: Method = "nearest") -> Clip:
    return row.labelled(media, options or LabelOptions(), method, AIGC.produce_id)


@lru_cache(maxsize=4)
def prepared(row: ClipFormat) -> Clip:
    return labelled(row, clip(heard=sound(8_000)))


@lru_cache(maxsize=4)
def bare(row: ClipFormat) -> bytes:
    """A file without any label."""
    return row.encode(prepared(row), Encoding())


@lru_cache(maxsize=4)
def tagged(row: ClipFormat) -> bytes:
    return row.tag(bare(row), AIGC).data


def found(row: ClipFormat, data: bytes) -> aigc.Aigc | None:
    text = row.read_labels(data, {}).aigc
    return None if text is None else aigc.parse(text)


def refused(row: ClipFormat, data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        row.read_labels(data, {})
    return caught.value.code


@each_format
def test_labels_and_frames_come_back(row: ClipFormat) -> None:
    assert row.read_labels(bare(row), {}) == xmp.Labels()
    assert row.tag(bare(row), AIGC).sidecars == {}
    assert found(row, tagged(row)) == AIGC
    assert row.read_labels(tagged(row), {}).source == xmp.GENERATED
    row.check(tagged(row), prepared(row), Encoding())


@each_format
def test_formats_are_told_by_content_and_by_ending(row: ClipFormat) -> None:
    for data in (bare(row), tagged(row)):
        assert format_of_file(data) is row
        assert [other for other in FORMATS if other.matches(data)] == [row]
    assert format_of_header(bare(row)[:HEADER_BYTES]) is row
    assert format_of_path(Path("a" + row.suffixes[0].upper())) is row


def test_what_begins_alike() -> None:
    assert format_of_header(isobmff.box(b"ftyp", b"avif", bytes(4), b"mif1avif")) is None
    assert format_of_header(isobmff.box(b"ftyp", b"isom", bytes(4), b"mif1avif")) is None
    assert format_of_header(tagged(WEBM).replace(b"webm", b"mkvv", 1)) is None
    for size in range(20):
        assert format_of_header(tagged(WEBM)[:size]) is None


@each_format
def test_ffmpeg_reads_labels_codecs_and_speed(row: ClipFormat, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(tagged(row))
    told = subprocess.run([ffmpeg.find(), "-i", str(path)], capture_output=True, text=True, check=False).stderr
    lines = re.findall(r"^\s*AIGC\s*: (.*)$", told, re.MULTILINE)
    assert [aigc.parse(line) for line in lines] == [AIGC]
    assert not re.search("invalid|error|corrupt", told, re.IGNORECASE)
    told = told[told.index("Input #0") :]
    codecs = {"MP4": ("av1", "aac"), "WebM": ("vp9", "opus")}[row.name]
    assert all(f": {codec}" in told for codec in codecs) and " 12 fps" in told
    assert "bt709" in told


@each_format
def test_another_clip_doesnt_read_back(row: ClipFormat) -> None:
    data, media = tagged(row), prepared(row)
    other = [
        Clip(media.frames[::-1].copy(), media.fps, media.sound),
        Clip(media.frames[:-1], media.fps, media.sound),
        Clip(media.frames[:, :, :-2], media.fps, media.sound),
        Clip(media.frames, 2 * media.fps, media.sound),
        Clip(media.frames, media.fps),
        Clip(media.frames, media.fps, sound(32_000)),
    ]
    for one in other:
        with pytest.raises(RuntimeError):
            row.check(data, one, Encoding())


@each_format
@pytest.mark.parametrize(
    ("count", "height", "width", "fps"),
    [(1, 1, 1, 24.0), (2, 5, 7, 1.0), (3, 513, 515, 29.97), (3, 512, 640, 240.0), (2, 64, 48, 30000 / 1001)],
)
def test_unusual_clips(row: ClipFormat, count: int, height: int, width: int, fps: float) -> None:
    made = labelled(row, Clip(np.full((count, height, width, 3), 90, np.uint8), fps), method="lanczos")
    assert made.frames.shape[1] % 2 == made.frames.shape[2] % 2 == 0 and min(made.frames.shape[1:3]) >= 512
    assert made.frames.shape[1] - height in (0, 1) or height < 512
    data = row.encode(made, Encoding())
    row.check(data, made, Encoding())
    seen = row.samples(data)
    assert seen is not None and len(seen.frames) == count


def test_noise_reads_back() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 512, 512, 3)).astype(np.uint8)
    MP4.check(MP4.encode(Clip(frames, 24.0), Encoding()), Clip(frames, 24.0), Encoding())


def test_the_last_row_and_column_are_repeated() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 513, 515, 3)).astype(np.uint8)
    made = labelled(MP4, Clip(frames, 24.0), LabelOptions(waiver=Waiver("a test", acknowledged=True)))
    assert np.array_equal(made.frames[:, :513, :515], frames)
    assert np.array_equal(made.frames[:, 513], made.frames[:, 512])
    assert np.array_equal(made.frames[:, :, 515], made.frames[:, :, 514])


@pytest.mark.parametrize(("count", "fps", "written"), [(5, 1.0, 2), (7, 1.5, 3), (3, 24.0, 3), (9, 3.99, 8)])
def test_the_label_is_seen_for_two_seconds(count: int, fps: float, written: int) -> None:
    frames = np.full((count, 512, 600, 3), 120, np.uint8)
    made = labelled(MP4, Clip(frames, fps)).frames
    changed = (made != 120).any(axis=(1, 2, 3))
    assert changed.tolist() == [place < written for place in range(count)]
    assert written == count or written / fps >= 2
    rows = np.flatnonzero(((made[0] == 0) | (made[0] == 255)).any(axis=(1, 2)))
    assert rows[-1] - rows[0] + 1 >= MIN_INK * 512
    assert (frames == 120).all(), "the draft stays as it is"


def test_the_label_is_read_on_every_frame() -> None:
    frames = np.stack([np.full((512, 600, 3), value, np.uint8) for value in (0, 255, 119)])
    made = labelled(MP4, Clip(frames, 24.0)).frames
    inks = {tuple(int(v) for v in frame.reshape(-1, 3)[np.argmax(_distance(frame))]) for frame in made}
    grounds = [tuple(int(v) for v in frame[505, 400]) for frame in made]
    ink = (255, 255, 255) if (255, 255, 255) in inks else (0, 0, 0)
    text = (made == ink).all(axis=(0, 3))
    ys, xs = np.flatnonzero(text.any(axis=1)), np.flatnonzero(text.any(axis=0))
    assert len(ys) >= MIN_INK * 512 and len(xs) > 50 and grounds
    for frame in made:
        around = frame[ys[0] - 2, xs[0] : xs[-1]]
        assert all(contrast(ink, tuple(float(v) for v in pixel)) >= MIN_CONTRAST for pixel in around)


def _distance(frame: np.ndarray) -> np.ndarray:
    return np.abs(frame.reshape(-1, 3).astype(int) - frame[0, 0].astype(int)).sum(axis=1)


@each_format
def test_sound_stays_with_the_frames(row: ClipFormat) -> None:
    click = np.zeros((2, 44_100), np.float32)
    click[:, 22_050:24_000] = 0.5 * np.sin(np.arange(1950) / 5)
    made = labelled(row, Clip(clip(12).frames, 12.0, Sound(click, 44_100)))
    assert made.sound is not None and made.sound.seconds == pytest.approx(1.0, abs=0.001)
    data = row.encode(made, Encoding())
    assert sound_length(data, row.media_type) == pytest.approx(1.0, abs=0.1)
    raw = ffmpeg.run(["-f", footage.DEMUXERS[row.media_type], "-i", "pipe:0", "-f", "f32le", "-ac", "1", "-ar",
                      "48000", "pipe:1"], data)  # fmt: skip
    heard = np.abs(np.frombuffer(raw, "<f4"))
    assert np.flatnonzero(heard > 0.2)[0] / 48_000 == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan, math.inf])
def test_no_clip_has_such_a_speed(fps: float) -> None:
    with pytest.raises(UserError) as caught:
        Clip(np.zeros((1, 2, 2, 3), np.uint8), fps)
    assert caught.value.code == "media.shape"


def test_no_clip_is_empty() -> None:
    for shape in ((0, 2, 2, 3), (1, 0, 2, 3), (1, 2, 0, 3), (1, 2, 2, 4)):
        with pytest.raises(UserError):
            Clip(np.zeros(shape, np.uint8), 24.0)


def _endless(count: int, height: int, width: int) -> np.ndarray:
    """One byte that stands for all of them: nothing may touch each."""
    return np.broadcast_to(np.uint8(0), (count, height, width, 3))


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (Clip(_endless(1, 8, 8), 1000.0), "clip.fps"),
        (Clip(_endless(1, 8, 8), 0.5), "clip.fps"),
        (Clip(_endless(2000, 720, 1280), 24.0), "clip.size"),
        (Clip(_endless(10_000, 8, 8), 24.0), "clip.size"),
        (Clip(_endless(1, 1, 10_000), 24.0), "clip.side"),
        (Clip(_endless(1, 100_000, 100_000), 24.0), "clip.side"),
        (Clip(_endless(1, 8, 8), 24.0, Sound(np.zeros((1, 0), np.float32), 8_000)), "sound.empty"),
        (Clip(_endless(1, 8, 8), 24.0, Sound(np.full((1, 9), np.nan, np.float32), 8_000)), "sound.samples"),
        (Clip(_endless(1, 8, 8), 24.0, Sound(np.broadcast_to(np.float32(0), (2, 2**27)), 8_000)), "format.size"),
        (Clip(_endless(1, 8, 8), 24.0, Sound(np.zeros((1, 2**15), np.float32), 1)), "format.size"),
    ],
)
def test_what_cant_be_finished(media: Clip, code: str) -> None:
    for method in ("lanczos", "nearest"):
        with pytest.raises(UserError) as caught:
            admit(media, method)
        assert caught.value.code == code


def test_too_many_channels() -> None:
    with pytest.raises(UserError) as caught:
        labelled(MP4, Clip(np.zeros((1, 8, 8, 3), np.uint8), 24.0, Sound(np.zeros((9, 9), np.float32), 8_000)))
    assert caught.value.code == "format.channels"


@each_format
def test_no_ffmpeg_is_said_clearly(row: ClipFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    data, media = tagged(row), prepared(row)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", "")
    for action in (lambda: row.encode(media, Encoding()), lambda: row.samples(data)):
        with pytest.raises(UserError) as caught:
            action()
        assert caught.value.code == "format.ffmpeg"
    assert found(row, data) == AIGC, "labels are read without it"


def test_no_encoder_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "_encoders", lambda _path: frozenset({"libx264"}))
    with pytest.raises(UserError) as caught:
        MP4.encode(prepared(MP4), Encoding())
    assert caught.value.code == "format.encoder" and "libsvtav1" in caught.value.what
    monkeypatch.setattr(ffmpeg, "_encoders", lambda _path: frozenset({"libaom-av1"}))
    assert ffmpeg.encoder(tuple(mp4.ENCODERS)) == "libaom-av1"


def test_the_other_encoder_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "_encoders", lambda _path: frozenset({"libaom-av1"}))
    MP4.check(MP4.encode(prepared(MP4), Encoding()), prepared(MP4), Encoding())


# Hostile bytes.


@each_format
def test_every_cut_is_noticed_or_leaves_the_label_readable(row: ClipFormat) -> None:
    data = tagged(row)
    lengths = [*range(0, 1200, 3), *range(1200, len(data), 997), *range(len(data) - 400, len(data), 7)]
    for length in lengths:
        try:
            assert found(row, data[:length]) in (None, AIGC)
        except UserError as error:
            assert error.code == "format.damaged"


@each_format
def test_cut_clips_are_looked_at_as_far_as_they_go(row: ClipFormat) -> None:
    data = tagged(row)
    for length in (0, 30, 500, len(data) // 2, len(data) - 9):
        try:
            seen = row.samples(data[:length])
            assert seen is not None and seen.frames.shape[1:] == (528, 704, 3)
        except UserError as error:
            assert error.code == "format.damaged"


@each_format
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_bytes_are_refused_or_read(row: ClipFormat, data: st.DataObject) -> None:
    whole = bytearray(tagged(row))
    for _change in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 1500) | st.integers(len(whole) - 1500, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    for one in (bytes(whole), data.draw(st.binary(max_size=200))):
        try:
            row.read_labels(one, {})
        except UserError as error:
            assert error.code
        format_of_file(one)


def test_nested_boxes_cost_nothing() -> None:
    nested = b"x"
    for kind in (b"moov", b"trak", b"mdia", b"minf") * 250:
        nested = isobmff.box(kind, nested)
    assert refused(MP4, nested) == "format.damaged" or found(MP4, nested) is None


def ebml(kind: int, content: bytes, size: bytes | None = None) -> bytes:
    """An element with a size of eight bytes, or with the one that is given."""
    length = (kind.bit_length() + 7) // 8
    return kind.to_bytes(length) + (size or b"\1" + len(content).to_bytes(7)) + content


UNKNOWN = b"\1" + b"\xff" * 7
HEAD = ebml(0x1A45DFA3, ebml(0x4282, b"webm"))
SEGMENT, CLUSTER, BLOCK = 0x18538067, 0x1F43B675, 0xA3


def tags(*pairs: tuple[str, str]) -> bytes:
    simple = [ebml(0x67C8, ebml(0x45A3, name.encode()) + ebml(0x4487, value.encode())) for name, value in pairs]
    return ebml(0x1254C367, ebml(0x7373, b"".join(simple)))


LABEL = tags(("AIGC", AIGC.build()), ("DIGITALSOURCETYPE", xmp.GENERATED))


def test_clusters_and_segments_of_unknown_size() -> None:
    cluster = ebml(CLUSTER, ebml(0xE7, b"\0") + ebml(BLOCK, bytes(30)), UNKNOWN)
    live = HEAD + ebml(SEGMENT, LABEL + cluster * 3, UNKNOWN)
    assert found(WEBM, live) == AIGC and format_of_file(live) is WEBM
    assert found(WEBM, HEAD + ebml(SEGMENT, cluster * 3 + LABEL, UNKNOWN)) == AIGC
    assert found(WEBM, HEAD + ebml(SEGMENT, cluster + LABEL)) == AIGC


def test_sizes_that_lie() -> None:
    huge = b"\1" + (2**31).to_bytes(7)
    assert refused(WEBM, HEAD + ebml(SEGMENT, LABEL, huge)) == "format.damaged"
    assert refused(WEBM, HEAD + ebml(SEGMENT, ebml(CLUSTER, b"x", huge) + LABEL)) == "format.damaged"
    assert refused(WEBM, HEAD + ebml(SEGMENT, ebml(0x1254C367, b"x", UNKNOWN))) == "format.damaged"
    assert refused(WEBM, HEAD + ebml(SEGMENT, LABEL) * 2) == "format.damaged"
    assert refused(WEBM, HEAD) == "format.damaged"
    assert refused(WEBM, HEAD + ebml(SEGMENT, b"\0" * 9)) == "format.damaged"
    many = tags(*[("A", "")] * 70_000)
    assert refused(WEBM, HEAD + ebml(SEGMENT, many)) == "format.damaged"


def test_more_elements_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webm, "_MAX_ELEMENTS", 1000)
    assert refused(WEBM, HEAD + ebml(SEGMENT, ebml(BLOCK, b"") * 1001)) == "format.damaged"


def test_two_labels_that_differ() -> None:
    other = aigc.Aigc("2", "luokuan", "fedcba9876543210")
    both = HEAD + ebml(SEGMENT, LABEL + tags(("aigc", other.build())))
    assert refused(WEBM, both) == refused(MP4, _twice(other)) == "aigc.invalid"
    assert found(WEBM, HEAD + ebml(SEGMENT, LABEL * 2)) == AIGC


def _twice(other: aigc.Aigc) -> bytes:
    return tagged(MP4) + isobmff.box(b"uuid", isobmff._XMP, xmp.build(other, xmp.GENERATED))


@each_format
def test_a_declared_size_is_compared_before_anything_is_decoded(
    row: ClipFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "MAX_PIXELS", 512 * 512)
    assert row.samples(tagged(row)) is None


def test_long_clips_are_looked_at_by_their_key_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "_WORK", 3 * 528 * 704)
    seen = look(tagged(WEBM), "video/webm", 32)
    assert (seen.count, seen.places) == (6, (0,))
    monkeypatch.setattr(footage, "_WORK", 1 << 31)
    monkeypatch.setattr(footage, "_MEMORY", 2 * 528 * 704 * 3)
    assert look(tagged(WEBM), "video/webm", 32).places == (0, 5)


def test_only_the_file_itself_is_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.webm").write_bytes(tagged(WEBM))
    playlist = f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/secret.webm\n".encode()
    for row in CLIPS:
        with pytest.raises(UserError):
            row.samples(playlist)


def test_frames_that_come_one_by_one_become_the_same_clip() -> None:
    whole = clip(count=30, height=51, width=67, heard=sound(8_000))
    assert not isinstance(whole.frames, Frames)
    packed = Clip(PackedFrames((51, 67), map(PackedFrames.pack, whole.frames)), whole.fps, whole.sound)
    for method in ("nearest", "lanczos"):
        one, other = labelled(WEBM, whole, method=method), labelled(WEBM, packed, method=method)
        assert isinstance(other.frames, Frames) and one.frames.shape == other.frames.shape
        assert (np.stack(list(other.frames)) == one.frames).all()
    marked = [CLIP_MARKER.embed(each, "0123456789abcdef", b"k" * 32) for each in (one, other)]
    assert (np.stack(list(marked[1].frames)) == marked[0].frames).all()
    few = np.array(one.frames[:3])
    lazily = Clip(Frames(few.shape, lambda place: few[place].copy()), 12.0)
    data = WEBM.encode(lazily, Encoding())
    assert data == WEBM.encode(Clip(few, 12.0), Encoding())
    WEBM.check(data, lazily, Encoding())


def test_long_clips_are_refused_by_their_number_of_frames() -> None:
    frames = Frames((40_000, 512, 512, 3), lambda _place: np.zeros((512, 512, 3), np.uint8))
    with pytest.raises(UserError, match="frames") as caught:
        admit(Clip(frames, 24.0), "lanczos")
    assert caught.value.code == "clip.size"
    admit(Clip(Frames((4_000, 720, 1280, 3), lambda _place: np.zeros((720, 1280, 3), np.uint8)), 25.0), "lanczos")


def test_what_is_fed_to_ffmpeg_piece_by_piece(tmp_path: Path) -> None:
    given = ["-f", "u8", "-ar", "8000", "-ac", "1", "-i", "pipe:0"]
    ffmpeg.feed([*given, str(tmp_path / "x.wav")], (bytes(800) for _piece in range(10)))
    assert (tmp_path / "x.wav").stat().st_size > 8_000
    with pytest.raises(RuntimeError, match="failed"):  # it ends at once, while there is more to come
        ffmpeg.feed(
            ["-f", "nothing", "-i", "pipe:0", "-f", "wav", str(tmp_path / "y")], (bytes(1 << 20) for _ in range(9))
        )

    def slow() -> Iterator[bytes]:
        while True:
            yield bytes(800)
            time.sleep(0.05)

    with pytest.raises(RuntimeError, match="longer"):
        ffmpeg.feed([*given, "-f", "wav", str(tmp_path / "z.wav")], slow(), seconds=0.5)

    def broken() -> Iterator[bytes]:
        yield bytes(800)
        raise KeyError

    with pytest.raises(KeyError):
        ffmpeg.feed([*given, "-f", "wav", str(tmp_path / "z.wav")], broken())
