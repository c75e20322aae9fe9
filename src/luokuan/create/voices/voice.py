"""What every voice is: its card, and what it says with the times of its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from luokuan.foundation.consent import denied
from luokuan.media import Sound, Word

RATES, PITCHES = (0.5, 2.0), (-12.0, 12.0)
"""Bounds of ``rate`` and ``pitch``."""


@dataclass(frozen=True, slots=True)
class Card:
    """Whose a voice is, and what may be done with what it says.

    Args:
        name: What it is called.
        title: In a line.
        languages: BCP 47, the first is its own.
        licence: Of what it says: SPDX id or a name.
        source: Where it comes from.
        credit: Who is to be named with what it says; empty: nobody must be.
        consent: On what ground the person whose voice it is agreed, or that there is none; empty: nobody knows.
        quality: What it is good and bad at, in words.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    licence: str
    source: str
    credit: str
    consent: str
    quality: str

    @property
    def works_licence(self) -> str:
        """The licence of its works: unknown, so that they can't be published, where nobody knows of a consent, or the
        card says that there is none."""
        return self.licence if self.consent and not denied(self.consent) else "unknown"


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound of speech: its ``symbol`` in the International Phonetic Alphabet, and its ``start`` and ``end`` in
    seconds. The mark of stress is one of its own, as long as nothing."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Said:
    """A piece that was said. ``sound``: mono, its ``words`` hold the times; ``text``: what of the text it covers;
    ``phones``: the sounds of its speech in the order of time, where the voice knows them."""

    sound: Sound
    text: str
    phones: tuple[Phone, ...] = ()


class Voice(Protocol):
    """A voice that was loaded."""

    @property
    def card(self) -> Card:
        """Whose it is."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 over the files that it is made of, 64 lower-case hexadecimal digits."""
        ...

    def can_say(self, text: str) -> bool:
        """Whether there is anything in ``text`` that it can speak."""
        ...

    def say(self, text: str, *, rate: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Said]:
        """Speak ``text``, piece by piece, each as soon as it is ready.

        Args:
            text: One language, as it is written; what the voice can't speak is left out.
            rate: How fast, within ``RATES``; 1: as it is used to.
            pitch: Semitones higher, within ``PITCHES``.
            seed: Of what is random in it, if there is anything.
        """
        ...


@runtime_checkable
class Choosy(Protocol):
    """A voice that may lack letters of what it speaks, or know others than Chinese and Latin ones."""

    def left_out(self, text: str) -> str:
        """The letters and figures of ``text`` that it can't speak, each once."""
        ...


Maker = Callable[[], Voice]
__all__ = ["PITCHES", "RATES", "Card", "Choosy", "Maker", "Phone", "Said", "Voice", "Word"]
