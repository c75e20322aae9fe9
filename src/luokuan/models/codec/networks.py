"""Encoder, decoder and the patch discriminator that trains them: dense 3×3 residual blocks for a CPU."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.codec.bottleneck import bottleneck
from luokuan.models.codec.config import CodecConfig
from luokuan.models.layers import GAIN, SLOPE, PlainBlock, conv


def _blocks(width: int, count: int, layers: int) -> nn.Sequential:
    return nn.Sequential(*(PlainBlock(width, "dense", layers) for _ in range(count)))


class Encoder(nn.Module):
    """Pictures (B, 3, H, W), -1 to 1, H and W multiples of 8, to the bottleneck's input (B, outputs, H/8, W/8)."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        coarse, middle, fine = config.encoder_widths
        layers = max(sum(config.encoder_depth), 1)
        # Pixel unshuffle: the first convolution runs on a quarter of the places with four times the channels.
        self.input = conv(12, fine, 3, gain=1.0)
        self.fine = _blocks(fine, config.encoder_depth[2], layers)
        self.to_middle = conv(fine, middle, 3, gain=1.0, stride=2)
        self.middle = _blocks(middle, config.encoder_depth[1], layers)
        self.to_coarse = conv(middle, coarse, 3, gain=1.0, stride=2)
        self.coarse = _blocks(coarse, config.encoder_depth[0], layers)
        self.output = conv(coarse, bottleneck(config).outputs, 3, gain=1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, outputs, H/8, W/8), float32."""
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)  # (B, 12, H/2, W/2)
        x = self.fine(self.input(x))
        x = self.middle(self.to_middle(x))
        x = self.coarse(self.to_coarse(x))
        out: Tensor = self.output(F.leaky_relu(x, SLOPE))
        return out.float()


class Decoder(nn.Module):
    """Latents (B, C, h, w) to pictures (B, 3, 8h, 8w), about -1 to 1, unbounded."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        widths, layers = config.decoder_widths, max(sum(config.decoder_depth), 1)
        self.input = conv(config.latent_channels, widths[0], 3, gain=1.0)
        self.stages = nn.ModuleList(
            _blocks(width, depth, layers) for width, depth in zip(widths, config.decoder_depth, strict=True)
        )
        self.transitions = nn.ModuleList(conv(a, b, 1, gain=1.0) for a, b in itertools.pairwise(widths))
        self.output = conv(widths[-1], 3, 3, gain=1.0)

    def forward(self, z: Tensor) -> Tensor:
        """(B, C, h, w) to (B, 3, 8h, 8w), float32."""
        x = self.input(z.contiguous(memory_format=torch.channels_last))
        for index, stage in enumerate(self.stages):
            if index:
                # Narrow first, then enlarge: the 1×1 costs a quarter. Bilinear, because pixel shuffle leaves a grid.
                x = self.transitions[index - 1](x)
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = stage(x)
        out: Tensor = self.output(F.leaky_relu(x, SLOPE))
        return out.float()


class PatchDiscriminator(nn.Module):
    """Pictures (B, 3, H, W) to one logit a patch, (B, 1, H/8, W/8), after PatchGAN (Isola et al. 2017, arXiv
    1611.07004). Its feature maps also say how a reconstruction differs from its picture (feature matching)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                conv(12, width, 3, gain=GAIN),
                conv(width, width, 3, gain=GAIN),
                conv(width, 2 * width, 3, gain=GAIN, stride=2),
                conv(2 * width, 2 * width, 3, gain=GAIN, stride=2),
            ]
        )
        self.logits = conv(2 * width, 1, 3, gain=1.0)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, 3, H, W) to logits (B, 1, H/8, W/8), float32, and the feature maps before them."""
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            features.append(x)
        out: Tensor = self.logits(x)
        return out.float(), features
