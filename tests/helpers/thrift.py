"""Fixtures for tests that train and measure models: what costs much and is checked elsewhere is done once, or less."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from luokuan.files import sha256_bytes
from luokuan.foundation import family
from luokuan.foundation.corpus import duplicates
from luokuan.foundation.corpus.reader import Item
from luokuan.models.evaluation.network import RESOLUTION, FeatureNetwork

_compute = FeatureNetwork.features


class _Pictures:
    """Pictures at a resolution, equal to others by content."""

    def __init__(self, network: FeatureNetwork, pictures: NDArray[np.uint8], resolution: int) -> None:
        self.network, self.pictures, self.resolution = network, pictures, resolution
        self.key = (id(network), pictures.shape, sha256_bytes(pictures.tobytes()), resolution)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pictures) and self.key == other.key


@lru_cache(maxsize=32)
def kept(asked: _Pictures) -> NDArray[np.float32]:
    """Their features."""
    found = _compute(asked.network, asked.pictures, resolution=asked.resolution)
    asked.pictures = np.empty(0, np.uint8)  # only their digest is needed any more
    return found


def _features(
    network: FeatureNetwork,
    pictures: NDArray[np.uint8],
    *,
    resolution: int = RESOLUTION,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    found = kept(_Pictures(network, pictures, resolution)).copy()
    if progress is not None:
        progress(len(pictures))
    return found


@pytest.fixture(scope="module", autouse=True)
def features_are_kept() -> Iterator[None]:
    """The network that looks at pictures sees the example's in most measurements: each picture once a process.
    ``test_network`` has it as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureNetwork, "features", _features)
        yield


_look = duplicates.pdq_hashes
_looks: dict[str, tuple[NDArray[np.uint64], np.int64]] = {}


def _hashes(items: Sequence[Item]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    if unknown := {item.sha256: item for item in items if item.sha256 not in _looks}:
        _looks.update(zip(unknown, zip(*_look(list(unknown.values())), strict=True), strict=True))
    words, quality = zip(*(_looks[item.sha256] for item in items), strict=True)
    return np.stack(words), np.array(quality)


@pytest.fixture(scope="module", autouse=True)
def looks_are_kept() -> Iterator[None]:
    """Each command opens its corpus and looks for near duplicates: at each file once a process. The tests of corpora
    have it as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "pdq_hashes", _hashes)
        yield


@pytest.fixture(scope="module", autouse=True)
def few_steps_are_timed() -> Iterator[None]:
    """A plan says how fast a run's steps are; how well that is measured is no matter to tests of plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(family, "PROBE_STEPS", 4)
        yield
