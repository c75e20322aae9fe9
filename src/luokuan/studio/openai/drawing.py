"""How tokens are drawn: the fields that chat and completions share."""

from __future__ import annotations

from typing import Any

from luokuan.studio.openai.fields import Fields, unsupported

MOST_ANSWERS = 16
MOST_SEED = 2**53 - 1


def drawing_of(fields: Fields, *, tokens: int) -> dict[str, Any]:
    """``drawing`` of a brief.

    Raises:
        ApiError: a field can't be used.
    """
    fields.settled("frequency_penalty", 0)
    fields.settled("presence_penalty", 0)
    found: dict[str, Any] = {
        "temperature": fields.number("temperature", 0, 2, 0.8),
        "top_p": fields.number("top_p", 1e-6, 1, 1.0),
        "top_k": fields.integer("top_k", 0, 1_000_000, 0),
        "min_p": fields.number("min_p", 0, 0.999, 0.0),
        "repetition_penalty": fields.number("repetition_penalty", 1, 5, 1.0),
        "max_tokens": tokens,
        "stop": [text for text in fields.texts("stop", most=4, longest=200) if text],
    }
    if fields.any("logit_bias") not in (None, {}):
        raise unsupported("logit_bias")
    return found


def seed_of(fields: Fields) -> int | None:
    """The seed; None: it is drawn."""
    return fields.integer("seed", 0, MOST_SEED)


def stream_of(fields: Fields) -> tuple[bool, bool]:
    """Whether the answer comes piece by piece, and whether it ends with the usage."""
    stream, options = fields.flag("stream"), fields.any("stream_options")
    if options is None:
        return stream, False
    if not stream or not isinstance(options, dict):
        raise unsupported("stream_options")
    more = Fields(options, inside="stream_options.")
    more.settled("include_obfuscation", False)
    wanted = more.flag("include_usage")
    more.done()
    return stream, wanted
