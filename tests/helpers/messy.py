"""Texts to make corpora of that want cleaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

POEM = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n"
FULL = "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n"


def essay(seed: int, length: int = 300) -> str:
    """Hanzi drawn with a seed."""
    codes = np.random.default_rng(seed).integers(0, 20, (length,)) + 0x4E00 + 20 * (seed % 50)
    return "".join(map(chr, codes.tolist()))


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    """A .jsonl file of these objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path
