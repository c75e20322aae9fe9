"""Seeded random numbers by name: what bears the same name in two projects is the same draw, so that they share it."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """A generator for ``seed`` and ``names``; others are independent of it (SeedSequence, O'Neill 2015).

    Args:
        seed: ≥ 0.
        names: What is drawn, such as ``("risk", "demand")``.
    """
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    words = [int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *words])))
