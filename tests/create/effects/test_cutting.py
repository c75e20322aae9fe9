"""A subject is cut out where it is, the same each time, at any size; and where there is none, it is said."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drafts import draft, picture
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scripts_for_tests import loaded

from luokuan.colophon import ffmpeg
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.verification import verify_file
from luokuan.create.effects import cutting
from luokuan.create.effects.backdrops import PLACES, behind
from luokuan.create.effects.cutting import cut_out, laid_over
from luokuan.create.effects.drafts import create_effect
from luokuan.errors import UserError
from luokuan.media import Clip, Picture
from luokuan.store.home import Home, open_home


@pytest.fixture
def home(own_home: Path) -> Home:
    return open_home(own_home)


def scene(times: int = 1, left: int = 40) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A mottled blue ball on mottled sand, (H, W, 3), and where it is."""
    random = np.random.default_rng(4)
    height, width = 100 * times, 140 * times
    coarse = random.normal(0, 14, (25, 35, 1)).repeat(4 * times, axis=0).repeat(4 * times, axis=1)
    ball = Image.new("L", (width, height))
    ImageDraw.Draw(ball).ellipse([left * times, 20 * times, (left + 60) * times, 80 * times], fill=255)
    mask = np.asarray(ball) > 0
    pixels = np.where(mask[..., None], np.array([40, 70, 160]), np.array([190, 170, 130])) + coarse
    return np.clip(pixels, 0, 255).astype(np.uint8), mask


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("times", [1, 6])
def test_the_subject_is_found_small_and_large(times: int) -> None:
    pixels, mask = scene(times)
    subject = cut_out(pixels)
    assert subject.dtype == np.float32 and subject.shape == mask.shape and 0 <= subject.min() < subject.max() <= 1
    assert overlap(subject > 0.5, mask) > (0.93 if times == 1 else 0.98)
    assert (subject == cut_out(pixels)).all(), "the same each time"
    assert set(np.unique(cut_out(pixels, softness=0))) == {0, 1}
    wider = cut_out(pixels, softness=1)
    if times > 1:
        assert ((wider > 0) & (wider < 1)).sum() > ((subject > 0) & (subject < 1)).sum(), "a softer edge is a wider one"


def test_a_subject_that_runs_out_of_the_picture_is_whole_up_to_its_border() -> None:
    pixels, mask = scene(3, left=-6)
    assert overlap(cut_out(pixels) > 0.5, mask) > 0.97 and (cut_out(pixels)[150, :3] > 0.9).all()


def test_a_box_keeps_what_is_in_it_alone() -> None:
    pixels, mask = scene(3)
    twice = np.concatenate([pixels, pixels], axis=1)
    one = cut_out(twice, inside=(0.02, 0.05, 0.45, 0.9)) > 0.5
    assert overlap(one[:, : mask.shape[1]], mask) > 0.97 and not one[:, mask.shape[1] :].any()
    assert (cut_out(twice) > 0.5)[:, mask.shape[1] :].any()


def test_specks_and_hairlines_are_left_out_and_small_holes_closed() -> None:
    pixels, mask = scene(3)
    pixels[:, 20] = pixels[30:33, 30:33] = (40, 70, 160)  # a line and a speck of the subject's colour
    pixels[150:154, 200:204] = (190, 170, 130)
    subject = cut_out(pixels) > 0.5
    assert overlap(subject, mask) > 0.97 and not subject[:, :60].any() and subject[150:154, 200:204].all()


@pytest.mark.parametrize("what", ["flat", "nearly flat", "noise", "ramp", "one pixel", "a line"])
def test_where_nothing_stands_out_it_is_said(what: str) -> None:
    random, ramp = np.random.default_rng(0), np.linspace(0, 255, 90).astype(np.uint8)
    pixels = {
        "flat": np.full((80, 90, 3), 128, np.uint8),
        "nearly flat": random.integers(126, 129, (80, 90, 3)).astype(np.uint8),
        "noise": random.integers(0, 256, (80, 90, 3)).astype(np.uint8),
        "ramp": np.broadcast_to(ramp[None, :, None], (80, 90, 3)).copy(),
        "one pixel": np.zeros((1, 1, 3), np.uint8),
        "a line": random.integers(0, 256, (2, 300, 3)).astype(np.uint8),
    }[what]
    with pytest.raises(UserError) as caught:
        cut_out(pixels)
    assert caught.value.code == "effect.subject" and "--inside" in caught.value.do


def test_nothing_of_the_old_background_shines_through() -> None:
    pixels, mask = scene(3)
    ground = np.full_like(pixels, (40, 70, 160))  # the subject's own colour
    subject = cut_out(pixels)
    found = laid_over(pixels, subject, ground).astype(int)
    assert (found[~mask & (subject == 0)] == (40, 70, 160)).all()
    edge = (subject > 0) & (subject < 1)
    assert edge.any() and (found[edge][:, 0] < 110).mean() > 0.99, "sand is 190"


def test_what_comes_behind() -> None:
    assert (behind((4, 6), "#102030", 0) == (16, 32, 48)).all() and (behind((4, 6), "white", 0) == 255).all()
    for place in PLACES:
        assert behind((64, 96), place, 3).shape == (64, 96, 3) and behind((1, 1), place, 3).shape == (1, 1, 3)
        assert (behind((64, 96), place.upper(), 3) == behind((64, 96), place, 3)).all()
    with pytest.raises(UserError) as caught:
        behind((4, 6), "frogs", 0)
    assert caught.value.code == "effect.unknown" and "hills" in caught.value.do


