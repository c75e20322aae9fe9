"""The negative ELBO as an objective of the loop: its terms, the warm-up, determinism, progress on toy pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from vaes_for_tests import TINY, colours

from luokuan.foundation.training import Outcome, Settings, Training
from luokuan.models.vae.config import VaeConfig, vae_config
from luokuan.models.vae.learning import LearningSettings, VaeLearning, posteriors
from luokuan.models.vae.networks import Decoder, Encoder
from luokuan.models.vae.sheet import latent_walk


def learning(seed: int = 0, likelihood: str = "logistic", **settings: Any) -> VaeLearning:
    pictures = colours()
    config = VaeConfig(**TINY, likelihood=likelihood)
    values = {"rate": 1e-2, "rate_end": 1e-3, **settings}
    return VaeLearning(config, LearningSettings(**values), pictures, held_out=pictures[:16], seed=seed)


def run(place: Path, game: VaeLearning, steps: int = 120) -> Outcome:
    return Training(game, Settings(steps, 16, log_every=steps // 6, validations=3), place, quiet=True).run()


@pytest.mark.parametrize("likelihood", ["logistic", "laplace"])
def test_it_learns_the_two_colours(tmp_path: Path, likelihood: str) -> None:
    game = learning(likelihood=likelihood)
    outcome = run(tmp_path / "run", game)
    seen = [row for row in outcome.history if "validation/kl_nats" in row]
    first, last = seen[0], seen[-1]
    assert last["validation/bits_per_value"] < first["validation/bits_per_value"]
    # Uniform noise of 17 values costs log2(17) = 4.09 bits; one of 256 values costs 8.
    assert 4 < last["validation/bits_per_value"] < 6.5
    assert last["validation/active_units"] >= 1 and last["validation/kl_nats"] > 0
    assert last["validation/importance_nats"] < last["validation/reconstruction_nats"] + last["validation/kl_nats"]
    with torch.no_grad():
        mean, _variance = posteriors(outcome.average["encoder"], colours(), "cpu", flip=False)
        made = outcome.average["decoder"](mean)
    red = colours()[:, 0, 0, 0] > 128
    assert bool((made[red][:, 0].mean(dim=(1, 2)) > 0.3).all()) and bool(
        (made[~red][:, 0].mean(dim=(1, 2)) < -0.3).all()
    )
    assert outcome.verdicts


def test_the_loss_is_the_elbo_in_nats_a_value() -> None:
    game = learning()
    batch = game.batch(np.arange(8))
    (phase,) = game.phases(99, 100)
    torch.manual_seed(0)
    loss, figures = phase.loss(batch, 0)
    total = float(figures["reconstruction_nats"]) + float(figures["kl_nats"])
    assert float(loss.detach()) == pytest.approx(total / (3 * 8 * 8), rel=1e-5)
    assert float(figures["bits_per_value"]) == pytest.approx(float(loss.detach()) / math.log(2), rel=1e-5)


def test_beta_warms_up_in_a_straight_line() -> None:
    game = learning(beta=2.0, warm_up=0.5)
    assert [game.weight(step, 100) for step in (0, 25, 50, 99)] == [0.0, 1.0, 2.0, 2.0]
    assert learning(warm_up=0.0).weight(0, 100) == 1.0


def test_mirroring_is_seeded_and_can_be_off() -> None:
    pictures = colours(16)
    pictures[:, :, :4] = 0
    config = VaeConfig(**TINY)

    def dark(flip: bool) -> int:
        torch.manual_seed(3)
        batch = VaeLearning(config, LearningSettings(flip=flip), pictures).batch(np.arange(16))
        return int((batch[:, :, :, 0].mean(dim=(1, 2)) == 0).sum())

    assert dark(False) == 16 and 2 < dark(True) < 14
    assert len(posteriors(Encoder(config), pictures, "cpu", flip=True)[0]) == 32


def test_equal_seeds_give_equal_weights(tmp_path: Path) -> None:
    ends = []
    for place, seed in (("one", 1), ("two", 1), ("three", 2)):
        outcome = run(tmp_path / place, learning(seed), steps=6)
        ends.append(torch.cat([p.detach().flatten() for p in outcome.average["decoder"].parameters()]))
    assert torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])


def test_resume_equals_an_uninterrupted_run(tmp_path: Path) -> None:
    settings = Settings(12, 16, log_every=2, validations=3, checkpoint_seconds=0)

    def play(place: Path, *, resume: bool = False, stop: int | None = None) -> Outcome:
        game = learning()
        training = Training(game, settings, place, quiet=True)
        if stop is not None:
            plain = game.phases

            def phases(step: int, steps: int) -> Any:
                if step == stop:
                    training.stop()
                return plain(step, steps)

            game.phases = phases  # type: ignore[method-assign]
        return training.run(resume=resume)

    whole = play(tmp_path / "whole")
    assert not play(tmp_path / "cut", stop=5).finished
    cut = play(tmp_path / "cut", resume=True)
    assert cut.finished
    for name in ("encoder", "decoder"):
        one, two = (o.average[name].state_dict() for o in (whole, cut))
        assert all(torch.equal(one[key], two[key]) for key in one)
    values = [[v for k, v in o.history[-1].items() if k.startswith("validation")] for o in (whole, cut)]
    assert values[0] == values[1]


def test_the_preview_has_all_rows() -> None:
    game = learning()
    with torch.no_grad():
        sheet = game.preview({"encoder": game.encoder.eval(), "decoder": game.decoder.eval()})
    assert (sheet.height, sheet.width) == (7 * 10 - 2, 12 * 10 - 2)


def test_without_held_out_pictures_nothing_is_claimed() -> None:
    game = VaeLearning(VaeConfig(**TINY), LearningSettings(), colours())
    assert game.validate({"encoder": game.encoder, "decoder": game.decoder}) == {} and game.verdict([{}]) == []


def test_verdicts_follow_the_figures() -> None:
    game = VaeLearning(
        vae_config(32, likelihood="logistic", scale="channel", pictures=9), LearningSettings(), colours()
    )

    def rows(*nats: float, active: float = 20.0) -> list[dict[str, float]]:
        common = {"validation/kl_nats": 50.0, "validation/active_units": active}
        return [{"validation/reconstruction_nats": value, **common} for value in nats]

    assert game.verdict([]) == []
    assert "still improving" in game.verdict(rows(9000, 8000))[0]
    assert "by heart" in game.verdict(rows(9000, 8000, 8500))[0]
    assert "collapse" in game.verdict(rows(9000, 9000, active=2))[0]
    assert "20 of 64" in game.verdict(rows(9000, 9000))[0]


def test_the_preset_is_small() -> None:
    for size in (32, 64):
        config = vae_config(size, likelihood="logistic", scale="channel", pictures=3000)
        count = sum(p.numel() for module in (Encoder(config), Decoder(config)) for p in module.parameters())
        assert count < 2_000_000 and config.components == 32
    assert vae_config(32, likelihood="laplace", scale="shared", pictures=20).components == 2
    assert vae_config(32, likelihood="laplace", scale="shared", pictures=3).components == 1


def test_a_walk_keeps_its_ends_and_its_length() -> None:
    torch.manual_seed(0)
    one, two = torch.randn(64), torch.randn(64)
    way = latent_walk(one, two, 7)
    assert torch.equal(way[0], one) and torch.equal(way[-1], two)
    low, high = sorted((float(one.norm()), float(two.norm())))
    assert all(0.95 * low < float(z.norm()) < 1.05 * high for z in way)
    assert float(torch.lerp(one, two, 0.5).norm()) < 0.8 * low  # what a straight line would do
    assert torch.allclose(latent_walk(one, one, 3), one.expand(3, -1), atol=1e-6)
    assert bool(torch.isfinite(latent_walk(one, -one, 5)).all())
    assert bool(torch.isfinite(latent_walk(torch.zeros(4), torch.ones(4), 5)).all())
