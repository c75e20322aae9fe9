"""The networks of a voice, after VITS (Kim, Kong & Son 2021, arXiv 2106.06103): text encoder, posterior encoder, flow,
duration predictor and decoder.

What differs, because the budget is an hour of a CPU and the corpus an hour of speech:

- All networks are ConvNeXt blocks at the rate of tokens or frames, with no attention and no WaveNet: the same work as
  the sound codec's, and three times quicker here.
- The prior isn't constant within a sound: what the text encoder says of a token is spread over its frames, told where
  in the token they lie, and goes through blocks of its own before it gives a mean and a deviation to each frame (a
  frame prior; Zhang et al. 2022, VISinger, arXiv 2110.08813). The flow is told the same. Four small couplings are then
  enough.
- The alignment is searched for between log-mel frames and means that the text encoder gives in mel bands (Popov et al.
  2021, Grad-TTS, arXiv 2105.06337, eq. 14), not in the latent space, which moves while it is learnt.
- Durations are predicted by regression, as Glow-TTS does (arXiv 2005.11129), not by a second flow.
- The decoder gives a spectrum, and an inverse Fourier transform the sound (Kaneko et al. 2022, iSTFTNet, arXiv
  2203.02395), all of it at the rate of frames (Siuzdak 2023, Vocos, arXiv 2306.00814). It shapes two sources: pulses at
  the pitch, which a small network reads off the latents (harmonics as in Li et al. 2023, HiFTNet, arXiv 2309.09493),
  and white noise. So it needn't learn phases, voiced sounds are clear after minutes, and the pitch can be changed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.sound.networks import LOUDEST, QUIET
from luokuan.models.sound.spectrum import FLOOR, Frames, mel_bands
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.source import pulses

KERNEL = 7
EXPANSION = 3
STRESSES = 3
SHARPEST, WIDEST = -4.0, 2.0
"""Bounds of the logarithm of a deviation."""
LEAST_VOICED = 0.5
"""Probability of a pitch from which there is one."""


class Block(nn.Module):
    """A ConvNeXt block in time (Liu et al. 2022, arXiv 2201.03545), with ReLU, which takes two thirds of GELU's time
    here. (B, W, T)."""

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.depth = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.rise = nn.Linear(width, EXPANSION * width)
        self.fall = nn.Linear(EXPANSION * width, width)
        self.scale = nn.Parameter(torch.full((width,), 1 / layers))

    def forward(self, x: Tensor) -> Tensor:
        """(B, W, T) to (B, W, T)."""
        h = self.norm(self.depth(x).transpose(1, 2))  # (B, T, W)
        h = F.dropout(F.relu(self.rise(h)), self.dropout, self.training)
        return x + (self.scale * self.fall(h)).transpose(1, 2)


class Blocks(nn.Module):
    """ConvNeXt blocks over sequences of different lengths, which drop a share ``dropout`` of their inner channels while
    they learn. (B, W, T), mask (B, 1, T) or None."""

    def __init__(self, width: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(width, layers, dropout) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, W, T) to (B, W, T); behind the end of an item there are zeros, as the convolutions see them there."""
        for block in self.layers:
            x = block(x)
            if mask is not None:
                x = x * mask
        return x


def mask_of(lengths: Tensor, longest: int) -> Tensor:
    """(B,) to float32 (B, 1, longest)."""
    return (torch.arange(longest, device=lengths.device) < lengths[:, None])[:, None].float()


