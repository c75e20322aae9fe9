"""A trained codec: strict loading, pictures to latents or tokens and back, export."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import channels_last, machine
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.codec.bottleneck import Bottleneck, Gaussian, Quantiser, bottleneck
from luokuan.models.codec.config import FACTOR, CodecConfig
from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.codec.networks import Decoder, Encoder

STORED = "float16"
CHUNK = 16
"""Pictures computed together, always: with one shape of product, item i's bits don't depend on the count."""


def weights_of(encoder: nn.Module, decoder: nn.Module, moments: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """Tensors as they are stored: ``encoder.*`` and ``decoder.*`` in float16, ``latent.mean`` and ``latent.std`` of
    each channel, (C,), in float32."""
    named = {f"encoder.{k}": v for k, v in encoder.state_dict().items()}
    named |= {f"decoder.{k}": v for k, v in decoder.state_dict().items()}
    stored = {name: value.detach().cpu().half().contiguous() for name, value in named.items()}
    mean, std = moments
    return stored | {"latent.mean": mean.float().cpu(), "latent.std": std.float().cpu()}


def expected_tensors(config: CodecConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        weights = {
            **{f"encoder.{k}": v for k, v in Encoder(config).state_dict().items()},
            **{f"decoder.{k}": v for k, v in Decoder(config).state_dict().items()},
        }
    shapes = {name: (tuple(value.shape), STORED) for name, value in weights.items()}
    channels = (config.latent_channels,)
    return shapes | {"latent.mean": (channels, "float32"), "latent.std": (channels, "float32")}


def latent_moments(
    encoder: nn.Module, neck: Bottleneck, pictures: NDArray[np.uint8], device: str
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each latent channel over ``pictures`` (N, H, W, 3): (C,) each, float64 sums."""
    total = squares = torch.zeros(())
    count = 0
    for start in range(0, len(pictures), 64):
        x = to_points(torch.from_numpy(np.array(pictures[start : start + 64])).to(device))
        z = neck.latents(encoder(x)).double()  # (B, C, h, w)
        total = total + z.sum(dim=(0, 2, 3))
        squares = squares + z.square().sum(dim=(0, 2, 3))
        count += z.shape[0] * z.shape[2] * z.shape[3]
    mean = total / count
    return mean.float(), (squares / count - mean.square()).clamp_min(1e-12).sqrt().float()


