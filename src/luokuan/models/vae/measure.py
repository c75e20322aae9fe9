"""What only a likelihood model can be asked: its bound on log p(x), in nats; and its two priors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from luokuan.foundation.compute import mix_seed, seeded
from luokuan.i18n import _
from luokuan.models.evaluation.metrics import Kid, frechet_distance, kernel_distance
from luokuan.models.evaluation.network import RESOLUTION, feature_network
from luokuan.models.vae import discretised, elbo
from luokuan.models.vae.learning import to_values
from luokuan.models.vae.model import CHUNK, Vae
from luokuan.models.vae.sheet import COLUMNS, sheet

DRAWS = 500
"""Importance samples a picture (Burda et al. 2015, and most tables after it, take 5,000 or 500)."""
WEIGHED = 64
"""Most pictures that are weighed: each costs ``DRAWS`` passes of the decoder."""
UNITS = {
    "reconstruction_nats": "nats a picture, -E_q[log p(x|z)]",
    "kl_nats": "nats a picture, KL(q(z|x) ‖ N(0, I))",
    "bits_per_value": "bits a value of 8 bits, upper bound of -log2 p(x)",
    "active_units": "latent values whose posterior mean has a variance of 0.01 or more over the pictures",
    "importance_nats": "nats a picture, -log p(x) with p(z) = N(0, I), importance-weighted upper bound",
    "importance_mixture_nats": "the same with the fitted mixture as p(z)",
    "standard": "samples from N(0, I): squared feature units; squared kernel units, 95 % interval",
}

Progress = Callable[[str, int, int], None]
"""(what, done, total)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What ``measure`` finds; units: ``UNITS``. Lower is better but for ``active_units``.

    Args:
        pictures: Held-out pictures behind the ELBO and ``active_units``.
        values: 8-bit values in a picture.
        latent: Length of z.
        scale: s of p(x|z) of each channel, in steps of the 8-bit values.
        importance_draws: Draws a picture K; 0: not measured, and the figures below are None.
        importance_pictures: How many pictures, spread evenly over all; ``importance_elbo_nats``: the negative ELBO of
            these alone, from the same draws.
    """

    pictures: int
    values: int
    latent: int
    seed: int
    likelihood: str
    scale: tuple[float, ...]
    reconstruction_nats: float
    kl_nats: float
    bits_per_value: float
    active_units: int
    importance_draws: int
    importance_pictures: int
    importance_elbo_nats: float | None
    importance_nats: float | None
    importance_mixture_nats: float | None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self) | {"scale": list(self.scale), "units": UNITS}


@torch.no_grad()
def measure(
    vae: Vae, pictures: NDArray[np.uint8], *, draws: int = DRAWS, seed: int = 0, progress: Progress | None = None
) -> Bound:
    """Measure the bounds on held-out pictures.

    Args:
        pictures: uint8 (N ≥ 1, size, size, 3).
        draws: Importance samples K for each of ``WEIGHED`` pictures at most; 0 leaves these figures out.
        seed: Of the draws.
        progress: Called with (what is done, how many are done, of how many).
    """
    config = vae.config
    mean, log_variance = vae.posterior(pictures)
    kl = elbo.kl_to_standard(mean, log_variance).sum(dim=1)
    with seeded(seed, "elbo"):
        fitted = _fitted(vae, pictures, elbo.draw(mean, log_variance))
    nats, rate = float(-fitted.double().mean()), float(kl.double().mean())
    chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), WEIGHED)).round().astype(np.int64)
    found: tuple[float | None, ...] = (None, None, None)
    if draws:
        bounds = []
        for index, picture in enumerate(chosen):
            if progress is not None:
                progress(_("Importance-weighted bound"), index + 1, len(chosen))
            with seeded(seed, "importance", index):
                moments = mean[picture].expand(draws, -1), log_variance[picture].expand(draws, -1)
                z = elbo.draw(*moments)  # (K, D)
            given = _fitted(vae, np.broadcast_to(pictures[picture], (draws, *pictures.shape[1:])), z).double()
            posterior = elbo.log_normal(z, *moments).double()
            standard = given + elbo.log_normal(z).double() - posterior  # log w, (K,)
            mixture = given + vae.mixture.log_prob(z) - posterior
            bounds.append([standard.mean(), *(elbo.importance_bound(w[:, None])[0] for w in (standard, mixture))])
        found = tuple((-torch.tensor(bounds, dtype=torch.float64).mean(dim=0)).tolist())
    return Bound(
        pictures=len(pictures),
        values=config.values,
        latent=config.latent,
        seed=seed,
        likelihood=config.likelihood,
        scale=tuple(round(float(s), 4) for s in vae.decoder.log_scale.exp()),
        reconstruction_nats=nats,
        kl_nats=rate,
        bits_per_value=(nats + rate) / config.values / math.log(2),
        active_units=elbo.active_units(mean),
        importance_draws=draws,
        importance_pictures=len(chosen) if draws else 0,
        importance_elbo_nats=found[0],
        importance_nats=found[1],
        importance_mixture_nats=found[2],
    )


def _fitted(vae: Vae, pictures: NDArray[np.uint8], z: torch.Tensor) -> torch.Tensor:
    """log p(x|z) of each pair, nats, (N,), float32."""
    found = []
    for start in range(0, len(z), 4 * CHUNK):
        piece = slice(start, start + 4 * CHUNK)
        made = vae.decoder(z[piece].to(vae.device))
        values = to_values(pictures[piece], vae.device)
        scale = vae.decoder.log_scale
        found.append(discretised.log_likelihood(values, made, scale, vae.config.likelihood).cpu())
    return torch.cat(found)


def standard_samples(
    vae: Vae,
    held_out: NDArray[np.uint8],
    *,
    count: int,
    seed: int,
    truncation: float = 1.0,
    resolution: int = RESOLUTION,
    progress: Progress | None = None,
) -> tuple[float, Kid]:
    """Fréchet and kernel distance of ``count`` samples from N(0, I) to the held-out pictures."""

    def step(what: str, total: int) -> Callable[[int], None]:
        return lambda done: progress(what, done, total) if progress else None

    made = vae.with_prior("standard").sample(count, seed=seed, truncation=truncation)
    network = feature_network()
    what = _("Features of samples from N(0, I)")
    features = network.features(made, resolution=resolution, progress=step(what, count))
    what = _("Features of held-out pictures")
    real = network.features(held_out, resolution=resolution, progress=step(what, len(held_out)))
    return frechet_distance(real, features), kernel_distance(real, features, seed=seed)


def sheet_of(vae: Vae, held_out: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Held-out pictures above their reconstructions, two rows from N(0, I), two from the mixture, a walk."""
    chosen = np.linspace(0, len(held_out) - 1, min(len(held_out), COLUMNS)).round().astype(np.int64)
    shown = np.ascontiguousarray(held_out[chosen])
    standard, mixture = vae.with_prior("standard"), vae.with_prior("mixture")
    return sheet(
        shown,
        vae.reconstruct(shown),
        standard.sample(2 * COLUMNS, seed=seed),
        mixture.sample(2 * COLUMNS, seed=seed),
        mixture.interpolate((seed, mix_seed(seed, "walk")), COLUMNS),
    )
