"""A trained prior with its codec: strict loading, sampling, ranking, variations, export."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.codec.finding import codec_of
from luokuan.models.codec.model import Codec
from luokuan.models.interface import Wish, draw_labels
from luokuan.models.prior.condition import plausible, prefix_of, prefix_shape
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.learning import to_rows
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Given, Manner, draw, log_probability, numbers_needed

STORED = "float16"
CHUNK = 8
"""Pictures computed together, always: with one shape of product, item i's bits don't depend on the count."""
CONDITIONS = 4096
"""Most training conditions that a model keeps, to draw from when nothing is asked for."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How pictures are drawn where nothing else is said, by what the model is told.

    Args:
        temperature: Of the tokens. Below 0.8, photos of clothes became plain panels (seen at 128 px).
        guidance: Where something is asked for.
        against: w in the score log p(cells | told) - w·log p(cells), by which drafts are ranked. 0 keeps the likeliest
            draft, 1 the one that owes most to what was told: it shows attributes such as a mask more often, but keeps
            untidier emoji and clothes (of 40 samples of ``garments``, fresh eyes knew 28 with 0, 22 with 1).
    """

    temperature: float = 0.9
    guidance: float = 2.5
    against: float = 0.0


USUAL = {
    "class": Usual(),
    "attributes": Usual(against=1.0),
    "text": Usual(temperature=0.7, guidance=1.5),
    "none": Usual(guidance=1.0),
}


def weights_of(prior: nn.Module, conditions: Tensor) -> dict[str, Tensor]:
    """Tensors as they are stored: ``prior.*`` in float16, ``conditions``, training prefixes, int32 (M, P)."""
    named = {f"prior.{k}": v.detach().cpu().half().contiguous() for k, v in prior.state_dict().items()}
    return named | {"conditions": conditions.to(torch.int32).contiguous()}


def expected_tensors(config: PriorConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        prior = Prior(config)
    shapes = {f"prior.{k}": (tuple(v.shape), STORED) for k, v in prior.state_dict().items()}
    return shapes | {"conditions": ((config.conditions, prefix_shape(config)[1]), "int32")}


class PriorModel:
    """A token prior and its codec, ready to use. Sampling runs in float32, whatever the machine offers."""

    def __init__(
        self, folder: ModelFolder, config: PriorConfig, prior: Prior, conditions: Tensor, codec: Codec
    ) -> None:
        self.folder, self.config, self.codec = folder, config, codec
        self.device = machine().device
        self.prior = prior.eval().requires_grad_(False).to(self.device)
        self._conditions = conditions.long()

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> PriorModel:
        """Load strictly, with the codec that it was trained with.

        Raises:
            UserError: the config is wrong; tensors are missing, extra, misshapen or not finite; the codec is missing
                or another one.
        """
        config = strict_config(PriorConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        conditions = tensors.pop("conditions")
        numbers = prefix_shape(config)[0]
        good = all(bool(torch.isfinite(value).all()) for value in tensors.values())
        if not good or not bool(((conditions >= 0) & (conditions < numbers)).all()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        codec = codec_of(folder, config.codec, config.codec_digest)
        prior = Prior(config)
        prior.load_state_dict({k.removeprefix("prior."): v.float() for k, v in tensors.items()}, strict=True)
        return cls(folder, config, prior, conditions, codec)

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.config.size

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes."""
        return self.config.classes

    @property
    def usual_truncation(self) -> float:
        """See ``USUAL``."""
        return USUAL[self.config.condition].temperature

    @property
    def usual_guidance(self) -> float:
        """See ``USUAL``; 1 for a prior that is told nothing."""
        return USUAL[self.config.condition].guidance

    @property
    def class_weights(self) -> tuple[float, ...]:
        """Share of each class in the training pictures."""
        total = sum(self.config.class_counts)
        return tuple(count / max(total, 1) for count in self.config.class_counts)

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """Attributes that it can be told, each with its values."""
        return dict(zip(self.config.attributes, self.config.values, strict=True))

    @property
    def words(self) -> tuple[str, ...]:
        """Words of captions that it knows."""
        return self.config.words

    def plausible(self, terms: Sequence[Mapping[str, Collection[str]]], seed: int) -> dict[str, str]:
        """One of the training conditions that satisfy most ``terms``, reduced to what satisfies them."""
        return plausible(self.config, self._conditions.tolist(), terms, seed)

    def draw_labels(self, count: int, seed: int) -> list[int]:
        """Classes drawn from ``class_weights``, item by item."""
        return draw_labels(self.class_weights, count, seed)

    # --- pictures -------------------------------------------------------------------------------------

    def prefixes(
        self, count: int, seed: int, *, labels: Sequence[int] | None = None, wish: Wish | None = None
    ) -> Tensor:
        """Conditions of ``count`` items, int64 (count, P): as asked for, or those of training pictures at random.

        Raises:
            UserError: labels that are no classes of this model.
        """
        if wish is not None:
            return torch.tensor([prefix_of(self.config, wish)] * count)
        if self.classes:
            chosen = self.draw_labels(count, seed) if labels is None else list(labels)
            if len(chosen) != count or not all(0 <= y < len(self.classes) for y in chosen):
                raise UserError(
                    _("{count} classes from 0 to {last} are needed.", count=count, last=len(self.classes) - 1),
                    _("See `luokuan models show {name}` for the classes.", name=self.folder.name),
                    code="model.labels",
                )
            return torch.tensor([prefix_of(self.config, Wish(label)) for label in chosen])
        rows = [
            int(np.random.default_rng(mix_seed(seed, "condition", i)).integers(len(self._conditions)))
            for i in range(count)
        ]
        return self._conditions[rows]

    def _uniforms(self, count: int, seed: int, manner: Manner) -> Tensor:
        """Item i has a stream of its own, so that it is the same whatever the count."""
        shape = numbers_needed(self.prior, manner)
        rows = [
            torch.rand(shape, generator=torch.Generator().manual_seed(mix_seed(seed, "tokens", i)), dtype=torch.float64)
            for i in range(count)
        ]
        return torch.stack(rows)

    def _manner(self, truncation: float, guidance: float | None) -> Manner:
        told = self.config.condition != "none"
        return Manner(max(truncation, 0.05), self.usual_guidance if guidance is None or not told else guidance)

    def _draw(self, prefix: Tensor, uniforms: Tensor, manner: Manner, given: Given | None = None) -> Tensor:
        """Tokens int64 (N, cells, C) on the CPU."""
        pieces = []
        for start in range(0, len(prefix), CHUNK):
            index = torch.arange(start, start + CHUNK).clamp_max(len(prefix) - 1)  # the last one fills up
            part = (
                None if given is None else Given(given.tokens[index].to(self.device), given.kept[index].to(self.device))
            )
            found = draw(self.prior, prefix[index].to(self.device), uniforms[index].to(self.device), manner, part)
            pieces.append(found[: len(prefix) - start].cpu())
        return torch.cat(pieces)

    def render(self, tokens: Tensor) -> NDArray[np.uint8]:
        """Tokens (N, cells, C) to pictures, uint8 (N, size, size, 3)."""
        side = self.config.cells
        return self.codec.from_tokens(tokens.transpose(1, 2).unflatten(2, (side, side)))

    def sample(
        self,
        count: int,
        *,
        seed: int,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """``count`` pictures, uint8 (count, size, size, 3).

        Args:
            truncation: The temperature of the tokens' distribution, 0 … 1.
            wish: What all of them shall be; without it and ``labels`` as the training pictures are.
            guidance: See ``sampling.Manner``; default ``usual_guidance``.
        """
        manner = self._manner(truncation, guidance)
        prefix = self.prefixes(count, seed, labels=labels, wish=wish)
        return self.render(self._draw(prefix, self._uniforms(count, seed, manner), manner))

    def sample_ranked(
        self,
        count: int,
        *,
        seed: int,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        among: int = 4,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """As ``sample``, each picture the one among ``among`` drafts that ``score`` ranks highest."""
        manner = self._manner(truncation, guidance)
        prefix = self.prefixes(count, seed, labels=labels, wish=wish).repeat_interleave(among, dim=0)
        drafts = self._draw(prefix, self._uniforms(count * among, seed, manner), manner)
        scores = self._scores(drafts, prefix).view(count, among)
        best = scores.argmax(dim=1) + torch.arange(count) * among
        return self.render(drafts[best])

    def variations(
        self,
        picture: NDArray[np.uint8],
        count: int,
        *,
        seed: int,
        strength: float,
        truncation: float = 1.0,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """Pictures that keep a share of 1 - ``strength`` of the cells of ``picture``, uint8 (size, size, 3), and have
        the others drawn anew: uint8 (count, size, size, 3). ``strength`` 0 gives the codec's reconstruction."""
        manner = self._manner(truncation, guidance)
        tokens = to_rows(self.codec.tokens(picture[None]).numpy(), "cpu").expand(count, -1, -1)
        streams = [torch.Generator().manual_seed(mix_seed(seed, "kept", i)) for i in range(count)]
        kept = torch.stack([torch.rand(tokens.shape[1], generator=stream) >= strength for stream in streams])
        prefix = self.prefixes(count, seed, wish=wish or Wish())
        return self.render(self._draw(prefix, self._uniforms(count, seed, manner), manner, Given(tokens, kept)))

    def score(self, pictures: NDArray[np.uint8], labels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """How well each picture fits, float32 (N,): log p(tokens | told) - w·log p(tokens), nats a cell, with w as
        ``USUAL`` says; where nothing is told, log p(tokens) a cell. Without labels nothing is told."""
        tokens = to_rows(self.codec.tokens(pictures).numpy(), "cpu")
        wishes = [Wish(label) for label in labels] if labels is not None else [Wish()] * len(tokens)
        prefix = torch.tensor([prefix_of(self.config, wish) for wish in wishes])
        return self._scores(tokens, prefix).numpy()

    def _scores(self, tokens: Tensor, prefix: Tensor) -> Tensor:
        found, against = [], USUAL[self.config.condition].against
        for start in range(0, len(tokens), CHUNK):
            index = torch.arange(start, start + CHUNK).clamp_max(len(tokens) - 1)
            piece, told = tokens[index].to(self.device), prefix[index].to(self.device)
            value = log_probability(self.prior, told, piece)
            if against and bool((prefix != 0).any()):
                value = value - against * log_probability(self.prior, torch.zeros_like(told), piece)
            found.append((value / tokens.shape[1])[: len(tokens) - start].cpu())
        return torch.cat(found).float()

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """``steps`` pictures from the first seed's to the second's, along the line between their latents (uint8
        (steps, size, size, 3)): tokens themselves can't be mixed."""
        if self.classes and labels is None and wish is None:
            chosen = self.draw_labels(1, seeds[0])[0]
            labels = (chosen, chosen)
        ends = [
            self.codec.encode(
                self.sample(
                    1,
                    seed=seed,
                    labels=None if labels is None else [labels[i]],
                    truncation=truncation,
                    wish=wish,
                    guidance=guidance,
                )
            )
            for i, seed in enumerate(seeds)
        ]
        shares = torch.linspace(0, 1, max(steps, 2))[:steps, None, None, None]
        return self.codec.decode(torch.lerp(ends[0], ends[1], shares))

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """For ONNX: (module, example inputs, input names, output names).

        The module maps prefixes int64 (N, P) and tokens int64 (N, cells, C) to logits float32 (N, cells, C, most
        levels); those of an autoregressive prior's cell i need only the tokens before it."""
        prefix = self.prefixes(2, 0)
        tokens = torch.zeros(2, self.config.positions, len(self.config.levels), dtype=torch.int64)
        return _Exported(copy.deepcopy(self.prior).cpu()), (prefix, tokens), ["prefix", "tokens"], ["logits"]


class _Exported(nn.Module):
    def __init__(self, prior: Prior) -> None:
        super().__init__()
        self.prior = prior

    def forward(self, *inputs: Tensor) -> Tensor:
        """Every channel's logits."""
        prefix, tokens = inputs
        h = self.prior(prefix, tokens)
        logits: Tensor = self.prior.heads(h.flatten(0, 1), tokens.flatten(0, 1))  # (C, N·cells, L)
        # -inf stands beyond a channel's levels; other tools' arithmetic needs numbers.
        return logits.clamp_min(-1e4).transpose(0, 1).unflatten(0, tokens.shape[:2])
