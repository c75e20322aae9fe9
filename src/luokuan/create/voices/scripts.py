"""A text in runs of one language each: each goes to the voice that can say it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from luokuan.create.voices.mandarin.reading import MEASURED
from luokuan.create.voices.mandarin.syllables import HAN

_ACRONYM = re.compile(r"[A-Z]{1,5}(?![A-Za-z])")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’\-][A-Za-zÀ-ÖØ-öø-ÿ]+)*")
_CHINESE_MARKS = frozenset("，。！？；：、（）《》“”…—￥℃")
_STOPS = frozenset(".。!！?？\n")
_FULL_WIDTH = re.compile(r"[０-９Ａ-Ｚａ-ｚ＋－．／＝％]")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_POWER = re.compile(r"(?<=\d)(?:[⁰¹²³⁴-⁹]{2,}|[⁰¹⁴-⁹])")
"""Of a number; ² and ³ alone are read by the voices."""


@dataclass(frozen=True, slots=True)
class Run:
    """``text`` in one ``language``, ``en`` or ``zh``."""

    language: str
    text: str


def runs(text: str, others: str = "") -> list[Run]:
    """The runs of ``text``, which together are the text.

    A Chinese character is Chinese, a Latin word English; but up to five capitals in a Chinese sentence, such as AI, are
    spelt there. Figures with their units, marks and all else go with what stands before them in their sentence, else
    with what follows.

    Args:
        text: Any.
        others: The language to which letters of other scripts go; empty: they are among all else.
    """
    kinds = _kinds(text, others)
    found: list[Run] = []
    for kind, letter in zip(kinds, text, strict=True):
        if found and found[-1].language == kind:
            found[-1] = Run(kind, found[-1].text + letter)
        else:
            found.append(Run(kind, letter))
    return found


def _kinds(text: str, others: str) -> list[str]:
    kinds = [""] * len(text)
    place = 0
    while place < len(text):
        if HAN.match(text, place):
            kinds[place] = "zh"
        elif text[place].isdecimal() and (measured := MEASURED.match(text, place)) is not None:
            place = measured.end()
            continue
        elif (word := _LATIN.match(text, place)) is not None:
            short = _ACRONYM.fullmatch(word[0]) and _among_chinese(text, place, word.end())
            kinds[place : word.end()] = ["zh" if short else "en"] * (word.end() - place)
            place = word.end()
            continue
        elif text[place] in _CHINESE_MARKS:
            kinds[place] = "mark"
        elif text[place].isalpha():
            kinds[place] = others
        place += 1
    return _filled(text, kinds)


def _among_chinese(text: str, start: int, stop: int) -> bool:
    """Whether the nearest letter on either side, within the sentence, is Chinese."""
    for step, first in ((-1, start - 1), (1, stop)):
        place = first
        while 0 <= place < len(text) and not _stops(text, place):
            if HAN.match(text, place):
                return True
            if text[place].isalpha():
                break
            place += step
    return False


def _stops(text: str, place: int) -> bool:
    """Whether a sentence ends there; a point between figures is no stop."""
    return text[place] in _STOPS and not _POINT.match(text, place)


def _filled(text: str, kinds: list[str]) -> list[str]:
    """Kinds of all that has none: of what is before it in the sentence, else of what follows, else of the whole."""
    whole = next((kind for kind in kinds if kind in ("en", "zh")), "")
    whole = whole or ("zh" if "mark" in kinds else "en")
    following, after = [""] * len(kinds), ""
    for place in reversed(range(len(kinds))):
        if kinds[place] in ("en", "zh"):
            after = kinds[place]
        following[place] = after
    filled = list(kinds)
    before, begins = "", True
    for place, kind in enumerate(filled):
        if kind in ("en", "zh"):
            before, begins = kind, False
            continue
        # A figure that begins a sentence belongs to it.
        if begins and text[place].isdigit():
            before = following[place] or before
        begins = _stops(text, place) or (begins and not text[place].isalnum())
        filled[place] = before or following[place] or whole
    return filled


def left_out(text: str) -> str:
    """The letters of ``text`` that are neither Chinese nor Latin, each once: no voice here speaks them."""
    found = [one for one in text if one.isalpha() and not HAN.match(one) and not _LATIN.fullmatch(one)]
    return "".join(dict.fromkeys(found))


def speakable(text: str) -> str:
    """``text`` as the voices take it: full-width letters, figures and signs of sums as plain ones, figures and units
    that are one sign, such as ① and ㎡, written out and apart from other figures, no characters without a sound such as
    control characters and marks of direction, emoji and other signs as spaces."""
    out: list[str] = []
    apart = False
    for letter in _POWER.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0])}", text):
        kind = unicodedata.category(letter)
        if apart and letter.isdecimal():
            out.append(" ")
        apart = False
        if _FULL_WIDTH.match(letter):
            out.append(chr(ord(letter) - 0xFEE0))
        elif "\u3371" <= letter <= "\u33df":  # units
            out.append(unicodedata.normalize("NFKC", letter))
        elif kind in ("No", "Nl") and not HAN.match(letter) and letter not in "²³":
            apart = not unicodedata.decomposition(letter).startswith(("<sub>", "<super>"))
            out.append(" " * (apart and bool(out) and out[-1][-1].isdecimal()) + _figure(letter))
        elif letter in "\n\t":
            out.append("\n" if letter == "\n" else " ")
        elif kind in ("Cf", "Cc", "Mn", "Me") and not unicodedata.combining(letter):
            continue
        elif kind in ("So", "Cn", "Co", "Sk") and letter not in "°℃℉":
            out.append(" ")
        else:
            out.append(letter)
    return unicodedata.normalize("NFC", "".join(out))


def _figure(sign: str) -> str:
    """① and Ⅳ as 1 and 4, ½ as 1/2, all else as it is."""
    value = unicodedata.numeric(sign)
    return str(int(value)) if value.is_integer() else unicodedata.normalize("NFKC", sign).replace("\u2044", "/")
