"""A trained upscaler: strict loading, pictures of any size made 2 or 4 times larger, export."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.errors import UserError
from luokuan.foundation.compute import channels_last, machine
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.upscaler.config import FACTOR, UpscalerConfig
from luokuan.models.upscaler.networks import UpscalerNetwork
from luokuan.models.upscaler.plain import check_factor

STORED = "float16"
TILE = 128
"""Largest side of what is enlarged at once, pixels: memory stays the same for pictures of any size."""


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Tensors as they are stored, in float16."""
    return {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}


def expected_tensors(config: UpscalerConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        weights = UpscalerNetwork(config).state_dict()
    return {name: (tuple(value.shape), STORED) for name, value in weights.items()}


class Enlarger:
    """A network at work on pictures of any size.

    A pixel depends on the ``reach`` pixels around its place alone. So pictures are cut into tiles with that margin, and
    come out as if they had been enlarged whole; beyond the picture its edge is repeated. Runs in float32, so that
    equal pictures give equal ones on CPUs with and without bfloat16.
    """

    def __init__(self, config: UpscalerConfig, weights: dict[str, Tensor]) -> None:
        self.config, self.device = config, machine().device
        network = UpscalerNetwork(config)
        network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=True)
        self.network = channels_last(network.eval().requires_grad_(False).to(self.device))

    @torch.no_grad()
    def double(self, pixels: NDArray[np.uint8], *, tile: int = TILE) -> NDArray[np.uint8]:
        """Twice the sides.

        Args:
            pixels: uint8 (H, W, 3).
            tile: Largest side of a tile, pixels.

        Returns:
            uint8 (2H, 2W, 3).
        """
        height, width = pixels.shape[:2]
        margin = self.config.reach
        # Tiles of one picture have one shape, so that each is computed in the same way; even shares waste least.
        rows, columns = (-(-side // -(-side // tile)) for side in (height, width))
        down, across = -(-height // rows), -(-width // columns)
        beyond = (margin, down * rows - height + margin), (margin, across * columns - width + margin), (0, 0)
        padded = np.pad(pixels, beyond, mode="edge")
        out = np.empty((FACTOR * down * rows, FACTOR * across * columns, 3), dtype=np.uint8)
        for top in range(0, down * rows, rows):
            for left in range(0, across * columns, columns):
                piece = padded[top : top + rows + 2 * margin, left : left + columns + 2 * margin]
                made = self.network(to_points(torch.from_numpy(piece[None].copy()).to(self.device)))
                inner = made[:, :, FACTOR * margin : -FACTOR * margin, FACTOR * margin : -FACTOR * margin]
                place = np.s_[FACTOR * top : FACTOR * (top + rows), FACTOR * left : FACTOR * (left + columns)]
                out[place] = to_pictures(inner)[0].cpu().numpy()
        return np.ascontiguousarray(out[: FACTOR * height, : FACTOR * width])


class Upscaler:
    """A loaded upscaler. Deterministic for (digest, picture, factor) on equal versions."""

    def __init__(self, folder: ModelFolder, config: UpscalerConfig, enlarger: Enlarger) -> None:
        self.folder, self.config, self.enlarger = folder, config, enlarger

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Upscaler:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(UpscalerConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        return cls(folder, config, Enlarger(config, tensors))

    def upscale(self, picture: Picture, factor: int = FACTOR) -> Picture:
        """Make a picture 2 or 4 times larger (4: twice 2).

        Grey pictures stay grey. Transparent ones are enlarged as they look on white, their alpha as a grey picture;
        opaque ones stay opaque.

        Args:
            picture: uint8 (H, W, 3|4), any size.
            factor: 2 or 4.

        Raises:
            UserError: another factor, or the result would have more than 64 million pixels.
        """
        check_factor(picture, factor)
        pixels = picture.pixels
        while factor > 1:
            pixels, factor = self._double(pixels), factor // FACTOR
        return Picture(pixels)

    def _double(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if pixels.shape[2] == 3:
            made = self.enlarger.double(pixels)
            grey = bool((pixels == pixels[:, :, :1]).all())
            return _grey(made).repeat(3, axis=2) if grey else made
        colours, alpha = pixels[:, :, :3], pixels[:, :, 3:]
        if bool((alpha == alpha[0, 0]).all()):
            tall = np.full((FACTOR * alpha.shape[0], FACTOR * alpha.shape[1], 1), alpha[0, 0], dtype=np.uint8)
            return np.concatenate([self._double(np.ascontiguousarray(colours)), tall], axis=2)
        share = alpha.astype(np.float64) / 255
        # What is invisible has no colour: on white it can't bleed into what is seen.
        shown = (share * colours + (1 - share) * 255).round().astype(np.uint8)
        tall = _grey(self.enlarger.double(alpha.repeat(3, axis=2)))
        seen, part = self._double(shown).astype(np.float64), tall.astype(np.float64) / 255
        bare = (seen - (1 - part) * 255) / np.maximum(part, 1 / 255)
        bare = np.where(tall == 0, 255, bare)
        return np.concatenate([bare.round().clip(0, 255).astype(np.uint8), tall], axis=2)

    @property
    def export_axes(self) -> dict[int, str]:
        """Axes besides the batch that stay free in ONNX."""
        return {2: "height", 3: "width"}

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """For ONNX: (module, example inputs, input names, output names).

        The module maps pictures float32 (N, 3, H, W), -1 to 1, to float32 (N, 3, 2H, 2W), -1 to 1."""
        module = _Exported(copy.deepcopy(self.enlarger.network).cpu(), self.config.reach)
        stream = torch.Generator().manual_seed(0)
        return module, (2 * torch.rand(2, 3, 24, 32, generator=stream) - 1,), ["pictures"], ["enlarged"]


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean of the channels, rounded. uint8 (H, W, 3) to (H, W, 1)."""
    return pixels.mean(axis=2, keepdims=True).round().astype(np.uint8)


class _Exported(nn.Module):
    def __init__(self, network: nn.Module, margin: int) -> None:
        super().__init__()
        self.network, self.margin = network, margin

    def forward(self, *inputs: Tensor) -> Tensor:
        """Pictures clamped to -1..1; edges repeated, as when we enlarge."""
        (pictures,) = inputs
        margin = self.margin
        made = self.network(F.pad(pictures, (margin, margin, margin, margin), mode="replicate"))
        inner: Tensor = made[:, :, FACTOR * margin : -FACTOR * margin, FACTOR * margin : -FACTOR * margin]
        return inner.clamp(-1, 1)
