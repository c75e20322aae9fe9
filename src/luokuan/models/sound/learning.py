"""How a model of sound learns, as the training loop plays it: first the codec, then the prior over its tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Schedule, Together, adam, cosine, hold_then_fall, muon
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.prior.learning import HELPFUL
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Manner, draw, numbers_needed
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.material import Clips, Tokens, crops
from luokuan.models.sound.networks import Codec
from luokuan.models.sound.objective import SpectralDistance, energy_distance
from luokuan.models.sound.picture import spectrogram_sheet

CROP = 32
"""Cells of a crop of which the codec learns."""
VALIDATED = 96
"""Most held-out clips that one validation hears."""
SHOWN = 6


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """How a model of sound learns.

    Args:
        codec_share: Share of the run in which the codec learns; then it is frozen, and the prior learns.
        rate: Adam's rate of the codec at the start of its share.
        rate_end: At its end (cosine).
        prior_rate: AdamW's rate of the prior's embeddings and heads; Muon's is ten times that.
        decay_from: Progress of the prior's share from which its rate falls to zero.
        weight_decay: Of the prior's hidden matrices.
        silence: Share of windows that are told no category, so that guidance has something to compare with.
        blank: See ``models.prior.learning.PriorSettings``.
        dropout: See ``Prior``.
        variants: Variants of each clip, see ``material.SPEEDS``.
    """

    codec_share: float = 0.6
    rate: float = 1e-3
    rate_end: float = 5e-5
    prior_rate: float = 2e-3
    decay_from: float = 0.4
    weight_decay: float = 0.1
    silence: float = 0.1
    blank: float = 0.2
    dropout: float = 0.1
    variants: int = 4


class SoundLearning:
    """Codec and prior as one objective of the training loop.

    Args:
        config: Their shape.
        settings: How they learn.
        clips: What to learn from.
        held_out: For validation; may be empty.
        start: Weights to start from, by module; a ``codec`` among them stays as it is.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: SoundConfig,
        settings: SoundSettings,
        clips: Clips,
        *,
        held_out: Clips,
        start: Mapping[str, Mapping[str, Tensor]] | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._clips, self._held_out, self._device, self._seed = clips, held_out, device, seed
        self._items = clips.items(config.rate)
        torch.manual_seed(mix_seed(seed, "weights"))
        self.codec = Codec(config).to(device)
        self.prior = Prior(config.prior, settings.dropout).to(device)
        for name, weights in (start or {}).items():
            module = self.modules()[name]
            module.load_state_dict({**module.state_dict(), **weights})
        self.distance = SpectralDistance().to(device)
        matrices = [p for p in self.prior.blocks.parameters() if p.ndim == 2]
        known = {id(p) for p in matrices}
        others = [p for p in self.prior.parameters() if id(p) not in known]
        pair = muon(matrices, others, rate=settings.prior_rate, decay=settings.weight_decay)
        codec = adam(self.codec.parameters(), rate=settings.rate, betas=(0.8, 0.99), decay=0.01)
        self._optimisers: dict[str, torch.optim.Optimizer] = {"codec": codec, "muon": pair[0], "adam": pair[1]}
        self._tokens: Tokens | None = None
        self._unseen: Tokens | None = None

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Codec and prior."""
        return {"codec": self.codec, "prior": self.prior}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Adam for the codec; Muon for the prior's hidden matrices, AdamW for its rest."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The averages are what is kept."""
        return ("codec", "prior")

    def items(self) -> int:
        """Clips, long ones several times."""
        return len(self._items)

    def batch(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """The clips at ``indices``; each phase cuts what it needs."""
        return self._items[np.sort(indices)]

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """The codec's, up to its share of the run; then the prior's."""
        settings = self.settings
        first = math.ceil(settings.codec_share * (steps - 1))  # of the prior
        if step < first:
            self._tokens = self._unseen = None
            yield Phase(
                "codec",
                list(self.codec.parameters()),
                self._optimisers["codec"],
                _within(cosine(settings.rate, settings.rate_end, warm_up=min(100, first // 10)), 0, first),
                self._codec_loss,
                clip=1.0,
            )
            return
        share = steps - first
        yield Phase(
            "prior",
            list(self.prior.parameters()),
            Together(self._optimisers["muon"], self._optimisers["adam"]),
            _within(
                hold_then_fall(settings.prior_rate, warm_up=min(50, share // 10), decay_from=settings.decay_from),
                first,
                share,
            ),
            self._prior_loss,
            clip=1.0,
        )

    def _codec_loss(self, chosen: NDArray[np.int64], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        real = crops(self._clips, chosen, CROP * self.config.cell).to(self._device)
        latents, _nats = self.codec.quantiser.sample(self.codec.encoder(real))
        spectrum, noise = self.codec.decoder(latents)
        with torch.autocast(real.device.type, enabled=False):
            # Twice the same spectrum with other noise: what the energy distance compares.
            made = [self.codec.decoder.sound(spectrum, noise, torch.randn_like(real)) for _draw in range(2)]
            x, y, z = (self.distance.spectra(sound) for sound in (real, *made))
            near, far, apart = self.distance(x, y), self.distance(x, z), self.distance(y, z)
            loss = energy_distance(near, far, apart)
        return loss, {"distance": near.detach().mean(), "apart": apart.detach().mean()}

    def _prior_loss(self, chosen: NDArray[np.int64], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        if self._tokens is None:
            self._tokens = self._encoded(self.codec, self._clips, self.settings.variants)
        tokens = self._tokens.windows(chosen).to(self._device)
        prefix = _prefix(self._clips.labels[chosen]).to(self._device)
        silent = torch.rand(len(prefix), 1, device=self._device) < self.settings.silence
        share = self.settings.blank * torch.rand(len(tokens), 1, device=self._device)
        hidden = torch.rand(tokens.shape[:2], device=self._device) < share
        h = self.prior(torch.where(silent, 0, prefix), tokens, hidden[:, :-1])  # (B, cells, W)
        loss = _nats(self.prior, h, tokens).mean()
        return loss, {"nats_per_cell": loss.detach()}

    def _encoded(self, codec: nn.Module, clips: Clips, variants: int) -> Tokens:
        assert isinstance(codec, Codec)
        # In float32: tokens must not depend on what the loss runs in.
        with torch.autocast(self._device.split(":")[0], enabled=False):
            return Tokens(codec, clips, self.config, variants=variants, seed=self._seed, device=self._device)

    # --- looking at it --------------------------------------------------------------------------------

    @property
    def _has_tokens(self) -> bool:
        """Whether the prior's share has begun."""
        return self._tokens is not None

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Of at most ``VALIDATED`` held-out clips: the spectral distance of their first seconds, encoded and decoded;
        in the prior's share -log p of a cell in nats, with the category and without."""
        clips = _part(self._held_out, VALIDATED)
        if not len(clips):
            return {}
        codec, prior = average["codec"], average["prior"]
        assert isinstance(codec, Codec)
        assert isinstance(prior, Prior)
        real, made = self._heard(codec, clips, CROP * self.config.cell)
        found = self.distance(self.distance.spectra(real), self.distance.spectra(made))
        figures = {"clips": float(len(clips)), "distance": float(found.mean())}
        if not self._has_tokens:
            return figures
        if self._unseen is None:
            self._unseen = self._encoded(self.codec, clips, 1)
        tokens = torch.stack([self._unseen.first(index) for index in range(len(clips))]).to(self._device)
        prefix = _prefix(clips.labels).to(self._device)
        for name, told in (("nats_per_cell", prefix), ("nats_per_cell_untold", torch.zeros_like(prefix))):
            parts = [
                _nats(prior, prior(told[k : k + 16], tokens[k : k + 16]), tokens[k : k + 16]).double()
                for k in range(0, len(tokens), 16)
            ]
            figures[name] = float(torch.cat(parts).mean())
        return figures

    def _heard(self, codec: Codec, clips: Clips, length: int) -> tuple[Tensor, Tensor]:
        """The first ``length`` samples of clips, and the same encoded and decoded: (N, length) each."""
        real = torch.zeros(len(clips), length)
        for row, clip in zip(real, clips.samples, strict=True):
            row[: min(len(clip), length)] = torch.from_numpy(clip[:length])
        real = real.to(self._device)
        with torch.autocast(real.device.type, enabled=False):
            made = [
                codec.decode(codec.tokens(part), torch.randn(part.shape, device=self._device))
                for part in real.split(16)
            ]
        return real, torch.cat(made)

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Spectrograms: held-out clips above, the same encoded and decoded below; in the prior's share new ones of
        as many categories in a third row."""
        codec, prior = average["codec"], average["prior"]
        assert isinstance(codec, Codec)
        assert isinstance(prior, Prior)
        source = self._held_out if len(self._held_out) else self._clips
        chosen = np.linspace(0, len(source) - 1, min(SHOWN, len(source))).round().astype(np.int64)
        clips = Clips(tuple(source.samples[index] for index in chosen), source.labels[chosen])
        length = self.config.cells * self.config.cell
        rows = list(self._heard(codec, clips, length))
        if self._has_tokens:
            prefix = _prefix(clips.labels).to(self._device)
            uniforms = torch.rand(len(chosen), *numbers_needed(prior, Manner()), dtype=torch.float64)
            tokens = draw(prior, prefix, uniforms.to(self._device), Manner())
            with torch.autocast(rows[0].device.type, enabled=False):
                rows.append(codec.decode(tokens, torch.randn(len(chosen), length, device=self._device)))
        return spectrogram_sheet([row.cpu().numpy() for row in rows], self.config)

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
            found.append(_("It was still improving at the end: a longer run would give better sounds."))
        if self.config.classes and _spared(best) * self.config.cells < HELPFUL:
            found.append(_("What it is told of a sound hardly helps it: the category will have little effect."))
        return found


def _spared(row: Mapping[str, Any]) -> float:
    """Nats a cell that the category spares."""
    return float(row["validation/nats_per_cell_untold"] - row["validation/nats_per_cell"])


def _within(schedule: Schedule, first: int, share: int) -> Schedule:
    """``schedule`` over ``share`` steps from ``first`` on."""
    return lambda step, _steps: schedule(step - first, share)


def _part(clips: Clips, most: int) -> Clips:
    """At most so many clips, spread over all."""
    chosen = np.linspace(0, len(clips) - 1, min(most, len(clips))).round().astype(np.int64)
    return Clips(tuple(clips.samples[index] for index in chosen), clips.labels[chosen])


def _prefix(labels: NDArray[np.int64]) -> Tensor:
    """What the prior is told: 0 says nothing, int64 (B, 1)."""
    return torch.from_numpy(labels + 1)[:, None]


def _nats(prior: Prior, h: Tensor, tokens: Tensor) -> Tensor:
    """-log p of each cell's tokens, (B, cells), of their vectors h (B, cells, W) and tokens (B, cells, C)."""
    flat = tokens.flatten(0, 1)
    logits = prior.heads(h.flatten(0, 1), flat)  # (C, N, L)
    costs = F.cross_entropy(logits.flatten(0, 1), flat.T.flatten(), reduction="none")
    return costs.view(len(logits), -1).sum(0).view(tokens.shape[:2])
