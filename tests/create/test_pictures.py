"""From what a person asks to drafts, with models that are told classes, attributes or captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import priors_for_tests as tiny
import pytest
from PIL import Image

from luokuan.create.pictures import Manner, draft_images
from luokuan.create.understanding import Asked
from luokuan.errors import UserError
from luokuan.models.registry import load_picture_model

ATTRIBUTES = tiny.config(
    condition="attributes",
    classes=(),
    class_counts=(),
    attributes=("face", "hairColor"),
    values=(("rage", "smile"), ("#000000", "#c80000")),
    value_counts=((2, 2), (2, 2)),
    conditions=40,
)
CAPTIONS = tiny.config(condition="text", classes=(), class_counts=(), words=("cat", "red", "红"))


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))

    def made(shape: Any = None) -> Any:
        tiny.save_prior(tmp_path / "home/models", shape)
        return load_picture_model("tiny-prior")

    return made


def first(asked: Asked | str, model: Any, **more: Any) -> Any:
    return next(draft_images(asked, model=model, **more))


def test_a_class_by_brief_or_by_name(load: Any) -> None:
    model = load()
    drafts = [first("a dog", model), first(Asked(class_name="Dog"), model), first("cat", model)]
    assert [d.recipe.parameters["class"] for d in drafts] == ["dog", "dog", "cat"]
    assert np.array_equal(drafts[0].media.pixels, drafts[1].media.pixels)
    with pytest.raises(UserError, match="no class 'dig'") as error:
        first(Asked(class_name="dig"), model)
    assert "dog" in str(error.value.do)
    with pytest.raises(UserError, match="Both a brief"):
        first(Asked("cat", class_name="dog"), model)


def test_attributes_stand_in_the_recipe(load: Any) -> None:
    model = load(ATTRIBUTES)
    found = first("a smiling woman with red hair", model).recipe.parameters
    assert found["attributes"] == {"face": "smile", "hairColor": "#c80000"} and found["ignored_words"] == ["woman"]
    found = first(Asked(attributes={"face": "rage"}), model).recipe.parameters
    assert found["attributes"] == {"face": "rage"}
    with pytest.raises(UserError, match="has no classes"):
        first(Asked(class_name="cat"), model)


def test_captions_drop_words_that_the_model_never_saw(load: Any) -> None:
    model = load(CAPTIONS)
    assert first("a red cat", model).recipe.parameters["ignored_words"] == ["a"]
    assert first("红猫", model).recipe.parameters["ignored_words"] == ["猫"]
    with pytest.raises(UserError, match="knows none of these words: catt") as error:
        first("catt", model)
    assert "cat" in str(error.value.do)
    with pytest.raises(UserError, match="10000 characters"):
        first("x" * 10_000, model)


def test_drafts_are_the_same_alone_and_together(load: Any) -> None:
    model = load()
    together = list(draft_images("", model=model, seed=5, count=2))
    alone = [first("", model, seed=seed) for seed in (5, 6)]
    assert all(np.array_equal(a.media.pixels, b.media.pixels) for a, b in zip(together, alone, strict=True))
    assert [a.recipe for a in together] == [b.recipe for b in alone]


@pytest.mark.parametrize("mode", ["L", "RGBA", "1"])
def test_variations_of_any_picture(load: Any, tmp_path: Path, mode: str) -> None:
    model, photo = load(), tmp_path / "photo.png"
    Image.new(mode, (1, 1) if mode == "1" else (90, 40)).save(photo)
    draft = first("dog", model, manner=Manner(like=photo, strength=0.3))
    assert draft.media.pixels.shape == (32, 32, 3)
    assert draft.recipe.parameters["strength"] == 0.3 and len(draft.recipe.parameters["like"]) == 64


def test_a_picture_shows_its_class_itself(load: Any, tmp_path: Path) -> None:
    model, photo = load(), tmp_path / "photo.png"
    Image.new("RGB", (40, 40), "red").save(photo)
    drafts = list(draft_images("", model=model, count=4, manner=Manner(like=photo)))
    assert [draft.recipe.parameters["class"] for draft in drafts] == [None] * 4
    told = model.variations(np.array(Image.open(photo).resize((32, 32))), 1, seed=2, strength=0.5, truncation=0.9)
    assert np.array_equal(drafts[2].media.pixels, told[0])  # told nothing
    assert first("dog", model, manner=Manner(like=photo)).recipe.parameters["class"] == "dog"


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        (Manner(strength=0.9), "--strength has no say without --like"),
        (Manner(like=Path("x.png"), among=4), "--among has no say with --like"),
        (Manner(toward=3, among=4), "--among has no say with --toward"),
    ],
)
def test_options_without_effect_are_refused(load: Any, manner: Manner, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        list(draft_images("dog", model=load(), count=2, manner=manner))
    assert error.value.code == "create.option"


def test_the_ends_of_a_way_are_guided(load: Any) -> None:
    model = load()
    one, two = (
        list(draft_images("dog", model=model, count=2, manner=Manner(1.0, toward=9, guidance=g))) for g in (1.0, 20.0)
    )
    assert not all(np.array_equal(a.media.pixels, b.media.pixels) for a, b in zip(one, two, strict=True))
    assert [draft.recipe.parameters["guidance"] for draft in (one[0], two[0])] == [1.0, 20.0]
    same = list(draft_images("dog", model=model, count=2, manner=Manner(1.0, toward=9, guidance=1.0)))
    assert all(np.array_equal(a.media.pixels, b.media.pixels) for a, b in zip(one, same, strict=True))


def test_classes_by_their_aliases_spaces_and_nearest_names(load: Any) -> None:
    gan = load_picture_model("garments-32")
    assert first(Asked(class_name="T Shirt"), gan).recipe.parameters["class"] == "t-shirt"
    assert first(Asked(class_name="连衣裙"), gan).recipe.parameters["class"] == "dress"
    with pytest.raises(UserError, match="no class '连衣'") as error:
        first(Asked(class_name="连衣"), gan)
    assert "连衣裙" in str(error.value.do)


def test_classes_that_differ_in_signs_alone_stay_apart(load: Any) -> None:
    model = load(tiny.config(classes=("c", "c++", "D"), class_counts=(1, 1, 1)))
    for name, found in (("c", "c"), ("c++", "c++"), ("C", "c"), ("d", "D")):
        assert first(Asked(class_name=name), model).recipe.parameters["class"] == found
    for name in ("zz", "???"):
        with pytest.raises(UserError, match="no class"):
            first(Asked(class_name=name), model)


def test_seeds_that_no_recipe_could_repeat_are_refused(load: Any) -> None:
    with pytest.raises(UserError, match="seed is out of range"):
        list(draft_images("dog", model=load(), seed=2**63 - 1, count=2))


def test_what_is_no_picture_is_refused(load: Any, tmp_path: Path) -> None:
    model, text = load(), tmp_path / "text.png"
    text.write_text("hello")
    for path in (text, tmp_path / "absent.png", tmp_path):
        with pytest.raises(UserError, match="can't be used") as error:
            first("dog", model, manner=Manner(like=path))
        assert error.value.code == "create.like"
    with pytest.raises(UserError, match="Both --toward and --like"):
        list(draft_images("dog", model=model, count=2, manner=Manner(like=text, toward=3)))


def test_models_that_take_no_wishes_say_so() -> None:
    gan = load_picture_model("garments-32")
    for manner in (Manner(like=Path("x.png")), Manner(guidance=2.0)):
        with pytest.raises(UserError, match="can't start from a picture or be guided"):
            first("dress", gan, manner=manner)
    with pytest.raises(UserError, match="has no attributes"):
        first(Asked(attributes={"a": "b"}), gan)


def test_what_is_usual_with_a_model_stands_in_the_recipe(load: Any) -> None:
    prior, gan = load(), load_picture_model("garments-32")
    told = first("dog", prior)
    assert told.recipe.parameters["truncation"] == prior.usual_truncation == 0.9
    assert told.recipe.parameters["guidance"] == prior.usual_guidance == 2.5
    by_hand = first("dog", prior, manner=Manner(truncation=0.9, guidance=2.5))
    assert np.array_equal(told.media.pixels, by_hand.media.pixels)
    assert first("dress", gan).recipe.parameters["truncation"] == 0.7
    assert load(tiny.config(condition="none", classes=(), class_counts=())).usual_guidance == 1


@pytest.mark.parametrize("manner", [Manner(truncation=2), Manner(strength=-1), Manner(guidance=0.5), Manner(among=0)])
def test_values_out_of_range(load: Any, manner: Manner) -> None:
    with pytest.raises(UserError, match="out of range"):
        first("cat", load(), manner=manner)


def test_an_article_before_a_caption_asks_for_nothing(load: Any) -> None:
    prior = load(tiny.config(condition="text", classes=(), class_counts=(), words=("a", "cat", "dog", "with")))
    pictures = [first(brief, prior).media.pixels for brief in ("cat", "a cat", "The cat", "cat with a dog")]
    assert np.array_equal(pictures[0], pictures[1]) and np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[3])
    assert first("a", prior).recipe.brief == "a"
    with pytest.raises(UserError, match="knows none of these words: bird"):
        first("a bird", prior)
