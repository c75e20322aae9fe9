"""Weights as int8 come back within half a step, and nothing else is read for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation import int8weights
from luokuan.foundation.int8weights import SCALE, packed, seen, unpacked
from luokuan.foundation.modelfolder import ModelFolder, read_folder, save_folder

SHAPES = [(128, 128), (64, 32, 3, 3), (16, 64, 16), (6, 96, 32), (1, 16384), (512, 32)]


def weights(shape: tuple[int, ...], seed: int = 0, power: int = 0) -> Tensor:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal(shape) * 10.0 ** rng.uniform(-3, 0, (shape[0], *(1,) * (len(shape) - 1)))
    return torch.from_numpy(rows * 2.0**power).half()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SHAPES), st.integers(0, 2**32), st.integers(-14, 10))
def test_numbers_come_back_within_half_a_step_of_their_row(shape: tuple[int, ...], seed: int, power: int) -> None:
    before = {"w": weights(shape, seed, power)}
    stored = packed(before)
    found = unpacked(stored)["w"]
    assert found.dtype == torch.float32 and found.shape == before["w"].shape
    away = (found - before["w"].float()).abs()
    assert bool((away <= stored["w" + SCALE] * (0.5 + 1e-4)).all())
    assert int(stored["w"].abs().max()) <= int8weights.STEPS


def test_each_row_has_a_scale_and_what_is_small_or_no_float16_stays() -> None:
    kept = {
        "vector": torch.ones(20_000).half(),
        "small": weights((64, 64)),
        "short rows": weights((4096, 2, 2)),
        "float32": weights((128, 128)).float(),
        "numbers": torch.arange(40_000).view(200, 200).int(),
    }
    larger = {"matrix": weights((256, 128)), "kernel": weights((64, 32, 3, 3)), "stack": weights((6, 96, 32))}
    stored = packed(kept | larger)
    assert all(torch.equal(stored[name], value) for name, value in kept.items())
    scales = {name: tuple(stored[name + SCALE].shape) for name in larger}
    assert scales == {"matrix": (256, 1), "kernel": (64, 1, 1, 1), "stack": (6, 96, 1)}
    assert len(stored) == len(kept) + 2 * len(larger)
    assert {k: v.shape for k, v in unpacked(stored).items()} == {k: v.shape for k, v in (kept | larger).items()}
    headers = {k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in stored.items()}
    wanted = {k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in (kept | larger).items()}
    assert seen(headers) == (wanted, [])


def test_rows_of_zeros_stay_zeros() -> None:
    value = weights((128, 128))
    value[3] = 0
    found = unpacked(packed({"w": value}))["w"]
    assert not found[3].any() and bool(found.isfinite().all())


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_stored(wrong: float) -> None:
    value = weights((128, 128))
    value[5, 7] = wrong
    with pytest.raises(ValueError, match="not finite"):
        packed({"w": value})


def folder(path: Path, changes: dict[str, Tensor | None], *, said: str = "int8") -> ModelFolder:
    tensors = {**packed({"w": weights((128, 128))}), **changes}
    kept = {name: value for name, value in tensors.items() if value is not None}
    return save_folder(path, config={"family": "gan", "stored": said}, tensors=kept, training={}, card="")


def test_a_folder_gives_what_its_family_expects(tmp_path: Path) -> None:
    found = folder(tmp_path / "m", {})
    assert found.stored == "int8" and found.config == {"family": "gan"}
    (value,) = found.tensors({"w": ((128, 128), "float16")}).values()
    assert float((value - weights((128, 128)).float()).abs().max()) < 0.02


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"w.scale": None}, "'w' has no scales"),
        ({"w.scale": torch.ones(127, 1)}, "the scales of 'w'"),
        ({"w.scale": torch.ones(128)}, "the scales of 'w'"),
        ({"w.scale": torch.ones(128, 128)}, "the scales of 'w'"),
        ({"w.scale": torch.ones(128, 1).half()}, "the scales of 'w'"),
        ({"w.scale": torch.ones(128, 1).int()}, "the scales of 'w'"),
        ({"w.scale": torch.full((128, 1), torch.nan)}, "not all finite"),
        ({"w.scale": torch.full((128, 1), torch.inf)}, "not all finite"),
        ({"w.scale": torch.full((128, 1), -1.0)}, "not all finite"),
        ({"w": torch.zeros(64, 128).char()}, "don't fit|is .* not"),
        ({"w": None}, "'w' is missing"),
        ({"w": torch.tensor(3).char()}, "the scales of 'w'"),
        ({"v.scale": torch.ones(128, 1)}, "'v.scale' is not part of it"),
    ],
)
def test_hostile_scales_are_refused(tmp_path: Path, changes: dict[str, Tensor | None], said: str) -> None:
    found = folder(tmp_path / "m", changes)
    with pytest.raises(UserError, match=said) as caught:
        found.tensors({"w": ((128, 128), "float16")})
    assert caught.value.code in ("model.tensors", "model.damaged") and "\n" not in caught.value.what


def test_int8_that_the_config_does_not_name_is_refused(tmp_path: Path) -> None:
    found = folder(tmp_path / "m", {}, said="int4")
    assert found.stored == "" and found.config["stored"] == "int4"  # which no family knows
    with pytest.raises(UserError, match="int8"):
        found.tensors({"w": ((128, 128), "float16")})


def test_a_file_that_changed_after_it_was_looked_at_is_refused(tmp_path: Path) -> None:
    found = folder(tmp_path / "m", {})
    path = tmp_path / "m" / "model.safetensors"
    save_file(load_file(path) | {"w.scale": torch.full((128, 1), torch.nan)}, path)
    with pytest.raises(UserError, match="not all finite"):
        found.tensors({"w": ((128, 128), "float16")})
    assert json.loads((tmp_path / "m" / "config.json").read_text())["stored"] == "int8"
    assert read_folder(tmp_path / "m").stored == "int8"
