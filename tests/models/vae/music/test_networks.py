"""The networks: nothing sees what it mustn't, and a frame's probabilities sum to one."""

from __future__ import annotations

import itertools

import pytest
import torch
from scores_for_tests import stirred, tiny_config

from luokuan.models.vae.music import encodings, networks
from luokuan.models.vae.music.encodings import HOLD, REST, START
from luokuan.models.vae.music.networks import Decoder, Encoder, by_segment, hidden, shifted


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(1)
    return stirred(Decoder(tiny_config())).eval()


def some_frames(count: int = 2, length: int = 32) -> torch.Tensor:
    rng = torch.Generator().manual_seed(2)
    rows = torch.randint(40, 90, (count, length, 4), generator=rng).tolist()
    return torch.tensor([[encodings.canonical(frame) for frame in piece] for piece in rows])


@torch.no_grad()
def test_the_trunk_knows_no_future(decoder: Decoder) -> None:
    frames, shift = some_frames(), torch.zeros(2, dtype=torch.int64)
    other = frames.clone()
    other[:, 20:] = torch.tensor(encodings.canonical([50, 60]))
    ones, others = (decoder.read(shifted(rows), shift) for rows in (frames, other))
    assert torch.allclose(ones[:, :21], others[:, :21], atol=1e-6)
    assert not torch.allclose(ones[:, 21:], others[:, 21:], atol=1e-3)


@torch.no_grad()
def test_a_segment_knows_its_own_latent_alone(decoder: Decoder) -> None:
    frames, shift = some_frames(), torch.zeros(2, dtype=torch.int64)
    before = shifted(frames)
    states = by_segment(decoder.read(before, shift), 16)
    z = torch.randn(4, 4)
    changed = z.clone()
    changed[0] += 1
    rows = [decoder.likelihood(states, one, by_segment(frames, 16), by_segment(before, 16)) for one in (z, changed)]
    assert not torch.allclose(rows[0][0], rows[1][0], atol=1e-3)
    assert torch.equal(rows[0][1:], rows[1][1:])


@torch.no_grad()
def test_probabilities_of_all_sets_sum_to_one(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "KEYS", (60, 66))
    spellings = torch.tensor(list(itertools.product([*range(60, 67), REST], repeat=4)))
    before = torch.full_like(spellings, START)
    h = torch.randn(1, 16).expand(len(spellings), -1)
    nats = decoder.heads(h, spellings, before).double().sum(dim=1)
    assert abs(float(nats.exp().sum()) - 1) < 1e-5


@torch.no_grad()
def test_probabilities_of_a_voice_sum_to_one() -> None:
    config = tiny_config(encoding="melody", grid="sixteenth", attributes=())
    decoder = stirred(Decoder(config)).eval()
    for last in (START, REST, 60, HOLD):
        symbols = torch.arange(encodings.SYMBOLS)[:, None]
        nats = decoder.heads(torch.ones(len(symbols), 16), symbols, torch.full_like(symbols, last)).double()
        assert abs(float(nats.exp().sum()) - 1) < 1e-5


@torch.no_grad()
def test_the_encoder_pools_real_frames_alone() -> None:
    encoder = Encoder(tiny_config()).eval()
    frames = some_frames(1, 16)
    seen = torch.arange(16)[None] < 10
    other = frames.clone()
    other[:, 10:] = REST
    shift = torch.zeros(1, dtype=torch.int64)
    ones, others = encoder(frames, seen, shift), encoder(other, seen, shift)
    assert torch.allclose(ones[0], others[0], atol=1e-5) and torch.allclose(ones[1], others[1], atol=1e-5)


def test_the_prior_begins_as_standard() -> None:
    mean, spread = Decoder(tiny_config()).expected(torch.randn(5, 16))
    assert not mean.any() and not spread.any() and mean.shape == (5, 4)


def test_hidden_frames_are_hidden_whole() -> None:
    before = some_frames(3, 64)
    found = hidden(before, torch.tensor([0.0, 0.5, 1.0]))
    gone = found == networks.HIDDEN
    assert not gone[0].any() and gone[2].all() and 10 < int(gone[1].all(dim=1).sum()) < 54
    assert torch.equal(gone.all(dim=2), gone.any(dim=2))
