"""Preferences: the loss by hand and by TRL, what is reported, the cached reference, resume, and honest verdicts."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plms import plm
from torch.nn import functional as F

from luokuan.foundation.corpus import Example
from luokuan.foundation.training import Settings, Training
from luokuan.models.plm.layout import Row, Rows, lay_out
from luokuan.models.plm.learning import add_dropout
from luokuan.models.plm.preferences import (
    Preferring,
    answers_of,
    beside,
    bootstrap,
    dpo_loss,
    margins,
    preference_verdict,
    reference_of,
)
from luokuan.models.plm.tuning import TuneSettings

PAIRS = [Example("a", f"{i}:", (), ("yes", "no!") if i % 2 else ("yes.", "no")) for i in range(40)]


def apart(network: Any, scale: float = 0.05) -> Any:
    """The same network, moved away from where it was."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return network


def game(tmp_path: Path, *, dropout: float = 0.0, beta: float = 0.1, tests: int = 0) -> Preferring:
    model = plm()
    reference = copy.deepcopy(model.network).eval()
    add_dropout(model.network, dropout)
    rows, held_out = (lay_out(model, part, context=64, as_chat=False) for part in (PAIRS[:16], PAIRS[16:]))
    words = model.network.config.vocab_size
    values = tuple(
        reference_of(
            reference, part, fill=0, words=words, device="cpu", path=tmp_path / f"{len(part.rows)}.json", pinned=""
        )
        for part in (rows, held_out)
    )
    choosing = np.arange(24) >= tests if tests else np.zeros(24, dtype=np.bool_)
    settings = TuneSettings(rate=1e-3, beta=beta)
    return Preferring(
        model,
        model.network,
        settings,
        rows,
        held_out=held_out,
        choosing=choosing,
        reference=reference,
        values=values,  # type: ignore[arg-type]
    )


def test_the_loss_by_hand() -> None:
    policy, reference = torch.tensor([[-3.0, -1.0], [-4.0, -1.0]]), torch.tensor([[-5.0, -1.0], [-3.0, -1.0]])
    assert margins(policy, reference).tolist() == [3.0, 0.0]  # (-3 + 5) - (-4 + 3)
    found = dpo_loss(policy, reference, 0.5).tolist()
    assert found[0] == pytest.approx(math.log(1 + math.exp(-1.5))) and found[1] == pytest.approx(math.log(2))


# Made with TRL 1.16.0 and transformers 5.24.0: DPOTrainer.compute_loss in float32, beta 0.5, of
# apart(plms.plm().network) with the reference plms.plm().network, on the pairs ("ab": "cd" over "e") and
# ("x": "yz!" over "w w").
TRL_DPO = 1.1310256719589233


def test_the_loss_is_that_of_trl() -> None:
    pairs = [
        (Row(np.array([65, 66, 67, 68, 0]), 2), Row(np.array([65, 66, 69, 0]), 2)),
        (Row(np.array([88, 89, 90, 1, 0]), 1), Row(np.array([88, 87, 221, 87, 0]), 1)),
    ]
    batch = beside(pairs, 0, "cpu")
    with torch.no_grad():
        policy, reference = (
            answers_of(network, batch).reshape(2, -1) for network in (apart(plm().network), plm().network)
        )
    assert float(dpo_loss(policy, reference, 0.5).mean()) == pytest.approx(TRL_DPO, rel=1e-5)


def test_at_first_nothing_is_preferred(tmp_path: Path) -> None:
    tuning = game(tmp_path)
    loss, told = tuning._loss(tuning.batch(np.arange(8)), 0)
    assert float(loss.detach()) == pytest.approx(math.log(2), abs=1e-4)
    assert float(told["margin"]) == pytest.approx(0, abs=1e-4)
    with torch.no_grad():
        found = tuning.validate({"model": copy.deepcopy(tuning._network).eval()})
    assert found["win_rate"] == 0.5 and found["kl_per_token"] == 0 and found["pairs"] == 24
    assert found["likelier"] == found["likelier_before"]


