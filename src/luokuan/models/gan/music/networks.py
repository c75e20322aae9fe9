"""Generator and critic of music: residual networks over time, without batch statistics.

G has noise that a piece shares and noise for each of its cells, as MuseGAN (Dong et al. 2018, arXiv 1709.06298, sec.
3.2). It works on cells first, then on twice as many steps, until there is one for each frame: so it writes pieces of
any length. Heads choose the symbols of a frame one voice after the other, each seeing those before it. D goes the other
way, over one window.

Both read pitches twice, as they are and as steps above the tonic of the class's key: what is learnt of a scale in one
key holds in all.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.gan.music.config import CELLS, DENSITIES, KEYS, MusicGanConfig
from luokuan.models.gan.music.symbols import PITCHES, SYMBOLS, steps_above_tonic, straight_through
from luokuan.models.layers import GAIN, SLOPE, linear

REACH = 3
"""Steps that a convolution sees: the one before, its own, the one after."""
_STEPS = 13


class Convolution(nn.Module):
    """A convolution over time as one product: on a CPU quicker for so few channels than a convolution, also twice
    differentiated. (B, T, W) to (B, T, outputs)."""

    def __init__(self, inputs: int, outputs: int, *, gain: float) -> None:
        super().__init__()
        self.product = linear(REACH * inputs, outputs, gain=gain)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, W) to (B, T, outputs); beyond the ends there are zeros."""
        wide = F.pad(x, (0, 0, 1, 1))
        found: Tensor = self.product(torch.cat([wide[:, i : i + x.shape[1]] for i in range(REACH)], dim=2))
        return found


class Block(nn.Module):
    """x + B·act(A·act(m(x))), B zero at the start; ``layers`` blocks in all (fix-up gain, arXiv 1901.09321). With a
    style w, m(x) = x/rms(x)·(1 + s(w)) + t(w); without, m(x) = x."""

    def __init__(self, width: int, layers: int, style: int = 0) -> None:
        super().__init__()
        self.affine = linear(style, 2 * width, gain=0.0) if style else None
        self.rise = Convolution(width, width, gain=GAIN * layers**-0.25)
        self.fall = Convolution(width, width, gain=0.0)

    def forward(self, x: Tensor, w: Tensor | None = None) -> Tensor:
        """(B, T, W) and (B, style) to (B, T, W)."""
        y = x
        if self.affine is not None and w is not None:
            scale, shift = self.affine(w)[:, None].chunk(2, dim=2)
            y = x * x.square().mean(dim=2, keepdim=True).add(1e-4).rsqrt() * (1 + scale) + shift
        found: Tensor = x + self.fall(F.leaky_relu(self.rise(F.leaky_relu(y, SLOPE)), SLOPE))
        return found


