"""How much a text repeats: of what a model was trained on, and of its own kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BREAK = "\0"
"""Stands between documents: no run of characters crosses it."""


def letters_of(text: str) -> str:
    """The letters and digits of a text, without case: marks and spaces don't make a copy another text."""
    return "".join(character for character in text.casefold() if character.isalnum())


@dataclass(frozen=True, slots=True)
class Shared:
    """The longest run of letters that a text shares with the material: how many, and which."""

    length: int
    run: str


class Material:
    """Text that a model was trained on, to look for copies in. Keeps its letters in memory.

    Args:
        documents: The documents.
    """

    def __init__(self, documents: Iterable[str]) -> None:
        self._letters = BREAK.join(letters_of(document) for document in documents)

    def longest_shared(self, text: str) -> Shared:
        """The longest run of letters of ``text`` that stands in one document of the material; the first of equals.

        Takes one search through the material for about each letter of the text.
        """
        letters, best = letters_of(text), Shared(0, "")
        start, end = 0, 1
        while end <= len(letters):
            run = letters[start:end]
            # A window that never shrinks: a longer run can only end here if this one is found.
            if run in self._letters:
                best = Shared(end - start, run)
            else:
                start += 1
            end += 1
        return best


def distinct(texts: Sequence[str], size: int) -> float:
    """Distinct-n (Li et al. 2016, arXiv 1510.03055, section 5.3): different runs of ``size`` letters as a share of all,
    over all texts together; runs don't cross texts. 0 if there are none."""
    runs = [letters[i : i + size] for letters in map(letters_of, texts) for i in range(len(letters) - size + 1)]
    return len(set(runs)) / len(runs) if runs else 0.0
