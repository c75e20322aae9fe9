"""Style transfer: a picture keeps what is where, and takes colours and textures from other pictures.

After Gatys, Ecker and Bethge (arXiv 1508.06576): what is where is told by deep feature maps of a frozen network, a
style by the Gram matrices of all of them, and the picture is found by gradient descent. The style of a corpus is the
mean of its pictures' Gram matrices. The change is sought from coarse to fine, as a sum of layers of one size each (a
Laplacian pyramid), which keeps the network's own grain out; total variation (arXiv 1603.08155, sec. 3.2) smooths the
rest. It begins where the picture's colours have the style's mean and covariance: the linear map that moves them least
does that (Pitié and Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
transfer").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from luokuan.foundation.compute import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from torch import Tensor

SIDE = 384
"""Shortest side in pixels at which the change is sought; finer details stay the picture's own."""
CELL, SMALLEST = 16, 64
"""The network's coarsest cell; a picture's shortest side is at least four of them."""
SHARES = (1 / 3, 2 / 3, 1.0)
STEPS = (50, 40, 30)
"""Sides that are gone through, as shares of the last one, and the steps of gradient descent at each."""
NEXT = 8
"""Steps for each later frame of a clip, from the change of the one before it."""
LONGEST = 4
"""How many times as long as the other a side is of what is looked at."""
RATE, LAYERS = 0.015, 5
WEIGHTS = (4.0, 0.2, 0.7, 1.0, 1.0, 1.0)
"""Of the Gram matrices of colours and of the five stages: their distance is a share of the style's own."""
CONTENT, SMOOTH = 3.0, 0.4
DEEP = slice(3, 5)
"""Stages that tell what is where."""


