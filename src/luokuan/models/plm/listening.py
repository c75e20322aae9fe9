"""Looking for a home's watermark in a text by whatever model: its tokenizers are tried one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.foundation.modelfolder import CONFIG, STARTERS, TOKENIZER
from luokuan.models.plm.watermark import Heard, Watermark
from luokuan.store.home import Home
from luokuan.store.secrets import find_watermark_key

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHARACTERS = 200_000
"""Most characters of a text that are looked at."""
SIZE = 64 << 20
"""Largest tokenizer.json and config.json that are read, in bytes."""


def listener(home: Home) -> Callable[[str], Heard | None] | None:
    """A function from a text to what is heard in it of the home's watermark; None if the home has none.

    The best of several tokenizers counts, and its probability is multiplied by their number (Bonferroni).

    Raises:
        UserError: the home's secret can't be read.
    """
    key = find_watermark_key(home)
    return None if key is None else lambda text: _hear(text, key, home)


def _hear(text: str, key: bytes, home: Home) -> Heard | None:
    heard = []
    for tokenizer, words in _tokenizers(home):
        tokens = tokenizer.encode(text[:CHARACTERS], add_special_tokens=False).ids
        heard.append(Watermark(key, words).count(tokens))
    if not heard:
        return None
    best = min(heard, key=lambda found: found.chance)
    return replace(best, chance=min(1.0, best.chance * len(heard)))


def _tokenizers(home: Home) -> Iterator[tuple[Tokenizer, int]]:
    """Each different tokenizer of the language models in the store and among the starters, and the tokens of its
    model's vocabulary. Weights aren't looked at: checking a file mustn't take as long as loading a model."""
    tried: set[tuple[bytes, int]] = set()
    for place in (home.models, STARTERS):
        for path in sorted(place.glob(f"*/{TOKENIZER}")):
            found = _read(path.read_bytes(), (path.parent / CONFIG).read_bytes()) if _small(path) else None
            if found is not None and found not in tried:
                tried.add(found)
                tokenizer = _built(found[0])
                if tokenizer is not None:
                    yield tokenizer, found[1]


def _small(path: Path) -> bool:
    config = path.parent / CONFIG
    return config.is_file() and max(path.stat().st_size, config.stat().st_size) <= SIZE


def _read(tokenizer: bytes, config: bytes) -> tuple[bytes, int] | None:
    try:
        words = json.loads(config)["vocab_size"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return (tokenizer, words) if isinstance(words, int) and 0 < words < 1 << 24 else None


def _built(data: bytes) -> Tokenizer | None:
    from tokenizers import Tokenizer

    try:
        found = Tokenizer.from_buffer(data)
    except Exception:  # the library raises plain exceptions; such a model has written nothing here
        return None
    found.encode_special_tokens = True
    found.no_truncation()
    found.no_padding()
    return found