def test_figures_by_hand(tmp_path: Path) -> None:
    tuning = game(tmp_path, beta=0.3, tests=9)
    network = apart(copy.deepcopy(tuning._network)).eval()
    with torch.no_grad():
        found = tuning.validate({"model": network})
        gained, likelier, before, far, losses = [], [], [], [], []
        for number, pair in enumerate(tuning._held_out):
            now, then = [], []
            for side, row in enumerate(pair):
                tokens = torch.from_numpy(row.tokens)
                both = [F.log_softmax(n(input_ids=tokens[None]).logits[0], -1) for n in (network, tuning._reference)]
                places = range(row.start, len(tokens))
                sums = [sum(float(p[at - 1, tokens[at]]) for at in places) for p in both]
                now.append(sums[0])
                then.append(sums[1])
                if side == 0 and number < 9:
                    far += [float((both[0][at - 1].exp() * (both[0] - both[1])[at - 1]).sum()) for at in places]
            margin = now[0] - then[0] - now[1] + then[1]
            if number < 9:  # those that choose are not reported, and the other way round
                gained.append(margin)
                likelier.append(now[0] > now[1])
                before.append(then[0] > then[1])
            else:
                losses.append(math.log(1 + math.exp(-0.3 * margin)))
    assert found["pairs"] == 9 and found["win_rate"] == pytest.approx(np.mean([g > 0 for g in gained]))
    assert found["reward_margin"] == pytest.approx(0.3 * np.mean(gained), rel=1e-3)
    assert found["likelier"] == np.mean(likelier) and found["likelier_before"] == np.mean(before)
    assert found["dpo_loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert found["kl_per_token"] == pytest.approx(np.mean(far), rel=1e-3)


def test_the_bootstrap_by_hand() -> None:
    values = np.array([1.0] * 70 + [0.0] * 30)
    found = bootstrap(values)
    error = 1.96 * math.sqrt(0.7 * 0.3 / 100)
    assert found.value == pytest.approx(0.7)
    assert found.low == pytest.approx(0.7 - error, abs=0.02) and found.high == pytest.approx(0.7 + error, abs=0.02)
    assert bootstrap(values) == found
    plain = np.random.default_rng(1)
    means = [plain.choice(values, 100).mean() for _ in range(2000)]
    assert found.low == pytest.approx(np.percentile(means, 2.5), abs=0.02)


def test_the_reference_is_computed_once(tmp_path: Path) -> None:
    model = plm()
    rows = lay_out(model, PAIRS[:6], context=64, as_chat=False)
    path = tmp_path / "values.json"
    calls: list[Any] = []
    model.network.register_forward_hook(lambda *given: calls.append(given))

    def values(rows: Rows = rows, pinned: str = "a") -> Any:
        return reference_of(model.network, rows, fill=0, words=300, device="cpu", path=path, pinned=pinned)

    first = values()
    assert len(calls) == 1 and first.shape == (2, 6) and np.array_equal(values(), first) and len(calls) == 1
    assert np.array_equal(values(pinned="b"), first) and len(calls) == 2
    path.write_text(path.read_text().replace("-", "-1", 1))
    assert np.array_equal(values(pinned="b"), first) and len(calls) == 3
    assert values(Rows(rows.rows[:5], 0, 0)).shape == (2, 5) and len(calls) == 4


def test_it_learns_to_prefer(tmp_path: Path) -> None:
    tuning = game(tmp_path)
    settings = Settings(steps=40, batch=8, validations=2, log_every=20, precision="float32", best_by="dpo_loss")
    outcome = Training(tuning, settings, tmp_path / "run", quiet=True).run()
    last = outcome.history[-1]
    assert last["validation/win_rate"] > 0.9 and last["validation/kl_per_token"] > 0
    assert last["validation/dpo_loss"] < 0.6 and last["dpo/accuracy"] > 0.9 and last["dpo/margin"] > 0
    assert "It learnt to prefer" in outcome.verdicts[0]
    assert all(not p.requires_grad or p.grad is None for p in tuning._reference.parameters())


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    settings = Settings(steps=8, batch=4, validations=2, log_every=2, precision="float32", best_by="dpo_loss")
    ends = []
    for name, stop in (("whole", 0), ("stopped", 5)):
        tuning = game(tmp_path, dropout=0.2)
        training = Training(tuning, settings, tmp_path / name, quiet=True)
        if stop:
            play, calls = tuning._loss, iter(range(1, stop + 1))

            def loss(pairs: Any, part: int, play: Any = play, calls: Any = calls, run: Any = training) -> Any:
                if next(calls) == 5:
                    run.stop()
                return play(pairs, part)

            tuning._loss = loss  # type: ignore[method-assign]
            assert not training.run().finished
            training = Training(game(tmp_path, dropout=0.2), settings, tmp_path / name, quiet=True)
        outcome = training.run(resume=bool(stop))
        ends.append(torch.cat([p.flatten() for p in outcome.average["model"].parameters()]))
    assert torch.equal(*ends)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs": 12.0, "win_rate_low": 1.0}, ["too few to tell"]),
        ({}, ["No difference is shown: of 50", "no difference is shown (change in points, 95 %: -5.0 to +9.0)"]),
        ({"win_rate_low": 0.52}, ["It learnt to prefer: of 50", "no difference is shown"]),
        ({"win_rate_low": 0.2, "win_rate_high": 0.4}, ["the wrong way", "no difference is shown"]),
        ({"likelier_change_low": 0.01}, ["No difference", "in 52.0% of them, before in 50.0% (change"]),
    ],
)
def test_verdicts(changes: dict[str, float], said: list[str]) -> None:
    found = {"pairs": 50.0, "win_rate": 0.56, "win_rate_low": 0.42, "win_rate_high": 0.7, "likelier": 0.52}
    found |= {"likelier_before": 0.5, "likelier_change_low": -0.05, "likelier_change_high": 0.09}
    verdict = preference_verdict(found | changes)
    assert len(verdict) == len(said) and all(part in sentence for part, sentence in zip(said, verdict, strict=True))


def test_without_held_out_pairs_nothing_is_claimed(tmp_path: Path) -> None:
    tuning = game(tmp_path)
    tuning._held_out = ()
    assert tuning.validate({"model": tuning._network}) == {} and tuning.verdict([]) == []
