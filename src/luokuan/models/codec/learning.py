"""How a codec learns, as the training loop plays it: the autoencoder's phase, then the discriminator's."""

from __future__ import annotations

import copy
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
from luokuan.models.codec import objective
from luokuan.models.codec.bottleneck import bottleneck
from luokuan.models.codec.config import CodecConfig
from luokuan.models.codec.networks import Decoder, Encoder
from luokuan.models.codec.perceptual import ProjectedDiscriminator, perceptual_network

CROP = 64
"""Side of the training pictures, pixels."""
LARGE = 128
"""Side of the pictures from which crops are cut, and of the last steps' pictures."""
LARGE_FROM = 0.85
"""Progress from which pictures are seen at ``LARGE``, a quarter as many a step."""
SHEET = 16
SLOWER = 0.25
"""The discriminator's rate as a share of the autoencoder's."""


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How a codec learns.

    Args:
        rate, rate_end: Adam's rate of the autoencoder at the start and the end (cosine).
        kl_weight: Weight of KL(q ‖ p) a latent value beside the pixel distance (β of a β-VAE up to that scale); it
            only acts on the Gaussian bottleneck.
        noise: Largest σ of Gaussian noise on the latents, in units of their standard deviation, drawn for each item
            from U(0, noise): a GAN's latents are never quite right. For the Gaussian bottleneck; the quantiser has its
            own.
        perceptual: Weight of the distance between the feature maps of ``perceptual.PerceptualNetwork``.
        adversary_from: Progress (0..1) from which the discriminator plays on these maps.
        adversary: Its constant weight.
        equivariance: Share of steps at which mirrored, and of steps at which halved latents must decode to mirrored
            and halved pictures (after EQ-VAE, Kouzelis et al. 2025, arXiv 2502.09509).
    """

    rate: float = 2e-3
    rate_end: float = 5e-5
    kl_weight: float = 1e-2
    noise: float = 0.2
    perceptual: float = 1.0
    adversary_from: float = 0.0
    adversary: float = 0.25
    equivariance: float = 0.125


@dataclass(frozen=True, slots=True)
class Pictures:
    """Training pictures as uint8 arrays: ``small`` (N, 64, 64, 3) and the same at ``large`` (N, 128, 128, 3)."""

    small: NDArray[np.uint8]
    large: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.small)


def to_points(pictures: Tensor) -> Tensor:
    """uint8 (B, H, W, 3), 0..255, to float32 (B, 3, H, W), -1..1, channels last."""
    points = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return points.contiguous(memory_format=torch.channels_last)


def to_pictures(points: Tensor) -> Tensor:
    """(B, 3, H, W) to uint8 (B, H, W, 3), rounded to nearest."""
    scaled = points.float().add(1).mul(127.5).round().clamp(0, 255)
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


class CodecLearning:
    """A codec as an objective of the training loop.

    Args:
        config: Shape of the networks.
        settings: How they learn.
        pictures: What to learn from.
        held_out: uint8 (M, 64, 64, 3), for validation; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: CodecConfig,
        settings: LearningSettings,
        pictures: Pictures,
        *,
        held_out: NDArray[np.uint8] | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._pictures, self._held_out, self._device = pictures, held_out, device
        torch.manual_seed(mix_seed(seed, "weights"))
        self.encoder = channels_last(Encoder(config).to(device))
        self.decoder = channels_last(Decoder(config).to(device))
        self.discriminator = channels_last(ProjectedDiscriminator().to(device))
        self.bottleneck = bottleneck(config).to(device)
        looks = settings.perceptual > 0 or settings.adversary > 0
        self._perceptual = copy.deepcopy(perceptual_network()).to(device) if looks else None
        self._trained = [*self.encoder.parameters(), *self.decoder.parameters()]
        self._optimisers = {
            "autoencoder": adam(self._trained, rate=settings.rate, betas=(0.9, 0.99)),
            "discriminator": adam(self.discriminator.parameters(), rate=SLOWER * settings.rate, betas=(0.5, 0.9)),
        }
        self._shown: dict[int, tuple[list[Tensor], list[Tensor]]] = {}

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """The three networks."""
        return {"encoder": self.encoder, "decoder": self.decoder, "discriminator": self.discriminator}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """One for encoder and decoder, one for the discriminator."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """Encoder and decoder: their averages are what is kept."""
        return ("encoder", "decoder")

    def items(self) -> int:
        """Training pictures."""
        return len(self._pictures)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Pictures at ``indices``, small and large, half of them mirrored: -1..1."""
        chosen = np.sort(indices)
        small, large = (
            to_points(torch.from_numpy(array[chosen]).to(self._device))
            for array in (self._pictures.small, self._pictures.large)
        )
        mirrored = torch.rand(len(small), 1, 1, 1, device=self._device) < 0.5
        return torch.where(mirrored, objective.mirror(small), small), torch.where(
            mirrored, objective.mirror(large), large
        )

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """Autoencoder; then, from ``adversary_from``, the discriminator."""
        progress = min(step / max(steps - 1, 1), 1.0)
        adversarial = self.settings.adversary > 0 and progress >= self.settings.adversary_from
        rate = cosine(self.settings.rate, self.settings.rate_end, warm_up=min(100, steps // 10))
        self._shown.clear()

        def autoencoder(batch: tuple[Tensor, Tensor], part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._autoencoder_loss(self._views(batch, progress), part, adversarial=adversarial)

        yield Phase(
            "autoencoder",
            self._trained,
            self._optimisers["autoencoder"],
            rate,
            autoencoder,
            frozen=(self.discriminator,),
            clip=1.0,
        )
        if adversarial:
            yield Phase(
                "discriminator",
                list(self.discriminator.parameters()),
                self._optimisers["discriminator"],
                cosine(SLOWER * self.settings.rate, SLOWER * self.settings.rate_end),
                self._discriminator_loss,
                clip=1.0,
            )

    def _views(self, batch: tuple[Tensor, Tensor], progress: float) -> Tensor:
        """What this step looks at: whole small pictures and crops of large ones, later whole large ones."""
        small, large = batch
        if progress >= LARGE_FROM:
            return large[: max(len(large) // 4, 1)]
        count, reach = len(small), LARGE - CROP
        rows = torch.randint(reach + 1, (count,)).tolist()
        columns = torch.randint(reach + 1, (count,)).tolist()
        crops = torch.stack(
            [x[:, r : r + CROP, c : c + CROP] for x, r, c in zip(large, rows, columns, strict=True)]
        )  # (B, 3, 64, 64)
        whole = torch.rand(count, 1, 1, 1, device=small.device) < 0.5
        return torch.where(whole, small, crops).contiguous(memory_format=torch.channels_last)

    def _autoencoder_loss(
        self, x: Tensor, part: int, *, adversarial: bool
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        settings = self.settings
        z, kl = self.bottleneck.sample(self.encoder(x))  # (B, C, h, w), (B,)
        if settings.noise and self.config.bottleneck == "kl":
            strength = settings.noise * torch.rand(len(z), 1, 1, 1, device=z.device)
            z = z + strength * z.detach().std() * torch.randn_like(z)
        draw, target = float(torch.rand(())), x
        if draw < settings.equivariance:
            z, target = objective.mirror(z), objective.mirror(x)
        elif draw < 2 * settings.equivariance:
            z, target = self.bottleneck.settle(objective.halve(z)), objective.halve(x)
        r = self.decoder(z)
        distance = objective.pixel_distance(target, r)
        loss = distance + settings.kl_weight * kl.mean() / z[0].numel()
        nats = objective.reconstruction_nats(target, r.detach()).mean()
        figures: dict[str, Tensor | float] = {
            "pixel_distance": distance.detach(),
            "reconstruction_nats_per_value": nats / target[0].numel(),
            "kl_nats_per_value": kl.detach().mean() / x[0].numel(),
        }
        if self._perceptual is not None:
            with torch.no_grad():
                known = self._perceptual(target)
            seen = self._perceptual(r)
            perceived = objective.feature_matching(known, seen)
            loss = loss + settings.perceptual * perceived
            figures["perceptual_distance"] = perceived.detach()
            if adversarial:
                fooling = objective.over_stages(objective.hinge_decoder, self.discriminator(seen))
                loss = loss + settings.adversary * fooling
                figures["fooling"] = fooling.detach()
                self._shown[part] = (known, [x.detach() for x in seen])
        return loss, figures

    def _discriminator_loss(self, _batch: Any, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        known, seen = self._shown.pop(part)
        real, fake = self.discriminator(known), self.discriminator(seen)
        loss = objective.over_stages(objective.hinge_discriminator, real, fake)
        return loss, {
            "real_logit": objective.over_stages(torch.mean, real).detach(),
            "fake_logit": objective.over_stages(torch.mean, fake).detach(),
        }

    # --- looking at it --------------------------------------------------------------------------------

    def reconstruct(self, networks: Mapping[str, nn.Module], pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pictures (N, H, W, 3) through the centre of the posterior and back, 64 at a time."""
        pieces = []
        for start in range(0, len(pictures), 64):
            x = to_points(torch.from_numpy(np.array(pictures[start : start + 64])).to(self._device))
            z = self.bottleneck.settle(self.bottleneck.latents(networks["encoder"](x)))
            pieces.append(to_pictures(networks["decoder"](z)).cpu().numpy())
        return np.concatenate(pieces)

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """The ELBO's two terms on at most 512 held-out pictures, nats a picture and a value, and PSNR in dB."""
        if self._held_out is None or not len(self._held_out):
            return {}
        nats = rates = errors = 0.0
        count = min(len(self._held_out), 512)
        for start in range(0, count, 64):
            x = to_points(torch.from_numpy(np.array(self._held_out[start : min(start + 64, count)])).to(self._device))
            z, kl = self.bottleneck.sample(average["encoder"](x))
            nats += float(objective.reconstruction_nats(x, average["decoder"](z)).sum())
            rates += float(kl.sum())
            settled = average["decoder"](self.bottleneck.settle(self.bottleneck.latents(average["encoder"](x))))
            mean_squares = (settled.clamp(-1, 1) - x).div(2).square().mean(dim=(1, 2, 3))
            errors += float(-10 * torch.log10(mean_squares.clamp_min(1e-10)).sum())
        values = int(np.prod(self._held_out.shape[1:]))
        return {
            "pictures": float(count),
            "reconstruction_nats": nats / count,
            "kl_nats": rates / count,
            "bits_per_value": (nats + rates) / count / values / float(np.log(2)),
            "psnr_db": errors / count,
        }

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Rows of pictures, each above a row of their reconstructions; held-out ones where there are any."""
        source = self._held_out if self._held_out is not None and len(self._held_out) else self._pictures.small
        order = np.random.default_rng(mix_seed("preview")).permutation(len(source))[: 2 * SHEET]
        pictures = np.array(source[np.sort(order)])
        made = self.reconstruct(average, pictures)
        rows = []
        for start in range(0, len(pictures) - SHEET + 1, SHEET) or (0,):
            for array in (pictures, made):
                piece = array[start : start + SHEET]  # (≤16, H, W, 3)
                rows.append(np.concatenate(list(piece), axis=1))
        return Picture(np.ascontiguousarray(np.concatenate(rows, axis=0)))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved at the end, overfitted or lost its latents, in words."""
        seen = [row for row in history if "validation/reconstruction_nats" in row]
        if len(seen) < 2:
            return []
        found = []
        last = seen[-1]
        idle = last["validation/kl_nats"] < 0.01 * last["validation/reconstruction_nats"]
        if idle and self.config.bottleneck == "kl":
            found.append(_("The latents carry almost nothing: lower the weight of the KL term."))
        best = min(row["validation/reconstruction_nats"] for row in seen)
        if last["validation/reconstruction_nats"] > 1.02 * best:
            found.append(_("Held-out pictures were reconstructed better earlier: it learns its pictures by heart."))
        elif seen[-2]["validation/reconstruction_nats"] > 1.005 * last["validation/reconstruction_nats"]:
            found.append(_("It was still improving at the end: a longer run would give better pictures."))
        return found
