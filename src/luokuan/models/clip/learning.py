"""How a model of clips learns, as the training loop plays it: first the codec of frames, then the prior over clips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import channels_last, mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Schedule, Together, adam, cosine, hold_then_fall
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.clip.coding import FrameCodec, decoded, encoded
from luokuan.models.clip.config import ClipConfig
from luokuan.models.clip.sheet import contact_sheet
from luokuan.models.codec.learning import to_points
from luokuan.models.codec.model import Codec
from luokuan.models.codec.objective import pixel_distance
from luokuan.models.prior.learning import Material, PriorLearning, PriorSettings
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Manner, draw, numbers_needed

VALIDATED = 96
"""Most held-out clips that one validation looks at."""
SHOWN = 6


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """How a model of clips learns.

    Args:
        codec_share: Share of the run in which the codec learns; then it is frozen, and the prior learns.
        rate: Adam's rate of the codec at the start of its share.
        rate_end: At its end (cosine).
        each: Frames of each clip that one step of the codec sees.
        prior: How the prior learns.
    """

    codec_share: float = 0.3
    rate: float = 2e-3
    rate_end: float = 5e-5
    each: int = 2
    prior: PriorSettings = field(default_factory=lambda: PriorSettings(weight_decay=0.1))


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips as arrays: ``frames`` uint8 (N, frames, size, size, 3); ``prefixes``: what is known of each, int64 (N, 1,
    P)."""

    frames: NDArray[np.uint8]
    prefixes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, most: int) -> Clips:
        """At most so many, spread over all."""
        chosen = np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(np.int64)
        return Clips(self.frames[chosen], self.prefixes[chosen])


