"""A text to a clip: determinism, formats, captions, and what is refused before anything is made."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

import luokuan
from luokuan.colophon import ffmpeg
from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft, samples_digest
from luokuan.colophon.verification import verify_file
from luokuan.create.presenters.drafts import AFTER, BEFORE, Pictures, create_presenter, draft_presenter
from luokuan.create.presenters.lettering import caption, lower_third
from luokuan.create.presenters.orders import Order
from luokuan.create.presenters.portraits import mouth_of, portrait_of
from luokuan.create.presenters.poses import Pose
from luokuan.errors import UserError
from luokuan.media import Clip, Frames, PackedFrames, Picture
from luokuan.store.home import Home, open_home

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
SMALL: dict[str, Any] = {"aspect": "1:1", "size": 128, "fps": 8.0}
TEXT = "Hello, Bob."


@pytest.fixture
def home(own_home: Path) -> Home:
    return open_home(own_home)


def draft(text: str = TEXT, *, seed: int = 1, **order: Any) -> Draft:
    return draft_presenter(text, order=Order(**(SMALL | order)), seed=seed)


def test_the_same_seed_draws_the_same_clip() -> None:
    one, same, other = draft(), draft(), draft(seed=2)
    assert isinstance(one.media, Clip) and one.kind == "presenter"
    assert samples_digest(one.media) == samples_digest(same.media) != samples_digest(other.media)
    assert one.recipe == same.recipe and one.recipe.model == "presenter+heart"
    assert isinstance(one.media.frames, PackedFrames) and one.media.frames.shape[1:] == (128, 128, 3)
    assert sum(map(len, one.media.frames.parts)) < 0.5 * np.prod(one.media.frames.shape)
    sound = one.media.sound
    assert sound is not None and "".join(word.text for word in sound.words) == TEXT
    assert sound.seconds == pytest.approx(one.media.seconds, abs=0.001) and sound.words[0].start >= BEFORE
    assert one.media.seconds > sound.words[-1].end + AFTER / 2


def test_lower_third_and_captions_are_seen() -> None:
    bare, told = draft(seed=3), draft(seed=3, title="鲍勃 Bob", subtitle="Host", captions=True)
    place = len(bare.media.frames) // 2
    different = (bare.media.frames[place] != told.media.frames[place]).any(axis=2)
    rows, columns = np.nonzero(different)
    assert rows.min() > 64 and rows.max() > 115 and columns.min() < 10
    assert not (bare.media.frames[0] != told.media.frames[0]).any()  # it slides in
    assert told.recipe.parameters["title"] == "鲍勃 Bob"
    for size in ((128, 228), (228, 128), (128, 128), (1080, 1920)):
        for panel in (
            lower_third(size, "W" * 60, "国" * 60, (1, 2, 3), 10),
            caption(size, ["W" * 42, "国" * 16], 10),
        ):
            assert panel.x + panel.cover.shape[1] <= size[1] and panel.y + panel.cover.shape[0] <= size[0]


@needs_ffmpeg
def test_a_clip_leaves_in_both_formats_verified(home: Home, tmp_path: Path) -> None:
    work = luokuan.create.presenter(
        "你好，鲍勃。", title="小林", aspect="1:1", size=256, fps=8.0, seed=5, media_type="video/webm", home=home
    )
    assert set(work.sidecars) >= {".srt", ".vtt"} and "你好，鲍勃。" in work.sidecars[".srt"].decode()
    assert "人工智能生成" in work.sidecars[".vtt"].decode() and "Chen Wang" in work.recipe.credit
    again = finish_again(work.id, home=home, media_type="video/mp4")
    assert again.sidecars[".srt"] == work.sidecars[".srt"]
    for found, name in ((work, "a.webm"), (again, "b.mp4")):
        export_work(found, tmp_path / name)
        assert verify_file(tmp_path / name, home=home).verdict == "ours"


@needs_ffmpeg
def test_a_cancel_while_frames_are_encoded_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    made = draft()
    media = made.media
    assert isinstance(media, Clip) and isinstance(media.frames, Frames)
    asked = 0
    folder = home.path / "tmp-of-the-test"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    class Stopped(Exception):
        pass

    def stopping(_place: int, frame: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += 1
        # After the digest, the master and the label there is only the encoder that asks.
        if any("-r" in child.cmdline() for child in psutil.Process().children()):
            raise Stopped
        return frame

    frames = media.frames.changed(stopping)
    before = set(psutil.Process().children())  # of other tests, in the same process
    with pytest.raises(Stopped):
        finish(
            Draft(Clip(frames, media.fps, media.sound), made.recipe, "presenter"), home=home, media_type="video/webm"
        )
    assert asked > 2 * len(frames)
    assert not list(folder.iterdir()) and set(psutil.Process().children()) <= before
    assert not [path for path in (home.path / "blobs").rglob("*") if path.is_file()]
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_cancel_while_it_is_drawn_ends_it(home: Home) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_presenter(TEXT, home=home, on_frame=stop, **SMALL)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "speech.silent"),
        ("🙂🎉", "speech.silent"),
        ("… ！？", "speech.silent"),
        ("שלום עולם", "speech.silent"),
        ("word " * 20_000, "presenter.long"),
        ("字" * 100_000, "presenter.long"),
        ("half \ud800", "speech.surrogate"),
    ],
    ids=["nothing", "emoji", "marks", "Hebrew", "100,000 letters", "100,000 characters", "half a character"],
)
def test_texts_that_cannot_be_said(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        draft(text)
    assert caught.value.code == code


def test_mixed_scripts_are_said_as_far_as_they_can_be() -> None:
    found = draft("Hi שלום 🙂 你好", captions=True)
    assert "ש" in found.recipe.parameters["left_out"] and found.recipe.model == "presenter+heart+mandarin"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"size": 0}, "presenter.range"),
        ({"size": -720}, "presenter.range"),
        ({"size": 100_000}, "presenter.range"),
        ({"fps": 0}, "presenter.range"),
        ({"fps": float("nan")}, "presenter.range"),
        ({"aspect": "4:3"}, "presenter.aspect"),
        ({"portrait": {"hat": "top"}}, "presenter.attribute"),
        ({"background": "no colour"}, "presenter.background"),
        ({"title": "x" * 61}, "presenter.title"),
        ({"title": "שלום"}, "presenter.letters"),
        ({"subtitle": "🙂"}, "presenter.letters"),
        ({"title": "\ud800"}, "presenter.letters"),
    ],
)
def test_orders_that_cannot_be_met(order: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as caught:
        draft(**order)
    assert caught.value.code == code
    caught.value.what.encode()


def test_sizes_are_even() -> None:
    for aspect in ("16:9", "9:16", "1:1"):
        for size in (128, 129, 361, 719, 1080):
            height, width = Order(aspect=aspect, size=size).shape
            assert height % 2 == width % 2 == 0 and abs(min(height, width) - size) <= 1


def png(height: int, width: int) -> bytes:
    rows, columns = np.mgrid[0:height, 0:width]
    face = np.full((height, width, 3), (230, 190, 160), np.uint8)
    face[((columns - width / 2) / (0.1 * width)) ** 2 + ((rows - 0.66 * height) / (0.03 * height)) ** 2 < 1] = (
        170,
        40,
        50,
    )
    out = io.BytesIO()
    Image.fromarray(face).save(out, "PNG")
    return out.getvalue()


def test_a_picture_speaks(home: Home, tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(png(200, 300))
    with Image.open(tmp_path / "face.png") as image:
        picture = Picture(np.array(image))
    rig = portrait_of(picture, (128, 228), mouth_of((0.5, 0.66, 0.2)), np.zeros((128, 228, 3), np.uint8))
    shut, wide = (rig.frame(Pose(open=opening)).astype(int) for opening in (0.0, 1.0))
    rows, columns = np.nonzero(np.abs(shut - wide).sum(axis=2) > 40)
    assert 100 < columns.mean() < 128 and 75 < rows.mean() < 105 and wide.shape == (128, 228, 3)
    assert rig.lips[0] > rig.lips[1] + 60  # as they were
    found = draft_presenter(TEXT, order=Order(**SMALL), pictures=Pictures(picture, picture))
    assert found.recipe.parameters["portrait"] is None


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (b"\x89PNG\r\n\x1a\nbroken", {}, "create.like"),
        (png(40, 40), {}, "presenter.portrait"),
        (png(80, 80), {"mouth": (0.5, 0.5, 2.0)}, "presenter.mouth"),
        (png(80, 80), {"portrait": {"hair": "bob"}}, "presenter.portrait"),
    ],
)
def test_pictures_that_cannot_speak(home: Home, tmp_path: Path, data: bytes, options: Any, code: str) -> None:
    (tmp_path / "face.png").write_bytes(data)
    with pytest.raises(UserError) as caught:
        create_presenter(TEXT, portrait_file=tmp_path / "face.png", home=home, **SMALL, **options)
    assert caught.value.code == code or caught.value.code.startswith("ingredient")


def test_a_drawing_is_told_no_mouth(home: Home) -> None:
    with pytest.raises(UserError) as caught:
        create_presenter(TEXT, mouth=(0.5, 0.6, 0.2), home=home, **SMALL)
    assert caught.value.code == "presenter.mouth"


def test_voices_and_formats_are_checked_first(home: Home) -> None:
    for options, code in (({"voices": "nobody"}, "voice.unknown"), ({"media_type": "image/png"}, "format.unknown")):
        with pytest.raises(UserError) as caught:
            create_presenter(TEXT, home=home, **SMALL, **options)
        assert caught.value.code == code
