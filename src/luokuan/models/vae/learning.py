"""How a VAE learns, as the training loop plays it: one phase, the negative ELBO."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import channels_last, mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import adam, cosine
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.codec.learning import to_pictures
from luokuan.models.vae import discretised, elbo
from luokuan.models.vae.config import VaeConfig
from luokuan.models.vae.diagnosis import Looked, verdicts
from luokuan.models.vae.networks import Decoder, Encoder
from luokuan.models.vae.prior import moment_matched
from luokuan.models.vae.sheet import COLUMNS, latent_walk, sheet

VALIDATED = 256
"""Most held-out pictures that one validation looks at."""
WEIGHED, DRAWS = 64, 8
"""Pictures, and draws for each, of the importance-weighted bound at validation."""
MATCHED = 1024
"""Training pictures whose posteriors the preview's Gaussian is matched to."""
PIECE = 64


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How a VAE learns.

    Args:
        rate, rate_end: Adam's rate at the start and the end (cosine).
        beta: Weight of the KL term; 1 is the ELBO, more asks for fewer and more regular latents (β-VAE, Higgins et
            al. 2017).
        warm_up: Share of the run in which that weight rises from 0 in a straight line (Bowman et al. 2016, arXiv
            1511.06349; Sønderby et al. 2016, arXiv 1602.02282): a young decoder would otherwise learn to ignore z.
        flip: Mirror half of the pictures; not for material where left and right differ (text, logos).
    """

    rate: float = 2e-3
    rate_end: float = 1e-4
    beta: float = 1.0
    warm_up: float = 0.1
    flip: bool = True


def to_values(pictures: NDArray[np.uint8], device: str | torch.device = "cpu") -> Tensor:
    """uint8 (B, H, W, 3) to float32 values 0..255, (B, 3, H, W), channels last."""
    values = torch.from_numpy(np.array(pictures)).to(device).permute(0, 3, 1, 2).float()
    return values.contiguous(memory_format=torch.channels_last)


def to_inputs(values: Tensor) -> Tensor:
    """Values 0..255 to the networks' -1..1."""
    return values / discretised.HALF - 1


def posteriors(encoder: nn.Module, pictures: NDArray[np.uint8], device: str, *, flip: bool) -> tuple[Tensor, Tensor]:
    """μ and σ² of q(z|x) of each picture (and with ``flip`` of each mirrored one): (N or 2·N, D), on the CPU."""
    means, variances = [], []
    for start in range(0, len(pictures), PIECE):
        x = to_inputs(to_values(pictures[start : start + PIECE], device))
        for view in (x, x.flip(3)) if flip else (x,):
            mean, log_variance = encoder(view)
            means.append(mean.cpu())
            variances.append(log_variance.exp().cpu())
    return torch.cat(means), torch.cat(variances)


