"""The objective: its bounds agree with each other and with what can be counted by hand, and it learns."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scores_for_tests import CHORALES, stirred, tiny_config

from luokuan.foundation.corpus.scores import open_scores
from luokuan.foundation.training import Settings, Training
from luokuan.models.vae.music.bounds import LONGEST, cut, grouped, look, measured, terms, weigh
from luokuan.models.vae.music.encodings import ENCODINGS, REST
from luokuan.models.vae.music.learning import MusicLearning, MusicSettings
from luokuan.models.vae.music.material import frames_of
from luokuan.models.vae.music.networks import Decoder, Encoder

WAY = ENCODINGS["satb", "quarter"]
CORPUS = open_scores(CHORALES)
TRAIN, HELD = (frames_of(CORPUS.split(name), WAY).pieces for name in ("train", "validation"))


def networks() -> tuple[Encoder, Decoder]:
    torch.manual_seed(3)
    config = tiny_config()
    return Encoder(config).eval(), stirred(Decoder(config)).eval()


def plain_decoder() -> Decoder:
    torch.manual_seed(3)
    return stirred(Decoder(tiny_config(latent=0, attributes=()))).eval()


def test_groups_hold_each_piece_once_and_whole() -> None:
    groups = grouped(TRAIN, list(range(6)), 16, most=100)
    told = [int(shift) for group in groups for shift in group.shift]
    assert sorted(told) == list(range(6))
    for group in groups:
        assert group.frames.shape[1] % 16 == 0 and (len(group.frames) == 1 or group.frames[..., 0].numel() <= 100)
        for frames, seen, shift in zip(group.frames, group.seen, group.shift, strict=True):
            assert np.array_equal(frames[seen].numpy(), TRAIN[int(shift)]) and (frames[~seen] == REST).all()


def test_long_pieces_are_cut_at_ends_of_segments() -> None:
    parts = cut([np.zeros((2 * LONGEST + 7, 4), dtype=np.int64)], 16)
    assert [len(part) for part in parts] == [LONGEST, LONGEST, 7]


@torch.no_grad()
def test_filling_up_changes_no_likelihood() -> None:
    decoder = plain_decoder()
    alone = [float(terms(None, decoder, group).log_p.sum()) for p in TRAIN for group in grouped([p], [0], 16)]
    together = sum(float(terms(None, decoder, group).log_p.sum()) for group in grouped(TRAIN, [0] * 6, 16, most=10_000))
    assert together == pytest.approx(sum(alone), rel=1e-5)


@torch.no_grad()
def test_the_importance_bound_lies_above_the_elbo_and_converges() -> None:
    encoder, decoder = networks()
    (group,) = grouped(TRAIN[:2], [0, 0], 16)
    torch.manual_seed(0)
    bound, elbo = weigh(encoder, decoder, group, 64)
    found = terms(encoder, decoder, group)
    assert found.kl is not None
    once = float(found.log_p.sum() - found.kl.sum())
    assert bound > elbo and abs(once - elbo) < 0.2 * abs(elbo)
    more, _elbo = weigh(encoder, decoder, group, 256)
    assert more > bound - 1


@torch.no_grad()
def test_a_latent_that_is_not_read_makes_the_bound_exact() -> None:
    encoder, decoder = networks()
    decoder.join.weight.zero_()
    decoder.join.bias.zero_()
    encoder.moments.weight.zero_()  # q = N(0, I); and so is the prior, in its own measure
    encoder.moments.bias.zero_()
    decoder.prior.weight.zero_()
    decoder.prior.bias.zero_()
    (group,) = grouped(TRAIN[:1], [0], 16)
    bound, elbo = weigh(encoder, decoder, group, 3)
    exact = float(terms(None, decoder, group).log_p.sum())
    assert bound == pytest.approx(exact, rel=1e-5) and elbo == pytest.approx(exact, rel=1e-5)


@torch.no_grad()
def test_relative_moments_have_the_kl_to_the_prior() -> None:
    encoder, decoder = networks()
    (group,) = grouped(TRAIN[:1], [0], 16)
    found = look(encoder, decoder, group)
    ones = torch.distributions.Normal(found.mean, (0.5 * found.spread).exp())
    others = torch.distributions.Normal(found.expected, (0.5 * found.wide).exp())
    kl = terms(encoder, decoder, group).kl
    assert kl is not None and torch.allclose(torch.distributions.kl_divergence(ones, others)[found.real], kl, atol=1e-4)
    mean, _spread = found.relative
    assert torch.allclose(found.absolute(mean), found.mean, atol=1e-5)


def test_figures_are_by_frame_and_note() -> None:
    decoder = plain_decoder()
    found = measured(None, decoder, HELD, draws=1)
    assert found["frames"] == sum(map(len, HELD)) and found["notes"] == sum(int((p < REST).sum()) for p in HELD)
    assert found["nats_per_frame"] * found["frames"] == pytest.approx(found["nats_per_note"] * found["notes"])
    uniform = MusicLearning(tiny_config(latent=0, attributes=()), MusicSettings(), TRAIN).decoder.eval()
    found = measured(None, uniform, HELD, draws=1)
    # Heads begin at zero: all that is allowed is equally likely, at most 89 symbols a place.
    assert 1 < found["nats_per_frame"] < 4 * math.log(89)


def test_transposed_pieces_are_told_so() -> None:
    learning = MusicLearning(tiny_config(), MusicSettings(), TRAIN)
    torch.manual_seed(5)
    seen = set()
    for _round in range(5):
        for group in learning.batch(np.arange(6)):
            for frames, real, shift in zip(group.frames, group.seen, group.shift, strict=True):
                rows = frames[real].numpy()
                back = np.where(rows < REST, rows - int(shift), rows)
                assert any(np.array_equal(back, piece) for piece in TRAIN)
                seen.add(int(shift))
    assert len(seen) > 3
    plain = MusicLearning(tiny_config(), MusicSettings(transpose=False), TRAIN)
    assert all(not group.shift.any() for group in plain.batch(np.arange(6)))


@pytest.mark.parametrize("latent", [0, 4])
def test_it_learns(latent: int, tmp_path: Path) -> None:
    config = tiny_config(latent=latent, attributes=())
    learning = MusicLearning(config, MusicSettings(warm_up=2, dropout=0.0, hide=0.1), TRAIN, held_out=HELD)
    outcome = Training(learning, Settings(30, 6, best_by="nats_per_frame"), tmp_path, quiet=True).run()
    rows = [row["validation/nats_per_frame"] for row in outcome.history if "validation/nats_per_frame" in row]
    assert rows[-1] < rows[0] and outcome.verdicts
    if latent:
        assert "validation/active_units" in outcome.history[-1]
    picture = learning.preview(outcome.average)
    assert picture.pixels.shape[2] == 3 and picture.width > 300