class ClipLearning:
    """Codec and prior as one objective of the training loop.

    Args:
        config: Their shape.
        settings: How they learn.
        clips: What to learn from.
        held_out: For validation; may be empty.
        codec: One that was trained before: then the prior alone learns.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: ClipConfig,
        settings: ClipSettings,
        clips: Clips,
        *,
        held_out: Clips,
        codec: Codec | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._clips, self._held_out, self._device = clips, held_out.part(VALIDATED), device
        self._given = codec
        torch.manual_seed(mix_seed(seed, "weights", "codec"))
        self.codec = None if codec is not None else channels_last(FrameCodec(config).to(device))
        nothing = Material(np.empty((0, 1, 0, 0, 0), np.uint8), self._held_out.prefixes)
        self._game = PriorLearning(
            config.prior, settings.prior, nothing, held_out=nothing, decode=None, device=device, seed=seed
        )
        self.prior = self._game.prior
        self._optimisers = dict(self._game.optimisers())
        if self.codec is not None:
            self._optimisers["codec"] = adam(self.codec.parameters(), rate=settings.rate, betas=(0.9, 0.99))
        self._has_tokens = False

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Codec, if it learns, and prior."""
        return {"prior": self.prior} if self.codec is None else {"codec": self.codec, "prior": self.prior}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Adam for the codec; Muon for the prior's hidden matrices, AdamW for its rest."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The averages are what is kept."""
        return tuple(self.modules())

    def items(self) -> int:
        """Training clips."""
        return len(self._clips)

    def batch(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of the clips; each phase takes what it needs of them."""
        return np.sort(indices)

    def first(self, steps: int) -> int:
        """The first step of the prior in a run of ``steps``."""
        return 0 if self.codec is None else math.ceil(self.settings.codec_share * (steps - 1))

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """The codec's, up to its share of the run; then the prior's."""
        settings, first = self.settings, self.first(steps)
        if step < first:
            assert self.codec is not None
            self._has_tokens = False
            yield Phase(
                "codec",
                list(self.codec.parameters()),
                self._optimisers["codec"],
                _within(cosine(settings.rate, settings.rate_end, warm_up=min(100, first // 10)), 0, first),
                self._codec_loss,
                clip=1.0,
            )
            return
        share, how = steps - first, settings.prior
        rate = hold_then_fall(how.rate, warm_up=min(how.warm_up, share // 10), decay_from=how.decay_from)
        yield Phase(
            "prior",
            list(self.prior.parameters()),
            Together(self._optimisers["muon"], self._optimisers["adam"]),
            _within(rate, first, share),
            self._prior_loss,
            clip=1.0,
        )

    def _codec_loss(self, chosen: NDArray[np.int64], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        assert self.codec is not None
        each = min(self.settings.each, self.config.frames)
        places = torch.rand(len(chosen), self.config.frames).argsort(dim=1)[:, :each].numpy()
        frames = self._clips.frames[chosen[:, None], places].reshape(-1, *self._clips.frames.shape[2:])
        x = to_points(torch.from_numpy(np.ascontiguousarray(frames)).to(self._device))
        latents, _nats = self.codec.quantiser.sample(self.codec.encoder(x))
        distance = pixel_distance(x, self.codec.decoder(latents))
        return distance, {"pixel_distance": distance.detach()}

    def _prior_loss(self, chosen: NDArray[np.int64], part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        if not self._has_tokens:
            self._train, self._unseen = self._no_tokens(self._clips), self._no_tokens(self._held_out)
            self._known = np.zeros(len(self._clips), np.bool_)
            self._encode(self._unseen, self._held_out, np.arange(len(self._held_out)))
            self._game.learn_from(self._train, self._unseen)
            self._has_tokens = True
        # Each clip when it is seen first, so that a short run doesn't wait for all of them.
        new = np.unique(chosen[~self._known[chosen]])
        self._encode(self._train, self._clips, new)
        self._known[new] = True
        return self._game.loss(self._game.batch(chosen), part)

    def _no_tokens(self, clips: Clips) -> Material:
        config = self.config
        shape = (len(clips), 1, len(config.prior.levels), config.frames * config.cells, config.cells)
        return Material(np.zeros(shape, np.uint8), clips.prefixes)

    def _encode(self, material: Material, clips: Clips, chosen: NDArray[np.int64]) -> None:
        codec = self._given if self.codec is None else self.codec
        assert codec is not None
        # In float32: tokens must not depend on what the loss runs in.
        with torch.autocast(self._device.split(":")[0], enabled=False):
            for place in chosen.tolist():
                material.tokens[place] = encoded(codec, clips.frames[place : place + 1], self.config)[0]

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Of at most ``VALIDATED`` held-out clips: PSNR in dB of their frames, encoded and decoded; in the prior's
        share -log p of a cell in nats, with what is known of the clip and without."""
        if not len(self._held_out):
            return {}
        frames = self._held_out.frames[:, :: max(1, self.config.frames // 2)]
        flat = frames.reshape(-1, *frames.shape[2:])
        codec = self._codec_of(average)
        with torch.autocast(self._device.split(":")[0], enabled=False), torch.no_grad():
            made = codec.from_tokens(codec.tokens(flat))
        errors = np.square((flat.astype(np.float32) - made) / 255).mean(axis=(1, 2, 3))
        figures = {"clips": float(len(self._held_out)), "psnr_db": float(-10 * np.log10(errors.clip(1e-10)).mean())}
        if self._has_tokens:
            found = self._game.validate({"prior": average["prior"]})
            figures |= {name: found[name] for name in ("nats_per_cell", "nats_per_cell_untold")}
        return figures

    def _codec_of(self, average: Mapping[str, nn.Module]) -> FrameCodec | Codec:
        if self.codec is None:
            assert self._given is not None
            return self._given
        codec = average["codec"]
        assert isinstance(codec, FrameCodec)
        return codec

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """A contact sheet: of each held-out clip a row of its frames, one of the same encoded and decoded, and in the
        prior's share one of a new clip with the same attributes."""
        source = (self._held_out if len(self._held_out) else self._clips).part(SHOWN)
        codec, rows = self._codec_of(average), []
        made: list[NDArray[np.uint8]] = []
        with torch.autocast(self._device.split(":")[0], enabled=False), torch.no_grad():
            if self._has_tokens:
                prior = average["prior"]
                assert isinstance(prior, Prior)
                prefix = torch.from_numpy(source.prefixes[:, 0]).to(self._device)
                uniforms = torch.rand(len(source), *numbers_needed(prior, Manner()), dtype=torch.float64)
                drawn = draw(prior, prefix, uniforms.to(self._device), Manner())
                made = list(decoded(codec.from_tokens, drawn.cpu(), self.config))
            for index, clip in enumerate(source.frames):
                rows += [clip, codec.from_tokens(codec.tokens(clip)), *made[index : index + 1]]
        return contact_sheet(rows)

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved, or learnt its clips by heart, in words."""
        seen = [row for row in history if "validation/nats_per_cell" in row]
        if len(seen) < 2:
            return []
        costs = [float(row["validation/nats_per_cell"]) for row in seen]
        best, found = seen[costs.index(min(costs))], []
        if costs[-1] > min(costs) + 0.05:
            found.append(
                _(
                    "After step {best} of {steps} held-out clips were predicted worse: from there on it learns its "
                    "clips by heart.",
                    best=best["step"],
                    steps=seen[-1]["step"],
                )
            )
        elif costs[-1] == min(costs) and costs[-2] > costs[-1] + 0.02:
            found.append(_("It was still improving at the end: a longer run would give better clips."))
        return found


def _within(schedule: Schedule, first: int, share: int) -> Schedule:
    """``schedule`` over ``share`` steps from ``first`` on."""
    return lambda step, _steps: schedule(step - first, share)