class VaeLearning:
    """A VAE as an objective of the training loop.

    Args:
        config: Shape of the networks.
        settings: How they learn.
        pictures: Training pictures, uint8 (N, S, S, 3).
        held_out: Pictures for validation with the same shape; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: VaeConfig,
        settings: LearningSettings,
        pictures: NDArray[np.uint8],
        *,
        held_out: NDArray[np.uint8] | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._pictures, self._device = pictures, device
        self._held_out = held_out if held_out is not None and len(held_out) else None
        torch.manual_seed(mix_seed(seed, "weights"))
        self.encoder = channels_last(Encoder(config).to(device))
        self.decoder = channels_last(Decoder(config).to(device))
        self._trained = [*self.encoder.parameters(), *self.decoder.parameters()]
        self._optimiser = adam(self._trained, rate=settings.rate, betas=(0.9, 0.99))

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Both networks."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """One for both."""
        return {"vae": self._optimiser}

    def averaged(self) -> Sequence[str]:
        """Both: their averages are what is kept."""
        return ("encoder", "decoder")

    def items(self) -> int:
        """Training pictures."""
        return len(self._pictures)

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """Pictures at ``indices`` as values 0..255, (B, 3, S, S); half of them mirrored."""
        values = to_values(self._pictures[np.sort(indices)], self._device)
        if not self.settings.flip:
            return values
        mirrored = torch.rand(len(values), 1, 1, 1, device=self._device) < 0.5
        return torch.where(mirrored, values.flip(3), values)

    def weight(self, step: int, steps: int) -> float:
        """β at ``step``: rising over the warm-up, then constant."""
        return elbo.linear(self.settings.beta, rising=self.settings.warm_up)(step, steps)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One: the negative ELBO."""
        beta = self.weight(step, steps)

        def loss(values: Tensor, _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._loss(values, beta)

        rate = cosine(self.settings.rate, self.settings.rate_end, warm_up=min(100, steps // 10))
        yield Phase("vae", self._trained, self._optimiser, rate, loss, clip=1.0)

    def _loss(self, values: Tensor, beta: float) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        mean, log_variance = self.encoder(to_inputs(values))
        fitted, kl = self._terms(self.decoder, values, mean, log_variance)
        # Nats a value and not a picture: the clipping threshold then holds at any size.
        loss = (beta * kl - fitted).mean() / self.config.values
        return loss, {
            "reconstruction_nats": -fitted.detach().mean(),
            "kl_nats": kl.detach().mean(),
            "bits_per_value": (kl - fitted).detach().mean() / self.config.values / math.log(2),
            "beta": beta,
        }

    def _terms(self, decoder: nn.Module, values: Tensor, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x|z) with one draw of z, and KL(q ‖ p): nats a picture, (B,) each."""
        locations = decoder(elbo.draw(mean, log_variance))
        scale: Any = decoder.log_scale
        fitted = discretised.log_likelihood(values, locations, scale, self.config.likelihood)
        return fitted, elbo.kl_to_standard(mean, log_variance).sum(dim=1)

    def _weighed(self, decoder: nn.Module, values: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        """The importance-weighted bound with ``DRAWS`` draws, nats a picture, (B,)."""

        def given(z: Tensor) -> Tensor:  # one draw at a time: (1, B, D) to (1, B)
            scale: Any = decoder.log_scale
            return discretised.log_likelihood(values, decoder(z[0]), scale, self.config.likelihood)[None]

        return elbo.weigh(given, mean, log_variance, draws=DRAWS, chunk=1).bound

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """The ELBO's two terms on held-out pictures (``VALIDATED`` at most), active units, and the importance-weighted
        bound of the first ``WEIGHED`` of them with ``DRAWS`` draws. Terms as positive nats a picture."""
        if self._held_out is None:
            return {}
        encoder, decoder = average["encoder"], average["decoder"]
        # At random, because pictures come class by class.
        order = np.random.default_rng(mix_seed("validate")).permutation(len(self._held_out))[:VALIDATED]
        pictures = self._held_out[order]
        fitted, rates, means, bounds = [], [], [], []
        for start in range(0, len(pictures), PIECE):
            values = to_values(pictures[start : start + PIECE], self._device)
            mean, log_variance = encoder(to_inputs(values))
            term, kl = self._terms(decoder, values, mean, log_variance)
            fitted.append(term)
            rates.append(kl)
            means.append(mean)
            if start < WEIGHED:
                bounds.append(self._weighed(decoder, values, mean, log_variance))
        nats, rate = float(-torch.cat(fitted).mean()), float(torch.cat(rates).mean())
        return {
            "pictures": float(len(pictures)),
            "reconstruction_nats": nats,
            "kl_nats": rate,
            "bits_per_value": (nats + rate) / self.config.values / math.log(2),
            "active_units": float(elbo.active_units(torch.cat(means))),
            "importance_nats": float(-torch.cat(bounds).mean()),
            "importance_pictures": float(len(torch.cat(bounds))),
            "importance_draws": float(DRAWS),
        }

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Pictures above their reconstructions (held-out ones where there are any), samples from N(0, I), samples from
        the Gaussian with the aggregate posterior's moments, and a walk through the latents."""
        encoder, decoder = average["encoder"], average["decoder"]
        source = self._held_out if self._held_out is not None else self._pictures
        rng = np.random.default_rng(mix_seed("preview"))
        shown = np.array(source[np.sort(rng.permutation(len(source))[:COLUMNS])])
        known = self._pictures[np.sort(rng.permutation(len(self._pictures))[:MATCHED])]
        mean, _log_variance = encoder(to_inputs(to_values(shown, self._device)))
        matched = moment_matched(*posteriors(encoder, known, self._device, flip=self.settings.flip))
        noise = torch.randn(4 * COLUMNS, self.config.latent)
        standard = noise[: 2 * COLUMNS]
        fitting = torch.stack([matched.draw(0, row.double()) for row in noise[2 * COLUMNS :]]).float()
        walk = latent_walk(fitting[0], fitting[1], COLUMNS)

        def pictures(latents: Tensor) -> NDArray[np.uint8]:
            return to_pictures(decoder(latents.to(self._device))).cpu().numpy()

        return Picture(sheet(shown, *(pictures(z) for z in (mean, standard, fitting, walk))))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Posterior collapse, overfitting, or a run that was too short, in words."""
        seen = [
            Looked(
                bound=row["validation/reconstruction_nats"] + row["validation/kl_nats"],
                kl=row["validation/kl_nats"],
                active=round(row["validation/active_units"]),
            )
            for row in history
            if "validation/kl_nats" in row
        ]
        advice = _("lower --beta, raise --warm-up, or train longer")
        return verdicts(seen, self.config.latent, advice=advice)
