"""An upscaler loads strictly, takes any picture, and its tiles leave no seam."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from upscalers_for_tests import NARROW, network, save_upscaler

from luokuan.errors import UserError
from luokuan.media import Picture
from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.export import to_onnx
from luokuan.models.registry import load_model, load_picture_model
from luokuan.models.upscaler.model import TILE, Upscaler
from luokuan.models.upscaler.networks import bicubic


@pytest.fixture
def upscaler(tmp_path: Path) -> Upscaler:
    save_upscaler(tmp_path / "mine")
    loaded = load_model(tmp_path / "mine")
    assert isinstance(loaded, Upscaler)
    return loaded


def pixels(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width", "tile"), [(40, 56, 16), (37, 23, 10), (64, 64, 33), (5, 90, 7)])
def test_tiles_leave_no_seam(upscaler: Upscaler, height: int, width: int, tile: int) -> None:
    shown = pixels(height, width)
    whole = upscaler.enlarger.double(shown)
    tiled = upscaler.enlarger.double(shown, tile=tile)
    assert whole.shape == tiled.shape == (2 * height, 2 * width, 3)
    # The sums of another shape may be added in another order: the last bit of a float, seldom a level.
    different = whole.astype(int) - tiled
    assert np.abs(different).max() <= 1 and (different != 0).mean() < 1e-3


def test_tiling_is_on_for_large_pictures_and_memory_stays(upscaler: Upscaler, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    forward = upscaler.enlarger.network.forward
    monkeypatch.setattr(upscaler.enlarger.network, "forward", lambda x: seen.append(tuple(x.shape)) or forward(x))
    upscaler.upscale(Picture(pixels(TILE + 40, 300)))
    assert len(seen) == 6 and len(set(seen)) == 1
    assert max(seen[0]) <= TILE + 2 * NARROW.reach


def test_edges_are_repeated_beyond_the_picture(upscaler: Upscaler) -> None:
    shown = pixels(12, 9)
    margin = NARROW.reach
    padded = np.pad(shown, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    half = network().half().float()  # as stored
    made = to_pictures(half(to_points(torch.from_numpy(padded[None]))))[0].detach().numpy()
    wanted = made[2 * margin : -2 * margin, 2 * margin : -2 * margin].astype(int)
    assert np.abs(upscaler.enlarger.double(shown) - wanted).max() <= 1


def test_without_a_residual_it_is_bicubic(tmp_path: Path) -> None:
    save_upscaler(tmp_path / "plain", residual=False)
    shown = pixels(20, 30)
    wanted = to_pictures(bicubic(to_points(torch.from_numpy(shown[None]))))[0].numpy()
    made = load_model(tmp_path / "plain").upscale(Picture(shown)).pixels
    assert np.array_equal(made, wanted)


def test_four_is_twice_two_and_deterministic(upscaler: Upscaler) -> None:
    shown = Picture(pixels(10, 14, 4))
    four = upscaler.upscale(shown, 4)
    assert four.pixels.shape == (40, 56, 4)
    assert np.array_equal(four.pixels, upscaler.upscale(upscaler.upscale(shown)).pixels)
    assert np.array_equal(four.pixels, upscaler.upscale(shown, 4).pixels)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 4), (1, 17, 3), (200, 1, 3), (3, 2, 4)])
def test_tiny_and_narrow_pictures(upscaler: Upscaler, shape: tuple[int, int, int]) -> None:
    made = upscaler.upscale(Picture(pixels(*shape)), 4).pixels
    assert made.shape == (4 * shape[0], 4 * shape[1], shape[2]) and made.dtype == np.uint8


def test_grey_pictures_stay_grey(upscaler: Upscaler) -> None:
    made = upscaler.upscale(Picture(pixels(9, 9, 1).repeat(3, axis=2))).pixels
    assert (made == made[:, :, :1]).all()
    assert not (upscaler.upscale(Picture(pixels(9, 9))).pixels == made).all()


def test_opaque_pictures_stay_opaque_and_invisible_colours_stay_out(upscaler: Upscaler) -> None:
    opaque = pixels(8, 8, 4)
    opaque[:, :, 3] = 255
    made = upscaler.upscale(Picture(opaque)).pixels
    assert (made[:, :, 3] == 255).all()
    assert np.array_equal(made[:, :, :3], upscaler.upscale(Picture(opaque[:, :, :3].copy())).pixels)
    # What lies under transparent pixels has no say.
    half = opaque.copy()
    half[:, 4:, 3] = 0
    other = half.copy()
    other[:, 4:, :3] = 0
    assert np.array_equal(upscaler.upscale(Picture(half)).pixels, upscaler.upscale(Picture(other)).pixels)


@pytest.mark.parametrize("factor", [0, 1, 3, 8, -2])
def test_other_factors_are_refused(upscaler: Upscaler, factor: int) -> None:
    with pytest.raises(UserError, match="can't be upscaled by"):
        upscaler.upscale(Picture(pixels(4, 4)), factor)


def test_enormous_results_are_refused_before_any_work(upscaler: Upscaler) -> None:
    wide = Picture(np.zeros((2001, 2000, 3), np.uint8))
    with pytest.raises(UserError, match="too large to upscale by 4"):
        upscaler.upscale(wide, 4)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"width": 16}, "weights"),
        ({"blocks": 2}, "weights"),
        ({"blocks": 0}, "blocks"),
        ({"width": "8"}, "width"),
        ({"depth": 3}, "depth"),
        ({"schema": 9}, "schema"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path: Path, change: dict[str, object], what: str) -> None:
    folder = save_upscaler(tmp_path / "mine")
    (folder.path / "config.json").write_text(json.dumps(folder.config | change))
    with pytest.raises(UserError, match=what):
        load_model(folder.path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = save_upscaler(tmp_path / "mine")
    tensors = load_file(folder.path / "model.safetensors")
    tensors["output.bias"][0] = float("nan")
    save_file(tensors, folder.path / "model.safetensors")
    with pytest.raises(UserError, match="finite"):
        load_model(folder.path)


def test_it_makes_no_pictures_by_itself(tmp_path: Path) -> None:
    folder = save_upscaler(tmp_path / "mine")
    with pytest.raises(UserError, match="no pictures by itself"):
        load_picture_model(folder.path)


def test_onnx_gives_the_same_pictures_of_any_size(upscaler: Upscaler, tmp_path: Path) -> None:
    import onnxruntime

    assert to_onnx(upscaler, tmp_path / "mine.onnx") < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "mine.onnx")
    for height, width in ((31, 20), (1, 1)):
        shown = pixels(height, width)
        points = to_points(torch.from_numpy(shown[None])).contiguous().numpy()
        (found,) = session.run(None, {"pictures": points})
        theirs = ((found[0] + 1) * 127.5).round().clip(0, 255).transpose(1, 2, 0)
        assert np.abs(upscaler.enlarger.double(shown) - theirs).max() <= 1
