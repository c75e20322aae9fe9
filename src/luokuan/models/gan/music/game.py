"""The game with windows of music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import mix_seed
from luokuan.media import Picture, Score
from luokuan.models.evaluation.musicprofile import profile_distance
from luokuan.models.gan.game import Batch, Game, GameSettings
from luokuan.models.gan.music.config import CLASSES, DENSITIES, KEYS, MusicGanConfig
from luokuan.models.gan.music.material import Part, window_at
from luokuan.models.gan.music.networks import Discriminator, Generator
from luokuan.models.gan.music.symbols import moved, points, to_frames
from luokuan.models.vae.music.encodings import decode
from luokuan.models.vae.music.pianoroll import strip

VALIDATED = 512
"""Most held-out windows that one validation looks at."""
LEAST = 16
"""Held-out windows without which a distance means nothing."""
SHOWN = 6
"""Windows of a preview."""


class MusicGame(Game):
    """A GAN of music as an objective of the training loop. An item is a piece; a real point is a window of it that
    begins with a bar, transposed at random.

    Args:
        config: Shape of the networks.
        settings: How they learn; ``flip`` has no say.
        parts: The training pieces.
        held_out: Those for validation; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: MusicGanConfig,
        settings: GameSettings,
        parts: Sequence[Part],
        *,
        held_out: Sequence[Part] = (),
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        torch.manual_seed(mix_seed(seed, "weights"))
        generator, discriminator = Generator(config).to(device), Discriminator(config).to(device)
        super().__init__(generator, discriminator, settings, latent=config.noise, device=device)
        self.config, self._parts = config, parts
        self._held_out = _scores(held_out, config)
        self.validated = len(self._held_out)
        """Held-out windows that a validation looks at."""
        self._weights = torch.tensor(config.counts, dtype=torch.float64)

    def items(self) -> int:
        """Training pieces."""
        return len(self._parts)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """A window of each piece at ``indices``, somewhere and in some key, with its class."""
        rows, labels = [], []
        for index in indices.tolist():
            part = self._parts[index]
            place = _any(len(part.starts))
            shift = part.shifts[_any(len(part.shifts))]
            rows.append(moved(window_at(part, place, self.config.window), shift))
            labels.append(part.label(place, shift))
        symbols = torch.from_numpy(np.stack(rows)).to(self._device)
        return Batch(points(symbols), torch.tensor(labels, device=self._device))

    def _sampled(self, generator: nn.Module, labels: Tensor) -> list[Score]:
        """Scores of one window each."""
        z, y = torch.randn(len(labels), self.config.noise).to(self._device), labels.to(self._device)
        made = torch.cat([generator(z[i : i + 64], y[i : i + 64]) for i in range(0, len(z), 64)])
        symbols = made.argmax(dim=-1).cpu().numpy()
        return [decode(to_frames(one, self.config.way), self.config.way) for one in symbols]

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Fréchet distance of the profiles (see ``profile_distance``) of as many sampled windows as are held out, of
        classes as the training material has them."""
        if self.validated < LEAST:
            return {}
        count = self.validated
        labels = torch.multinomial(self._weights, count, replacement=True)
        made = self._sampled(average["generator"], labels)
        return {"samples": float(count), "frechet": profile_distance(made, self._held_out)}

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Piano-rolls of windows; the same noise each time. Where the material has both, major to the left, minor to
        the right."""
        weights = self._weights.reshape(2, KEYS // 2 * len(DENSITIES))
        sides = [row if row.any() else weights.sum(dim=0) for row in weights]
        drawn = [torch.multinomial(side, SHOWN // 2, replacement=True) for side in sides]
        offsets = [side * CLASSES // 2 if weights[side].any() else (1 - side) * CLASSES // 2 for side in range(2)]
        labels = torch.stack([part + offset for part, offset in zip(drawn, offsets, strict=True)], dim=1).flatten()
        scores = self._sampled(average["generator"], labels)
        return Picture(strip(scores, quarters=self.config.window / self.config.way.grid, bar=self.config.bar))


def _any(count: int) -> int:
    return int(torch.randint(count, ()))


def _scores(parts: Sequence[Part], config: MusicGanConfig) -> list[Score]:
    """Windows of pieces that don't overlap, in their own keys, at most ``VALIDATED`` spread evenly."""
    found = [
        part.symbols[start : start + config.window]
        for part in parts
        for start in range(0, len(part.symbols) - config.window + 1, config.window)
    ]
    if len(found) > VALIDATED:
        found = [found[i] for i in np.linspace(0, len(found) - 1, VALIDATED).round().astype(int)]
    return [decode(to_frames(symbols, config.way), config.way) for symbols in found]
