"""The feature network's shape, its pinned weights, and features that must not drift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from luokuan.models.evaluation.network import (
    FEATURES,
    WEIGHTS,
    FeatureNetwork,
    coverage_function,
    feature_network,
)

PHOTOS = sorted((Path(__file__).parents[3] / "examples/clothing-small/test").rglob("*.jpg"))


@pytest.fixture(scope="module", autouse=True)
def features_are_kept() -> None:
    """Not here: they are computed."""


def photos(count: int) -> np.ndarray:
    return np.stack([np.asarray(Image.open(p).convert("RGB").resize((64, 64))) for p in PHOTOS[:count]])


def test_parameters_are_those_of_lite0_without_its_classifier() -> None:
    with torch.device("meta"):
        network = FeatureNetwork()
    assert sum(p.numel() for p in network.parameters()) == 3_350_000
    assert network(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, FEATURES)


def test_features_do_not_depend_on_batch_or_autocast() -> None:
    pictures = photos(5)
    network = feature_network()
    together = network.features(pictures)
    assert together.shape == (5, FEATURES) and together.dtype == np.float32
    assert (together >= 0).all() and together.max() <= 6  # ReLU6, averaged
    assert np.allclose(network.features(pictures[2:3]), together[2:3], atol=1e-4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert np.allclose(network.features(pictures), together, atol=1e-5)


def test_pictures_in_a_mapped_cache_bring_no_warning(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", photos(2))
    mapped = np.load(tmp_path / "pictures.npy", mmap_mode="r")
    torch.set_warn_always(True)  # else PyTorch warns once a process, and whichever test is first
    try:
        features = feature_network().features(mapped, resolution=64)
    finally:
        torch.set_warn_always(False)
    assert features.shape == (2, FEATURES)


def test_features_have_not_drifted() -> None:
    # Two photos' features, made once with the reference implementation and its float32 weights.
    golden = np.load(Path(__file__).parent / "golden_features.npy", allow_pickle=False)
    found = feature_network().features(photos(2))
    assert np.abs(found - golden).max() < 0.1
    assert np.corrcoef(found.ravel(), golden.ravel())[0, 1] > 0.9999


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(WEIGHTS.read_bytes()[:-1] + b"\0")
    monkeypatch.setattr("luokuan.models.evaluation.network.WEIGHTS", copy)
    feature_network.cache_clear()
    with pytest.raises(RuntimeError, match="not the file"):
        feature_network()
    feature_network.cache_clear()


def test_coverage_while_training() -> None:
    coverage = coverage_function()
    pictures = photos(20)
    assert coverage(pictures, pictures) == 1.0
    assert coverage(pictures, np.repeat(pictures[:1], 20, axis=0)) < 0.5


def test_coverage_keeps_features_of_these_pictures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    coverage, pictures = coverage_function(), photos(12)
    seen: list[int] = []
    features = FeatureNetwork.features

    def counted(self: FeatureNetwork, given: np.ndarray) -> np.ndarray:
        seen.append(len(given))
        return features(self, given)

    monkeypatch.setattr(FeatureNetwork, "features", counted)
    coverage(pictures, pictures[:10])
    coverage(pictures.copy(), pictures[:10])  # another array, the same pictures
    assert seen == [12, 10, 10]
    pictures[:] = 255 - pictures  # the same array, other pictures
    coverage(pictures, pictures[:10])
    assert seen == [12, 10, 10, 12, 10]
