"""Clips as the networks take them: crops of samples for the codec, windows of tokens for the prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.corpus.audio import resampled
from luokuan.foundation.corpus.sounds import SoundClip
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.networks import Codec

PART = 2.0
"""Seconds that count as one item of the training, so that long clips are heard more often than short ones."""
SPEEDS = (1.0, 17 / 16, 16 / 17, 33 / 32, 32 / 33)
"""How much faster a clip is played in each of its variants: a few clips are all that there is of a category."""
SILENT = 24
"""Cells of silence behind a short clip that are encoded: beyond them nothing of it reaches."""


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips in memory.

    Args:
        samples: float32 (samples,) each.
        labels: Category of each, int64 (N,); -1: none.
    """

    samples: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.samples)

    def items(self, rate: int) -> NDArray[np.int64]:
        """The clip of each item of a training, int64 (items,): one for each ``PART`` that it lasts, at least one."""
        counts = [max(1, -(-len(clip) // round(PART * rate))) for clip in self.samples]
        return np.repeat(np.arange(len(self.samples)), counts)


def loaded(clips: Sequence[SoundClip], rate: int) -> Clips:
    """Read ``clips`` at ``rate``.

    Raises:
        UserError: a file has changed since the corpus was opened.
    """
    labels = np.array([-1 if clip.label is None else clip.label for clip in clips], dtype=np.int64)
    return Clips(tuple(clip.samples(rate) for clip in clips), labels)


def crops(clips: Clips, chosen: NDArray[np.int64], length: int) -> Tensor:
    """A part of each chosen clip from a random place, with silence behind what is shorter, at a random level of -9 to
    0 dB: float32 (B, length). Drawn with PyTorch's generator."""
    out = torch.zeros(len(chosen), length)
    places, levels = torch.rand(len(chosen)).tolist(), torch.rand(len(chosen)).tolist()
    for row, (index, place, level) in enumerate(zip(chosen.tolist(), places, levels, strict=True)):
        clip = clips.samples[index]
        start = int(place * (max(len(clip) - length, 0) + 1))
        piece = clip[start : start + length]
        out[row, : len(piece)] = torch.from_numpy(piece * np.float32(10 ** (-9 * level / 20)))
    return out


class Tokens:
    """Clips as tokens, in several variants of speed and place.

    Args:
        codec: What encodes them; it must not change any more.
        clips: What to encode.
        config: Its shape.
        variants: How many of ``SPEEDS`` to make.
        seed: Of the places.
        device: Where the codec lives.
    """

    def __init__(
        self, codec: Codec, clips: Clips, config: SoundConfig, *, variants: int, seed: int, device: str = "cpu"
    ) -> None:
        self.config, self.labels, self.variants = config, clips.labels, variants
        self.rows = [
            [
                _encoded(codec, _variant(clip, config, speed, mix_seed(seed, "variant", index, number)), config, device)
                for number, speed in enumerate(SPEEDS[:variants])
            ]
            for index, clip in enumerate(clips.samples)
        ]  # int16 (cells, C) each

    def windows(self, chosen: NDArray[np.int64]) -> Tensor:
        """A random window of a random variant of each chosen clip, int64 (B, cells, C)."""
        cells, count = self.config.cells, len(chosen)
        which, places = torch.randint(self.variants, (count,)).tolist(), torch.rand(count).tolist()
        found = []
        for index, variant, place in zip(chosen.tolist(), which, places, strict=True):
            row = self.rows[index][variant]
            start = int(place * (len(row) - cells + 1))
            found.append(row[start : start + cells])
        return torch.from_numpy(np.stack(found).astype(np.int64))

    def first(self, index: int) -> Tensor:
        """The first window of a clip as it is, int64 (cells, C)."""
        return torch.from_numpy(self.rows[index][0][: self.config.cells].astype(np.int64))


def _variant(clip: NDArray[np.float32], config: SoundConfig, speed: float, seed: int) -> NDArray[np.float32]:
    """A clip at another speed, from a little behind its beginning."""
    stream = np.random.default_rng(seed)
    if speed != 1.0:
        clip = resampled(clip, round(32 * 33 * speed), 32 * 33)
        clip = clip[int(stream.integers(min(config.cell, len(clip)))) :]
    return clip


@torch.no_grad()
def _encoded(codec: Codec, clip: NDArray[np.float32], config: SoundConfig, device: str) -> NDArray[np.int16]:
    """At least one window of cells; behind a shorter clip stands silence, of which a little is encoded and the rest
    repeats its last cell."""
    cells = -(-len(clip) // config.cell)
    heard = cells if cells >= config.cells else min(cells + SILENT, config.cells)
    whole = np.zeros(heard * config.cell, np.float32)
    whole[: len(clip)] = clip
    tokens = codec.tokens(torch.from_numpy(whole)[None].to(device))[0].cpu().numpy().astype(np.int16)
    return np.pad(tokens, ((0, max(config.cells - heard, 0)), (0, 0)), mode="edge")