def test_without_opencv_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UserError) as caught:
        cut_out(scene()[0])
    assert caught.value.code == "effect.opencv" and "pip install" in caught.value.do


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "create.option"),
        ({"background": "sea", "toward": "a.png"}, "create.option"),
        ({"background": "frogs"}, "effect.unknown"),
        ({"background": "sea", "inside": (0.5, 0.0, 0.6, 1.0)}, "effect.range"),
        ({"background": "sea", "inside": (0.5, 0.0, 0.0, 1.0)}, "effect.range"),
        ({"background": "sea", "inside": (float("nan"), 0.0, 0.5, 1.0)}, "effect.range"),
        ({"background": "sea", "codec": "picture-codec"}, "create.option"),
        ({"background": "sea", "seconds": 3.0}, "create.option"),
        ({"effect": "zoom", "media_type": "video/webm", "background": "sea"}, "create.option"),
        ({"effect": "zoom", "media_type": "video/webm", "inside": (0.1, 0.1, 0.8, 0.8)}, "create.option"),
        ({"background": "sea"}, "effect.subject"),
    ],
)
def test_what_cannot_be_asked_for(home: Home, tmp_path: Path, options: dict[str, Any], code: str) -> None:
    Image.fromarray(np.full((80, 90, 3), 9, np.uint8)).save(tmp_path / "a.png")
    if "toward" in options:
        options = {**options, "toward": tmp_path / "a.png"}
    with pytest.raises(UserError) as caught:
        create_effect(tmp_path / "a.png", home=home, **{"effect": "background", "media_type": "image/png", **options})
    assert caught.value.code == code


def test_a_picture_gets_another_background_and_keeps_its_history(home: Home, tmp_path: Path) -> None:
    pixels, mask = scene(3)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    made: list[Any] = []

    def keep(found: Any, **options: Any) -> Any:
        made.append((found.media, [one.role for one in options["origin"].ingredients]))
        return finish(found, **options)

    asked = {"media_type": "image/png", "home": home, "finisher": keep}
    work = create_effect(tmp_path / "photo.png", "background", background="#FF0000", inside=(0, 0, 1, 1), **asked)
    media, roles = made[0]
    assert isinstance(media, Picture) and work.kind == "image" and roles == ["parentOf"]
    red = (media.pixels == (255, 0, 0)).all(axis=2)
    assert red[~mask].mean() > 0.97 and red[mask].mean() < 0.02
    told = work.recipe.parameters
    assert (told["background"], told["inside"], work.recipe.model) == ("#FF0000", [0, 0, 1, 1], "effect-background")
    other = export_work(finish(draft(), home=home), tmp_path / "b.png")
    assert other.path is not None
    again = create_effect(tmp_path / "photo.png", "background", toward=other.path, size=96, **asked)
    media, roles = made[1]
    assert media.pixels.shape == (96, 134, 3) and roles == ["parentOf", "inputTo"]
    export_work(again, tmp_path / "c.png")
    assert verify_file(tmp_path / "c.png", home=home).verdict == "ours"


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_a_picture_turns_into_it_and_a_clip_is_refused(home: Home, tmp_path: Path) -> None:
    pixels, _mask = scene(3)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    made: list[Any] = []

    def keep(found: Any, **options: Any) -> Any:
        made.append(found.media)
        return finish(found, **options)

    asked = {"media_type": "video/webm", "home": home, "finisher": keep, "background": "#FF0000"}
    work = create_effect(tmp_path / "photo.png", "background", seconds=0.5, fps=8.0, size=100, **asked)
    (clip,) = made
    assert isinstance(clip, Clip) and len(clip.frames) == 4
    first, last = (np.array(clip.frames[place]) for place in (0, 3))
    assert (first[:8] != (255, 0, 0)).any(axis=2).all() and (last[:8] == (255, 0, 0)).all()
    path = export_work(work, tmp_path / "a.webm").path
    assert path is not None
    with pytest.raises(UserError, match="flicker"):
        create_effect(path, "background", **asked)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_a_picture_stays_a_picture_of_its_kind_where_no_format_is_asked_for(
    home: Home, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"photo.{ending}"
    Image.fromarray(scene()[0]).save(path)
    made: list[tuple[Any, str]] = []

    def keep(found: Any, **options: Any) -> Any:
        made.append((type(found.media), options["media_type"]))
        return None

    asked = {"background": "#FF0000", "inside": (0, 0, 1, 1), "home": home, "finisher": keep}
    create_effect(path, "background", **asked)
    create_effect(path, "background", size=64, **asked)
    assert made == [(Picture, {"jpg": "image/jpeg"}.get(ending, f"image/{ending}"))] * 2
    # Who says how long it is to be, or how fast, wants a clip.
    for timed in ({"seconds": 0.5, "fps": 8.0}, {"seconds": 0.5}, {"fps": 4.0}):
        create_effect(path, "background", size=64, **timed, **asked)
    create_effect(path, "zoom", seconds=0.5, fps=8.0, size=64, home=home, finisher=keep)
    assert made[2:] == [(Clip, "video/mp4")] * 4


def test_the_benchmark_draws_a_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(scene(2)[0]).save(tmp_path / "a.png")
    Image.fromarray(picture(60, 60).pixels).save(tmp_path / "b.jpg")
    Image.fromarray(np.full((50, 60, 3), 90, np.uint8)).save(tmp_path / "c.png")
    monkeypatch.setattr(
        sys, "argv", ["b", str(tmp_path), "--size", "100", "--json", "--sheet", str(tmp_path / "out" / "s.png")]
    )
    (tmp_path / "out").mkdir()
    loaded("backgrounds").main()
    told = json.loads(capsys.readouterr().out)
    assert told["photos"] == 3 and 1 <= told["refused"] <= 2 and told["seconds"] > 0
    assert Image.open(tmp_path / "out" / "s.png").size == (4 * 404, 212)
    assert cutting.LEAST < cutting.MOST
