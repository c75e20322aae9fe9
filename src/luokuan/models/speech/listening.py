"""How well speech is understood: word error rate by pocketsphinx, which chooses among known sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.i18n import _

PACKAGE = "pocketsphinx"
RATE = 16_000
_PLAIN = re.compile(r"[A-Za-z ,.'’?!;:-]+")


def words_of(text: str) -> list[str]:
    """The words of an English sentence, in lower case without marks."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


def errors(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Words that must be put in, taken out or changed (Levenshtein 1966)."""
    row = list(range(len(found) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


class Listener:
    """pocketsphinx with its en-us model, as in benchmarks/speech.py: with a grammar of sentences, or free."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise UserError(
                _("Word error rates need the package {package}, which is not installed.", package=PACKAGE),
                _("Install {package}.", package=PACKAGE),
                code="speech.package",
            ) from error
        self._make = Decoder
        self._free = Decoder(samprate=float(RATE), loglevel="FATAL")
        self._grammar: Any = None

    def knows(self, text: str) -> bool:
        """Whether its dictionary has all words of a sentence, of which there are at least three."""
        words = words_of(text)
        plain = _PLAIN.fullmatch(text) is not None
        return plain and len(words) >= 3 and all(self._free.lookup_word(word) for word in words)

    def expect(self, texts: Sequence[str]) -> None:
        """From now on ``among`` chooses one of these."""
        rules = " | ".join(" ".join(words_of(text)) for text in texts)
        self._grammar = self._make(samprate=float(RATE), loglevel="FATAL", lm=None)
        self._grammar.add_jsgf_string("lines", f"#JSGF V1.0; grammar g; public <line> = {rules};")
        self._grammar.activate_search("lines")

    def among(self, samples: NDArray[np.float32]) -> list[str]:
        """The words of one of the expected sentences, or none, that 16 kHz samples are heard as."""
        return _heard(self._grammar, samples)

    def free(self, samples: NDArray[np.float32]) -> list[str]:
        """The words that they are heard as by its trigram model of 2016, whose own errors count too."""
        return _heard(self._free, samples)


def _heard(decoder: Any, samples: NDArray[np.float32]) -> list[str]:
    half = np.zeros(RATE // 4, np.int16)
    loud = np.asarray(samples / max(float(np.abs(samples).max(initial=0)), 1e-6) * 30_000, np.int16)
    decoder.start_utt()
    decoder.process_raw(np.concatenate([half, loud, half]).tobytes(), full_utt=True)
    decoder.end_utt()
    return [] if decoder.hyp() is None else words_of(decoder.hyp().hypstr)
