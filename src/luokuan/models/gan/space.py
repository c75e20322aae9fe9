"""The space in which the game is played: pixels, or a codec's latents."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.i18n import _
from luokuan.models.codec.config import FACTOR
from luokuan.models.codec.finding import codec_of
from luokuan.models.codec.model import Codec
from luokuan.models.gan.augment import diff_augment, latent_augment
from luokuan.models.gan.config import GanConfig


class Space(Protocol):
    """Between pictures and the points that the networks see."""

    name: str
    channels: int
    distance_ratio: float
    """E‖u - u'‖² over E‖x - x'‖² in pixel space (see ``automatic_gamma``); 1 for pixels."""

    def side(self, size: int) -> int:
        """Side of the grid for pictures of ``size``² pixels."""
        ...

    def take(self, material: NDArray[Any], chosen: NDArray[np.int64], *, flip: bool, device: str) -> Tensor:
        """Real points for a step, drawn from PyTorch's generator.

        Args:
            material: The training pictures as this space keeps them.
            chosen: Which of them, (B,), ascending.
            flip: Half of them, at random, as their mirror images.

        Returns:
            Points, float32 (B, channels, side, side), on ``device``.
        """
        ...

    def encode(self, pictures: Tensor) -> Tensor:
        """uint8 pictures (B, H, W, 3) to points, float32 (B, channels, side, side)."""
        ...

    def decode(self, points: Tensor) -> Tensor:
        """Points (B, channels, side, side) to uint8 pictures (B, H, W, 3)."""
        ...

    def shown(self, points: Tensor) -> Tensor:
        """Generated points (B, channels, side, side) as D judges them when drafts are ranked."""
        ...

    def augment(self, points: Tensor) -> Tensor:
        """Differentiable augmentation before D, drawn from PyTorch's generator."""
        ...


class PixelSpace:
    """Pixels scaled to -1..1."""

    name = "pixels"
    channels = 3
    distance_ratio = 1.0

    def side(self, size: int) -> int:
        """The picture's own side."""
        return size

    def encode(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), 0..255 to float32 (B, 3, H, W), -1..1."""
        points = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        return points.contiguous(memory_format=torch.channels_last)

    def take(self, material: NDArray[Any], chosen: NDArray[np.int64], *, flip: bool, device: str) -> Tensor:
        """From uint8 pictures (N, H, W, 3)."""
        points = self.encode(torch.from_numpy(material[chosen]).to(device))
        if flip:
            mirrored = torch.rand(len(points), 1, 1, 1, device=device) < 0.5
            points = torch.where(mirrored, self.flip(points), points)
        return points

    def decode(self, points: Tensor) -> Tensor:
        """(B, 3, H, W) to uint8 (B, H, W, 3), rounded to nearest."""
        scaled = points.float().add(1).mul(127.5).round().clamp(0, 255)
        return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def flip(self, points: Tensor) -> Tensor:
        """Mirror left to right."""
        return points.flip(3)

    def shown(self, points: Tensor) -> Tensor:
        """Rounded to 8 bits: real pictures are."""
        return self.encode(self.decode(points))

    def augment(self, points: Tensor) -> Tensor:
        """DiffAugment: color, translation, cutout."""
        return diff_augment(points)


class LatentSpace:
    """The normalised latents of a codec: each channel about N(0, 1) over the codec's own pictures.

    Args:
        codec: Turns them into pictures.
        distance_ratio: Measured on the training pictures (``codec.cache.Latents``).
    """

    name = "latent"

    def __init__(self, codec: Codec, distance_ratio: float = 1.0) -> None:
        self.codec, self.distance_ratio = codec, distance_ratio
        self.channels = codec.channels

    def side(self, size: int) -> int:
        """One cell for 8 pixels."""
        return size // FACTOR

    def take(self, material: NDArray[Any], chosen: NDArray[np.int64], *, flip: bool, device: str) -> Tensor:
        """From cached latents, float16 (N, 2·crops, C, h, w): a crop of each at random, and its mirrored variant
        instead of a mirrored point. No picture is decoded or encoded: 2·B·C·h·w bytes are read a step."""
        count, crops = len(chosen), material.shape[1] // 2
        variants = np.zeros(count, dtype=np.int64)
        if crops > 1:
            variants = 2 * torch.randint(crops, (count,)).numpy()
        if flip:
            variants = variants + (torch.rand(count) < 0.5).numpy()
        points = torch.from_numpy(material[chosen, variants]).to(device).float()
        return points.contiguous(memory_format=torch.channels_last)

    def encode(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) through the encoder."""
        points = self.codec.encode(pictures.cpu().numpy()).to(pictures.device)
        return points.contiguous(memory_format=torch.channels_last)

    def decode(self, points: Tensor) -> Tensor:
        """Through the decoder to uint8 (B, 8·h, 8·w, 3)."""
        return torch.from_numpy(self.codec.decode(points))

    def shown(self, points: Tensor) -> Tensor:
        """As they are: D has never seen a picture."""
        return points

    def augment(self, points: Tensor) -> Tensor:
        """Gain, offset and noise of channels, translation by cells, cutout; no colours, as channels have none."""
        return latent_augment(points)


def space(name: str) -> Space:
    """The space called ``name`` in ``config.json``, if it needs nothing else.

    Raises:
        KeyError: unknown to this version.
    """
    return {"pixels": PixelSpace}[name]()


def space_of(config: GanConfig, folder: ModelFolder) -> Space:
    """The space of a trained model, with its codec if it has one.

    Raises:
        UserError: unknown to this version, or the codec is missing, another one or damaged.
    """
    if config.space == "latent":
        codec = codec_of(folder, config.codec, config.codec_digest)
        if codec.channels != config.channels:
            raise UserError(
                _("config.json can't be used: {what}.", what=f"channels {config.channels}, codec {codec.channels}"),
                _("Take another copy of the model, or train it again."),
                code="model.config",
            )
        return LatentSpace(codec)
    try:
        return space(config.space)
    except KeyError as error:
        raise UserError(
            _(
                "The model plays in the space '{space}', which this version doesn't know.",
                space=config.space,
            ),
            _("Update Luokuan or choose another model."),
            code="model.space",
        ) from error
