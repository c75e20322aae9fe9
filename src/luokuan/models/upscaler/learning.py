"""How an upscaler learns, as the training loop plays it: the upscaler's phase, then the patch discriminator's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from luokuan.models.codec.fidelity import psnr
from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.codec.networks import PatchDiscriminator
from luokuan.models.upscaler.config import UpscalerConfig
from luokuan.models.upscaler.degradation import Degradation, degrade, halve, uniform
from luokuan.models.upscaler.networks import UpscalerNetwork, bicubic

SIDE = 128
"""Side of the pictures from which crops are cut, pixels."""
CROP = 64
"""Side of a crop: what the network shall make of half that side."""
VALIDATED = 96
"""Held-out pictures that a validation looks at."""
SHOWN = 8

Batch = tuple[Tensor, Tensor]
"""Small crops (B, 3, 32, 32) and the large ones (B, 3, 64, 64), -1..1."""


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How an upscaler learns.

    Args:
        rate: Adam's rate at the start.
        rate_end: Its rate at the end (cosine).
        adversary_from: Progress (0..1) from which the patch discriminator plays.
        adversary: Its constant weight; small, so that the pictures stay nearer to the originals than bicubic ones.
        matching: Weight of feature matching in its layers.
        degradation: How the small pictures are made.
    """

    rate: float = 1e-3
    rate_end: float = 2e-5
    adversary_from: float = 2 / 3
    adversary: float = 0.03
    matching: float = 0.3
    degradation: Degradation = field(default_factory=Degradation)


