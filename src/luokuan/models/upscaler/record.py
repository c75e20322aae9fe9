"""What an upscaler's training record says of it: whether it may take the place of an interpolation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

COMPARISON = "comparison"
"""Key in training.json of what the end of the training measured on held-out pictures."""


def figures(comparison: Any, method: str) -> tuple[float, float] | None:
    """PSNR (dB) and kernel distance of ``method`` in a comparison, or None where one is absent or not finite."""
    try:
        found = comparison["methods"][method]
        values = float(found["psnr"]), float(found["kernel"]["mean"])
    except (KeyError, TypeError, ValueError):
        return None
    return values if all(map(math.isfinite, values)) else None


def beats_bicubic(comparison: Any) -> bool:
    """Whether the upscaler has more PSNR and a smaller kernel distance than bicubic interpolation, both measured.

    Args:
        comparison: ``Comparison.to_json()``, or whatever a stranger's training.json holds in its place.
    """
    own, plain = figures(comparison, "upscaler"), figures(comparison, "bicubic")
    if own is None or plain is None:
        return False
    return own[0] > plain[0] and own[1] < plain[1]


def worth_using(training: Mapping[str, Any]) -> bool:
    """``beats_bicubic`` of the comparison in a training.json; False where there is none."""
    return beats_bicubic(training.get(COMPARISON))
