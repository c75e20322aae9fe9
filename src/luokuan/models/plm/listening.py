"""Looking for a home's watermark in a text by whatever model: its tokenizers are tried one after the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from luokuan.foundation.child import Child
from luokuan.foundation.modelfolder import CONFIG, STARTERS, TOKENIZER
from luokuan.models.plm.watermark import LONGEST, Heard, Watermark
from luokuan.store.home import Home
from luokuan.store.secrets import find_watermark_key

# -P: the folder in which somebody happens to stand may hold a file named like a module of ours.
COMMAND = [sys.executable, "-P", "-m", "luokuan.models.plm.tokenizing"]
SECONDS = 40.0
"""How long a tokenizer may take for a text, start of the process included."""
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
    if key is None:
        return None
    reader = _Reader()
    return lambda text: _hear(text, key, home, reader)


def _hear(text: str, key: bytes, home: Home, reader: _Reader) -> Heard | None:
    heard = []
    for path, words in _tokenizers(home):
        tokens = reader.tokens(path, text[:CHARACTERS])
        if tokens is not None:
            heard.append(Watermark(key, words).count(tokens))
    if not heard:
        return None
    best = min(heard, key=lambda found: found.chance)
    return replace(best, chance=min(1.0, best.chance * len(heard)))


class _Reader:
    """Turns texts into tokens, in a process of its own: tokenizers come from anybody, and the home's secret is here."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._bad: set[Path] = set()

    def tokens(self, path: Path, text: str) -> list[int] | None:
        """The tokens of a text; None where the file is no tokenizer, or made the process fail, which it may once."""
        if path in self._bad:
            return None
        self._child = self._child or Child(COMMAND)
        self._child.send([str(path.absolute()), text, LONGEST])
        try:
            found = json.loads(self._child.answer(SECONDS) or "")
        except (TimeoutError, ValueError, RecursionError):  # none came, or none that we know
            self._bad.add(path)
            self._child.end()
            self._child = None
            return None
        return found if isinstance(found, list) and all(type(token) is int for token in found) else None


def _tokenizers(home: Home) -> Iterator[tuple[Path, int]]:
    """Each different tokenizer of the language models in the store and among the starters, and the tokens of its
    model's vocabulary. Weights aren't looked at: checking a file mustn't take as long as loading a model."""
    tried: set[tuple[bytes, int]] = set()
    for place in (home.models, STARTERS):
        for path in sorted(place.glob(f"*/{TOKENIZER}")):
            found = _read(path.read_bytes(), (path.parent / CONFIG).read_bytes()) if _small(path) else None
            if found is not None and found not in tried:
                tried.add(found)
                yield path, found[1]


def _small(path: Path) -> bool:
    config = path.parent / CONFIG
    return config.is_file() and max(path.stat().st_size, config.stat().st_size) <= SIZE


def _read(tokenizer: bytes, config: bytes) -> tuple[bytes, int] | None:
    try:
        words = json.loads(config)["vocab_size"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return (tokenizer, words) if isinstance(words, int) and 0 < words < 1 << 24 else None
