"""PSNR and SSIM against values by hand and properties; a codec's report names all that it rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from codecs_for_tests import save_codec

from luokuan.errors import UserError
from luokuan.models.codec.fidelity import measure, psnr, ssim
from luokuan.models.registry import load_model


def noise(count: int, seed: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_psnr_by_hand() -> None:
    black, grey = np.zeros((2, 8, 8, 3), np.uint8), np.full((2, 8, 8, 3), 16, np.uint8)
    assert psnr(black, grey) == pytest.approx([20 * np.log10(255 / 16)] * 2)
    assert psnr(grey, grey) == pytest.approx([100, 100])


def test_ssim_of_constants_by_hand() -> None:
    # Without variance only the luminance term is left: (2·100·150 + c₁) / (100² + 150² + c₁), c₁ = 2.55².
    one, other = np.full((1, 16, 16, 3), 100, np.uint8), np.full((1, 16, 16, 3), 150, np.uint8)
    c1 = 2.55**2
    assert ssim(one, other) == pytest.approx([(2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)], rel=1e-6)


def test_ssim_orders_pictures() -> None:
    base = np.kron(noise(3, 0, 8), np.ones((1, 4, 4, 1), np.uint8))
    shaken = np.clip(base.astype(int) + np.random.default_rng(1).integers(-20, 21, base.shape), 0, 255).astype(np.uint8)
    assert ssim(base, base) == pytest.approx([1, 1, 1])
    assert (ssim(base, shaken) > ssim(base, noise(3, 2))).all()
    assert ssim(base, shaken) == pytest.approx(ssim(shaken, base))


def test_the_report_is_complete(tmp_path: Path) -> None:
    save_codec(tmp_path / "codec")
    codec = load_model(tmp_path / "codec")
    found = measure(codec, corpus_title="noise", corpus_digest="d", train=noise(30, 0), held_out=noise(24, 1), seed=3)
    values = found.to_json()
    assert (values["held_out"], values["reference"], values["size"], values["seed"]) == (24, 24, 32, 3)
    assert values["codec_digest"] == codec.folder.digest and "EfficientNet-Lite0" in values["network"]
    assert set(values["units"]) == {"psnr", "ssim", "frechet_distance", "kernel_distance"}
    # An untrained codec is far from its pictures, and the floor is not.
    assert values["frechet"] > values["frechet_floor"] > 0
    assert values["psnr"] < 15


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    save_codec(tmp_path / "codec")
    codec = load_model(tmp_path / "codec")
    with pytest.raises(UserError, match="Too few"):
        measure(codec, corpus_title="", corpus_digest="", train=noise(30, 0), held_out=noise(19, 1))
