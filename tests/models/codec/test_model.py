"""A codec loads strictly, and a picture's latents don't depend on its company."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from codecs_for_tests import GAUSSIAN, TOKENS, save_codec

from luokuan.errors import UserError
from luokuan.models.codec.config import CodecConfig
from luokuan.models.codec.model import Codec, latent_moments
from luokuan.models.registry import load_model, load_picture_model


@pytest.fixture(params=[TOKENS, GAUSSIAN], ids=["fsq", "kl"])
def codec(request: pytest.FixtureRequest, tmp_path: Path) -> Codec:
    save_codec(tmp_path / "codec", request.param)
    loaded = load_model(tmp_path / "codec")
    assert isinstance(loaded, Codec)
    return loaded


def pictures(count: int, height: int = 32, width: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def test_shapes_there_and_back(codec: Codec) -> None:
    latents = codec.encode(pictures(3, 32, 48))
    assert latents.shape == (3, codec.channels, 4, 6) and latents.dtype == torch.float32
    made = codec.decode(latents)
    assert made.shape == (3, 32, 48, 3) and made.dtype == np.uint8


def test_a_picture_does_not_depend_on_the_count(codec: Codec) -> None:
    many = pictures(19)
    latents = codec.encode(many)
    for count in (1, 5, 16, 17):
        assert torch.equal(codec.encode(many[:count]), latents[:count])
        assert np.array_equal(codec.decode(latents[:count]), codec.decode(latents)[:count])


def test_sides_must_be_multiples_of_eight(codec: Codec) -> None:
    for bad in (pictures(1, 30, 32), pictures(1).astype(np.float32), pictures(1)[:, :0]):
        with pytest.raises(ValueError, match="multiples of 8"):
            codec.encode(bad)


def test_tokens_give_the_same_picture_as_latents(tmp_path: Path) -> None:
    save_codec(tmp_path / "codec")
    codec = load_model(tmp_path / "codec")
    shown = pictures(4)
    tokens = codec.tokens(shown)
    assert tokens.shape == (4, 3, 4, 4)
    assert all(int(tokens[:, c].max()) < level for c, level in enumerate(codec.token_levels))
    assert np.array_equal(codec.from_tokens(tokens), codec.reconstruct(shown))


def test_continuous_codecs_have_no_tokens(tmp_path: Path) -> None:
    save_codec(tmp_path / "codec", GAUSSIAN)
    with pytest.raises(UserError, match="no tokens"):
        load_model(tmp_path / "codec").tokens(pictures(1))


def test_moments_over_the_training_pictures(codec: Codec) -> None:
    shown = pictures(70)
    mean, std = latent_moments(codec.encoder, codec.bottleneck, shown, codec.device)
    raw = codec.bottleneck.latents(codec.encoder(torch.from_numpy(shown).permute(0, 3, 1, 2).float() / 127.5 - 1))
    assert torch.allclose(mean, raw.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(std, raw.std(dim=(0, 2, 3), unbiased=False), atol=1e-4)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"levels": [8, 5]}, "levels"),
        ({"levels": [8, 5, 1]}, "levels"),
        ({"bottleneck": "vq"}, "bottleneck"),
        ({"decoder_widths": [16, 16]}, "decoder_widths"),
        ({"latent_channels": "3"}, "latent_channels"),
        ({"latent_channels": 2, "levels": [8, 5]}, "weights"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path: Path, change: dict[str, object], what: str) -> None:
    folder = save_codec(tmp_path / "codec")
    (folder.path / "config.json").write_text(json.dumps(folder.config | change))
    with pytest.raises(UserError, match=what):
        load_model(folder.path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = save_codec(tmp_path / "codec")
    tensors = load_file(folder.path / "model.safetensors")
    tensors["latent.std"][0] = 0
    save_file(tensors, folder.path / "model.safetensors")
    with pytest.raises(UserError, match="finite"):
        load_model(folder.path)


def test_it_makes_no_pictures_by_itself(tmp_path: Path) -> None:
    folder = save_codec(tmp_path / "codec")
    with pytest.raises(UserError, match="no pictures by itself"):
        load_picture_model(folder.path)


def test_the_shipped_shape_fits_its_limit() -> None:
    from luokuan.models.codec.config import codec_config
    from luokuan.models.codec.networks import Decoder, Encoder

    config: CodecConfig = codec_config("fsq")
    count = sum(p.numel() for module in (Encoder(config), Decoder(config)) for p in module.parameters())
    assert 2 * count < 8_000_000
