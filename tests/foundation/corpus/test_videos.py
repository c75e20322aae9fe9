"""MP4 and WebM as clips of a corpus: frames as they are shown, and what is too much, damaged or lies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from clipmodels import drawn, strip
from numpy.typing import NDArray

from luokuan.colophon import ffmpeg as programs
from luokuan.errors import UserError
from luokuan.foundation import ffmpeg
from luokuan.foundation.corpus import clipframes, videos
from luokuan.foundation.corpus.clipframes import BrokenClip, read_clip
from luokuan.foundation.corpus.clips import holds_clips, open_clips

CODECS = {".mp4": ["-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p"], ".webm": ["-c:v", "libvpx-vp9", "-crf", "10"]}
pytestmark = pytest.mark.skipif(
    not (programs.encodes("libx264") and programs.encodes("libvpx-vp9")), reason="no ffmpeg with H.264 and VP9"
)


def filmed(path: Path, frames: NDArray[np.uint8], *more: str, fps: int = 8, before: tuple[str, ...] = ()) -> Path:
    """A clip as a file, by its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _count, height, width, _channels = frames.shape
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0"]
    command = [ffmpeg.find(), "-v", "error", "-y", *before, *given, *CODECS[path.suffix], *more, str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True)
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "-i$(x) 'b'.mp4"])
def test_all_frames_are_read_with_their_speed(tmp_path: Path, name: str) -> None:
    clip = drawn("slide", "red", 0, frames=6, size=64)
    found = read_clip(filmed(tmp_path / name, clip))
    assert found.frames.shape == clip.shape and found.fps == pytest.approx(8)
    assert np.abs(found.frames.astype(int) - clip).mean() < 6
    assert len(read_clip(tmp_path / name, limit=3).frames) == 3
    assert (read_clip(tmp_path / name).frames == found.frames).all()


def test_what_is_turned_when_it_is_shown_is_turned(tmp_path: Path) -> None:
    filmed(tmp_path / "a.mp4", np.concatenate([drawn("slide", "red", 0, size=64)] * 2, axis=2))
    turn = ["-display_rotation", "90", "-i", str(tmp_path / "a.mp4"), "-c", "copy", str(tmp_path / "b.mp4")]
    subprocess.run([ffmpeg.find(), "-v", "error", "-y", *turn], check=True)
    upright, turned = read_clip(tmp_path / "a.mp4").frames, read_clip(tmp_path / "b.mp4").frames
    assert upright.shape == (4, 64, 128, 3) and turned.shape == (4, 128, 64, 3)
    assert (np.rot90(upright, 1, axes=(1, 2)) == turned).all()


def test_too_long_too_large_and_damaged_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filmed(tmp_path / "a.mp4", drawn("jump", "blue", 0, frames=9, size=64))
    data = whole.read_bytes()
    parts = {
        "cut.mp4": data[: len(data) // 2],
        "head.mp4": data[:16],
        "no.webm": b"\x1aE\xdf\xa3" * 9,
        "empty.mp4": data[:4] + b"ftypmp42" + bytes(200),
    }
    for name, broken in parts.items():
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(BrokenClip, match="damaged"):
            read_clip(tmp_path / name)
    filmed(tmp_path / "one.mp4", drawn("jump", "blue", 0, frames=2)[:1].repeat(4, axis=1).repeat(4, axis=2))
    with pytest.raises(BrokenClip, match="one frame only"):
        read_clip(tmp_path / "one.mp4")
    monkeypatch.setattr(clipframes, "MOST_FRAMES", 8)
    with pytest.raises(BrokenClip, match="more than 8 frames"):
        read_clip(whole)
    monkeypatch.setattr(clipframes, "MOST_FRAMES", 9)
    monkeypatch.setattr(clipframes, "PIXEL_LIMIT", 9 * 64 * 64 - 1)
    with pytest.raises(BrokenClip, match="enormous"):
        read_clip(whole)


def test_a_size_that_is_a_lie_costs_nothing(tmp_path: Path) -> None:
    """The container says 16 × 16, the stream holds more than may be unpacked."""
    whole = filmed(tmp_path / "a.mp4", drawn("jump", "blue", 0, size=512))
    data, side = whole.read_bytes(), (512).to_bytes(2, "big") * 2
    at = data.index(b"avc1", data.index(b"stsd")) + 28  # VisualSampleEntry: width and height
    assert data[at : at + 4] == side
    (tmp_path / "b.mp4").write_bytes(data[:at] + (16).to_bytes(2, "big") * 2 + data[at + 4 :])
    with pytest.raises(videos.BrokenVideo):
        videos.read_video(tmp_path / "b.mp4", data, frames=8, pixels=4 * 16 * 16)


def test_time_is_limited_and_a_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filmed(tmp_path / "a.webm", drawn("jump", "blue", 0, size=64))
    (tmp_path / "slow").write_text("#!/bin/sh\nsleep 20\n", encoding="utf-8")
    (tmp_path / "slow").chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setattr(videos, "find", lambda: str(tmp_path / "slow"))
        patched.setattr(videos, "SECONDS", 1)
        with pytest.raises(BrokenClip, match="damaged"):
            read_clip(whole)

    def absent() -> str:
        raise UserError("no ffmpeg", "install it", code="format.ffmpeg")

    monkeypatch.setattr(videos, "find", absent)
    with pytest.raises(BrokenClip, match=r"luokuan\[media\]"):
        read_clip(whole)


def test_a_corpus_of_videos_lists_and_skips_the_broken(tmp_path: Path) -> None:
    corpus = tmp_path / "c"
    for place in range(3):
        filmed(corpus / "jump" / f"{place}.mp4", drawn("jump", "red", place, size=64))
        filmed(corpus / "slide" / f"{place}.webm", drawn("slide", "red", place, size=64))
    strip(drawn("slide", "blue", 1)).save(corpus / "slide" / "strip.png")
    (corpus / "slide" / "broken.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(100))
    assert holds_clips(corpus)
    found = open_clips(corpus, broken_limit=0.2)
    assert len(found.items) == 7 and [one.path.name for one in found.broken] == ["broken.mp4"]
    assert {item.attributes for item in found.items} == {(("action", "jump"),), (("action", "slide"),)}
    assert found.items[0].fps == pytest.approx(8) and found.items[0].read().shape == (4, 64, 64, 3)
