"""A lean decoder of Qwen3 and Llama: the same logits as transformers' networks, several times as fast on a CPU.

What makes it so, measured on a Sapphire Rapids core: queries, keys and values come from one product, gate and rise of
the feed-forward layer from another; matrices lie as (in, out), with which ``mm`` is up to twice as fast as ``linear``;
the scales of norms are multiplied into the matrices behind them; a norm is a ``vector_norm`` and a division (a third
of the time of ``rms_norm``); rotations are products with complex numbers from a table; keys and values go to places
that were allocated before; and nothing between the operations runs in Python that need not.

In bfloat16 products and attention take and give bfloat16 and sum in float32, as in training with autocast; the stream
between blocks, norms and rotations stay float32. That is quicker for many texts at a time and long prompts, on CPUs
that have such products, and slower for one text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LARGEST = 2 << 30
"""Bytes of weights up to which a lean decoder is made: it holds them a second time."""
ROOM = 128
"""Places for tokens by which a cache grows at least."""


def supports(network: Any) -> bool:
    """Whether ``network``, a causal language model of transformers, is one that ``LeanDecoder`` computes exactly:
    plain, with weights in float32 on the CPU that can be held a second time."""
    if not is_plain(network):
        return False
    state = network.state_dict()
    fits = all(value.dtype == torch.float32 and value.device.type == "cpu" for value in state.values())
    return fits and sum(value.numel() * value.element_size() for value in state.values()) <= LARGEST


def is_plain(network: Any) -> bool:
    """Whether ``network`` is Qwen3 or Llama as their papers have them, without biases, sliding windows, scaled
    rotations, adapters or quantised layers."""
    from transformers import LlamaForCausalLM, Qwen3ForCausalLM

    if type(network) not in (LlamaForCausalLM, Qwen3ForCausalLM):
        return False
    config = network.config
    rope = config.rope_parameters or {}
    if (
        config.hidden_act != "silu"
        or rope.get("rope_type", "default") != "default"
        or rope.get("partial_rotary_factor", 1) != 1
        or network.model.layers[0].self_attn.head_dim % 2
        or any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ())
    ):
        return False
    # Adapters and quantised layers have another class; biases would be among the tensors.
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    products = len(layers) == 7 * config.num_hidden_layers + 1 and all(type(m) is nn.Linear for m in layers)
    return products and not any(name.endswith(".bias") for name in network.state_dict())


@dataclass(frozen=True, slots=True)
class _Block:
    """One block's matrices, as (in, out), with the scales of the norms before them multiplied in."""

    qkv: Tensor  # (W, (H + 2·G)·D)
    scales: Tensor | None  # (H + G, D), of the norms of queries and keys
    out: Tensor  # (H·D, W)
    rise: Tensor  # (W, 2·F): gate, then what it gates
    fall: Tensor  # (F, W)


