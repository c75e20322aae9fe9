"""Sounds of a category: what is asked for, loops without a seam, finished works, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from soundmodels import noise, save_sound_model, tone

from luokuan import create
from luokuan.colophon.schema import Work
from luokuan.create.sounds import (
    Wish,
    _drawn,
    create_sounds,
    draft_sounds,
    faded,
    heard_share,
    label_of,
    looped,
    seam,
)
from luokuan.errors import UserError
from luokuan.media import Sound
from luokuan.models.registry import load_sound_model
from luokuan.models.sound.model import SoundModel
from luokuan.store.home import Home, open_home

CLASSES = ("birds", "heavy_rain", "rain", "wind")
ALIASES = {"雨": "rain", "storm": "wind", "gone": "absent"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return open_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SoundModel:
    return load_sound_model(save_sound_model(tmp_path_factory.mktemp("models") / "m").path)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("rain", 2), ("  Rain ", 2), ("雨", 2), ("a storm", 3), ("大雨声", 2), ("heavy rain", 1), ("HEAVY_RAIN", 1),
     ("birds in a tree", 0), ("", None)],
)  # fmt: skip
def test_words_find_their_category(said: str, meant: int | None) -> None:
    assert label_of(said, CLASSES, ALIASES) == meant


@pytest.mark.parametrize("said", ["rian", "brids", "gone", "rain and wind", "🌧", "x" * 5000])
def test_an_unknown_category_is_refused_with_the_nearest(said: str) -> None:
    with pytest.raises(UserError) as error:
        label_of(said, CLASSES, ALIASES)
    assert error.value.code == "create.category" and "birds, heavy_rain, rain, wind" in error.value.do
    assert len(error.value.what) < 200
    if said == "rian":
        assert "Did you mean rain" in error.value.do
    with pytest.raises(UserError, match="no categories"):
        label_of(said, (), {})


@pytest.mark.parametrize("said", ["rain " * 20_000, "rain \udcff"])
def test_a_text_that_no_recipe_can_hold_is_refused(said: str) -> None:
    with pytest.raises(UserError) as caught:
        label_of(said, CLASSES, ALIASES)
    assert caught.value.code == "create.text" and len(caught.value.what) < 200


@pytest.mark.parametrize("make", [lambda n: noise(n / 16_000, 0), lambda n: tone(n / 16_000, 333.3)])
@pytest.mark.parametrize("fade", [1, 200, 4000])
def test_a_loop_has_no_seam(make: object, fade: int) -> None:
    samples = make(16_000 + fade)  # type: ignore[operator]
    loop = looped(samples, 16_000)
    assert loop.shape == (16_000,) and loop.dtype == np.float32
    at_seam, inside = seam(loop)
    assert at_seam <= inside
    # At the seam it goes on as the sound itself does.
    assert loop[0] == pytest.approx(samples[16_000], abs=1e-6)
    assert np.array_equal(loop[fade:], samples[fade:16_000])
    # And the level stays, for parts that have nothing to do with each other.
    if fade == 4000 and make(10)[0] != 0:
        assert loop[:fade].std() == pytest.approx(samples.std(), rel=0.1)


def test_a_loop_is_the_draft_that_sounds_throughout() -> None:
    assert heard_share(noise(1, 0), 16_000) == 1 and heard_share(np.zeros(10, np.float32), 16_000) == 0
    short = noise(1, 0) * (np.arange(16_000) < 3200)
    assert heard_share(short, 16_000) == 0.2
    asked: list[int] = []

    def make(*, seed: int) -> np.ndarray:
        asked.append(seed)
        return short if len(asked) < 3 else noise(1, 1)

    place, found = _drawn(make, [5, 6, 7, 8], 16_000, 0.9)
    assert (place, len(asked), asked[0]) == (2, 3, 5) and np.array_equal(found, noise(1, 1))
    asked.clear()
    assert _drawn(lambda *, seed: short, [5, 6], 16_000, 0.9)[0] == 0
    assert _drawn(make, [5, 6], 16_000, 0.0)[0] == 0 and len(asked) == 1


def test_other_sounds_begin_and_end_in_silence() -> None:
    samples = faded(np.ones(1000, np.float32), 16_000)
    assert samples[0] < 0.01 and samples[-1] < 0.01 and samples[500] == 1
    assert faded(np.ones(2, np.float32), 16_000).shape == (2,)


def test_drafts_have_a_seed_each_and_loops_are_loops(model: SoundModel) -> None:
    both = list(draft_sounds("hiss", Wish(0.6), model=model, seed=5, count=2))
    alone = next(draft_sounds("hiss", Wish(0.6), model=model, seed=6))
    first, second, single = (draft.media for draft in (*both, alone))
    assert isinstance(first, Sound) and isinstance(second, Sound) and isinstance(single, Sound)
    assert np.array_equal(second.samples, single.samples) and not np.array_equal(first.samples, second.samples)
    assert first.samples.shape == (1, 9600) and first.rate == 16_000 and np.abs(first.samples).max() <= 0.95
    assert both[0].kind == "sound" and both[0].recipe.parameters["category"] == "hiss"
    loop = next(draft_sounds("嘶", Wish(0.6, loop=True), model=model)).media
    assert isinstance(loop, Sound) and loop.samples.shape == (1, 9600)
    at_seam, inside = seam(loop.samples[0])
    assert at_seam <= inside


def test_a_category_with_few_clips_is_refused_or_marked(model: SoundModel) -> None:
    with pytest.raises(UserError, match="only 3 clips") as error:
        next(draft_sounds("tick", Wish(0.3), model=model))
    assert error.value.code == "create.copies" and "--copies" in error.value.do
    draft = next(draft_sounds("tick", Wish(0.3, copies=True), model=model))
    assert draft.recipe.parameters["copies"] is True
    assert next(draft_sounds("hum", Wish(0.3, copies=True), model=model)).recipe.parameters["copies"] is False


@pytest.mark.parametrize(
    ("wish", "more"),
    [(Wish(0), {}), (Wish(-1), {}), (Wish(1e9), {}), (Wish(float("nan")), {}), (Wish(float("inf")), {}),
     (Wish(temperature=0), {}), (Wish(guidance=-1), {}), (Wish(1), {"count": 0}), (Wish(1), {"seed": -1})],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(model: SoundModel, wish: Wish, more: dict[str, int]) -> None:
    with pytest.raises(UserError, match="out of its range"):
        next(draft_sounds("hiss", wish, model=model, **more))


@pytest.mark.parametrize(("media_type", "shape"), [("audio/wav", "WAV"), ("audio/flac", "FLAC")])
def test_a_sound_becomes_a_work(model: SoundModel, home: Home, media_type: str, shape: str) -> None:
    work = create.sound(
        "hiss", model=model.folder.path, seconds=0.5, loop=True, seed=2, media_type=media_type, home=home
    )
    assert isinstance(work, Work) and work.media_type == media_type and work.recipe.brief == "hiss"
    assert work.recipe.parameters["loop"] is True and work.recipe.licence == "CC0-1.0"
    heard, _rate = soundfile.read(io.BytesIO(work.data), dtype="float32")
    at_seam, inside = seam(heard[-8000:])  # behind the label
    assert at_seam <= inside
    with soundfile.SoundFile(io.BytesIO(work.data)) as file:
        assert file.format == shape and file.samplerate == 16_000 and file.frames > 0.5 * 16_000  # and its label


def test_a_model_of_another_kind_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        next(create_sounds("rain", model=tmp_path / "nowhere", home=home))
    with pytest.raises(UserError, match="no sound effects"):
        next(create_sounds("rain", model="chorale", home=home))
