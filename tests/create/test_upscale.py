"""A draft is upscaled as the upscaler's record allows, and its recipe says how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drafts import draft
from upscalers_for_tests import BETTER, WORSE, save_upscaler

from luokuan.create import upscale
from luokuan.create.upscale import choose_upscaling
from luokuan.errors import UserError
from luokuan.foundation.modelfolder import resolve
from luokuan.media import Picture
from luokuan.models.registry import load_model
from luokuan.models.upscaler.plain import enlarged


@pytest.fixture
def better(tmp_path: Path) -> Path:
    return save_upscaler(tmp_path / "better", training=BETTER).path


def test_a_better_upscaler_is_used_and_named(better: Path) -> None:
    plain = draft()
    before = replace(plain, recipe=replace(plain.recipe, licence="CC0-1.0"))
    after = choose_upscaling(4, better).applied(before)
    wanted = load_model(better).upscale(before.media, 4)
    assert np.array_equal(after.media.pixels, wanted.pixels)
    assert after.recipe.parameters["upscale"] == {
        "factor": 4,
        "method": "upscaler",
        "reason": "measured",
        "model": "better",
        "model_digest": resolve(better).digest,
        "licence": "CC0-1.0 AND OFL-1.1",
    }
    rest = {key: value for key, value in after.recipe.parameters.items() if key != "upscale"}
    assert rest == dict(before.recipe.parameters) and after.recipe.seed == before.recipe.seed
    assert after.recipe.licence == "CC0-1.0 AND OFL-1.1"
    assert choose_upscaling(2, better).applied(plain).recipe.licence == "unknown"


@pytest.mark.parametrize("training", [WORSE, {}, {"comparison": "good"}], ids=["worse", "unmeasured", "strange"])
def test_any_other_gives_way_to_lanczos(tmp_path: Path, training: dict[str, object]) -> None:
    path = save_upscaler(tmp_path / "other", training=training).path
    before = draft()
    after = choose_upscaling(2, path).applied(before)
    assert np.array_equal(after.media.pixels, enlarged(before.media.pixels, 2, "lanczos"))
    assert after.recipe.parameters["upscale"] == {"factor": 2, "method": "lanczos", "reason": "not better"}
    assert after.recipe.licence == before.recipe.licence


def test_without_any_upscaler_it_is_lanczos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscale, "UPSCALER", "surely-absent")
    assert choose_upscaling(2).reason == "no upscaler" and choose_upscaling(2).method == "lanczos"
    with pytest.raises(UserError, match="no model 'absent'"):
        choose_upscaling(2, "absent")


def test_other_families_and_factors_are_refused(better: Path) -> None:
    with pytest.raises(UserError, match="no upscaler"):
        choose_upscaling(2, "garments-32")
    for factor in (0, 3, 8):
        with pytest.raises(UserError, match="2 or 4"):
            choose_upscaling(factor, better)


def test_lanczos_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscale, "UPSCALER", "surely-absent")
    large = replace(draft(), media=Picture(np.zeros((2001, 2000, 3), np.uint8)))
    with pytest.raises(UserError, match="too large to upscale"):
        choose_upscaling(4).applied(large)


def test_a_transparent_picture_by_lanczos() -> None:
    pixels = np.zeros((1, 1, 4), np.uint8)
    assert enlarged(pixels, 4).shape == (4, 4, 4)