class UpscalerLearning:
    """An upscaler as an objective of the training loop.

    Args:
        config: Shape of the network.
        settings: How it learns.
        pictures: uint8 (N, 128, 128, 3): what to learn from.
        held_out: uint8 (M, 128, 128, 3), for validation; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: UpscalerConfig,
        settings: LearningSettings,
        pictures: NDArray[np.uint8],
        *,
        held_out: NDArray[np.uint8] | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._pictures, self._held_out, self._device = pictures, held_out, device
        torch.manual_seed(mix_seed(seed, "weights"))
        self.network = channels_last(UpscalerNetwork(config).to(device))
        self.discriminator = channels_last(PatchDiscriminator().to(device))
        self._optimisers = {
            "upscaler": adam(self.network.parameters(), rate=settings.rate, betas=(0.9, 0.99)),
            "discriminator": adam(self.discriminator.parameters(), rate=settings.rate, betas=(0.5, 0.9)),
        }
        self._shown: dict[int, tuple[Tensor, Tensor]] = {}

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Both networks."""
        return {"upscaler": self.network, "discriminator": self.discriminator}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """One for each network."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The upscaler: its average is what is kept."""
        return ("upscaler",)

    def items(self) -> int:
        """Training pictures."""
        return len(self._pictures)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """A crop of each picture at ``indices``, turned or mirrored at random, and its spoilt half-size copy."""
        count, reach = len(indices), SIDE - CROP
        rows, columns = torch.randint(reach + 1, (2, count)).tolist()
        turns, mirrored = torch.randint(4, (count,)).tolist(), (torch.rand(count) < 0.5).tolist()
        draws = uniform(count)
        large = np.empty((count, CROP, CROP, 3), dtype=np.uint8)
        small = np.empty((count, CROP // 2, CROP // 2, 3), dtype=np.uint8)
        for k, index in enumerate(np.sort(indices)):
            crop = self._pictures[index, rows[k] : rows[k] + CROP, columns[k] : columns[k] + CROP]
            crop = np.rot90(crop[:, ::-1] if mirrored[k] else crop, turns[k])
            large[k] = crop
            small[k] = degrade(large[k], draws[k], self.settings.degradation)
        return to_points(torch.from_numpy(small).to(self._device)), to_points(torch.from_numpy(large).to(self._device))

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """Upscaler; then, from ``adversary_from``, the discriminator."""
        settings = self.settings
        progress = min(step / max(steps - 1, 1), 1.0)
        adversarial = settings.adversary > 0 and progress >= settings.adversary_from
        self._shown.clear()

        def upscaler(batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._upscaler_loss(batch, part, adversarial=adversarial)

        yield Phase(
            "upscaler",
            list(self.network.parameters()),
            self._optimisers["upscaler"],
            cosine(settings.rate, settings.rate_end, warm_up=min(100, steps // 10)),
            upscaler,
            frozen=(self.discriminator,),
            clip=1.0,
        )
        if adversarial:
            yield Phase(
                "discriminator",
                list(self.discriminator.parameters()),
                self._optimisers["discriminator"],
                cosine(settings.rate, settings.rate_end),
                self._discriminator_loss,
                clip=1.0,
            )

    def _upscaler_loss(
        self, batch: Batch, part: int, *, adversarial: bool
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        settings, (small, large) = self.settings, batch
        made = self.network(small)
        distance = objective.pixel_distance(large, made)
        loss = distance
        figures: dict[str, Tensor | float] = {"pixel_distance": distance.detach()}
        if adversarial:
            logits, features = self.discriminator(made)
            with torch.no_grad():
                _logits, known = self.discriminator(large)
            matching = objective.feature_matching(known, features)
            fooling = objective.hinge_decoder(logits)
            loss = loss + settings.adversary * fooling + settings.matching * matching
            figures |= {"matching": matching.detach(), "fooling": fooling.detach()}
            self._shown[part] = (large, made.detach())
        return loss, figures

    def _discriminator_loss(self, _batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        real, fake = self._shown.pop(part)
        real_logits, fake_logits = self.discriminator(real)[0], self.discriminator(fake)[0]
        loss = objective.hinge_discriminator(real_logits, fake_logits)
        return loss, {"real_logit": real_logits.detach().mean(), "fake_logit": fake_logits.detach().mean()}

    # --- looking at it --------------------------------------------------------------------------------

    def _both(self, network: nn.Module, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pictures (N, 128, 128, 3), halved and enlarged again by the network and by bicubic interpolation."""
        made, plain = [], []
        for start in range(0, len(pictures), 16):
            small = np.stack([halve(picture) for picture in pictures[start : start + 16]])
            x = to_points(torch.from_numpy(small).to(self._device))
            made.append(to_pictures(network(x)).cpu().numpy())
            plain.append(to_pictures(bicubic(x)).cpu().numpy())
        return np.concatenate(made), np.concatenate(plain)

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """PSNR in dB of at most ``VALIDATED`` held-out pictures, halved cleanly and enlarged again, and bicubic's."""
        if self._held_out is None or not len(self._held_out):
            return {}
        pictures = np.array(self._held_out[:VALIDATED])
        made, plain = (float(psnr(pictures, found).mean()) for found in self._both(average["upscaler"], pictures))
        return {"pictures": float(len(pictures)), "psnr_db": made, "bicubic_psnr_db": plain, "gain_db": made - plain}

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Three rows: bicubic, the upscaler's, the originals; held-out ones where there are any."""
        source = self._held_out if self._held_out is not None and len(self._held_out) else self._pictures
        pictures = np.array(source[:SHOWN])
        made, plain = self._both(average["upscaler"], pictures)
        rows = [np.concatenate(list(array), axis=1) for array in (plain, made, pictures)]
        return Picture(np.ascontiguousarray(np.concatenate(rows, axis=0)))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it beats bicubic interpolation, and still improved at the end, in words."""
        seen = [row for row in history if "validation/gain_db" in row]
        if not seen:
            return []
        gains, count = [row["validation/gain_db"] for row in seen], int(seen[-1]["validation/pictures"])
        if gains[-1] <= 0:
            return [_("It doesn't come nearer to held-out pictures than bicubic interpolation: train longer.")]
        found = [
            _(
                "It beats bicubic interpolation by {gain:.2f} dB PSNR on {count} held-out pictures.",
                gain=gains[-1],
                count=count,
            )
        ]
        # The adversary costs some PSNR, so only a rise is told.
        if len(gains) > 1 and gains[-1] - gains[-2] > 0.05:
            found.append(_("It was still improving at the end: a longer run would give better pictures."))
        return found
