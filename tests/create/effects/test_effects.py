"""Effects: the same each time, what each does, and that what a file came with stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from codecs_for_tests import save_codec
from drafts import draft, picture
from PIL import Image

import luokuan
from luokuan.colophon import c2pa_sign, ffmpeg, history, manifest
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.ingredients import COMPOSITE
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.colophon.verification import verify_file
from luokuan.create.effects.drafts import create_effect
from luokuan.create.effects.looks import change_of
from luokuan.create.effects.morph import fitted, morphed
from luokuan.create.effects.orders import EFFECTS, FLAKES, Order
from luokuan.errors import UserError
from luokuan.media import Clip
from luokuan.models.registry import load_model
from luokuan.rights.permission import permission_of
from luokuan.store.home import Home, open_home

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
SIZE, FPS, COUNT = (60, 80), 8.0, 12
TINY: dict[str, Any] = {"seconds": 0.5, "fps": 8.0, "size": 64}


@pytest.fixture
def home(own_home: Path) -> Home:
    return open_home(own_home)


def store_of(work: Work) -> Any:
    """What its manifest says."""
    return c2pa_sign.read(work.data, work.media_type, c2pa_sign.context(), work.sidecars[MANIFEST]).store


def frames_of(order: Order) -> np.ndarray:
    still = picture(*SIZE).pixels
    change = change_of(order, COUNT, SIZE, FPS)
    return np.stack([change(place, still.copy()) for place in range(COUNT)]).astype(int)


@pytest.mark.parametrize(
    ("effect", "of"),
    [
        *((one, "snow") for one in EFFECTS if one not in ("morph", "style", "background")),
        *(("particles", one) for one in FLAKES),
    ],
)
def test_any_frame_can_be_had_at_any_time(effect: str, of: str) -> None:
    one = frames_of(Order(effect, of=of, seed=5, strength=0.8))
    assert (one == frames_of(Order(effect, of=of, seed=5, strength=0.8))).all()
    assert (one != picture(*SIZE).pixels).any() and np.abs(np.diff(one, axis=0)).max() > 0
    if effect != "fade":
        assert (one != frames_of(Order(effect, of=of, seed=6, strength=0.8))).any()
    change = change_of(Order(effect, of=of, seed=5, strength=0.8), COUNT, SIZE, FPS)
    assert (change(7, picture(*SIZE).pixels.copy()) == one[7]).all()


def test_what_each_does() -> None:
    still = picture(*SIZE).pixels.astype(int)
    fade = frames_of(Order("fade"))
    assert fade[0].mean() < 0.2 * still.mean() and np.abs(fade[COUNT // 2] - still).max() <= 1
    assert fade[-1].mean() < 0.2 * still.mean()
    snow = frames_of(Order("particles", of="snow", strength=1.0))
    assert (snow >= still - 1).mean() > 0.95 and (snow > still + 20).mean() > 0.005
    weak = frames_of(Order("particles", of="snow", strength=0.1))
    assert (weak != still).mean() < (snow != still).mean()
    grain = frames_of(Order("grain"))
    assert 2 < (grain - still).std() < 40
    zoomed = frames_of(Order("zoom", strength=1.0, seed=1))
    assert np.abs(zoomed[0] - zoomed[-1]).mean() > 5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"effect": "warp"}, "effect.unknown"),
        ({"effect": "particles", "of": "frogs"}, "effect.unknown"),
        ({"effect": "zoom", "strength": 1.5}, "effect.range"),
        ({"effect": "zoom", "strength": float("nan")}, "effect.range"),
        ({"effect": "zoom", "seconds": 0}, "effect.range"),
        ({"effect": "zoom", "seconds": -1}, "effect.range"),
        ({"effect": "zoom", "seconds": 1e9}, "effect.range"),
        ({"effect": "zoom", "fps": 0}, "effect.range"),
        ({"effect": "zoom", "size": 0}, "effect.range"),
        ({"effect": "zoom", "size": 100_000}, "effect.range"),
        ({"effect": "zoom", "seed": -1}, "effect.range"),
        ({"effect": "morph"}, "create.option"),
        ({"effect": "style"}, "create.option"),
        ({"effect": "style", "toward": "a.png", "codec": "picture-codec"}, "create.option"),
        ({"effect": "style", "toward": "a.png", "media_type": "image/png", "seconds": 3}, "create.option"),
        ({"effect": "style", "toward": "nobody.png", "media_type": "image/png"}, "ingredient.unusable"),
        ({"effect": "zoom", "toward": "a.png"}, "create.option"),
        ({"effect": "zoom", "codec": "picture-codec"}, "create.option"),
        ({"effect": "zoom", "media_type": "image/png"}, "format.unknown"),
        ({"effect": "zoom", "seconds": 60, "fps": 60, "size": 1080}, "effect.large"),
    ],
)
def test_what_cannot_be_asked_for(home: Home, tmp_path: Path, options: dict[str, Any], code: str) -> None:
    Image.fromarray(picture().pixels).save(tmp_path / "a.png")
    with pytest.raises(UserError) as caught:
        create_effect(tmp_path / "a.png", home=home, **options)
    assert caught.value.code == code


@pytest.mark.parametrize(("data", "code"), [(None, ""), (b"", ""), (b"\x89PNG\r\n\x1a\nno", ""), (b"GIF89a", "")])
def test_files_that_cannot_be_used(home: Home, tmp_path: Path, data: bytes | None, code: str) -> None:
    if data is not None:
        (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(UserError) as caught:
        create_effect(tmp_path / "a.png", "zoom", home=home)
    assert "a.png" in caught.value.what and caught.value.code != code


def test_a_narrow_picture_is_refused(home: Home, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((2, 400, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(UserError) as caught:
        create_effect(tmp_path / "a.png", "fade", home=home)
    assert caught.value.code == "effect.narrow"


@needs_ffmpeg
def test_a_photo_becomes_a_composite_and_a_work_keeps_its_label(home: Home, tmp_path: Path) -> None:
    Image.fromarray(picture(65, 81).pixels).save(tmp_path / "photo.png")  # odd sides
    stranger = luokuan.create.effect(
        tmp_path / "photo.png", "zoom", licence="CC0-1.0", media_type="video/webm", home=home, **TINY
    )
    store = store_of(stranger)
    claim = manifest.read(store)
    assert (claim.source, claim.purpose, claim.model) == (COMPOSITE, "edited", "effect-zoom")
    assert stranger.recipe.licence == "CC0-1.0" and stranger.recipe.parameters["frames"] == 4
    asked = permission_of(stranger.id, home)
    assert "record" not in {one.kind for one in asked.conditions}, "an effect is no model that somebody can bring back"
    assert "consent" in {one.kind for one in asked.conditions}, "what it was put on is asked for as before"

    shared = replace(draft(), recipe=replace(draft().recipe, licence="CC-BY-SA-4.0"))
    work = export_work(finish(shared, home=home), tmp_path / "a.png")
    assert work.path is not None
    again = create_effect(
        work.path, "particles", of="petals", media_type="video/webm", licence="CC0-1.0", home=home, **TINY
    )
    assert again.recipe.licence == "CC-BY-SA-4.0", "what is said of files of others replaces no work's own licence"
    export_work(again, tmp_path / "b.webm")
    assert verify_file(tmp_path / "b.webm", home=home).verdict == "ours"
    steps = history.read(store_of(again))
    assert any(step.work == work.id and step.role == "parentOf" for step in steps)

    # A clip of somebody else's, decoded in a process of its own.
    other = open_home(tmp_path / "other")
    with pytest.raises(UserError) as caught:
        create_effect(tmp_path / "b.webm", "fade", home=other, seconds=3)
    assert caught.value.code == "create.option"
    fourth = create_effect(tmp_path / "b.webm", "fade", media_type="video/webm", home=other)
    assert fourth.recipe.parameters["frames"] == 4 and fourth.recipe.licence == "unknown"
    assert manifest.read(store_of(fourth)).source == COMPOSITE


@needs_ffmpeg
def test_a_clip_keeps_its_sound(home: Home, tmp_path: Path) -> None:
    from drafts import sound

    frames = np.stack([picture(64, 64, seed=place).pixels for place in range(4)])
    clip = Clip(frames, 8.0, sound(8_000, 2, 16_000))
    recipe = Recipe("toy", "ab" * 32, licence="CC0-1.0")
    first = export_work(finish(Draft(clip, recipe, "video"), home=home, media_type="video/webm"), tmp_path / "a.webm")
    other = open_home(tmp_path / "other")
    found: list[Clip] = []

    def keep(made: Draft, **_options: Any) -> Any:
        assert isinstance(made.media, Clip)
        found.append(made.media)

    for place in (home, other):
        assert first.path is not None
        create_effect(first.path, "grain", home=place, finisher=keep)
    for one in found:
        assert len(one.frames) == 4 and one.sound is not None
        assert one.sound.seconds == pytest.approx(0.5, abs=0.1) and np.abs(one.sound.samples).max() > 0.1


def test_a_morph_goes_from_one_picture_to_the_other(tmp_path: Path) -> None:
    codec = load_model(save_codec(tmp_path).path)
    assert fitted((300, 400), 64) == (64, 88) and fitted((100, 400), 512) == (128, 512)
    one, other = (np.full((16, 24, 3), value, np.uint8) for value in (30, 220))
    frames = np.stack(list(morphed(codec, one, other, 9, 0.5, 1))).astype(int)
    assert frames.shape == (9, 16, 24, 3)
    assert np.abs(frames[0] - 30).max() <= 1 and np.abs(frames[-1] - 220).max() <= 1, "the true pictures at both ends"
    again = np.stack(list(morphed(codec, one, other, 9, 0.5, 1)))
    assert (frames == again).all()
