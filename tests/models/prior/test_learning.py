"""A prior learns its pictures and what it is told of them; masks and silences have their shares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import priors_for_tests as tiny
import pytest
import torch

from luokuan.foundation.training import Settings, Training
from luokuan.models.prior.learning import Material, PriorLearning, PriorSettings


def material(count: int = 16) -> Material:
    """Cats are all zeros, dogs are stripes."""
    labels = np.arange(count) % 2
    stripes = np.broadcast_to(np.arange(4) % 2, (3, 4, 4)).astype(np.uint8)
    tokens = np.stack([stripes * label for label in labels])[:, None].repeat(2, axis=1)
    return Material(tokens, labels[:, None, None] + 1)


def decode(tokens: torch.Tensor) -> np.ndarray[Any, Any]:
    return tokens[:, :, :, :].to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def learning(order: str = "autoregressive", **settings: float) -> PriorLearning:
    shape = tiny.config(order=order)
    return PriorLearning(shape, PriorSettings(**settings), material(), held_out=material(6), decode=decode)


@pytest.mark.parametrize("order", ["autoregressive", "masked"])
def test_it_learns_pictures_and_conditions(order: str, tmp_path: Path) -> None:
    game = learning(order, warm_up=5, rate=5e-3)
    settings = Settings(steps=80, batch=16, validations=4, precision="float32", log_every=10)
    outcome = Training(game, settings, tmp_path / "run", quiet=True).run()
    rows = [row for row in outcome.history if "validation/nats_per_cell" in row]
    # Untrained: log 8 + log 5 + log 4 = 5.1 nats a cell.
    assert rows[-1]["validation/nats_per_cell"] < 0.3 * rows[0]["validation/nats_per_cell"] < 5.1
    assert game.preview(outcome.average).pixels.shape == (5 * 4, 8 * 4, 3)


def test_equal_seeds_give_equal_weights(tmp_path: Path) -> None:
    ends = []
    for place in ("one", "two"):
        settings = Settings(steps=5, batch=8, precision="float32", validations=0)
        outcome = Training(learning(), settings, tmp_path / place, quiet=True).run()
        ends.append(torch.cat([p.flatten() for p in outcome.average["prior"].parameters()]))
    assert torch.equal(*ends)


def test_dropout_works_only_while_training() -> None:
    game = learning(dropout=0.5)
    with torch.no_grad():
        for block in game.prior.blocks:
            torch.nn.init.normal_(block.fall.weight)  # zero at the start, where nothing could be dropped
    tokens, prefix = game.batch(np.arange(4))
    one, two = (game.prior(prefix, tokens) for _turn in range(2))
    assert not torch.equal(one, two)
    still = game.prior.eval()
    assert torch.equal(still(prefix, tokens), still(prefix, tokens))


def test_silence_and_omission_have_their_shares() -> None:
    game = learning()
    torch.manual_seed(0)
    told = game._silenced(torch.ones(4000, 1, dtype=torch.int64))
    assert (told == 0).double().mean().item() == pytest.approx(0.1, abs=0.02)
    game.config = replace(tiny.config(condition="text", classes=(), class_counts=(), words=("a",)))
    told = game._silenced(torch.ones(4000, 24, dtype=torch.int64))
    assert (told == 0).all(1).double().mean().item() == pytest.approx(0.1, abs=0.03)
    # 0.1 silent, and of the rest half lose half of their words.
    assert (told == 0).double().mean().item() == pytest.approx(0.1 + 0.9 * 0.25, abs=0.03)


def test_the_masked_prior_always_has_something_to_guess() -> None:
    game = learning("masked")
    torch.manual_seed(0)
    hidden = game._hidden(torch.zeros(4000, 16, 3, dtype=torch.int64))
    assert hidden.any(1).all()
    # E cos(π/2·u) = 2/π
    assert hidden.double().mean().item() == pytest.approx(2 / np.pi, abs=0.02)


def test_only_the_chosen_pictures_choose() -> None:
    def figures(choosing: list[bool] | None) -> dict[str, float]:
        game = PriorLearning(
            tiny.config(),
            PriorSettings(),
            material(),
            held_out=material(6),
            choosing=None if choosing is None else np.array(choosing),
            decode=decode,
        )
        torch.manual_seed(0)
        with torch.no_grad():
            for weight in game.prior.parameters():
                weight.normal_(std=0.3)  # an untrained prior finds all pictures equally likely
            return dict(game.validate({"prior": game.prior.eval()}))

    count = int(figures(None)["pictures"])
    each = [figures([i == j for j in range(count)])["choosing_nats_per_cell"] for i in range(count)]
    whole = figures(None)
    assert whole["choosing_nats_per_cell"] == whole["nats_per_cell"] == pytest.approx(np.mean(each))
    assert len(set(each)) > 1
    some = figures([i < 2 for i in range(count)])
    assert some["choosing_nats_per_cell"] == pytest.approx(np.mean(each[:2]))
    assert some["nats_per_cell"] == whole["nats_per_cell"]
    assert figures([False] * count)["choosing_nats_per_cell"] == whole["nats_per_cell"]  # there is no validation split


def test_verdicts_follow_the_figures() -> None:
    game = learning()

    def rows(*nats: float, untold: float = 9.0) -> list[dict[str, float]]:
        return [
            {"step": step, "validation/nats_per_cell": x, "validation/nats_per_cell_untold": untold}
            for step, x in enumerate(nats, start=1)
        ]

    assert game.verdict([]) == [] and game.verdict(rows(6.0, 6.0)) == []
    assert "still improving" in game.verdict(rows(6.5, 6.0))[0]
    assert game.verdict(rows(6.5, 6.0, 6.3))[0].startswith("After step 2 of 3")
    assert "hardly helps" in game.verdict(rows(6.0, 6.0, untold=6.0))[0]
    assert len(game.verdict(rows(6.0, 9.5, untold=9.0))) == 1  # where it was best, it listened
    assert game.verdict(rows(6.0, 6.04, 6.0 + 1e-9)) == []  # no better than before
