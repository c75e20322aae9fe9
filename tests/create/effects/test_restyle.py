"""Style transfer: towards the style, what is where kept, the same each time, with the rights of where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drafts import picture
from numpy.typing import NDArray
from PIL import Image

from luokuan.colophon import ffmpeg
from luokuan.colophon.finish import export_work
from luokuan.colophon.verification import verify_file
from luokuan.create.effects.drafts import create_effect
from luokuan.create.effects.restyle import Restyler
from luokuan.errors import UserError
from luokuan.media import Clip, Picture
from luokuan.store.home import Home, open_home

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
STYLE = picture(64, 64, seed=3).pixels // 3 + np.array([150, 60, 20], np.uint8)  # orange
STRIPES = np.where(np.arange(72)[:, None, None] // 9 % 2, 200, 40).repeat(64, axis=1).repeat(3, axis=2).astype(np.uint8)


@pytest.fixture
def home(own_home: Path) -> Home:
    return open_home(own_home)


def colours(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixels.reshape(-1, 3).mean(axis=0)


def test_it_goes_to_the_style_and_keeps_what_is_where() -> None:
    found = Restyler([STYLE], STRIPES.shape[:2], 0.7).of(STRIPES)
    assert found.shape == STRIPES.shape and found.dtype == np.uint8
    assert np.abs(colours(found) - colours(STYLE)).max() < 0.5 * np.abs(colours(STRIPES) - colours(STYLE)).max()
    grey = found.mean(axis=2)
    assert grey[STRIPES[..., 0] == 200].mean() > grey[STRIPES[..., 0] == 40].mean() + 10, "the stripes are still seen"
    assert (found == Restyler([STYLE], STRIPES.shape[:2], 0.7).of(STRIPES)).all()
    weak = Restyler([STYLE], STRIPES.shape[:2], 0.1).of(STRIPES)
    assert np.abs(weak.astype(int) - STRIPES).mean() < np.abs(found.astype(int) - STRIPES).mean()
    assert (Restyler([STYLE], STRIPES.shape[:2], 0.0).of(STRIPES) == STRIPES).all()


def test_frames_of_a_clip_hardly_flicker() -> None:
    put = Restyler([STYLE], STRIPES.shape[:2], 0.7)
    one, other = (put.of(STRIPES).astype(int) for _frame in range(2))
    assert np.abs(one - other).mean() < 0.25 * np.abs(one - STRIPES).mean()


def test_a_picture_in_the_style_of_a_corpus_has_its_licence(home: Home, tmp_path: Path) -> None:
    corpus = tmp_path / "paintings"
    corpus.mkdir()
    for index in range(3):
        Image.fromarray(np.roll(STYLE, index * 7, axis=0)).save(corpus / f"{index}.png")
    (corpus / "card.yaml").write_text("title: Oranges\nlicence: CC-BY-NC-4.0\n", encoding="utf-8")
    Image.fromarray(STRIPES).save(tmp_path / "photo.png")
    work = create_effect(
        tmp_path / "photo.png", "style", toward=corpus, licence="CC0-1.0", media_type="image/png", home=home
    )
    told = work.recipe.parameters
    assert (told["style"]["title"], told["style"]["pictures"], len(work.recipe.corpus_digest or "")) == (
        "Oranges",
        3,
        64,
    )
    assert "CC-BY-NC-4.0" in work.recipe.licence and work.kind == "image"
    export_work(work, tmp_path / "out.png")
    assert verify_file(tmp_path / "out.png", home=home).verdict == "ours"
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no usable picture"):
        create_effect(tmp_path / "photo.png", "style", toward=tmp_path / "empty", media_type="image/png", home=home)


@needs_ffmpeg
def test_a_picture_turns_into_the_style_of_another_and_a_clip_takes_it(home: Home, tmp_path: Path) -> None:
    Image.fromarray(STRIPES).save(tmp_path / "photo.png")
    Image.fromarray(STYLE).save(tmp_path / "style.png")
    made: list[Clip | Picture] = []

    def keep(draft: Any, **options: Any) -> Any:
        made.append(draft.media)
        assert [one.role for one in options["origin"].ingredients][1] == "inputTo"
        return finish(draft, **options)

    from luokuan.colophon.finish import finish

    tiny = {"seconds": 0.5, "fps": 8.0, "size": 64, "media_type": "video/webm", "home": home, "finisher": keep}
    work = create_effect(tmp_path / "photo.png", "style", toward=tmp_path / "style.png", **tiny)
    (clip,) = made
    assert isinstance(clip, Clip) and len(clip.frames) == 4
    first, last = np.array(clip.frames[0]), np.array(clip.frames[3])
    assert np.abs(colours(last) - colours(STYLE)).max() < np.abs(colours(first) - colours(STYLE)).max()
    path = export_work(work, tmp_path / "a.webm").path
    assert path is not None
    create_effect(path, "style", toward=tmp_path / "style.png", media_type="video/webm", home=home, finisher=keep)
    assert isinstance(made[1], Clip) and len(made[1].frames) == 4
    with pytest.raises(UserError, match="--format has no say with a clip"):
        create_effect(path, "style", toward=tmp_path / "style.png", media_type="image/png", home=home)