class TextEncoder(nn.Module):
    """Tokens to vectors, means of mel bands, and logarithms of durations.

    VITS drops 0.1 in its text encoder and 0.5 in its predictor of durations (the authors' configuration). Without, an
    hour of speech is learnt by heart, lengths first.
    """

    def __init__(self, config: SpeechConfig, dropout: float = 0.0, length_dropout: float = 0.0) -> None:
        super().__init__()
        width = config.width
        self.symbol = nn.Embedding(len(config.symbols), width)
        self.stress = nn.Embedding(STRESSES, width)
        self.blocks = Blocks(width, config.text_layers, dropout)
        self.norm = nn.LayerNorm(width)
        self.means = nn.Linear(width, config.mels)
        self.duration = Blocks(width, 1, length_dropout)
        self.length = nn.Linear(width, 1)
        nn.init.constant_(self.length.bias, 1.8)

    def forward(self, symbols: Tensor, stresses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """int64 (B, L) each and the mask (B, 1, L) to vectors (B, L, W), means (B, L, mels) and log durations in
        frames (B, L), whose gradient stays in their own part (VITS, sec. 2.2.2)."""
        x = (self.symbol(symbols) + self.stress(stresses)).transpose(1, 2) * mask
        h = self.norm(self.blocks(x, mask).transpose(1, 2))
        longs = self.duration(h.detach().transpose(1, 2) * mask, mask).transpose(1, 2)
        return h, self.means(h), self.length(longs)[..., 0].float()


class FramePrior(nn.Module):
    """Vectors of tokens, spread over their frames, to mean and log deviation of each frame's latents."""

    def __init__(self, config: SpeechConfig, dropout: float = 0.0) -> None:
        super().__init__()
        width = config.width
        self.place = nn.Linear(3, width)
        self.blocks = Blocks(width, config.prior_layers, dropout)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 2 * config.latent)

    def forward(self, h: Tensor, counts: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors (B, L, W), frames of each token int64 (B, L) and the mask of frames (B, 1, T) to what the frames are
        told (B, T, W), means and log deviations (B, T, D)."""
        return self.of_frames(*spread(counts, mask.shape[2]), h, mask)

    def of_frames(self, index: Tensor, place: Tensor, h: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same of frames whose token (B, T) and place in it (B, T, 3) are known, see ``spread``."""
        x = h.gather(1, index[..., None].expand(-1, -1, h.shape[2])) + self.place(place)  # (B, T, W)
        x = self.norm(self.blocks(x.transpose(1, 2) * mask, mask).transpose(1, 2))
        mean, deviation = self.out(x).float().chunk(2, dim=2)
        return x, mean, deviation.clamp(SHARPEST, WIDEST)


def spread(counts: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """The token of each frame, int64 (B, T), and where in it the frame lies: share of it that has passed, share to
    come, log of its length, float32 (B, T, 3)."""
    ends = counts.cumsum(1)  # (B, L)
    frames = torch.arange(longest, device=counts.device).expand(len(counts), -1).contiguous()
    index = torch.searchsorted(ends, frames, right=True).clamp_max(counts.shape[1] - 1)
    own = counts.gather(1, index).clamp_min(1).float()
    passed = ((frames - (ends - counts).gather(1, index)).float() + 0.5) / own
    return index, torch.stack([passed, 1 - passed, own.log()], dim=2)


class Posterior(nn.Module):
    """Log-mel frames and their pitch to mean and log deviation of each frame's latents."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("level", torch.zeros(config.mels))
        self.register_buffer("spread", torch.ones(config.mels))
        self.level: Tensor
        self.spread: Tensor
        self.first = nn.Conv1d(config.mels + 2, width, KERNEL, padding=KERNEL // 2)
        self.blocks = Blocks(width, config.posterior_layers)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 2 * config.latent)

    def standard(self, mel: Tensor) -> Tensor:
        """Log-mel frames (B, T, mels) with mean 0 and deviation 1 in each band, over the corpus."""
        return (mel - self.level) / self.spread

    def forward(self, mel: Tensor, octaves: Tensor, voiced: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Standard frames (B, T, mels), pitch in octaves and whether there is one (B, T) to means and log deviations,
        (B, T, D)."""
        x = torch.cat([mel, 2 * octaves[..., None], voiced[..., None]], dim=2).transpose(1, 2) * mask
        x = self.blocks(self.first(x) * mask, mask)
        mean, deviation = self.out(self.norm(x.transpose(1, 2))).float().chunk(2, dim=2)
        return mean, deviation.clamp(SHARPEST, WIDEST)


class Coupling(nn.Module):
    """Adds to one half of the latents what it makes of the other and of the text (mean-only, as in VITS, app. B; Dinh
    et al. 2014, NICE, arXiv 1410.8516): the volume stays, so that log |det| = 0."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        half, width = config.latent // 2, config.flow_width
        self.first = nn.Conv1d(half, width, KERNEL, padding=KERNEL // 2)
        self.told = nn.Linear(config.width, width)
        self.blocks = Blocks(width, 1)
        self.out = nn.Linear(width, half)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, z: Tensor, told: Tensor, mask: Tensor, *, back: bool = False) -> Tensor:
        """(B, T, D) and what the frames were told (B, T, W) to (B, T, D)."""
        one, other = z.chunk(2, dim=2)
        x = (self.first(one.transpose(1, 2)) + self.told(told).transpose(1, 2)) * mask
        shift = self.out(self.blocks(x, mask).transpose(1, 2)).float() * mask.transpose(1, 2)
        return torch.cat([one, other - shift if back else other + shift], dim=2)


class Flow(nn.Module):
    """Latents of the posterior to those of the prior, and back."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(config) for _ in range(config.flows))

    def forward(self, z: Tensor, told: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D), of the same volume."""
        for coupling in self.couplings:
            z = coupling(z, told, mask).flip(2)
        return z

    def back(self, z: Tensor, told: Tensor, mask: Tensor) -> Tensor:
        """The way back."""
        for coupling in reversed(self.couplings):
            z = coupling(z.flip(2), told, mask, back=True)
        return z


class Decoder(nn.Module):
    """Latents to a pitch and two filters; with pulses and white noise to samples."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        width, bins = config.decoder_width, config.fft // 2 + 1
        self.frames = Frames(config.fft, config.hop)
        self.pitch = nn.Sequential(
            nn.Conv1d(config.latent, 64, KERNEL, padding=KERNEL // 2), nn.GELU(), nn.Conv1d(64, 2, KERNEL, padding=3)
        )
        self.first = nn.Conv1d(config.latent, width, KERNEL, padding=KERNEL // 2)
        self.blocks = Blocks(width, config.decoder_layers)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * bins)
        nn.init.normal_(self.head.weight, std=0.02)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([-3.0, 0.0, -4.0]).repeat_interleave(bins))

    def heard_pitch(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Octaves above the speaker's median, and the log odds that there is a pitch, of (B, T, D): (B, T) each."""
        octaves, voiced = self.pitch(z.transpose(1, 2)).float().unbind(1)
        return octaves, voiced

    def hertz(self, z: Tensor) -> Tensor:
        """The pitch that is read off latents (B, T, D), 0 where there is none: (B, T)."""
        octaves, voiced = self.heard_pitch(z)
        return torch.where(voiced > 0, self.config.hertz * 2**octaves, 0.0)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) to the filters of pulses, complex, and of noise, (B, T, bins) each, float32."""
        x = self.blocks(self.first(z.transpose(1, 2)), None)
        level, phase, noise = self.head(self.norm(x.transpose(1, 2))).float().chunk(3, dim=2)
        return torch.polar(level.clamp_max(LOUDEST).exp(), phase), noise.clamp_max(LOUDEST).exp()

    def source(self, hertz: Tensor, start: Tensor) -> Tensor:
        """Pulses at the pitch (B, T), each beginning at a share ``start`` (B,) of its period: (B, samples)."""
        return pulses(hertz, self.config.hop, self.config.rate, start)

    def sound(self, filters: tuple[Tensor, Tensor], source: Tensor, white: Tensor) -> Tensor:
        """What the filters make of pulses and noise of variance 1, (B, samples) each: float32 (B, samples)."""
        voice, noise = filters
        whole = voice * self.frames(source) + (noise - QUIET).clamp_min(0) * self.frames(white)
        return self.frames.back(whole)


class Voice(nn.Module):
    """All that makes sound of a text, and what it learns with; the shares dropped matter while it learns alone."""

    def __init__(self, config: SpeechConfig, dropout: float = 0.0, length_dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.text = TextEncoder(config, dropout, length_dropout)
        self.prior = FramePrior(config, dropout)
        self.posterior = Posterior(config)
        self.flow = Flow(config)
        self.decoder = Decoder(config)
        self.frames = Frames(config.fft, config.hop)
        self.register_buffer("bands", mel_bands(config.mels, config.fft // 2 + 1, config.rate), persistent=False)
        self.bands: Tensor

    def mel(self, samples: Tensor) -> Tensor:
        """Logarithms of the mel bands of (B, T·hop), nats: (B, T, mels)."""
        with torch.autocast(samples.device.type, enabled=False):  # logarithms of what bfloat16 can't tell apart
            return (self.frames(samples).abs() @ self.bands.T + FLOOR).log()


def log_likelihood(mel: Tensor, means: Tensor) -> Tensor:
    """log N(frame; mean, 1) of each frame as each token, up to a constant: (B, T, mels), (B, L, mels) to (B, T, L)."""
    across = mel @ means.transpose(1, 2)
    return across - 0.5 * mel.square().sum(2)[:, :, None] - 0.5 * means.square().sum(2)[:, None]


def part_of(x: Tensor, starts: Tensor, size: int) -> Tensor:
    """``size`` frames of each item of (B, T, …) from its start on, with zeros where it has ended: (B, size, …)."""
    places = starts[:, None] + torch.arange(size, device=x.device)  # (B, size)
    inside = places < x.shape[1]
    found = x[torch.arange(len(x), device=x.device)[:, None], places.clamp_max(x.shape[1] - 1)]
    return found * inside.view(*inside.shape, *[1] * (x.ndim - 2))
