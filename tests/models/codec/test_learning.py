"""The game of encoder, decoder and discriminator: phases, regimes, determinism, progress on real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from codecs_for_tests import GAUSSIAN, TOKENS

from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.training import Settings, Training
from luokuan.models.codec.learning import CodecLearning, LearningSettings, Pictures

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    items = open_corpus(EXAMPLE).split("train")[:16]
    return Pictures(load_pixels(items, 64), load_pixels(items, 128))


def learning(pictures: Pictures, **settings: float) -> CodecLearning:
    return CodecLearning(TOKENS, LearningSettings(**settings), pictures, held_out=pictures.small)


def test_the_discriminator_plays_when_it_is_told_to(pictures: Pictures) -> None:
    game = learning(pictures, adversary_from=2 / 3)
    names = [[phase.name for phase in game.phases(step, 100)] for step in (0, 65, 66, 99)]
    assert names == [["autoencoder"], ["autoencoder"], *[["autoencoder", "discriminator"]] * 2]
    assert [p.name for p in learning(pictures, adversary=0.0).phases(99, 100)] == ["autoencoder"]


def test_without_perception_and_adversary_no_frozen_network_is_asked(pictures: Pictures) -> None:
    torch.manual_seed(0)
    figures = []
    for settings in ({}, {"perceptual": 0.0, "adversary": 0.0}):
        game = learning(pictures, **settings)
        phase = next(iter(game.phases(99, 100)))
        figures.append(phase.loss(game.batch(np.arange(4)), 0)[1])
    assert "perceptual_distance" in figures[0] and "fooling" in figures[0]
    assert "perceptual_distance" not in figures[1] and "fooling" not in figures[1]


def test_views_are_crops_then_whole_large_pictures(pictures: Pictures) -> None:
    game = learning(pictures)
    torch.manual_seed(0)
    batch = game.batch(np.arange(8))
    assert game._views(batch, 0.5).shape == (8, 3, 64, 64)
    assert game._views(batch, 0.9).shape == (2, 3, 128, 128)


@pytest.mark.parametrize("config", [TOKENS, GAUSSIAN], ids=["fsq", "kl"])
def test_it_learns(config: object, pictures: Pictures, tmp_path: Path) -> None:
    game = CodecLearning(config, LearningSettings(rate=5e-3), pictures, held_out=pictures.small)  # type: ignore[arg-type]
    settings = Settings(steps=40, batch=8, validations=4, precision="float32", log_every=10)
    outcome = Training(game, settings, tmp_path / "run", quiet=True).run()
    psnr = [row["validation/psnr_db"] for row in outcome.history if "validation/psnr_db" in row]
    assert len(psnr) >= 2 and psnr[-1] > psnr[0] and psnr[-1] > 9
    last = outcome.history[-1]
    assert last["validation/bits_per_value"] > 0 and last["discriminator/loss"] > 0
    preview = game.preview(outcome.average)
    assert preview.pixels.shape == (128, 16 * 64, 3)


def test_equal_seeds_give_equal_weights(pictures: Pictures, tmp_path: Path) -> None:
    ends = []
    for place in ("one", "two"):
        settings = Settings(steps=6, batch=4, precision="float32", validations=0)
        outcome = Training(learning(pictures), settings, tmp_path / place, quiet=True).run()
        ends.append(torch.cat([p.flatten() for p in outcome.average["decoder"].parameters()]))
    assert torch.equal(*ends)


def test_verdicts_follow_the_figures(pictures: Pictures) -> None:
    game = CodecLearning(GAUSSIAN, LearningSettings(), pictures)

    def rows(*nats: float, kl: float = 500.0) -> list[dict[str, float]]:
        return [{"validation/reconstruction_nats": value, "validation/kl_nats": kl} for value in nats]

    assert game.verdict([]) == []
    assert "still improving" in game.verdict(rows(9000, 8000))[0]
    assert "by heart" in game.verdict(rows(9000, 8000, 8500))[0]
    assert "almost nothing" in game.verdict(rows(9000, 9000, kl=1.0))[0]
    assert game.verdict(rows(9000, 9000)) == []