class Condition(nn.Module):
    """A class as a vector: its tonic's, its mode's and its density's together."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.tonics = nn.Embedding(12, width)
        self.modes = nn.Embedding(KEYS // 12, width)
        self.densities = nn.Embedding(len(DENSITIES), width)

    def forward(self, y: Tensor) -> Tensor:
        """int64 (B,) to (B, W)."""
        key, density = y // len(DENSITIES), y % len(DENSITIES)
        found: Tensor = self.tonics(key % 12) + self.modes(key // 12) + self.densities(density)
        return found / math.sqrt(3)


def tonic_of(y: Tensor) -> Tensor:
    """The tonics of classes int64 (B,), 0 to 11."""
    return y // len(DENSITIES) % 12


class Symbols(nn.Module):
    """Points to vectors: one for each symbol of each voice, one for each step above the tonic. Linear, so that its
    gradient is that of all symbols."""

    relative: Tensor

    def __init__(self, width: int, voices: int) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.randn(voices, SYMBOLS, width) / math.sqrt(2 * voices))
        self.above = nn.Parameter(torch.randn(voices, _STEPS, width) / math.sqrt(2 * voices))
        self.register_buffer("relative", F.one_hot(steps_above_tonic(), _STEPS).float(), persistent=False)

    def forward(self, x: Tensor, tonics: Tensor, voice: int | None = None) -> Tensor:
        """Points (B, T, voices, SYMBOLS), or of one ``voice`` (B, T, 1, SYMBOLS), in the keys of tonics (B,), to the
        sum of their vectors, (B, T, W)."""
        chosen = slice(None) if voice is None else slice(voice, voice + 1)
        own, above = self.own[chosen].flatten(0, 1), self.above[chosen].flatten(0, 1)
        steps = (x.flatten(1, 2) @ self.relative[tonics]).unflatten(1, x.shape[1:3])  # (B, T, voices, 13)
        found: Tensor = x.flatten(2) @ own + steps.flatten(2) @ above
        return found


class Heads(nn.Module):
    """States to symbols, voice after voice."""

    relative: Tensor

    def __init__(self, width: int, voices: int, *, holds: bool) -> None:
        super().__init__()
        self.symbols = Symbols(width, voices)
        self.rise = nn.ModuleList(linear(width, width) for _voice in range(voices))
        self.own = nn.ModuleList(linear(width, SYMBOLS, gain=0.5) for _voice in range(voices))
        self.above = nn.ModuleList(linear(width, _STEPS, gain=0.5) for _voice in range(voices))
        self.register_buffer("relative", steps_above_tonic(), persistent=False)
        barred = torch.zeros(SYMBOLS)
        barred[PITCHES + 1 :] = 0.0 if holds else -1e4
        self.register_buffer("barred", barred, persistent=False)
        self.barred: Tensor

    def forward(self, h: Tensor, tonics: Tensor, temperature: float, stream: torch.Generator | None) -> Tensor:
        """States (B, T, W) and tonics (B,) to points (B, T, voices, SYMBOLS); see ``straight_through``."""
        index = self.relative[tonics][:, None].expand(-1, h.shape[1], -1)  # (B, T, SYMBOLS)
        found = []
        for voice, (rise, own, above) in enumerate(zip(self.rise, self.own, self.above, strict=True)):
            seen = F.leaky_relu(rise(F.leaky_relu(h, SLOPE)), SLOPE)
            logits = own(seen).float() + above(seen).float().gather(2, index) + self.barred
            point = straight_through(logits, temperature=temperature, stream=stream)
            found.append(point)
            h = h + self.symbols(point[:, :, None], tonics, voice)
        return torch.stack(found, dim=2)


class Generator(nn.Module):
    """G: noise and a class to points (B, T, voices, SYMBOLS)."""

    def __init__(self, config: MusicGanConfig) -> None:
        super().__init__()
        self.config = config
        width, way = config.width, config.way
        doublings = int(math.log2(config.cell))
        layers = (doublings + 1) * config.depth
        self.condition = Condition(config.latent)
        self.mapping = nn.Sequential(
            linear(2 * config.latent, width), nn.LeakyReLU(SLOPE), linear(width, width), nn.LeakyReLU(SLOPE)
        )
        self.start = linear(config.local + width, width, gain=1.0)
        self.places = nn.Parameter(torch.randn(CELLS, width) * 0.3)
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width, layers, width) for _block in range(config.depth))
            for _stage in range(doublings + 1)
        )
        self.wider = nn.ModuleList(linear(width, 2 * width, gain=1.0) for _doubling in range(doublings))
        self.heads = Heads(width, way.voices, holds=not way.sets)

    def forward(self, z: Tensor, y: Tensor, temperature: float = 1.0, stream: torch.Generator | None = None) -> Tensor:
        """z (B, latent + cells · local) and classes (B,) to points of as many cells, float32.

        Args:
            temperature, stream: Of the symbols, see ``straight_through``.
        """
        shared, own = z[:, : self.config.latent], z[:, self.config.latent :].unflatten(1, (-1, self.config.local))
        w = self.mapping(torch.cat([shared, self.condition(y)], dim=1))  # (B, W)
        cells = own.shape[1]
        x = self.start(torch.cat([own, w[:, None].expand(-1, cells, -1)], dim=2))
        x = x + self.places[torch.arange(cells, device=z.device) % CELLS]
        for index, stage in enumerate(self.stages):
            if index:
                # A step's two halves come from one product each, so that they know which they are.
                x = self.wider[index - 1](x).unflatten(2, (2, -1)).flatten(1, 2)
            assert isinstance(stage, nn.ModuleList)
            for block in stage:
                x = block(x, w)
        found: Tensor = self.heads(x, tonic_of(y), temperature, stream)
        return found


class Discriminator(nn.Module):
    """D: points of a window and their class to one logit; higher is more real. The class enters by projection (Miyato &
    Koyama 2018, arXiv 1802.05637)."""

    def __init__(self, config: MusicGanConfig) -> None:
        super().__init__()
        width, voices = config.width, config.way.voices
        halvings = int(math.log2(config.cell))
        layers = (halvings + 1) * config.depth
        self.symbols = Symbols(width, voices)
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width, layers) for _block in range(config.depth)) for _stage in range(halvings + 1)
        )
        self.narrower = nn.ModuleList(linear(2 * width, width, gain=1.0) for _halving in range(halvings))
        self.whole = linear(config.window // config.cell * width, width)
        self.last = linear(width, 1, gain=1.0)
        self.condition = Condition(width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Points (B, window, voices, SYMBOLS) and classes (B,) to (B,), float32."""
        h = self.symbols(x, tonic_of(y))
        for index, stage in enumerate(self.stages):
            if index:
                h = self.narrower[index - 1](h.unflatten(1, (-1, 2)).flatten(2))
            assert isinstance(stage, nn.ModuleList)
            for block in stage:
                h = block(h)
        seen = F.leaky_relu(self.whole(F.leaky_relu(h, SLOPE).flatten(1)), SLOPE).float()  # (B, W)
        told = (seen * self.condition(y).float()).sum(dim=1) / math.sqrt(seen.shape[1])
        found: Tensor = self.last(seen).float().squeeze(1) + told
        return found
