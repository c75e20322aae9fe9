"""The codec's networks: log-mel frames to cells of tokens, and cells to frames of a spectrum, to sound.

Encoder and decoder are ConvNeXt blocks at the rate of the frames, without any upsampling of samples: a head gives the
spectrum, an inverse transform the sound (Vocos; Siuzdak 2023, arXiv 2306.00814). Beside the spectrum with phases there
is a second one that filters white noise (as Serra & Smith 1990 and DDSP, Engel et al. 2020, arXiv 2001.04643, do): rain
and wind have no phase that could be known, only a level at each pitch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from luokuan.models.codec.bottleneck import Quantiser
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.spectrum import FLOOR, Frames, mel_bands

EXPANSION = 3
KERNEL = 7
LOUDEST = 5.0
"""Largest logarithm of a magnitude that a head gives."""
QUIET = 1e-5
"""Noise magnitude that is heard as silence."""


class Block(nn.Module):
    """A ConvNeXt block in time (Liu et al. 2022, arXiv 2201.03545): depthwise convolution, norm, two 1×1. (B, W, T)."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.depth = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.rise = nn.Linear(width, EXPANSION * width)
        self.fall = nn.Linear(EXPANSION * width, width)
        self.scale = nn.Parameter(torch.full((width,), 1 / layers))

    def forward(self, x: Tensor) -> Tensor:
        """(B, W, T) to (B, W, T)."""
        h = self.norm(self.depth(x).transpose(1, 2))  # (B, T, W)
        h = self.fall(nn.functional.gelu(self.rise(h), approximate="tanh"))
        return x + (self.scale * h).transpose(1, 2)


class Encoder(nn.Module):
    """Samples to the raw values of each cell's channels."""

    def __init__(self, config: SoundConfig) -> None:
        super().__init__()
        width, layers = config.codec_width, max(config.codec_layers // 2, 1)
        self.frames = Frames(config.fft, config.hop)
        self.register_buffer("bands", mel_bands(config.mels, config.fft // 2 + 1, config.rate), persistent=False)
        self.bands: Tensor
        self.first = nn.Conv1d(config.mels, width, KERNEL, padding=KERNEL // 2)
        self.blocks = nn.ModuleList(Block(width, layers) for _ in range(layers))
        self.down = nn.Conv1d(width, width, config.stride, config.stride)
        self.last = nn.Linear(width, len(config.levels))
        self.norm = nn.LayerNorm(width)

    def features(self, samples: Tensor) -> Tensor:
        """Logarithms of the mel bands, about -1 to 1: (B, samples) to (B, mels, T)."""
        with torch.autocast(samples.device.type, enabled=False):  # logarithms of what bfloat16 can't tell apart
            return log_mel(self.frames(samples), self.bands).transpose(1, 2)

    def forward(self, samples: Tensor) -> Tensor:
        """(B, cells·cell) to (B, channels, 1, cells), as ``Quantiser`` takes it."""
        x = self.first(self.features(samples))
        for block in self.blocks:
            x = block(x)
        x = self.down(x)  # (B, W, cells)
        out: Tensor = self.last(self.norm(x.transpose(1, 2))).transpose(1, 2).unsqueeze(2)
        return out


def log_mel(frames: Tensor, bands: Tensor) -> Tensor:
    """Complex frames (B, T, bins) to logarithms of mel bands (B, T, mels), mapped to about -1 to 1."""
    return (frames.abs() @ bands.T + FLOOR).log() / 3.5 + 1


class Decoder(nn.Module):
    """Latents of cells to a spectrum, and with white noise to samples."""

    def __init__(self, config: SoundConfig) -> None:
        super().__init__()
        width, layers, self.stride = config.codec_width, config.codec_layers, config.stride
        bins = config.fft // 2 + 1
        self.frames = Frames(config.fft, config.hop)
        self.first = nn.Conv1d(len(config.levels), width, 3, padding=1)
        self.up = nn.Linear(width, width * config.stride)
        self.blocks = nn.ModuleList(Block(width, layers) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * bins)
        nn.init.normal_(self.head.weight, std=0.02)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([-4.0, 0.0, -3.0]).repeat_interleave(bins))

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (B, channels, 1, cells) to a complex spectrum and a noise level, (B, T, bins) each, float32."""
        x = self.first(latents.squeeze(2)).transpose(1, 2)  # (B, cells, W)
        x = self.up(x).unflatten(2, (self.stride, -1)).flatten(1, 2).transpose(1, 2)  # (B, W, T)
        for block in self.blocks:
            x = block(x)
        found = self.head(self.norm(x.transpose(1, 2))).float()
        level, phase, noise = found.chunk(3, dim=2)
        return torch.polar(level.clamp_max(LOUDEST).exp(), phase), noise.clamp_max(LOUDEST).exp()

    def sound(self, spectrum: Tensor, noise: Tensor, white: Tensor) -> Tensor:
        """The sound of what ``forward`` gave: float32 (B, samples).

        Args:
            white: Noise of variance 1, (B, samples).
        """
        return self.frames.back(spectrum + (noise - QUIET).clamp_min(0) * self.frames(white))


class Codec(nn.Module):
    """Encoder, quantiser and decoder."""

    def __init__(self, config: SoundConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quantiser = Quantiser(config.levels)

    def tokens(self, samples: Tensor) -> Tensor:
        """(B, cells·cell) to int64 (B, cells, channels)."""
        found = self.quantiser.tokens(self.quantiser.latents(self.encoder(samples)))
        return found.squeeze(2).transpose(1, 2).contiguous()

    def decode(self, tokens: Tensor, white: Tensor) -> Tensor:
        """int64 (B, cells, channels) and noise (B, cells·cell) to samples (B, cells·cell)."""
        latents = self.quantiser.from_tokens(tokens.transpose(1, 2).unsqueeze(2))
        spectrum, noise = self.decoder(latents)
        return self.decoder.sound(spectrum, noise, white)
