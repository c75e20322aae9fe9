"""The recipe against collapse: an autoencoder, a new decoder, β with free bits; and what it does to toy sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from textvaes import sentences, tiny

from luokuan.foundation.corpus.sentences import Sentence
from luokuan.foundation.training import Outcome, Settings, Training
from luokuan.models.plm import tokenizers
from luokuan.models.vae import elbo
from luokuan.models.vae.text.learning import TextVaeLearning, TextVaeSettings, posteriors
from luokuan.models.vae.text.material import dropped, lay_out, log_given


def learning(seed: int = 0, **settings: Any) -> TextVaeLearning:
    texts = sentences()
    tokenizer = tokenizers.build("bpe", texts, vocabulary=300)
    rows = lay_out(tokenizer, [Sentence(text) for text in texts], context=48).rows
    config = tiny(tokenizers.size(tokenizer), width=32)
    values = {"rate": 1e-2, "muon": 2.0, "free_bits": 2.0, "dropout": 0.0, **settings}
    train, held = [r for n, r in enumerate(rows) if n % 8], rows[::8]
    spell = tokenizer.decode
    return TextVaeLearning(config, TextVaeSettings(**values), train, held_out=held, spell=spell, seed=seed)


def play(place: Path, game: TextVaeLearning, steps: int, *, resume: bool = False, stop: int | None = None) -> Outcome:
    settings = Settings(steps, 32, log_every=max(steps // 8, 1), validations=4, best_by="bound_nats")
    training = Training(game, settings, place, quiet=True)
    if stop is not None:
        plain = game.phases

        def phases(step: int, whole: int) -> Any:
            if step == stop:
                training.stop()
            return plain(step, whole)

        game.phases = phases  # type: ignore[method-assign]
    return training.run(resume=resume)


def test_it_learns_and_its_latents_stay_in_use(tmp_path: Path) -> None:
    game = learning()
    outcome = play(tmp_path / "run", game, 160)
    seen = [row for row in outcome.history if "validation/kl_nats" in row]
    assert seen[-1]["validation/bound_nats"] < 0.6 * seen[0]["validation/bound_nats"]
    assert seen[-1]["validation/kl_nats"] > 1 and seen[-1]["validation/active_units"] >= 3
    # One draw of the ELBO against a bound with many: equal at best.
    assert seen[-1]["validation/importance_nats"] < seen[-1]["validation/bound_nats"] + 1
    assert outcome.verdicts and not any("collapse" in sentence for sentence in outcome.verdicts)
    text = next(iter(sorted((tmp_path / "run/previews").iterdir(), reverse=True))).read_text(encoding="utf-8")
    assert len(text.split("\n")) == 2 * 6 + 1 + 7 + 1 + 6


def test_the_parts_of_a_run() -> None:
    game = learning(autoencoder=0.2, rising=0.3, word_dropout=0.4)
    assert game.turn(100) == 20
    betas = [game.weight(step, 100) for step in (0, 19, 20, 35, 50, 99)]
    assert betas == pytest.approx([0, 0, 0, 0.5, 1, 1])
    shares = [game.hidden_words(step, 100) for step in (0, 19, 20, 49, 60, 67, 99)]
    assert shares[:2] == [0, 0] and shares[2:4] == pytest.approx([0.4, 0.4]) and 0 < shares[4] < 0.4
    assert shares[5:] == [0, 0]
    waves = learning(autoencoder=0.2, schedule="cyclical")
    assert [waves.weight(step, 100) for step in (20, 25, 30, 39, 40)] == pytest.approx([0, 0.5, 1, 1, 0])
    assert learning(autoencoder=0.0).weight(0, 100) == 0 and learning(autoencoder=0.0).turn(100) == 0


def test_the_loss_is_the_elbo_with_free_bits_a_token() -> None:
    game = learning(word_dropout=0.0)
    groups = game.batch(np.arange(70))
    assert [len(group.inputs) for group in groups] == [64, 6]
    (phase,) = game.phases(99, 100)
    torch.manual_seed(0)
    loss, figures = phase.loss(groups, 0)
    torch.manual_seed(0)
    total, tokens, rates = 0.0, 0, []
    with torch.no_grad():
        for part in groups:
            mean, log_variance = game.network.encode(part.targets, part.seen)
            total -= float(log_given(game.network, part, elbo.draw(mean, log_variance)).sum())
            rates.append(elbo.kl_to_standard(mean, log_variance))
            tokens += part.tokens
    total += 70 * float(torch.cat(rates).mean(dim=0).clamp_min(0.5).sum())  # 2 nats in four parts
    assert loss.item() == pytest.approx(total / tokens, rel=1e-4)
    assert figures["beta"] == 1 and figures["hidden_words"] == 0


def test_the_autoencoder_has_no_noise_and_no_kl() -> None:
    game = learning()
    groups = game.batch(np.arange(8))
    (phase,) = game.phases(0, 100)
    torch.manual_seed(0)
    one = phase.loss(groups, 0)[0]
    torch.manual_seed(1)
    assert torch.equal(one, phase.loss(groups, 0)[0])
    one.backward()
    grown = game.network.moments.bias.grad
    # The bias's lower half are log variances.
    assert bool((grown[4:] == 0).all()) and bool((grown[:4] != 0).all())


def test_the_decoder_begins_anew_once() -> None:
    game = learning(autoencoder=0.5)
    training = Training(game, Settings(8, 16), Path("unused"), quiet=True)
    for step in range(4):
        training.step(step)
    before = {name: p.clone() for name, p in game.network.named_parameters()}
    states = len(game.optimisers()["muon"].state) + len(game.optimisers()["adam"].state)
    list(game.phases(4, 8))
    changed = {name for name, p in game.network.named_parameters() if not torch.equal(p, before[name])}
    assert changed and all(name.startswith(("decoder", "inject")) for name in changed)
    left = len(game.optimisers()["muon"].state) + len(game.optimisers()["adam"].state)
    assert left == states - len(game.network.decoder_parameters())
    list(game.phases(5, 8))
    assert {n for n, p in game.network.named_parameters() if not torch.equal(p, before[n])} == changed


@pytest.mark.parametrize("stop", [2, 3, 7])
def test_resume_equals_an_uninterrupted_run_across_the_turn(tmp_path: Path, stop: int) -> None:
    whole = play(tmp_path / "whole", learning(autoencoder=0.3, dropout=0.1), 10)
    assert not play(tmp_path / "cut", learning(autoencoder=0.3, dropout=0.1), 10, stop=stop).finished
    cut = play(tmp_path / "cut", learning(autoencoder=0.3, dropout=0.1), 10, resume=True)
    one, two = (outcome.average["vae"].state_dict() for outcome in (whole, cut))
    assert cut.finished and all(torch.equal(one[key], two[key]) for key in one)


def test_dropped_words_keep_the_beginning() -> None:
    torch.manual_seed(0)
    inputs = torch.arange(200).view(10, 20)
    found = dropped(inputs, 0.5, 999)
    assert torch.equal(found[:, 0], inputs[:, 0]) and 60 < int((found == 999).sum()) < 130
    assert dropped(inputs, 0.0, 999) is inputs


def test_posteriors_keep_their_order() -> None:
    game = learning()
    rows = [(5, 6, 7), (5,), (8, 9, 10, 11), (5, 6, 7)]
    mean, _log_variance = posteriors(game.network, rows)
    assert torch.allclose(mean[0], mean[3], atol=1e-5) and torch.allclose(
        mean[1:2], posteriors(game.network, rows[1:2])[0], atol=1e-5
    )


def test_without_held_out_sentences_nothing_is_claimed() -> None:
    game = learning()
    game.held_out = ()
    assert game.validate({"vae": game.network}) == {} and game.verdict([{}]) == []
