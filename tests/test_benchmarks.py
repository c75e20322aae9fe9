"""The benchmark of the GAN path still runs, and its two paths differ in layout and precision only."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from luokuan.foundation import compute


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks/gan.py"
    specification = importlib.util.spec_from_file_location("benchmark_gan", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_figure_is_measured(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "convolution_rate", lambda *_arguments, **_named: 100.0)
    calls: list[int] = []

    def rate(work: Callable[[], object], **_named: object) -> float:
        calls.append(1)
        if len(calls) in (1, 7):  # our path's first period, and sampling; the rest would only take time
            work()
        return float(len(calls))

    monkeypatch.setattr(compute, "measure_rate", rate)
    found = benchmark.measure("cpu-small", 32, 2, 0.001)
    # Pairs of rates (1, 2), (3, 4), (5, 6) × 4 steps a period: medians 12 and 16 steps of 2 pictures; 32 at a time.
    assert found["train_pictures_per_second"] == 24 and found["plain_pictures_per_second"] == 32
    assert found["sample_pictures_per_second"] == 32 * 7
    assert found["speed_up"] == pytest.approx(24 / 32)
    work = found["gflop_per_picture"] * found["train_pictures_per_second"]
    assert found["share_of_ceiling"] == pytest.approx(work / 100, rel=1e-6)


def test_both_paths_play_the_same_game(benchmark: ModuleType) -> None:
    figures = []
    for plain in (False, True):
        run = benchmark.training(benchmark.game("cpu-small", 32, plain=plain), 4, "float32")
        layouts = {
            "nchw" if p.is_contiguous() else "nhwc"
            for m in run.objective.modules().values()
            for p in m.parameters()
            if p.ndim == 4 and min(p.shape[1:]) > 1
        }
        assert layouts == ({"nchw"} if plain else {"nhwc"})
        figures.append(run.step(0))
    for key in ("discriminator/loss", "discriminator/r1", "discriminator/r2", "generator/loss"):
        assert figures[0][key] == pytest.approx(figures[1][key], rel=1e-3), key