class LeanDecoder:
    """The network's weights, laid out for decoding. It doesn't change and may serve several passages at a time.

    Args:
        network: One that ``supports`` says yes to.
        dtype: float32 or bfloat16, see above.
    """

    def __init__(self, network: Any, dtype: torch.dtype = torch.float32) -> None:
        self.dtype = dtype
        config, model = network.config, network.model
        attention = model.layers[0].self_attn
        self.head: int = attention.head_dim  # D
        self.queries: int = config.num_attention_heads  # H
        self.keys: int = config.num_key_value_heads  # G
        self.width: int = config.hidden_size  # W
        # x / rms(x) is x·√W / √(|x|² + W·ε), and √W goes into the matrix behind it.
        self._floor = torch.tensor(math.sqrt(self.width * config.rms_norm_eps))
        self._head_floor = torch.tensor(math.sqrt(self.head * config.rms_norm_eps))
        self._theta = float((config.rope_parameters or {})["rope_theta"])
        with torch.no_grad():
            self._embedding: Tensor = model.embed_tokens.weight.detach()  # (V, W), shared with the network
            self._blocks = [self._block(layer) for layer in model.layers]
            self._last = self._after_norm(model.norm.weight, network.lm_head.weight)  # (W, V)

    def _laid(self, weight: Tensor) -> Tensor:
        """``weight`` (out, in) as (in, out), in memory as is quickest: float32 row by row of that, bfloat16 of this."""
        return weight.T.contiguous() if self.dtype == torch.float32 else weight.to(self.dtype).contiguous().T

    def _after_norm(self, scale: Tensor, weight: Tensor) -> Tensor:
        """``weight`` (out, in) behind a norm with ``scale`` (in,), laid out."""
        return self._laid(weight * (scale * math.sqrt(self.width)))

    def _block(self, layer: Any) -> _Block:
        attention, feed, half = layer.self_attn, layer.mlp, self.head // 2
        # transformers turns value i with value i + D/2; complex numbers want the two side by side.
        beside = torch.stack([torch.arange(half), torch.arange(half) + half], dim=1).flatten()  # (D,)
        q, k = (
            projection.weight.unflatten(0, (-1, self.head))[:, beside].flatten(0, 1)
            for projection in (attention.q_proj, attention.k_proj)
        )
        scales = None
        if hasattr(attention, "q_norm"):
            pairs = ((attention.q_norm, self.queries), (attention.k_norm, self.keys))
            rows = [norm.weight[beside].expand(heads, -1) for norm, heads in pairs]
            scales = torch.cat(rows) * math.sqrt(self.head)
        rise = torch.cat([feed.gate_proj.weight, feed.up_proj.weight])
        return _Block(
            self._after_norm(layer.input_layernorm.weight, torch.cat([q, k, attention.v_proj.weight])),
            scales,
            self._laid(attention.o_proj.weight),
            self._after_norm(layer.post_attention_layernorm.weight, rise),
            self._laid(feed.down_proj.weight),
        )

    @torch.no_grad()
    def begin(self, prompts: Sequence[Sequence[int]]) -> tuple[LeanPassage, Tensor]:
        """See ``decoding.Decoder.begin``. Equal prompts are read once, and prompts of one length together."""
        lengths = [len(prompt) for prompt in prompts]
        longest = max(lengths)
        passage = LeanPassage(self, lengths, longest)
        if min(lengths) < longest:
            # What a mask hides counts with weight zero, and zero times what lay in memory need not be zero.
            for cache in passage.caches:
                cache[:, :, :, :longest] = 0
        by_length: dict[int, dict[tuple[int, ...], list[int]]] = {}
        for row, prompt in enumerate(prompts):
            by_length.setdefault(len(prompt), {}).setdefault(tuple(prompt), []).append(row)
        found = torch.empty(len(prompts), self._last.shape[1])  # (B, V)
        for length, group in by_length.items():
            own = self.new_caches(len(group), length)
            angles = passage.rotations[:length, None]  # (T, 1, D/2)
            logits = self.compute(torch.tensor(list(group)), own, angles, 0, None)
            which = [number for number, rows in enumerate(group.values()) for _row in rows]
            rows = [row for rows in group.values() for row in rows]
            found[rows] = logits[which]
            for cache, read in zip(passage.caches, own, strict=True):
                cache[:, rows, :, longest - length : longest] = read[:, which]
        return passage, found

    def rotations(self, start: int, stop: int) -> Tensor:
        """e^(i·position·θ^(-2j/D)) of positions from ``start`` to before ``stop`` (Su et al. 2021, arXiv 2104.09864),
        complex64 (stop - start, D/2)."""
        speeds = 1.0 / (self._theta ** (torch.arange(0, self.head, 2, dtype=torch.float) / self.head))
        angles = torch.outer(torch.arange(start, stop, dtype=torch.float), speeds)
        return torch.polar(torch.ones_like(angles), angles)

    def compute(self, tokens: Tensor, caches: list[Tensor], angles: Tensor, column: int, mask: Tensor | None) -> Tensor:
        """Logits (B, V) of what follows ``tokens`` (B, T), whose keys and values go to ``caches`` from ``column`` on.

        Args:
            caches: Of each block keys and values so far, (2, B, G, C, D).
            angles: complex64, broadcast to (B, T, H + G, D/2).
            column: Where in the caches the tokens stand; 0 where T > 1: nothing came before them.
            mask: What to add to the scores of the columns, (B, 1, 1, column + 1), or None; only where T = 1.
        """
        count, length = tokens.shape
        queries, keys, head = self.queries, self.keys, self.head
        turned, stop, dtype = queries + keys, column + length, self.dtype
        x = F.embedding(tokens.flatten(), self._embedding)  # (B·T, W)
        for block, cache in zip(self._blocks, caches, strict=True):
            heads = torch.mm(self._normed(x).to(dtype), block.qkv).view(count, length, turned + keys, head)
            qk = heads[:, :, :turned].float()
            if block.scales is not None:
                size = torch.hypot(torch.linalg.vector_norm(qk, dim=-1, keepdim=True), self._head_floor)
                qk = qk * (block.scales / size)
            pairs = torch.view_as_complex(qk.unflatten(3, (-1, 2)))
            qk = torch.view_as_real(pairs * angles).flatten(3)  # (B, T, H + G, D)
            k, v = cache[0, :, :, column:stop], cache[1, :, :, column:stop]  # (B, G, T, D)
            k.copy_(qk[:, :, queries:].transpose(1, 2))
            v.copy_(heads[:, :, turned:].transpose(1, 2))
            if length == 1:
                # The queries that share a key stand where else a text's tokens would: nothing is copied.
                q = qk[:, 0, :queries].to(dtype).unflatten(1, (keys, -1))  # (B, G, H/G, D)
                y = F.scaled_dot_product_attention(q, cache[0, :, :, :stop], cache[1, :, :, :stop], attn_mask=mask)
            else:
                q = qk[:, :, :queries].to(dtype).transpose(1, 2)
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=queries != keys)
                y = y.transpose(1, 2)
            x = x + torch.mm(y.reshape(count * length, -1), block.out)
            gate, up = torch.mm(self._normed(x).to(dtype), block.rise).chunk(2, dim=1)
            x = x + torch.mm(F.silu(gate) * up, block.fall)
        last = self._normed(x.view(count, length, -1)[:, -1])
        return torch.mm(last.to(dtype), self._last).float()

    def _normed(self, x: Tensor) -> Tensor:
        """x / (√W·rms(x)), (N, W)."""
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self._floor)

    def new_caches(self, count: int, columns: int) -> list[Tensor]:
        """Room for keys and values of each block, (2, B, G, columns, D)."""
        shape = (2, count, self.keys, columns, self.head)
        return [torch.empty(shape, dtype=self.dtype) for _block in self._blocks]


