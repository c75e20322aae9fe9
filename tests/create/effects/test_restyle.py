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
from luokuan.colophon.lineage import lineage_of
from luokuan.colophon.verification import verify_file
from luokuan.create.effects.drafts import create_effect
from luokuan.create.effects.restyle import Restyler, example
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
    (corpus / "card.yaml").write_text("title: Oranges\nlicence: CC-BY-NC-4.0\ncredit: Ann Painter\n", encoding="utf-8")
    Image.fromarray(STRIPES).save(tmp_path / "photo.png")
    work = create_effect(
        tmp_path / "photo.png", "style", toward=corpus, licence="CC0-1.0", media_type="image/png", home=home
    )
    told = work.recipe.parameters
    assert (told["style"]["title"], told["style"]["pictures"]) == ("Oranges", 3)
    assert work.recipe.corpus_digest == told["style"]["digest"] is not None
    assert "CC-BY-NC-4.0" in work.recipe.licence and work.kind == "image"
    export_work(work, tmp_path / "out.png")
    assert verify_file(tmp_path / "out.png", home=home).verdict == "ours"
    # Rights follow through what is done with it next, and through a second style.
    (corpus / "card.yaml").write_text("title: Lemons\nlicence: CC0-1.0\n", encoding="utf-8")
    Image.fromarray(STYLE[::-1]).save(corpus / "3.png")
    again = create_effect(tmp_path / "out.png", "style", toward=corpus, media_type="image/png", home=home)
    graph = lineage_of(again.id, home)
    found = {node.title: node.rights for node in graph.nodes.values() if node.kind == "corpus"}
    assert set(found) == {"Oranges", "Lemons"} and found["Oranges"]["credit"] == "Ann Painter"
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no usable picture"):
        create_effect(tmp_path / "photo.png", "style", toward=tmp_path / "empty", media_type="image/png", home=home)


def test_a_style_is_looked_at_no_larger_than_it_must_be() -> None:
    """What is scaled up to the side at which a style is looked at would else take gigabytes."""
    thin, wide, large = (example(Image.new("RGB", size)) for size in ((1, 4000), (3000, 20), (900, 1200)))
    assert thin.shape == (4, 1, 3) and wide.shape == (20, 80, 3) and large.shape == (512, 384, 3)
    thread = np.full((1, 4000, 3), 90, np.uint8)
    assert Restyler([example(Image.fromarray(thread))], (64, 64), 0.5).of(STRIPES[:64]).shape == (64, 64, 3)


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
    work = create_effect(tmp_path / "photo.png", "style", toward=tmp_path / "style.png", home=home, finisher=keep)
    assert isinstance(made[2], Picture) and work.media_type == "image/png", "nothing of it moves"

    def look(draft: Any, **options: Any) -> Any:
        made.append(draft.media)
        assert options["media_type"] == "video/mp4"

    create_effect(path, "style", toward=tmp_path / "style.png", home=home, finisher=look)
    assert isinstance(made[3], Clip), "a clip stays a clip"
    with pytest.raises(UserError, match="stays a clip"):
        create_effect(path, "style", toward=tmp_path / "style.png", media_type="image/png", home=home)
