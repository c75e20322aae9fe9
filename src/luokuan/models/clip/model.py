"""A trained model of clips: strict loading, sampling, ranking."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import channels_last, machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.clip.coding import FrameCodec, decoded, encoded
from luokuan.models.clip.config import ClipConfig
from luokuan.models.codec.finding import codec_of
from luokuan.models.codec.model import Codec
from luokuan.models.interface import Wish
from luokuan.models.prior.condition import plausible, prefix_of, prefix_shape
from luokuan.models.prior.learning import to_rows
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Manner, draw, log_probability, numbers_needed

STORED = "float16"
CHUNK = 4
"""Clips computed together, always: with one shape of product, clip i's bits don't depend on the count."""
CONDITIONS = 4096
"""Most training conditions that a model keeps, to draw from when nothing is asked for."""
AGAINST = 1.0
"""See ``models.prior.model.Usual``: drafts are ranked by log p(cells | told) - log p(cells)."""


def weights_of(average: Mapping[str, nn.Module], conditions: Tensor) -> dict[str, Tensor]:
    """Tensors as they are stored: ``codec.*`` (if it is one of its own) and ``prior.*`` in float16, ``conditions``,
    training prefixes, int32 (M, P)."""
    named = {
        f"{prefix}.{name}": value.detach().cpu().half().contiguous()
        for prefix, module in average.items()
        for name, value in module.state_dict().items()
    }
    return named | {"conditions": conditions.to(torch.int32).contiguous()}


def _networks(config: ClipConfig) -> dict[str, nn.Module]:
    own: dict[str, nn.Module] = {} if config.codec else {"codec": FrameCodec(config)}
    return own | {"prior": Prior(config.prior)}


def expected_tensors(config: ClipConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        found = {f"{p}.{k}": v for p, module in _networks(config).items() for k, v in module.state_dict().items()}
    shapes = {name: (tuple(value.shape), STORED) for name, value in found.items()}
    return shapes | {"conditions": ((config.conditions, prefix_shape(config.prior)[1]), "int32")}


class ClipModel:
    """Codec and prior, ready to use. Runs in float32, so that equal seeds give equal clips on CPUs with and without
    bfloat16."""

    usual_temperature = 0.9
    """At which its clips are seldom failures and still differ."""
    usual_guidance = 2.0
    """At which they mostly are what was asked for."""

    def __init__(
        self, folder: ModelFolder, config: ClipConfig, codec: FrameCodec | Codec, prior: Prior, conditions: Tensor
    ) -> None:
        self.folder, self.config, self.device = folder, config, machine().device
        self.codec = codec
        if isinstance(codec, FrameCodec):
            self.codec = channels_last(codec.eval().requires_grad_(False).to(self.device))
        self.prior = prior.eval().requires_grad_(False).to(self.device)
        self._conditions = conditions.long()

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> ClipModel:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong; tensors are missing, extra, misshapen or not finite; the codec is missing,
                or another one.
        """
        config = strict_config(ClipConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        conditions = tensors.pop("conditions")
        good = all(bool(torch.isfinite(value).all()) for value in tensors.values())
        if not good or not bool(((conditions >= 0) & (conditions < prefix_shape(config.prior)[0])).all()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        modules = _networks(config)
        for prefix, module in modules.items():
            own = {name.removeprefix(f"{prefix}."): value.float() for name, value in tensors.items()
                   if name.startswith(f"{prefix}.")}  # fmt: skip
            module.load_state_dict(own, strict=True)
        codec, prior = modules.get("codec"), modules["prior"]
        assert isinstance(prior, Prior)
        if codec is None:
            codec_found = codec_of(folder, config.codec, config.codec_digest)
            if codec_found.token_levels != config.levels:
                raise UserError(
                    _("The codec '{name}' has other tokens than the model.", name=config.codec),
                    _("Train the model again, or take another copy of it."),
                    code="model.codec",
                )
            return cls(folder, config, codec_found, prior, conditions)
        assert isinstance(codec, FrameCodec)
        return cls(folder, config, codec, prior, conditions)

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """What it can be told, each with its values."""
        return dict(zip(self.config.attributes, self.config.values, strict=True))

    def plausible(self, terms: Sequence[Mapping[str, Collection[str]]], seed: int) -> dict[str, str]:
        """One of the training conditions that satisfy most ``terms``, reduced to what satisfies them."""
        return plausible(self.config.prior, self._conditions.tolist(), terms, seed)

    def prefix(self, told: Mapping[str, str] | None, seed: int) -> Tensor:
        """What the prior is told, int64 (P,): attributes, or None: those of a training clip, by ``seed``."""
        if told is not None:
            return torch.tensor(prefix_of(self.config.prior, Wish(attributes=dict(told))))
        return self._conditions[int(np.random.default_rng(mix_seed(seed, "condition")).integers(len(self._conditions)))]

    @torch.no_grad()
    def sample(
        self,
        told: Sequence[Mapping[str, str] | None],
        *,
        seeds: Sequence[int],
        temperature: float | None = None,
        guidance: float | None = None,
        among: int = 1,
    ) -> NDArray[np.uint8]:
        """New clips, uint8 (N, frames, size, size, 3). Each depends on its own seed, what it is told and the manner.

        Args:
            told: Attributes of each; None: those of a training clip.
            seeds: Of each.
            temperature: Divides the logits; None: what is usual.
            guidance: How strongly the attributes draw; 1 is as learnt; None: what is usual.
            among: Drafts of each, of which the one is taken that owes most to what it was told.
        """
        prefix = torch.stack([self.prefix(one, seed) for one, seed in zip(told, seeds, strict=True)])
        tempered = self.usual_temperature if temperature is None else temperature
        guided = self.usual_guidance if guidance is None else guidance
        manner = Manner(tempered, guided if self.config.attributes else 1.0)
        shape = numbers_needed(self.prior, manner)
        rows = [
            torch.from_numpy(np.random.default_rng(mix_seed(seed, "tokens", draft)).random(shape))
            for seed in seeds
            for draft in range(among)
        ]
        drafts = self._in_chunks(
            lambda told, numbers: draw(self.prior, told, numbers, manner),
            prefix.repeat_interleave(among, dim=0),
            torch.stack(rows),
        )
        if among > 1:
            scores = self._in_chunks(self._scores, prefix.repeat_interleave(among, dim=0), drafts).view(-1, among)
            drafts = drafts[scores.argmax(1) + torch.arange(len(scores)) * among]
        return self.decode(drafts)

    def _in_chunks(self, work: object, first: Tensor, second: Tensor) -> Tensor:
        """``work`` on pairs of rows, ``CHUNK`` at a time; the last one fills up."""
        assert callable(work)
        found = []
        for start in range(0, len(first), CHUNK):
            index = torch.arange(start, start + CHUNK).clamp_max(len(first) - 1)
            made = work(first[index].to(self.device), second[index].to(self.device))
            found.append(made[: len(first) - start].cpu())
        return torch.cat(found)

    def _scores(self, told: Tensor, tokens: Tensor) -> Tensor:
        value = log_probability(self.prior, told, tokens)
        if bool((told != 0).any()):
            value = value - AGAINST * log_probability(self.prior, torch.zeros_like(told), tokens)
        return value

    def decode(self, tokens: Tensor) -> NDArray[np.uint8]:
        """Tokens int64 (N, cells, C) to clips, uint8 (N, frames, size, size, 3)."""
        return decoded(self.codec.from_tokens, tokens, self.config)

    def encode(self, clips: NDArray[np.uint8]) -> Tensor:
        """Clips uint8 (N, frames, size, size, 3) to tokens int64 (N, cells, C)."""
        return to_rows(encoded(self.codec, clips, self.config)[:, 0], "cpu")
