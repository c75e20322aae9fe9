"""The game plays: phases, lazy penalties, validation, preview, and learning on a toy corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from luokuan.foundation.training import Settings, Training
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.game import Batch, GameSettings
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.gan.picturegame import PictureGame
from luokuan.models.gan.space import PixelSpace, space

COLOURS = np.array([[230, 30, 30], [30, 30, 230]], dtype=np.uint8)


def corpus(count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of plain colours with a little noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    noise = rng.integers(-20, 21, (count, 8, 8, 3))
    return np.clip(COLOURS[labels][:, None, None].astype(int) + noise, 0, 255).astype(np.uint8), labels


def make(name: str = "relativistic", *, classes: bool = True, seed: int = 0, every: int = 2) -> PictureGame:
    pictures, labels = corpus()
    config = GanConfig(
        size=8,
        widths=(16, 16),
        style=16,
        latent=8,
        classes=("red", "blue") if classes else (),
        class_counts=(32, 32) if classes else (),
    )
    settings = GameSettings(objective(name), Gamma(0.05, 0.005), penalty_every=every, rate=5e-3, rate_end=5e-3)
    return PictureGame(
        config,
        settings,
        PixelSpace(),
        pictures,
        labels if classes else None,
        held_out=pictures[:32],
        coverage=lambda real, fake: float(len(real) == len(fake)),
        seed=seed,
    )


@pytest.mark.parametrize("name", ["relativistic", "minimax", "hinge"])
def test_it_learns_the_colours_of_the_classes(tmp_path: Path, name: str) -> None:
    outcome = Training(make(name), Settings(150, 16, log_every=50), tmp_path, quiet=True).run()
    generator = outcome.average["generator"]
    torch.manual_seed(1)
    with torch.no_grad():
        means = [
            PixelSpace().decode(generator(torch.randn(16, 8), torch.full((16,), y))).float().mean(dim=(0, 1, 2))
            for y in (0, 1)
        ]
    assert means[0][0] > means[0][2] + 60, means
    assert means[1][2] > means[1][0] + 60, means


def test_penalties_are_lazy_and_weighted() -> None:
    game = make(every=4)
    batch = game.batch(np.arange(8))
    logged = []
    for step in range(8):
        phase = next(iter(game.phases(step, 100)))
        torch.manual_seed(0)
        loss, figures = phase.loss(batch, 0)
        logged.append("r1" in figures)
        if "r1" in figures:
            gamma = float(figures["gamma"])
            expected = float(figures["adversarial"]) + 4 * gamma / 2 * float(figures["r1"] + figures["r2"])
            assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert logged == [True, False, False, False, True, False, False, False]


def test_penalties_are_those_of_real_and_of_generated_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PixelSpace, "augment", lambda _self, points: points)
    game = make()
    batch = game.batch(np.arange(8))
    phase = next(iter(game.phases(0, 100)))
    torch.manual_seed(0)
    _loss, figures = phase.loss(batch, 0)
    torch.manual_seed(0)
    fake = game.generator(torch.randn(8, 8), batch.labels).detach()
    for name, points in (("r1", batch.points), ("r2", fake)):
        inputs = points.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(game.discriminator(inputs, batch.labels).sum(), inputs)
        assert float(figures[name]) == pytest.approx(float(gradient.square().sum() / 8), rel=1e-4), name
    assert float(figures["r1"]) != pytest.approx(float(figures["r2"]), rel=1e-3)


def test_both_players_see_augmented_items_only(monkeypatch: pytest.MonkeyPatch) -> None:
    game = make()
    seen: list[float] = []
    monkeypatch.setattr(PixelSpace, "augment", lambda _self, points: points * 0 + 0.5)
    game.discriminator.register_forward_pre_hook(lambda _module, given: seen.append(float(given[0].detach().std())))
    batch = game.batch(np.arange(8))
    for phase in game.phases(0, 100):
        phase.loss(batch, 0)
    assert seen == [0.0] * 4


def test_classes_stay_with_their_pictures_in_any_order() -> None:
    game = make()
    batch = game.batch(np.random.default_rng(1).permutation(64)[:32])
    red = batch.points[:, 0].mean(dim=(1, 2)) > 0
    assert batch.labels is not None and torch.equal(batch.labels == 0, red)


def test_the_second_momentum_lengthens() -> None:
    game, found = make(), []
    for step in (0, 50, 100):
        next(iter(game.phases(step, 101)))
        found.append(game.optimisers()["generator"].param_groups[0]["betas"])
    assert found == [pytest.approx((0.0, beta2)) for beta2 in (0.9, 0.945, 0.99)]


def test_validation_looks_at_all_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.models.gan.picturegame.VALIDATED", 16)
    game = make()
    pictures, labels = corpus()
    game._held_out = pictures[np.argsort(labels)]  # as a corpus of class folders has them
    seen: list[np.ndarray] = []
    game._coverage = lambda real, _fake: float(len(seen.append(real) or real))  # type: ignore[func-returns-value]
    assert game.validate({"generator": game.generator.eval()})["samples"] == 16
    red = (seen[0][..., 0].mean(axis=(1, 2)) > 128).sum()
    assert red == pytest.approx(16 * (labels == 0).mean(), abs=1)


def test_the_generator_phase_leaves_the_discriminator_alone(tmp_path: Path) -> None:
    training = Training(make(), Settings(10, 8), tmp_path, quiet=True)
    game = training.objective
    assert isinstance(game, PictureGame)
    before = {k: v.clone() for k, v in game.generator.state_dict().items()}
    training.step(1)
    assert any(not torch.equal(v, before[k]) for k, v in game.generator.state_dict().items())
    assert all(p.requires_grad for p in game.discriminator.parameters())


def test_unconditional_games_play_too(tmp_path: Path) -> None:
    outcome = Training(make(classes=False), Settings(4, 8, log_every=2), tmp_path, quiet=True).run()
    assert outcome.finished and "generator/loss" in outcome.history[-1]


def test_preview_and_validation(tmp_path: Path) -> None:
    game = make()
    sheet = game.preview({"generator": game.generator.eval()})
    assert sheet is not None and (sheet.height, sheet.width) == (8 * 8, 2 * 8)
    assert game.validate({"generator": game.generator.eval()}) == {"samples": 32.0, "coverage": 1.0}


def test_mirroring_is_seeded_and_can_be_off() -> None:
    pictures, _labels = corpus(4)
    pictures[:, :, :4] = 0
    config = GanConfig(size=8, widths=(16, 16), style=16, latent=8)

    def batches(flip: bool) -> Batch:
        settings = GameSettings(objective("hinge"), Gamma(0, 0), flip=flip)
        torch.manual_seed(3)
        return PictureGame(config, settings, PixelSpace(), np.repeat(pictures, 8, axis=0), None).batch(np.arange(32))

    def left_dark(batch: Batch) -> int:
        return int((batch.points[:, :, :, 0].mean(dim=(1, 2)) == -1).sum())

    assert left_dark(batches(False)) == 32
    assert 4 < left_dark(batches(True)) < 28


def test_weights_come_from_the_seed() -> None:
    one, same, other = make(seed=1), make(seed=1), make(seed=2)
    pick = "mapping.0.weight"
    assert torch.equal(one.generator.state_dict()[pick], same.generator.state_dict()[pick])
    assert not torch.equal(one.generator.state_dict()[pick], other.generator.state_dict()[pick])


def test_pixel_space_round_trip_is_exact() -> None:
    pictures = torch.from_numpy(corpus(8)[0])
    assert torch.equal(space("pixels").decode(space("pixels").encode(pictures)), pictures)
    with pytest.raises(KeyError):
        space("dreams")