class Restyler:
    """A style, ready to be put on pictures of one shape, one after the other.

    Args:
        style: Pictures, each uint8 (H, W, 3).
        shape: (H, W) of the pictures on which it is put.
        strength: 0 (they stay) to 1 (what is where hardly counts).
    """

    def __init__(self, style: Sequence[NDArray[np.uint8]], shape: tuple[int, int], strength: float) -> None:
        self.strength = strength
        last = max(SMALLEST, min(SIDE, *shape))
        sides = sorted({max(SMALLEST, round(share * last)) for share in SHARES})
        self._sizes = [_cells(shape, side) for side in sides]
        self._styles = [_style(style, side) for side in sides]
        self._layers: list[Tensor] | None = None

    @one_thread()
    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture in the style, uint8 (H, W, 3). Frames of a clip go one after another: each begins with the change
        of the one before, so that textures stay where they are."""
        import torch
        import torch.nn.functional as F

        if self.strength == 0:
            return picture
        whole = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]  # (1, 3, H, W)
        if self._layers is None:
            steps = STEPS[-len(self._sizes) :]
            layers: list[Tensor] = []
            for size, style, count in zip(self._sizes, self._styles, steps, strict=True):
                layers = _layers(size, _sum(layers, size))
                change = self._sought(_resized(whole, size), style, layers, count)
            self._layers = layers
        else:
            change = self._sought(_resized(whole, self._sizes[-1]), self._styles[-1], self._layers, NEXT)
        full = F.interpolate(change, whole.shape[2:], mode="bicubic", align_corners=False)
        found = (whole + 127.5 * full)[0].permute(1, 2, 0).clamp(0, 255).round()
        return found.numpy().astype(np.uint8)

    def _sought(self, content: Tensor, style: list[Tensor], layers: list[Tensor], steps: int) -> Tensor:
        """The change (1, 3, H, W) of ``content`` after so many steps; ``layers`` are moved along."""
        import torch

        from luokuan.models.codec.perceptual import perceptual_network

        network = perceptual_network()
        with torch.no_grad():
            kept = network(content)[DEEP]
        base = _recoloured(content, style[0], self.strength)
        wanted = [layer.requires_grad_(True) for layer in layers]
        optimiser = torch.optim.Adam(wanted, lr=RATE, betas=(0.9, 0.99))
        size = (content.shape[2], content.shape[3])

        def found() -> Tensor:
            return (base + _sum(wanted, size)).clamp(-1, 1)

        with torch.enable_grad():
            for _step in range(steps):
                x = found()
                maps = network(x)
                apart = sum(
                    weight * _distance(_gram(one), other)
                    for weight, one, other in zip(WEIGHTS, [x, *maps], style, strict=True)
                )
                moved = sum(_distance(one, other) for one, other in zip(maps[DEEP], kept, strict=True))
                loss = self.strength * apart + (1 - self.strength) * CONTENT * moved + SMOOTH * _variation(x)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        for layer in layers:
            layer.requires_grad_(False)
        with torch.no_grad():
            return found() - content


def example(picture: Image.Image) -> NDArray[np.uint8]:
    """A picture whose style is taken, uint8 (H, W, 3): the middle of one that is very long and narrow, and no larger
    than it is looked at."""
    from PIL import Image, ImageOps

    height, width = (min(own, LONGEST * min(picture.size)) for own in (picture.height, picture.width))
    whole = ImageOps.fit(picture, (width, height)) if (width, height) != picture.size else picture
    share = SIDE / min(width, height)
    if share < 1:
        whole = whole.resize((round(width * share), round(height * share)), Image.Resampling.LANCZOS)
    return np.asarray(whole)


def _cells(shape: tuple[int, int], side: int) -> tuple[int, int]:
    height, width = (max(SMALLEST, round(own * side / min(shape) / CELL) * CELL) for own in shape)
    return height, width


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """0 to 255 of any size to -1 to 1 of ``size``."""
    import torch.nn.functional as F

    return F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False) / 127.5 - 1


def _recoloured(content: Tensor, colours: Tensor, share: float) -> Tensor:
    """``content`` (1, 3, H, W), a ``share`` of the way to the mean and covariance that a Gram matrix (4, 4) tells."""
    import torch

    def moments(gram: Tensor) -> tuple[Tensor, Tensor]:
        mean = gram[:3, 3].double()
        return mean, gram[:3, :3].double() - torch.outer(mean, mean) + 1e-4 * torch.eye(3, dtype=torch.float64)

    def root(matrix: Tensor, power: float) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        return (vectors * values.clamp_min(1e-9) ** power) @ vectors.T

    (mean, own), (wanted, other) = moments(_gram(content)), moments(colours)
    half, back = root(own, 0.5), root(own, -0.5)
    matrix = back @ root(half @ other @ half, 0.5) @ back
    flat = content[0].flatten(1).double()
    moved = (matrix @ (flat - mean[:, None]) + wanted[:, None]).clamp(-1, 1)
    mixed = flat + share * (moved - flat)
    return mixed.float().view_as(content)


def _layers(size: tuple[int, int], start: Tensor) -> list[Tensor]:
    """A pyramid whose finest layer is ``start`` (1, 3, H, W) and the others nothing."""
    import torch

    coarser = [torch.zeros(1, 3, max(1, size[0] >> level), max(1, size[1] >> level)) for level in range(1, LAYERS)]
    return [start, *coarser]


def _sum(layers: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Of layers of any sizes, (1, 3, H, W)."""
    import torch
    import torch.nn.functional as F

    found = torch.zeros(1, 3, *size)
    for layer in layers:
        found = found + F.interpolate(layer, size, mode="bilinear", align_corners=False)
    return found


def _style(pictures: Sequence[NDArray[np.uint8]], side: int) -> list[Tensor]:
    """The mean Gram matrices of colours and of each stage."""
    import torch

    from luokuan.models.codec.perceptual import perceptual_network

    network, sums = perceptual_network(), list[torch.Tensor]()
    with torch.no_grad():
        for picture in pictures:
            whole = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
            x = _resized(whole, _cells((whole.shape[2], whole.shape[3]), side))
            grams = [_gram(one) for one in (x, *network(x))]
            sums = grams if not sums else [one + other for one, other in zip(sums, grams, strict=True)]
    return [one / len(pictures) for one in sums]


def _gram(maps: Tensor) -> Tensor:
    """Of maps (1, C, H, W): products of two channels, and the means, which a channel of ones gives, (C + 1, C + 1)."""
    import torch.nn.functional as F

    flat = F.pad(maps[0].flatten(1), (0, 0, 0, 1), value=1.0)
    return flat @ flat.T / flat.shape[1]


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Squared, as a share of the other's own square."""
    return (one - other).square().sum() / other.square().sum().clamp_min(1e-12)


def _variation(x: Tensor) -> Tensor:
    across, down = x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]
    return (across.square() + 1e-4).sqrt().mean() + (down.square() + 1e-4).sqrt().mean()
