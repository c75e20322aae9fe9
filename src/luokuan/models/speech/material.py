"""Utterances as the networks take them: tokens, frames, pitch, in memory and in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.foundation.corpus.utterances import Utterance
from luokuan.models.sound.spectrum import FLOOR, Frames, mel_bands
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.phonemes import Reading, read
from luokuan.models.speech.pitch import track

MARGIN = 0.08
"""Seconds of silence that are left before and after the speech."""
_QUIET = 10 ** (-40 / 20)
"""Level of silence, as a share of the loud frames."""


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance in memory.

    Args:
        text: What is said.
        reading: Its tokens.
        samples: float32 (T·hop,), without the silence around.
        hertz: Pitch of each frame, (T,); 0: none.
        mel: Logarithms of its mel bands in nats, float32 (T, mels).
    """

    text: str
    reading: Reading
    samples: NDArray[np.float32]
    hertz: NDArray[np.float32]
    mel: NDArray[np.float32]

    @property
    def frames(self) -> int:
        """T."""
        return len(self.hertz)


def loaded(utterances: Sequence[Utterance], config: SpeechConfig) -> tuple[Line, ...]:
    """Read utterances at the config's rate; those that have fewer frames than tokens, or nothing to say, are left out.

    Raises:
        UserError: a file has changed since the corpus was opened, or hibari-tts isn't installed.
    """
    frames, bands = Frames(config.fft, config.hop), mel_bands(config.mels, config.fft // 2 + 1, config.rate)
    found = []
    for one in utterances:
        reading = read(one.text)
        samples = trimmed(one.clip.samples(config.rate), config)
        if not reading.sounds or len(samples) // config.hop < len(reading.symbols):
            continue
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            mel = (frames(torch.from_numpy(samples)[None]).abs() @ bands.T + FLOOR).log()[0].numpy()
        found.append(Line(one.text, reading, samples, track(samples, config.rate, config.hop), mel))
    return tuple(found)


def trimmed(samples: NDArray[np.float32], config: SpeechConfig) -> NDArray[np.float32]:
    """``samples`` without the silence around, a whole number of frames."""
    count = len(samples) // config.hop
    blocks = samples[: count * config.hop].reshape(count, config.hop)
    level = np.sqrt((blocks.astype(np.float64) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > _QUIET * np.percentile(level, 95)) if count else np.array([], np.int64)
    if not len(loud):
        return samples[:0]
    margin = round(MARGIN * config.rate / config.hop)
    first, last = max(int(loud[0]) - margin, 0), min(int(loud[-1]) + 1 + margin, count)
    return np.ascontiguousarray(samples[first * config.hop : last * config.hop])


def median_hertz(lines: Sequence[Line]) -> float:
    """The speaker's median pitch; 200 where there is none."""
    found = np.concatenate([line.hertz[line.hertz > 0] for line in lines] or [np.zeros(0, np.float32)])
    return round(float(np.median(found)), 2) if len(found) else 200.0


def statistics(lines: Sequence[Line]) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each mel band, (mels,) each."""
    whole = np.concatenate([line.mel for line in lines])
    return torch.from_numpy(whole.mean(axis=0)), torch.from_numpy(whole.std(axis=0) + 1e-3)


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines side by side, with zeros behind: tokens (B, L), their counts (B,), mel (B, T, mels), pitch (B, T), counts
    of frames (B,), samples (B, T·hop)."""

    symbols: Tensor
    stresses: Tensor
    tokens: Tensor
    mel: Tensor
    hertz: Tensor
    frames: Tensor
    samples: Tensor

    def __len__(self) -> int:
        return len(self.tokens)


def batch_of(lines: Sequence[Line], config: SpeechConfig, device: str = "cpu") -> Batch:
    """Several lines as one batch."""
    tokens = torch.tensor([len(line.reading.symbols) for line in lines])
    frames = torch.tensor([line.frames for line in lines])
    size, longest, most = len(lines), int(frames.max()), int(tokens.max())
    symbols, stresses = torch.zeros(2, size, most, dtype=torch.int64)
    mel = torch.zeros(size, longest, config.mels)
    hertz, samples = torch.zeros(size, longest), torch.zeros(size, longest * config.hop)
    for row, line in enumerate(lines):
        ids, marks = line.reading.ids(config.symbols)
        symbols[row, : len(ids)], stresses[row, : len(ids)] = torch.tensor(ids), torch.tensor(marks)
        mel[row, : line.frames] = torch.from_numpy(line.mel)
        hertz[row, : line.frames] = torch.from_numpy(line.hertz)
        samples[row, : len(line.samples)] = torch.from_numpy(line.samples)
    parts = (symbols, stresses, tokens, mel, hertz, frames, samples)
    return Batch(*(part.to(device) for part in parts))
