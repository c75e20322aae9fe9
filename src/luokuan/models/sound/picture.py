"""Sounds as pictures: their mel bands over time, light where they are loud."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from luokuan.media import Picture
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.networks import log_mel
from luokuan.models.sound.spectrum import Frames, mel_bands

GAP = 3
_COLOURS = np.array([[8, 10, 30], [70, 20, 110], [190, 55, 85], [250, 150, 40], [252, 250, 190]], dtype=np.float64)
"""From silence to full scale."""


def spectrogram(samples: NDArray[np.float32], config: SoundConfig) -> NDArray[np.uint8]:
    """(T·hop,) as uint8 (mels, T, 3), low below."""
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        bands = mel_bands(config.mels, config.fft // 2 + 1, config.rate)
        found = log_mel(Frames(config.fft, config.hop)(torch.from_numpy(samples)[None]), bands)[0].numpy()
    # From -60 dB of full scale to about -3.
    share = ((found + 1) / 1.9).clip(0, 1).T[::-1] * (len(_COLOURS) - 1)
    return np.stack([np.interp(share, range(len(_COLOURS)), _COLOURS[:, c]) for c in range(3)], axis=2).astype(np.uint8)


def spectrogram_sheet(rows: Sequence[NDArray[np.float32]], config: SoundConfig) -> Picture:
    """Rows of sounds, each (N, samples), as spectrograms side by side."""
    lines = []
    for row in rows:
        length = row.shape[1] - row.shape[1] % config.hop
        tiles = [np.pad(spectrogram(sound[:length], config), ((0, GAP), (0, GAP), (0, 0))) for sound in row]
        lines.append(np.concatenate(tiles, axis=1))
    return Picture(np.ascontiguousarray(np.concatenate(lines, axis=0)))
