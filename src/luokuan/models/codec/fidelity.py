"""How faithful a codec is: its reconstructions beside the pictures (PSNR, SSIM) and as a set (KID, Fréchet)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _
from luokuan.models.codec.model import Codec
from luokuan.models.evaluation.metrics import Kid, frechet_distance, kernel_distance
from luokuan.models.evaluation.network import NAME, RESOLUTION, SHA256, feature_network

LEAST = 20
"""Fewest pictures for which distances between sets mean anything."""
WINDOW, SIGMA = 11, 1.5
UNITS = {
    "psnr": "dB, mean over pictures",
    "ssim": "1, mean over pictures",
    "frechet_distance": "squared feature units",
    "kernel_distance": "squared kernel units, 95 % interval",
}


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """10·log₁₀(255² / mean squared error) of each pair of pictures (N, H, W, 3): (N,), dB; 100 at most."""
    errors = ((one.astype(np.float64) - other.astype(np.float64)) ** 2).mean(axis=(1, 2, 3))
    values: NDArray[np.float64] = 10 * np.log10(255.0**2 / np.maximum(errors, 255.0**2 * 1e-10))
    return values


def _blur(x: Tensor) -> Tensor:
    """Gaussian window of ``WINDOW`` with ``SIGMA``, where it fits. (B, C, H, W) to (B, C, H - 10, W - 10)."""
    places = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    line = torch.exp(-places.square() / (2 * SIGMA**2))
    line = line / line.sum()
    channels = x.shape[1]
    x = F.conv2d(x, line.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(x, line.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Structural similarity (Wang et al. 2004, IEEE TIP 13(4), eq. 13; K₁ = 0.01, K₂ = 0.03, Gaussian window 11, σ 1.5)
    of each pair of pictures, averaged over places and the three channels: (N,), 1 for equal pictures.

    Args:
        one: uint8 (N, H, W, 3), sides ≥ 11.
        other: The same shape.
    """
    found = []
    small, large = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    for start in range(0, len(one), 64):
        x, y = (torch.from_numpy(np.array(a[start : start + 64])).permute(0, 3, 1, 2).double() for a in (one, other))
        mx, my = _blur(x), _blur(y)
        vx, vy, both = _blur(x * x) - mx * mx, _blur(y * y) - my * my, _blur(x * y) - mx * my
        top = (2 * mx * my + small) * (2 * both + large)
        bottom = (mx * mx + my * my + small) * (vx + vy + large)
        found.append((top / bottom).mean(dim=(1, 2, 3)).numpy())
    return np.concatenate(found)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What ``measure`` finds; units: ``UNITS``.

    Args:
        codec: Name of what was measured; ``codec_digest``: its digest.
        corpus: Title of what it was measured on; ``corpus_digest``: its digest.
        size: Side of the pictures, pixels.
        held_out: Held-out pictures that were reconstructed.
        reference: Training pictures to which the reconstructions, and for the floor the held-out pictures themselves,
            are compared as sets.
    """

    codec: str
    codec_digest: str
    corpus: str
    corpus_digest: str
    size: int
    held_out: int
    reference: int
    seed: int
    network: str
    resolution: int
    psnr: float
    ssim: float
    frechet: float
    frechet_floor: float
    kernel: Kid
    kernel_floor: Kid

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        values = asdict(self)
        values["kernel"], values["kernel_floor"] = self.kernel._asdict(), self.kernel_floor._asdict()
        return values | {"units": UNITS}


def measure(
    codec: Codec,
    *,
    corpus_title: str,
    corpus_digest: str,
    train: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    seed: int = 0,
    resolution: int = RESOLUTION,
    progress: Callable[[str, int, int], None] | None = None,
) -> Fidelity:
    """Measure reconstructions of held-out pictures.

    Args:
        train: uint8 (N, size, size, 3); size a multiple of 8.
        held_out: uint8 (M, size, size, 3): what is reconstructed.
        resolution: Side at which the feature network looks.
        progress: Called with (what is done, how many are done, of how many).

    Raises:
        UserError: fewer than ``LEAST`` pictures.
    """
    if min(len(train), len(held_out)) < LEAST:
        raise UserError(
            _(
                "Too few pictures to compare: {held} held out, {train} for training.",
                held=len(held_out),
                train=len(train),
            ),
            _("At least {least} of each are needed; hundreds give figures worth reading.", least=LEAST),
            code="evaluation.too_few",
        )

    def step(what: str, total: int) -> Callable[[int], None]:
        return lambda done: progress(what, done, total) if progress else None

    chosen = np.random.default_rng(mix_seed(seed, "floor")).permutation(len(train))[: len(held_out)]
    reference = np.asarray(train[np.sort(chosen)])
    made = codec.reconstruct(held_out)
    network = feature_network()
    sets = {}
    for what, pictures in (
        (_("Features of training pictures"), reference),
        (_("Features of held-out pictures"), held_out),
        (_("Features of reconstructions"), made),
    ):
        sets[what] = network.features(pictures, resolution=resolution, progress=step(what, len(pictures)))
    known, real, rebuilt = sets.values()
    return Fidelity(
        codec=codec.folder.name,
        codec_digest=codec.folder.digest,
        corpus=corpus_title,
        corpus_digest=corpus_digest,
        size=int(held_out.shape[1]),
        held_out=len(held_out),
        reference=len(reference),
        seed=seed,
        network=f"{NAME} {SHA256[:12]}",
        resolution=resolution,
        psnr=float(psnr(held_out, made).mean()),
        ssim=float(ssim(held_out, made).mean()),
        frechet=frechet_distance(known, rebuilt),
        frechet_floor=frechet_distance(known, real),
        kernel=kernel_distance(known, rebuilt, seed=seed),
        kernel_floor=kernel_distance(known, real, seed=seed),
    )
