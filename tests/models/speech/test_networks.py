"""Shapes, the flow's way back, formulas by hand, pulses, pitch, and gradients that reach every part."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from speechmodels import NARROW, RATE, TEXTS, spoken

from luokuan.models.speech import objective
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.learning import SpeechLearning, SpeechSettings
from luokuan.models.speech.material import Line, batch_of, median_hertz, trimmed
from luokuan.models.speech.networks import Voice, log_likelihood, mask_of, part_of, spread
from luokuan.models.speech.phonemes import SYMBOLS, read
from luokuan.models.speech.pitch import track
from luokuan.models.speech.source import pulses
from luokuan.models.speech.speaking import speak, whole_frames


def line(text: str, config: SpeechConfig = NARROW) -> Line:
    samples = trimmed(spoken(text), config)
    mel = Voice(config).mel(torch.from_numpy(samples)[None])[0].detach().numpy()
    return Line(text, read(text), samples, track(samples, RATE, config.hop), mel)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [line(text) for text in TEXTS[:4]]


def test_text_is_read_as_sounds_with_stress() -> None:
    found = read("Dr. Lee owns 3 cats, doesn't she?")
    assert found.symbols[0] == found.symbols[-1] == "_" and found.symbols[-2] == "?" and "," in found.symbols
    assert [word.text for word in found.words] == ["Dr", "Lee", "owns", "3", "cats", "doesn't", "she"]
    three = found.words[3]
    assert found.symbols[three.start : three.stop] == ("θ", "ɹ", "i") and found.stresses[three.start + 2] == 2
    assert set(found.symbols) <= set(SYMBOLS)
    ids, stresses = found.ids(SYMBOLS)
    assert len(ids) == len(stresses) and ids[0] == 0 and max(ids) < len(SYMBOLS)
    assert read("…?!").sounds == 0 and read("").symbols == ("_", "_")


def test_a_flow_goes_back_to_where_it_came_from() -> None:
    torch.manual_seed(0)
    flow = Voice(NARROW).flow
    for coupling in flow.couplings:
        torch.nn.init.normal_(coupling.out.weight)
    mask = mask_of(torch.tensor([5, 9]), 9)
    z, told = torch.randn(2, 9, NARROW.latent) * mask.transpose(1, 2), torch.randn(2, 9, NARROW.width)
    there = flow(z, told, mask)
    assert (there - z).abs().max() > 0.1
    assert torch.allclose(flow.back(there, told, mask), z, atol=1e-4)
    # Its volume stays: |det| of the first item's first frames is 1.
    one = torch.randn(1, 3, NARROW.latent)
    jacobian = torch.autograd.functional.jacobian(lambda x: flow(x, told[:1, :3], torch.ones(1, 1, 3)), one)
    assert torch.det(jacobian.reshape(12, 12)).abs().item() == pytest.approx(1, abs=1e-3)


def test_the_sampled_kl_is_that_of_two_gaussians() -> None:
    torch.manual_seed(0)
    mean, deviation, prior_mean, prior_deviation = 0.3, -0.5, -0.2, 0.4
    shape = (64, 500, 1)
    u = mean + math.exp(deviation) * torch.randn(shape)
    full = [torch.full(shape, value) for value in (deviation, prior_mean, prior_deviation)]
    mask = torch.ones(shape)
    mask[:, 400:] = 0
    found = objective.kl_sampled(u, full[0], full[1], full[2], mask)
    exact = (
        prior_deviation - deviation - 0.5
        + 0.5 * (math.exp(2 * deviation) + (mean - prior_mean) ** 2) / math.exp(2 * prior_deviation)
    )  # fmt: skip
    assert found.item() == pytest.approx(exact, abs=0.01)


def test_losses_by_hand() -> None:
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    counts = torch.tensor([[2, 4, 7]])
    predicted = torch.log(torch.tensor([[2.0, 8.0, 1.0]]))
    assert objective.duration_loss(predicted, counts, mask).item() == pytest.approx(math.log(2) ** 2 / 2)
    hertz = torch.tensor([[200.0, 0.0, 0.0]])
    found = objective.pitch_loss(torch.tensor([[0.5, 9.0, 9.0]]), torch.zeros(1, 3), hertz, 100.0, mask)
    assert found.item() == pytest.approx(10 * 0.5 + math.log(2), abs=1e-5)
    mel, means = torch.randn(1, 3, 4), torch.randn(1, 2, 4)
    exact = -0.5 * (mel[0, 2] - means[0, 1]).square().sum()
    assert torch.allclose(log_likelihood(mel, means)[0, 2, 1], exact, atol=1e-5)
    assert objective.prior_loss(mel, mel + 2, torch.ones(1, 3, 1)).item() == pytest.approx(2, abs=1e-5)


def test_frames_know_their_tokens() -> None:
    index, place = spread(torch.tensor([[2, 3], [1, 0]]), 6)
    assert index[0, :5].tolist() == [0, 0, 1, 1, 1] and index[1, 0] == 0
    assert place[0, :5, 0].tolist() == pytest.approx([0.25, 0.75, 1 / 6, 0.5, 5 / 6])
    part = part_of(torch.arange(8.0).view(2, 4), torch.tensor([1, 3]), 3)
    assert part.tolist() == [[1, 2, 3], [7, 0, 0]]
    counts = whole_frames(np.log(np.array([2.4, 2.4, 0.2])), 1.0)
    assert counts.tolist() == [2, 3, 1] and whole_frames(np.log(np.array([8.0, 4.0])), 2.0).tolist() == [4, 2]


def test_pulses_have_the_pitch_that_is_asked_for() -> None:
    hertz = torch.full((1, 100), 200.0)
    hertz[:, 60:] = 0
    wave = pulses(hertz, 128, RATE, torch.zeros(1))[0].numpy()
    assert np.abs(wave[61 * 128 :]).max() == 0 and wave[: 50 * 128].std() == pytest.approx(1, abs=0.1)
    spectrum = np.abs(np.fft.rfft(wave[: 50 * 128]))  # 2.5 Hz a bin
    peaks = spectrum[80::80][:38]
    assert (peaks > 20 * np.median(spectrum)).all() and peaks.std() < 0.1 * peaks.mean()
    assert np.isfinite(pulses(torch.zeros(2, 3), 128, RATE, torch.rand(2)).numpy()).all()


def test_pitch_is_found_where_there_is_one() -> None:
    time = np.arange(RATE) / RATE
    hertz = 140 + 60 * time
    phase = np.cumsum(hertz) / RATE
    tone = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 20))
    wave = np.concatenate([0.01 * np.random.default_rng(0).standard_normal(RATE // 2), 0.2 * tone]).astype(np.float32)
    found = track(wave, RATE, 160)
    assert (found[:48] == 0).mean() > 0.9
    middle = found[60:140]
    expected = 140 + 60 * ((np.arange(60, 140) + 0.5) * 160 / RATE - 0.5)
    assert (middle > 0).all() and np.abs(middle / expected - 1).max() < 0.03
    assert track(np.zeros(1600, np.float32), RATE, 160).tolist() == [0] * 10


def test_every_part_learns_and_speaks(lines: list[Line]) -> None:
    learning = SpeechLearning(NARROW, SpeechSettings(adversary_from=0.0), lines, held_out=[])
    batch = learning.batch(np.arange(4))
    phases = list(learning.phases(5, 10))
    assert [phase.name for phase in phases] == ["voice", "adversary"]
    for phase in phases:
        loss, figures = phase.loss(batch, 0)
        loss.backward()
        assert math.isfinite(loss.item()) and figures
    for module in learning.modules().values():
        dead = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        # What only feeds an output that begins at zero waits for it.
        assert all("couplings" in name for name in dead), dead
    voice = learning.voice.eval()
    made = speak(voice, lines[0].reading, seed=1)
    assert len(made.samples) == made.counts.sum() * NARROW.hop and np.isfinite(made.samples).all()
    assert np.array_equal(made.samples, speak(voice, lines[0].reading, seed=1).samples)
    slow = speak(voice, lines[0].reading, rate=0.5)
    assert len(slow.samples) > 1.7 * len(made.samples)


def test_shares_are_dropped_while_it_learns_alone(lines: list[Line]) -> None:
    batch = batch_of(lines, NARROW)
    tokens, frames = mask_of(batch.tokens, batch.symbols.shape[1]), mask_of(batch.frames, batch.mel.shape[1])
    counts = torch.ones_like(batch.symbols)

    def heard(voice: Voice) -> tuple[torch.Tensor, ...]:
        h, means, longs = voice.text(batch.symbols, batch.stresses, tokens)
        return means, longs, voice.prior(h, counts, frames)[1]

    def differ(dropout: float, length_dropout: float) -> list[bool]:
        voice = Voice(NARROW, dropout, length_dropout)
        assert all(torch.equal(one, other) for one, other in zip(heard(voice.eval()), heard(voice), strict=True))
        voice.train()
        return [not torch.equal(one, other) for one, other in zip(heard(voice), heard(voice), strict=True)]

    assert differ(0.5, 0.5) == differ(0.5, 0.0) == [True, True, True]
    assert differ(0.0, 0.5) == [False, True, False], "lengths leave the rest alone"
    assert differ(0.0, 0.0) == [False, False, False]


def test_what_is_padded_changes_nothing(lines: list[Line]) -> None:
    torch.manual_seed(0)
    voice = Voice(NARROW).eval()

    def text_of(chosen: list[Line]) -> torch.Tensor:
        batch = batch_of(chosen, NARROW)
        found: torch.Tensor = voice.text(batch.symbols, batch.stresses, mask_of(batch.tokens, batch.symbols.shape[1]))[
            1
        ]
        return found[0, : len(chosen[0].reading.symbols)]

    longer = line("Some men own a new horse.")
    assert len(longer.reading.symbols) > len(lines[0].reading.symbols)
    alone, together = text_of(lines[:1]), text_of([lines[0], longer])
    assert torch.allclose(alone, together, atol=1e-5)
    assert 100 < median_hertz(lines) < 190


def test_configs_are_checked() -> None:
    for wrong in ({"latent": 3}, {"hop": 100, "fft": 300}, {"symbols": ("a", "a")}, {"flows": 0}, {"hertz": 3.0},
                  {"width": 4}, {"family": "sound"}, {"mels": 2}):  # fmt: skip
        with pytest.raises(ValueError):
            SpeechConfig(**wrong)  # type: ignore[arg-type]
