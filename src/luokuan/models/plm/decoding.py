"""Running a language model token by token: through transformers, or lean where we know the architecture exactly."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from luokuan.models.plm.lean import LeanDecoder, supports

PROBE = 8
"""Tokens on which a lean decoder must agree with transformers before it is used."""
_MADE: WeakKeyDictionary[Any, dict[str, Decoder]] = WeakKeyDictionary()
_TYPES = {"float32": torch.float32, "bf16": torch.bfloat16}
PRECISIONS = tuple(_TYPES)


class Passage(Protocol):
    """Texts under way, with what is remembered of their tokens."""

    def step(self, tokens: Tensor) -> Tensor:
        """Go on by one token each.

        Args:
            tokens: int64 (B,).

        Returns:
            Logits of what follows, float32 (B, V).
        """

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these texts only, in this order."""


class Decoder(Protocol):
    """A network that tells what follows."""

    def begin(self, prompts: Sequence[Sequence[int]]) -> tuple[Passage, Tensor]:
        """Read prompts, which may differ in length.

        Args:
            prompts: Tokens of each text, at least one.

        Returns:
            The texts under way, and the logits of what follows each, float32 (B, V).
        """


def decoder_of(network: Any, precision: str = "float32") -> Decoder:
    """The quickest decoder that computes ``network``, a causal language model of transformers in eval mode: lean where
    it is exactly supported, else transformers' own. Made once for a network, whose weights mustn't change after that.

    Args:
        precision: ``float32`` or ``bf16``; what goes through transformers is always computed as it was loaded.
    """
    made = _MADE.setdefault(network, {})
    if precision not in made:
        made[precision] = _chosen(network, _TYPES[precision])
    return made[precision]


def _chosen(network: Any, dtype: torch.dtype) -> Decoder:
    plain = TransformersDecoder(network)
    if not supports(network):
        return plain
    lean = LeanDecoder(network, dtype)
    words = network.get_input_embeddings().weight.shape[0]
    probe = [[number * 7919 % words for number in range(PROBE)]]
    (ours, one), (theirs, two) = lean.begin(probe), plain.begin(probe)
    token = torch.tensor([words - 1])
    allowed = 1e-3 if dtype == torch.float32 else 0.2  # standard deviations of the logits
    near = all(
        float((mine - other).abs().max()) <= allowed * float(other.std())
        for mine, other in ((one, two), (ours.step(token), theirs.step(token)))
    )
    # A later transformers may compute the same configuration in another way.
    return lean if near else plain


class TransformersDecoder:
    """Any causal language model of transformers through its ``forward``.

    Args:
        network: In eval mode.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._takes = set(inspect.signature(network.forward).parameters)
        kinds = getattr(network.config.get_text_config(decoder=True), "layer_types", None) or ()
        self._remembers = "cache" in self._takes
        # What a recurrent layer remembers would be mixed up with the padding.
        self._together = self._remembers and all(kind.endswith("_attention") and "linear" not in kind for kind in kinds)

    def begin(self, prompts: Sequence[Sequence[int]]) -> tuple[Passage, Tensor]:
        """See ``Decoder.begin``."""
        if self._together:
            passage = _Together(self, prompts)
            return passage, passage.logits
        apart = _Apart([_Together(self, [prompt]) for prompt in prompts])
        return apart, torch.cat([one.logits for one in apart.texts])

    def new_cache(self) -> Any:
        """An empty cache, or None where the network has none."""
        from transformers import DynamicCache

        return DynamicCache(config=self._network.config) if self._remembers else None

    @torch.no_grad()
    def forward(self, tokens: Tensor, mask: Tensor, places: Tensor, cache: Any) -> Tensor:
        """Logits of what follows, float32 (B, V).

        Args:
            tokens: int64 (B, T).
            mask: int64 (B, all tokens so far), 0 where padded.
            places: Position of each token in its text, int64 (B, T).
            cache: What ``new_cache`` gave; it takes the tokens in.
        """
        # Recurrent layers don't get on with a mask that says nothing.
        given = {
            "attention_mask": None if bool(mask.all()) else mask,
            "position_ids": places,
            "cache": cache,
            "logits_to_keep": 1,
        }
        named = {name: value for name, value in given.items() if name in self._takes and value is not None}
        out = self._network(input_ids=tokens, use_cache=cache is not None, **named)
        return out.logits[:, -1].float()


class _Together:
    """Texts in one batch, padded on the left."""

    def __init__(self, decoder: TransformersDecoder, prompts: Sequence[Sequence[int]]) -> None:
        self._decoder, self._cache = decoder, decoder.new_cache()
        longest = max(map(len, prompts))
        self._tokens = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        self._mask = (torch.arange(longest) >= longest - lengths[:, None]).long()
        self.logits = self._forward(self._tokens)

    def _forward(self, tokens: Tensor) -> Tensor:
        places = (self._mask.cumsum(1) - 1).clamp_min(0)[:, -tokens.shape[1] :]
        return self._decoder.forward(tokens, self._mask, places, self._cache)

    def step(self, tokens: Tensor) -> Tensor:
        """See ``Passage.step``."""
        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], dim=1)
        if self._cache is not None:
            return self._forward(tokens[:, None])
        self._tokens = torch.cat([self._tokens, tokens[:, None]], dim=1)
        return self._forward(self._tokens)

    def keep(self, rows: Sequence[int]) -> None:
        """See ``Passage.keep``."""
        index = torch.tensor(list(rows))
        self._mask, self._tokens = self._mask[index], self._tokens[index]
        if self._cache is not None:
            self._cache.batch_select_indices(index)


class _Apart:
    """Texts one after the other, for networks that can't read them padded."""

    def __init__(self, texts: list[_Together]) -> None:
        self.texts = texts

    def step(self, tokens: Tensor) -> Tensor:
        """See ``Passage.step``."""
        return torch.cat([text.step(token) for text, token in zip(self.texts, tokens.split(1), strict=True)])

    def keep(self, rows: Sequence[int]) -> None:
        """See ``Passage.keep``."""
        self.texts = [self.texts[row] for row in rows]
