"""The game of upscaler and discriminator: phases, determinism, progress on real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from upscalers_for_tests import NARROW

from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.training import Settings, Training
from luokuan.models.upscaler.degradation import Degradation, halve
from luokuan.models.upscaler.learning import LearningSettings, UpscalerLearning

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return load_pixels(open_corpus(EXAMPLE).split("train")[:16], 128)


def learning(pictures: np.ndarray, **settings: object) -> UpscalerLearning:
    return UpscalerLearning(NARROW, LearningSettings(**settings), pictures, held_out=pictures[:8])  # type: ignore[arg-type]


def test_the_discriminator_plays_in_the_last_third(pictures: np.ndarray) -> None:
    game = learning(pictures)
    names = [[phase.name for phase in game.phases(step, 100)] for step in (0, 65, 66, 99)]
    assert names == [["upscaler"], ["upscaler"], *[["upscaler", "discriminator"]] * 2]
    assert [p.name for p in learning(pictures, adversary=0.0).phases(99, 100)] == ["upscaler"]


def test_a_batch_is_crops_and_their_halves(pictures: np.ndarray) -> None:
    game = learning(pictures, degradation=Degradation(blur=0, noise=0, jpeg=0))
    torch.manual_seed(0)
    small, large = game.batch(np.arange(8))
    assert small.shape == (8, 3, 32, 32) and large.shape == (8, 3, 64, 64)
    assert -1 <= float(large.min()) < float(large.max()) <= 1
    # Whichever filter it was, it is close to the bicubic half.
    shown = ((large + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    half = ((small + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    for one, other in zip(shown, half, strict=True):
        assert np.abs(halve(one).astype(int) - other).mean() < 6
    torch.manual_seed(0)
    again = game.batch(np.arange(8))
    assert torch.equal(again[0], small) and torch.equal(again[1], large)


def test_it_learns_more_than_bicubic(pictures: np.ndarray, tmp_path: Path) -> None:
    game = learning(pictures, rate=5e-3, adversary_from=0.8)
    settings = Settings(steps=60, batch=8, validations=3, precision="float32", log_every=10)
    outcome = Training(game, settings, tmp_path / "run", quiet=True).run()
    gains = [row["validation/gain_db"] for row in outcome.history if "validation/gain_db" in row]
    assert len(gains) >= 2 and gains[-1] > 0.1
    assert outcome.history[-1]["discriminator/loss"] > 0
    assert "beats bicubic" in outcome.verdicts[0]
    assert game.preview(outcome.average).pixels.shape == (3 * 128, 8 * 128, 3)


def test_equal_seeds_give_equal_weights(pictures: np.ndarray, tmp_path: Path) -> None:
    ends = []
    for place in ("one", "two"):
        settings = Settings(steps=6, batch=4, precision="float32", validations=0)
        outcome = Training(learning(pictures), settings, tmp_path / place, quiet=True).run()
        ends.append(torch.cat([p.flatten() for p in outcome.average["upscaler"].parameters()]))
    assert torch.equal(*ends)


def test_verdicts_follow_the_figures(pictures: np.ndarray) -> None:
    game = learning(pictures)

    def rows(*gains: float) -> list[dict[str, float]]:
        return [{"validation/gain_db": gain, "validation/pictures": 96.0} for gain in gains]

    assert game.verdict([]) == []
    assert "train longer" in game.verdict(rows(0.1, -0.1))[0] and len(game.verdict(rows(0.1, -0.1))) == 1
    assert len(game.verdict(rows(1.0, 0.9))) == 1 and "0.90 dB PSNR on 96" in game.verdict(rows(1.0, 0.9))[0]
    assert "still improving" in game.verdict(rows(0.5, 1.0))[1]