class LeanPassage:
    """Texts under way: their keys and values, each text's ending at the same column.

    Args:
        decoder: Whose.
        lengths: Tokens of each text so far.
        columns: The longest of them.
    """

    def __init__(self, decoder: LeanDecoder, lengths: list[int], columns: int) -> None:
        self._decoder, self._column = decoder, columns
        self._pads = columns - torch.tensor(lengths)  # (B,): columns before a text begins
        self.caches = decoder.new_caches(len(lengths), columns + ROOM)
        self.rotations = decoder.rotations(0, columns + ROOM)
        self._mask = self._masked()

    def _masked(self) -> Tensor | None:
        """-∞ where a column comes before its text, (B, 1, 1, C); None where none does."""
        if not bool(self._pads.any()):
            return None
        before = torch.arange(self.caches[0].shape[3]) < self._pads[:, None]
        mask = torch.zeros(before.shape, dtype=self._decoder.dtype)
        return mask.masked_fill(before, -math.inf)[:, None, None]

    @torch.no_grad()
    def step(self, tokens: Tensor) -> Tensor:
        """See ``decoding.Passage.step``."""
        column = self._column
        if column == self.caches[0].shape[3]:
            self._grow()
        if self._mask is None:
            mask, angles = None, self.rotations[column]
        else:
            mask, angles = self._mask[..., : column + 1], self.rotations[column - self._pads][:, None, None]
        self._column += 1
        return self._decoder.compute(tokens[:, None], self.caches, angles, column, mask)

    def keep(self, rows: Sequence[int]) -> None:
        """See ``decoding.Passage.keep``."""
        pads = self._pads[list(rows)]
        spare = int(pads.min())  # columns that no text needs any more
        self._pads, self._column = pads - spare, self._column - spare
        self.caches = [cache[:, list(rows), :, spare:] for cache in self.caches]
        self._mask = self._masked()

    def _grow(self) -> None:
        columns = self._column + max(ROOM, self._column // 2)
        larger = self._decoder.new_caches(len(self._pads), columns)
        for old, new in zip(self.caches, larger, strict=True):
            new[:, :, :, : self._column] = old[:, :, :, : self._column]
        self.caches = larger
        self.rotations = self._decoder.rotations(0, columns)
        self._mask = self._masked()
