"""The comparison of an upscaler with interpolation, and what its record decides."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from upscalers_for_tests import BETTER, WORSE, record

from luokuan.errors import UserError
from luokuan.models.upscaler.card import comparison_table
from luokuan.models.upscaler.fidelity import compare, small_of
from luokuan.models.upscaler.plain import enlarged
from luokuan.models.upscaler.record import beats_bicubic, worth_using


def soft(count: int, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(x).resize((32, 32), Image.Resampling.BICUBIC)) for x in coarse])


def test_bicubic_in_the_upscalers_place_ties_with_bicubic() -> None:
    found = compare(lambda x: enlarged(x, 2, "bicubic"), train=soft(30, 0), held_out=soft(24, 1), seed=3, resolution=64)
    assert set(found.methods) == {"upscaler", "bicubic", "lanczos"}
    assert found.methods["upscaler"] == found.methods["bicubic"] != found.methods["lanczos"]
    assert not found.beats_bicubic  # a tie is no win
    values = found.to_json()
    assert (values["size"], values["held_out"], values["reference"], values["seed"]) == (32, 24, 24, 3)
    assert values["methods"]["lanczos"]["psnr"] > 20 and "EfficientNet-Lite0" in values["network"]
    table = comparison_table(values)
    assert table.count("\n| ") == 5 and f"{found.methods['bicubic'].psnr:.2f}" in table


def test_the_original_in_its_place_beats_bicubic() -> None:
    held_out = soft(24, 1)
    held_out[:, ::4] = 0  # lines, which no interpolation brings back
    answers = {small.tobytes(): picture for small, picture in zip(small_of(held_out), held_out, strict=True)}
    train = soft(30, 0)
    train[:, ::4] = 0
    found = compare(lambda x: answers[x.tobytes()], train=train, held_out=held_out, resolution=64)
    assert found.methods["upscaler"].psnr == 100 and found.methods["upscaler"].kernel == found.kernel_floor
    assert found.beats_bicubic


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(UserError, match="Too few"):
        compare(lambda x: enlarged(x, 2), train=soft(30, 0), held_out=soft(19, 1))


def test_the_record_decides() -> None:
    assert worth_using(BETTER) and not worth_using(WORSE)
    assert not worth_using(record(29.0, 0.05))
    assert not worth_using(record(30.0, 0.1))
    assert not worth_using(record(float("nan"), 0.05)) and not worth_using(record(float("inf"), 0.05))


@pytest.mark.parametrize("bad", [None, 3, "x", [], {}, {"methods": None}, {"methods": {"upscaler": {"psnr": "a"}}}])
def test_a_strangers_record_never_counts_as_better(bad: object) -> None:
    assert not beats_bicubic(bad)
