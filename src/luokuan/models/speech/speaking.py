"""From tokens to sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.models.speech.networks import Voice, mask_of
from luokuan.models.speech.phonemes import Reading

TEMPERATURE = 0.5
"""Share of the prior's deviation that is drawn: with all of it what is said is livelier, and less clear."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was said: ``samples`` float32 (S,), and the frames of each token, int64 (L,)."""

    samples: NDArray[np.float32]
    counts: NDArray[np.int64]


def whole_frames(longs: NDArray[np.float64], rate: float) -> NDArray[np.int64]:
    """Frames of each token of log durations (L,), at least one each; rounded so that the sum stays right."""
    ends = np.cumsum(np.exp(np.clip(longs, -2, 5)) / rate)
    counts = np.diff(np.round(ends), prepend=0).astype(np.int64)
    return np.maximum(counts, 1)


@torch.no_grad()
def speak(
    voice: Voice,
    reading: Reading,
    *,
    rate: float = 1.0,
    pitch: float = 0.0,
    temperature: float = TEMPERATURE,
    seed: int = 0,
    counts: NDArray[np.int64] | None = None,
) -> Made:
    """Say it; the same on every CPU but for the last digits of sums.

    Args:
        rate: How fast; 1: as the speaker.
        pitch: Semitones higher.
        temperature: See ``TEMPERATURE``.
        seed: Of all that is random.
        counts: Frames of each token, instead of the predicted ones.
    """
    config, device = voice.config, voice.bands.device
    random = np.random.default_rng(seed)

    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(random.standard_normal(shape).astype(np.float32)).to(device)

    with torch.autocast(device.type, enabled=False):
        ids, stresses = (torch.tensor([part], device=device) for part in reading.ids(config.symbols))
        h, _means, longs = voice.text(ids, stresses, mask_of(torch.tensor([ids.shape[1]], device=device), ids.shape[1]))
        if counts is None:
            counts = whole_frames(longs[0].double().cpu().numpy(), rate)
        length = int(counts.sum())
        mask = mask_of(torch.tensor([length], device=device), length)
        told, mean, deviation = voice.prior(h, torch.from_numpy(counts)[None].to(device), mask)
        z = voice.flow.back(mean + temperature * deviation.exp() * noise(1, length, config.latent), told, mask)
        hertz = voice.decoder.hertz(z) * 2 ** (pitch / 12)
        source = voice.decoder.source(hertz, torch.zeros(1, device=device))
        made = voice.decoder.sound(voice.decoder(z), source, noise(1, length * config.hop))
    return Made(made[0].cpu().numpy(), counts)
