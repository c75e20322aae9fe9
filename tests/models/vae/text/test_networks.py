"""The decoder sees no future, the encoder no filling; the cache changes nothing; z reaches every place."""

from __future__ import annotations

import pytest
import torch
from textvaes import awake, preset, tiny

from luokuan.models.vae.text.config import TextVaeConfig
from luokuan.models.vae.text.material import log_given, log_given_draws, padded
from luokuan.models.vae.text.networks import TextVaeNetwork

ROWS = [(3, 4, 5), (7, 8, 9, 10, 11, 3), (6,)]


@pytest.fixture
def network() -> TextVaeNetwork:
    return awake(TextVaeNetwork(tiny(20)))


def test_no_token_sees_the_future_and_z_is_seen_everywhere(network: TextVaeNetwork) -> None:
    tokens = torch.tensor([[0, 3, 4, 5, 6]])
    z = torch.randn(1, 4)
    with torch.no_grad():
        before = network.decode(tokens, z)
        other = tokens.clone()
        other[0, 3] = 9
        after = network.decode(other, z)
        moved = network.decode(tokens, z + 1)
    assert torch.equal(before[:, :3], after[:, :3]) and not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-3)
    assert bool(((moved - before).abs().amax(dim=2) > 1e-3).all())
    assert before.shape == (1, 5, 64)


def test_the_cache_changes_nothing(network: TextVaeNetwork) -> None:
    tokens, z = torch.tensor([[0, 3, 4, 5], [0, 9, 9, 1]]), torch.randn(2, 4)
    with torch.no_grad():
        whole = network.decode(tokens, z)
        cache: list = []
        steps = [network.decode(tokens[:, place : place + 1], z, cache) for place in range(4)]
    assert torch.allclose(torch.cat(steps, dim=1), whole, atol=1e-5)


def test_filling_has_no_say(network: TextVaeNetwork) -> None:
    together, alone = padded(ROWS, end=0), padded(ROWS[:1], end=0)
    assert together.inputs.shape == (3, 8) and alone.inputs.shape == (1, 4)
    with torch.no_grad():
        many, one = network.encode(together.targets, together.seen), network.encode(alone.targets, alone.seen)
        assert all(torch.allclose(m[:1], o, atol=1e-5) for m, o in zip(many, one, strict=True))
        z = torch.randn(3, 4)
        fitted = log_given(network, together, z)
        assert torch.allclose(fitted[:1], log_given(network, alone, z[:1]), atol=1e-4)
        draws = torch.stack([z, z + 1])
        assert torch.allclose(log_given_draws(network, together, draws)[0], fitted, atol=1e-4)


def test_a_language_model_is_the_same_without_z() -> None:
    shape = tiny(20, latent=0, encoder=0)
    network = awake(TextVaeNetwork(shape))
    part = padded(ROWS, end=0)
    with torch.no_grad():
        assert bool((log_given(network, part, None) < 0).all())
    with_z = TextVaeNetwork(tiny(20))
    own = {name for name, _p in network.named_parameters()}
    assert own < {name for name, _p in with_z.named_parameters()}


def test_a_reset_decoder_leaves_embedding_and_encoder(network: TextVaeNetwork) -> None:
    before = {name: p.clone() for name, p in network.named_parameters()}
    network.reset(decoder=True)
    same = {name for name, p in network.named_parameters() if torch.equal(p, before[name])}
    assert same == {n for n in before if n.startswith(("embedding", "encoder", "moments"))}
    assert len(network.decoder_parameters()) == len(before) - len(same)


def test_the_preset_fits_into_six_megabytes() -> None:
    for tokens in (4096, 5300):
        assert 2 * sum(p.numel() for p in TextVaeNetwork(preset(tokens=tokens)).parameters()) < 6_000_000
    assert preset(sentences=20).components == 2 and preset(sentences=3).components == 1


@pytest.mark.parametrize(
    "wrong", [{"kind": "image"}, {"latent": 0}, {"heads": 3}, {"items": "words"}, {"end": 20}, {"context": 3}]
)
def test_wrong_shapes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"lie in|lies in|one of|kind text"):
        TextVaeConfig(**{**tiny(20).to_json(), **wrong})
