"""A language pair that can be learnt in seconds: numbers, digit by digit."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

ENGLISH = ("one", "two", "three", "four", "five", "six")
CHINESE = "一二三四五六"


def pairs() -> list[tuple[str, str]]:
    """(English, Chinese) of all numbers of one to three digits."""
    found = []
    for length in (1, 2, 3):
        for digits in product(range(len(ENGLISH)), repeat=length):
            found.append((" ".join(ENGLISH[digit] for digit in digits), "".join(CHINESE[digit] for digit in digits)))
    return found


def write_corpus(folder: Path, *, licence: str = "CC0-1.0") -> Path:
    """A corpus of them, dealt by their English sides."""
    folder.mkdir(parents=True)
    lines = [json.dumps({"en": en, "zh": zh}, ensure_ascii=False) for en, zh in pairs()]
    (folder / "numbers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "card.yaml").write_text(f"title: Numbers\nlicence: {licence}\n", encoding="utf-8")
    return folder
