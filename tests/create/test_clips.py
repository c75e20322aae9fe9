"""Clips: a brief and a model to a finished work; what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipmodels import save_clip_model

from luokuan import create
from luokuan.create.clips import Wish, create_clips, draft_clips, enlarged, read_wish, understand
from luokuan.errors import UserError
from luokuan.media import Clip
from luokuan.models.clip.model import ClipModel
from luokuan.models.registry import load_clip_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    return load_clip_model(save_clip_model(tmp_path_factory.mktemp("models") / "m").path)


def test_a_draft_does_what_it_is_asked_for(model: ClipModel) -> None:
    (first, second) = draft_clips("a red 跳", Wish(loops=3, fps=10), model=model, seed=5, count=2)
    said = first.recipe.parameters
    assert first.kind == "video" and said["attributes"] == {"action": "jump", "colour": "red"}
    assert said["frames"] == 12 and said["fps"] == 10 and said["size"] == 256 and first.recipe.licence == "CC-BY-SA-3.0"
    assert isinstance(first.media, Clip) and isinstance(second.media, Clip)
    frames = np.asarray(first.media.frames)
    assert frames.shape == (12, 256, 256, 3) and np.array_equal(frames[:4], frames[8:])
    (alone,) = draft_clips("a red 跳", Wish(loops=3, fps=10), model=model, seed=6)
    assert isinstance(alone.media, Clip)
    assert np.array_equal(np.asarray(alone.media.frames), np.asarray(second.media.frames))
    (usual,) = draft_clips(model=model)
    assert usual.recipe.parameters["attributes"] is None and usual.recipe.parameters["loops"] == 8


def test_a_value_called_so_goes_before_values_with_the_word_in_them() -> None:
    attributes = {"sex": ("female", "male"), "feet": ("boots_female", "boots_male"), "action": ("walk", "walk_fast")}
    for brief in ("female", "Woman", "女人"):
        ((term,), ignored) = read_wish(brief, {}, attributes, {"woman": "female", "女人": "female"})
        assert term.alternatives == {"sex": ("female",)} and ignored == ()
    ((term,), _ignored) = read_wish("boots", {}, attributes, {})
    assert term.alternatives == {"feet": ("boots_female", "boots_male")}
    ((term,), _ignored) = read_wish("walk", {}, attributes, {})
    assert term.alternatives == {"action": ("walk",)}


def test_words_without_effect_are_told(model: ClipModel) -> None:
    terms, ignored = understand("jump swiftly", Wish(), model)
    assert [term.words for term in terms] == ["jump"] and ignored == ("swiftly",)


@pytest.mark.parametrize(
    ("brief", "options", "why"),
    [
        ("jumpp", {}, "jump"),
        ("xyzzy", {}, "action: jump, slide"),
        ("", {"attributes": {"action": "fly"}}, "no value 'fly'"),
        ("", {"attributes": {"actoin": "jump"}}, "action"),
        ("jump", {"fps": 0}, "--fps"),
        ("jump", {"fps": float("nan")}, "--fps"),
        ("jump", {"loops": 0}, "--loops"),
        ("jump", {"loops": 200, "fps": 1}, "60 s at most"),
        ("jump", {"size": 64}, "--size"),
        ("jump", {"size": 10**9}, "--size"),
        ("jump", {"temperature": 0}, "--temperature"),
        ("jump", {"guidance": -1}, "--guidance"),
    ],
)
def test_what_cant_be_made_is_refused(model: ClipModel, brief: str, options: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        next(draft_clips(brief, Wish(**options), model=model))  # type: ignore[arg-type]


def test_small_frames_grow_by_whole_times() -> None:
    frames = np.arange(2 * 24 * 24 * 3, dtype=np.uint8).reshape(2, 24, 24, 3)
    large = enlarged(frames, 256)
    assert large.shape == (2, 264, 264, 3) and np.array_equal(large[:, ::11, ::11], frames)
    assert enlarged(np.zeros((1, 300, 300, 3), np.uint8), 256).shape == (1, 300, 300, 3)


def test_other_models_and_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="makes no clips"):
        next(create_clips(model="chorale"))
    with pytest.raises(UserError, match="image/png"):
        next(create_clips(model="chorale", media_type="image/png"))
    with pytest.raises(UserError):
        create.clip("jump", model=tmp_path / "nowhere")
