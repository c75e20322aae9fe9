"""A corpus of clips: animations, strips and folders of frames, with what is known of them; and all that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clipmodels import drawn, strip, write_corpus
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus.clipframes import BrokenClip, fitted, read_clip
from luokuan.foundation.corpus.clips import SPLITS, holds_clips, load_clips, open_clips


def animation(path: Path, frames: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, loop=0, **options)
    return path


@pytest.mark.parametrize(("name", "options"), [("a.gif", {}), ("a.webp", {"lossless": True}), ("a.png", {})])
def test_animations_are_read_with_their_speed(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    clip = drawn("slide", "red", 0)
    found = read_clip(animation(tmp_path / name, clip, **options))
    assert np.array_equal(found.frames, clip) and found.fps == pytest.approx(10)


def test_a_strip_and_a_folder_of_frames_are_clips(tmp_path: Path) -> None:
    clip = drawn("jump", "blue", 3, frames=12)
    strip(clip).save(tmp_path / "across.png")
    Image.fromarray(np.concatenate(list(clip), axis=0)).save(tmp_path / "down.png")
    (tmp_path / "own").mkdir()
    for place, frame in enumerate(clip):
        Image.fromarray(frame).save(tmp_path / "own" / f"{place + 1}.png")  # 10 comes after 9
    for name in ("across.png", "down.png", "own"):
        assert np.array_equal(read_clip(tmp_path / name).frames, clip), name
    assert len(read_clip(tmp_path / "across.png", limit=5).frames) == 5


@pytest.mark.parametrize(
    ("size", "why"), [((16, 16), "one frame only"), ((40, 16), "no strip of square"), ((16 * 600, 16), "600 frames")]
)
def test_what_is_no_clip_is_told(tmp_path: Path, size: tuple[int, int], why: str) -> None:
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(BrokenClip, match=why):
        read_clip(tmp_path / "a.png")


def test_damaged_files_and_frames_of_different_sizes_are_told(tmp_path: Path) -> None:
    (tmp_path / "no.gif").write_bytes(b"GIF89a nothing")
    whole = animation(tmp_path / "whole.gif", drawn("slide", "red", 0, size=64)).read_bytes()
    (tmp_path / "cut.gif").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "own").mkdir()
    for place, side in enumerate((16, 24)):
        Image.new("RGB", (side, side)).save(tmp_path / "own" / f"{place}.png")
    (tmp_path / "none").mkdir()
    for name in ("no.gif", "cut.gif", "own", "none", "absent.gif"):
        with pytest.raises(BrokenClip):
            read_clip(tmp_path / name)


def test_clips_are_brought_to_one_length_and_size() -> None:
    clip = drawn("slide", "red", 0, frames=6)
    assert np.array_equal(fitted(clip, 8, 16)[5:], clip[[5, 5, 5]])  # it stands still
    assert np.array_equal(fitted(clip, 3, 16), clip[[0, 2, 5]])  # some are left out
    assert np.array_equal(fitted(clip, 6, 32)[:, ::2, ::2], clip)  # pixels become squares
    assert fitted(np.zeros((2, 30, 50, 3), np.uint8), 2, 16).shape == (2, 16, 16, 3)


def test_metadata_tells_attributes_frames_and_groups(tmp_path: Path) -> None:
    corpus = open_clips(write_corpus(tmp_path / "c", characters=40))
    assert len(corpus.items) == 80 and corpus.licence == "CC-BY-SA-3.0" and corpus.skipped == 0
    assert corpus.items[0].attributes == (("action", "jump"), ("colour", "blue")) and corpus.items[0].group == "0"
    parts = {name: {item.group for item in corpus.split(name)} for name in SPLITS}
    assert all(parts.values()) and sum(map(len, parts.values())) == 40  # no character on two sides
    pixels = load_clips(corpus.items[:3], 4, 16, cache=tmp_path / "cache")
    assert pixels.shape == (3, 4, 16, 16, 3) and np.array_equal(pixels[0], drawn("jump", "blue", 0))
    assert np.array_equal(load_clips(corpus.items[:3], 4, 16, cache=tmp_path / "cache"), pixels)  # from the cache
    strip(drawn("jump", "red", 9)).save(corpus.items[0].path)
    with pytest.raises(UserError, match="has changed"):
        corpus.items[0].read()


def test_names_of_folders_tell_action_and_direction(tmp_path: Path) -> None:
    animation(tmp_path / "walk/left/a.gif", drawn("slide", "red", 0))
    animation(tmp_path / "walk/right/hat=straw/b.gif", drawn("slide", "red", 1))
    (tmp_path / "jump/up/own").mkdir(parents=True)
    for place, frame in enumerate(drawn("jump", "red", 2)):
        Image.fromarray(frame).save(tmp_path / f"jump/up/own/{place}.png")
    corpus = open_clips(tmp_path)
    assert {item.name: dict(item.attributes) for item in corpus.items} == {
        "jump/up/own": {"action": "jump", "direction": "up"},
        "walk/left/a.gif": {"action": "walk", "direction": "left"},
        "walk/right/hat=straw/b.gif": {"action": "walk", "direction": "right", "hat": "straw"},
    }


def test_a_table_may_tell_them_and_its_digest_follows(tmp_path: Path) -> None:
    animation(tmp_path / "a.gif", drawn("slide", "red", 0))
    animation(tmp_path / "b.gif", drawn("jump", "red", 0))
    (tmp_path / "metadata.csv").write_text("file_name;action;fps;split\na.gif;slide;12;\nb.gif;jump;;test\n")
    corpus = open_clips(tmp_path)
    assert [item.fps for item in corpus.items] == [12, pytest.approx(10)] and [
        i.name for i in corpus.split("test")
    ] == ["b.gif"]
    (tmp_path / "metadata.csv").write_text("file_name;action\na.gif;slide\nb.gif;slide\n")
    assert open_clips(tmp_path).digest != corpus.digest


def test_a_folder_of_clips_is_told_from_one_of_pictures(tmp_path: Path) -> None:
    assert holds_clips(write_corpus(tmp_path / "told", characters=2))
    animation(tmp_path / "by-ending/walk/a.gif", drawn("slide", "red", 0))
    assert holds_clips(tmp_path / "by-ending")
    (tmp_path / "pictures").mkdir()
    strip(drawn("jump", "red", 1)).save(tmp_path / "pictures/a.png")
    (tmp_path / "pictures/metadata.jsonl").write_text('{"file_name": "a.png", "text": "wide frames"}\n')
    assert not holds_clips(tmp_path / "pictures") and not holds_clips(tmp_path / "absent")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"action": "walk"}, "names no file"),
        ({"file_name": "../a.gif"}, "leaves the folder"),
        ({"file_name": "a.gif", "frames": 0}, "no number above 0"),
        ({"file_name": "a.gif", "fps": "quick"}, "no number above 0"),
        ([], "no object"),
    ],
)
def test_wrong_metadata_is_told_with_its_line(tmp_path: Path, row: object, why: str) -> None:
    animation(tmp_path / "a.gif", drawn("slide", "red", 0))
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=f"Line 1 .*{why}"):
        open_clips(tmp_path)


def test_empty_and_broken_corpora_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a folder"):
        open_clips(tmp_path / "absent")
    with pytest.raises(UserError, match="no usable clip"):
        open_clips(tmp_path)
    Image.new("RGB", (16, 16)).save(tmp_path / "one.png")
    with pytest.raises(UserError, match="one frame only"):
        open_clips(tmp_path)
    animation(tmp_path / "a.gif", drawn("slide", "red", 0))
    with pytest.raises(UserError, match="1 of 2 clips are broken"):
        open_clips(tmp_path)
    (tmp_path / "one.png").unlink()
    with pytest.raises(UserError, match="too few"):
        open_clips(tmp_path).require_trainable()
