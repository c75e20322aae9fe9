"""How good an upscaler is: held-out pictures, halved and enlarged again, beside bicubic and Lanczos interpolation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _
from luokuan.models.codec.fidelity import LEAST, UNITS, psnr, ssim
from luokuan.models.evaluation.metrics import Kid, frechet_distance, kernel_distance
from luokuan.models.evaluation.network import NAME, RESOLUTION, SHA256, feature_network
from luokuan.models.upscaler.config import FACTOR
from luokuan.models.upscaler.degradation import halve
from luokuan.models.upscaler.plain import METHODS, enlarged
from luokuan.models.upscaler.record import beats_bicubic

Double = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""One picture, uint8 (H, W, 3), to (2H, 2W, 3)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One way to enlarge, measured; units: ``UNITS``."""

    psnr: float
    ssim: float
    frechet: float
    kernel: Kid


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``compare`` finds.

    Args:
        size: Side of the enlarged pictures, pixels; they were halved from it with Pillow's bicubic filter.
        held_out: Held-out pictures that were halved and enlarged.
        reference: Training pictures to which the enlarged ones, and for the floor the held-out ones, are compared.
        methods: ``upscaler``, ``bicubic`` and ``lanczos``.
        frechet_floor: Of the held-out pictures themselves.
        kernel_floor: Of the held-out pictures themselves.
    """

    size: int
    held_out: int
    reference: int
    seed: int
    network: str
    resolution: int
    methods: dict[str, Quality]
    frechet_floor: float
    kernel_floor: Kid

    @property
    def beats_bicubic(self) -> bool:
        """More PSNR and a smaller kernel distance."""
        return beats_bicubic(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        values = asdict(self)
        values["methods"] = {
            name: asdict(quality) | {"kernel": quality.kernel._asdict()} for name, quality in self.methods.items()
        }
        return values | {"kernel_floor": self.kernel_floor._asdict(), "units": UNITS}


def small_of(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (N, 2H, 2W, 3), halved with Pillow's bicubic filter: uint8 (N, H, W, 3)."""
    return np.stack([halve(np.asarray(picture)) for picture in pictures])


def compare(
    double: Double,
    *,
    train: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    seed: int = 0,
    resolution: int = RESOLUTION,
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Halve held-out pictures, enlarge them in three ways, and measure each.

    Args:
        double: The upscaler.
        train: uint8 (N, size, size, 3); size even, 22 or more.
        held_out: uint8 (M, size, size, 3).
        seed: Chooses the reference and the resamples.
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
    small = small_of(held_out)
    made = {"upscaler": np.stack([double(picture) for picture in small])}
    made |= {name: np.stack([enlarged(picture, FACTOR, name) for picture in small]) for name in METHODS}
    network = feature_network()

    def features(what: str, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return network.features(pictures, resolution=resolution, progress=step(what, len(pictures)))

    known = features(_("Features of training pictures"), reference)
    real = features(_("Features of held-out pictures"), held_out)
    methods = {}
    for name, pictures in made.items():
        seen = features(_("Features of enlarged pictures"), pictures)
        methods[name] = Quality(
            psnr=float(psnr(held_out, pictures).mean()),
            ssim=float(ssim(held_out, pictures).mean()),
            frechet=frechet_distance(known, seen),
            kernel=kernel_distance(known, seen, seed=seed),
        )
    return Comparison(
        size=int(held_out.shape[1]),
        held_out=len(held_out),
        reference=len(reference),
        seed=seed,
        network=f"{NAME} {SHA256[:12]}",
        resolution=resolution,
        methods=methods,
        frechet_floor=frechet_distance(known, real),
        kernel_floor=kernel_distance(known, real, seed=seed),
    )
