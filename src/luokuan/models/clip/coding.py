"""Frames to tokens and back, by a codec of one's own or one that was trained before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.clip.config import ClipConfig
from luokuan.models.codec.bottleneck import Quantiser
from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.codec.model import Codec
from luokuan.models.codec.networks import Decoder, Encoder

CHUNK = 16
"""Frames computed together, always: with one shape of product, a frame's bits don't depend on its company."""


class FrameCodec(nn.Module):
    """Encoder, quantiser and decoder of frames."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        shape = config.own_codec
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)
        self.quantiser = Quantiser(config.levels)

    def tokens(self, frames: NDArray[np.uint8]) -> Tensor:
        """uint8 (N, H, W, 3) to int64 (N, C, h, w), on the CPU."""
        return torch.cat(
            [self.quantiser.tokens(self.quantiser.latents(self.encoder(x)))[:n].cpu() for x, n in self._points(frames)]
        )

    def from_tokens(self, tokens: Tensor) -> NDArray[np.uint8]:
        """int64 (N, C, h, w) to uint8 (N, 8h, 8w, 3)."""
        device = next(self.parameters()).device
        pieces = []
        for start in range(0, len(tokens), CHUNK):
            piece = tokens[start : start + CHUNK].to(device)
            full = torch.cat([piece, piece.new_zeros(CHUNK - len(piece), *piece.shape[1:])])
            made = self.decoder(self.quantiser.from_tokens(full))
            pieces.append(to_pictures(made)[: len(piece)].cpu().numpy())
        return np.concatenate(pieces)

    def _points(self, frames: NDArray[np.uint8]) -> list[tuple[Tensor, int]]:
        device = next(self.parameters()).device
        found = []
        for start in range(0, len(frames), CHUNK):
            piece = torch.from_numpy(np.array(frames[start : start + CHUNK]))
            full = torch.cat([piece, piece.new_zeros(CHUNK - len(piece), *piece.shape[1:])])
            found.append((to_points(full.to(device)), len(piece)))
        return found


@torch.no_grad()
def encoded(codec: FrameCodec | Codec, clips: NDArray[np.uint8], config: ClipConfig) -> NDArray[np.uint8]:
    """Clips uint8 (N, frames, H, W, 3) to tokens uint8 (N, 1, C, frames·h, w), C the channels of all cells
    that are read as one: the frames of a clip below each other, so that they are read one after the other."""
    found = []
    for clip in clips:
        tokens = F.pixel_unshuffle(codec.tokens(clip), config.together)  # (frames, C, h, w)
        found.append(tokens.transpose(0, 1).flatten(1, 2).numpy().astype(np.uint8))
    return np.stack(found)[:, None]


@torch.no_grad()
def decoded(decode: Callable[[Tensor], NDArray[np.uint8]], rows: Tensor, config: ClipConfig) -> NDArray[np.uint8]:
    """Tokens int64 (N, frames·h·w, C), as the prior draws them, to clips uint8 (N, frames, H, W, 3)."""
    side = config.cells
    tokens = rows.unflatten(1, (config.frames, side, side)).permute(0, 1, 4, 2, 3)  # (N, frames, C, h, w)
    return np.stack([decode(F.pixel_shuffle(clip.contiguous(), config.together)) for clip in tokens])