class Codec:
    """Pictures of any size whose sides are multiples of 8 to latents and back.

    Runs in float32, so that equal pictures give equal latents on CPUs with and without bfloat16. Latents are given
    normalised: each channel with mean 0 and standard deviation 1 over the codec's own training pictures.
    """

    def __init__(
        self,
        folder: ModelFolder,
        config: CodecConfig,
        encoder: Encoder,
        decoder: Decoder,
        moments: tuple[Tensor, Tensor],
    ) -> None:
        self.folder, self.config = folder, config
        self.device = machine().device
        self.encoder = channels_last(encoder.eval().requires_grad_(False).to(self.device))
        self.decoder = channels_last(decoder.eval().requires_grad_(False).to(self.device))
        self.bottleneck: Gaussian | Quantiser = bottleneck(config).to(self.device)
        self._mean, self._std = (values.to(self.device).view(1, -1, 1, 1) for values in moments)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Codec:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(CodecConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        good = all(bool(torch.isfinite(value).all()) for value in tensors.values())
        if not good or not bool((tensors["latent.std"] > 0).all()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        encoder, decoder = Encoder(config), Decoder(config)
        for prefix, module in (("encoder.", encoder), ("decoder.", decoder)):
            part = {k[len(prefix) :]: v.float() for k, v in tensors.items() if k.startswith(prefix)}
            module.load_state_dict(part, strict=True)
        return cls(folder, config, encoder, decoder, (tensors["latent.mean"], tensors["latent.std"]))

    @property
    def channels(self) -> int:
        """Channels C of a latent cell."""
        return self.config.latent_channels

    @property
    def token_levels(self) -> tuple[int, ...]:
        """Levels of each channel's tokens; empty for a codec without tokens."""
        return self.config.levels

    def _points(self, pictures: NDArray[np.uint8]) -> Iterator[tuple[Tensor, int]]:
        height, width = pictures.shape[1:3]
        if pictures.dtype != np.uint8 or height % FACTOR or width % FACTOR or not height or not width:
            raise ValueError(f"pictures are uint8 with sides that are multiples of {FACTOR}")
        for start in range(0, len(pictures), CHUNK):
            piece = torch.from_numpy(np.array(pictures[start : start + CHUNK]))
            missing = CHUNK - len(piece)
            full = torch.cat([piece, piece.new_zeros(missing, *piece.shape[1:])])
            yield to_points(full.to(self.device)), len(piece)

    @torch.no_grad()
    def encode(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Pictures uint8 (N, H, W, 3) to normalised latents, float32 (N, C, H/8, W/8), on the CPU.

        Raises:
            ValueError: a side is no multiple of 8.
        """
        found = [
            self._normalised(self.bottleneck.latents(self.encoder(x)))[:n].cpu() for x, n in self._points(pictures)
        ]
        return torch.cat(found)

    def _normalised(self, latents: Tensor) -> Tensor:
        return (latents - self._mean) / self._std

    @torch.no_grad()
    def decode(self, latents: Tensor) -> NDArray[np.uint8]:
        """Normalised latents (N, C, h, w) to pictures, uint8 (N, 8h, 8w, 3); a token codec rounds them first."""
        pieces = []
        for start in range(0, len(latents), CHUNK):
            piece = latents[start : start + CHUNK].to(self.device, torch.float32)
            full = torch.cat([piece, piece.new_zeros(CHUNK - len(piece), *piece.shape[1:])])
            made = self.decoder(self.bottleneck.settle(full * self._std + self._mean))
            pieces.append(to_pictures(made)[: len(piece)].cpu().numpy())
        return np.concatenate(pieces)

    def reconstruct(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """There and back: uint8 (N, H, W, 3), same shape."""
        return self.decode(self.encode(pictures))

    @torch.no_grad()
    def tokens(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Pictures uint8 (N, H, W, 3) to tokens, int64 (N, C, H/8, W/8), channel c in 0 … ``token_levels[c]`` - 1.

        Raises:
            UserError: this codec has no tokens.
            ValueError: a side is no multiple of 8.
        """
        quantiser = self._quantiser()
        return torch.cat(
            [quantiser.tokens(quantiser.latents(self.encoder(x)))[:n].cpu() for x, n in self._points(pictures)]
        )

    def from_tokens(self, tokens: Tensor) -> NDArray[np.uint8]:
        """Tokens (N, C, h, w) to pictures, uint8 (N, 8h, 8w, 3).

        Raises:
            UserError: this codec has no tokens.
        """
        return self.decode(self._normalised(self._quantiser().from_tokens(tokens.to(self.device))))

    def _quantiser(self) -> Quantiser:
        if not isinstance(self.bottleneck, Quantiser):
            raise UserError(
                _("The codec '{name}' has continuous latents and no tokens.", name=self.folder.name),
                _("Train one with `luokuan train codec --bottleneck fsq`."),
                code="codec.no_tokens",
            )
        return self.bottleneck

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """For ONNX: (module, example inputs, input names, output names).

        The module maps normalised latents float32 (N, C, h, w) to pictures float32 (N, 3, 8h, 8w), -1 to 1."""
        module = _Exported(
            copy.deepcopy(self.decoder).cpu(),
            copy.deepcopy(self.bottleneck).cpu(),
            self._mean.cpu().clone(),
            self._std.cpu().clone(),
        )
        stream = torch.Generator().manual_seed(0)
        return module, (torch.randn(2, self.channels, 8, 8, generator=stream),), ["latents"], ["pictures"]


class _Exported(nn.Module):
    def __init__(self, decoder: nn.Module, neck: Gaussian | Quantiser, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.decoder, self.neck = decoder, neck
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, *inputs: Tensor) -> Tensor:
        """Pictures clamped to -1..1, as a viewer expects them."""
        (latents,) = inputs
        points: Tensor = self.decoder(self.neck.settle(latents * self.std + self.mean))
        return points.clamp(-1, 1)
