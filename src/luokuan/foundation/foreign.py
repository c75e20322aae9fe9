"""Models of transformers: of which of our families they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENCODER_DECODERS = ("marian", "m2m_100", "mbart", "t5", "mt5", "umt5", "bart")
"""``model_type`` of the encoder-decoders of transformers that turn text into text."""
_KNOWN = dict.fromkeys(ENCODER_DECODERS, "seq2seq") | {"vits": "vits"}


def family_of(config: Mapping[str, Any]) -> str:
    """The family that a config.json names; ``plm`` for a causal language model of transformers, ``seq2seq`` for one of
    its encoder-decoders of text, ``vits`` for one of its voices; else empty."""
    named, kind = config.get("architectures"), config.get("model_type")
    causal = isinstance(named, list) and any(str(name).endswith("ForCausalLM") for name in named)
    return str(config.get("family") or ("plm" if causal else _KNOWN.get(kind, "") if isinstance(kind, str) else ""))
