"""The game with pictures: in pixels, or in a codec's latents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import channels_last, mix_seed
from luokuan.media import Picture
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.game import Batch, Game, GameSettings
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.gan.space import Space

VALIDATED = 512
"""Most held-out pictures that one validation looks at."""

CoverageFunction = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
"""(real pictures, generated pictures), each uint8 (N, H, W, 3), to coverage in 0..1."""


class PictureGame(Game):
    """A GAN of pictures as an objective of the training loop.

    Args:
        config: Shape of the networks.
        settings: How they learn.
        space: Where they play.
        material: Training pictures as ``space.take`` wants them: uint8 (N, H, W, 3) for pixels, float16
            (N, variants, C, h, w) for latents.
        labels: Their classes, int64 (N,), or None.
        held_out: Pictures for validation, uint8 (M, H, W, 3) of the model's size; may be empty.
        coverage: Measures coverage at validation; None leaves it out.
        device: Where the networks live.
        seed: Of the initial weights and of validation.
    """

    def __init__(
        self,
        config: GanConfig,
        settings: GameSettings,
        space: Space,
        material: NDArray[Any],
        labels: NDArray[np.int64] | None,
        *,
        held_out: NDArray[np.uint8] | None = None,
        coverage: CoverageFunction | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        torch.manual_seed(mix_seed(seed, "weights"))
        generator = channels_last(Generator(config).to(device))
        discriminator = channels_last(Discriminator(config).to(device))
        super().__init__(generator, discriminator, settings, latent=config.latent, device=device)
        self.config, self.space = config, space
        self._material, self._labels = material, labels
        self._held_out, self._coverage = held_out, coverage

    def items(self) -> int:
        """Training pictures."""
        return len(self._material)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Pictures at ``indices`` as points, half of them mirrored."""
        chosen = np.sort(indices)
        points = self.space.take(self._material, chosen, flip=self.settings.flip, device=self._device)
        labels = None
        if self._labels is not None and self.config.classes:
            labels = torch.from_numpy(self._labels[chosen]).to(self._device)
        return Batch(points, labels)

    def augment(self, points: Tensor) -> Tensor:
        """What suits the space."""
        return self.space.augment(points)

    def _sample(self, generator: nn.Module, labels: Tensor | None, count: int) -> NDArray[np.uint8]:
        z = torch.randn(count, self.config.latent).to(self._device)
        y = None if labels is None else labels.to(self._device)
        points = torch.cat(
            [generator(z[i : i + 64], None if y is None else y[i : i + 64]) for i in range(0, count, 64)]
        )
        return self.space.decode(points).cpu().numpy()

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Coverage of held-out pictures (``VALIDATED`` at most) by as many samples."""
        if self._held_out is None or len(self._held_out) < 16:
            return {}
        # Evenly spread: pictures come class by class, and the first ones would be of the first classes.
        chosen = np.linspace(0, len(self._held_out) - 1, min(len(self._held_out), VALIDATED)).round().astype(np.int64)
        real = np.ascontiguousarray(self._held_out[chosen])
        labels = None
        if self._labels is not None and self.config.classes:
            # With replacement from the training labels: the corpus's own balance of classes.
            labels = torch.from_numpy(self._labels[torch.randint(len(self._labels), (len(real),)).numpy()])
        fake = self._sample(average["generator"], labels, len(real))
        figures = {"samples": float(len(real))}
        if self._coverage is not None:
            figures["coverage"] = self._coverage(real, fake)
        return figures

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """A sheet of samples: a column for each class (10 at most), 8 rows; the same latents each time."""
        columns = min(len(self.config.classes), 10) or 8
        labels = torch.arange(8 * columns) % columns if self.config.classes else None
        pictures = self._sample(average["generator"], labels, 8 * columns)  # (8·columns, H, W, 3)
        side = pictures.shape[1]
        sheet = pictures.reshape(8, columns, side, side, 3).transpose(0, 2, 1, 3, 4)
        return Picture(np.ascontiguousarray(sheet.reshape(8 * side, columns * side, 3)))
