"""Voices of others, as they lie on the Hub: models of the family vits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.create.voices.pieces import LEAD, RATE, heard, pieces, silence_after
from luokuan.create.voices.voice import Card, Said
from luokuan.create.voices.wording import MARKS, timed_words
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Sound

if TYPE_CHECKING:
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.models.vits.letters import Letters
    from luokuan.models.vits.model import VitsVoice

ROMANISER = "uroman"
UNKNOWN = "und"
"""BCP 47 for a language that nobody names."""
_PEAK = 0.7
_SILENT = 1e-4
_STEP = 10
"""Hertz of the grid on which another pitch's rate lies, so that it can be resampled by small whole numbers."""
_CHINESE = frozenset({"zh", "yue", "wuu", "nan", "hak", "gan", "hsn", "cdo", "cjy", "lzh"})
_NUMBER = re.compile(r"([$£€])?(\d+(?:,\d{3})*)(\.\d+(?!\.?\d))?(?:(st|nd|rd|th|s)\b)?(\s?%)?")
"""Of English: a sign of money, the number, what follows its point, the ending of an order or a decade, and percent."""
_MONEY = {"$": "dollar", "£": "pound", "€": "euro"}
_LONGEST_NUMBER = 12


class HubVoice:
    """See ``voice.Voice``. It reads letters; which sounds they stand for only its network knows.

    Args:
        model: What was loaded.
    """

    def __init__(self, model: VitsVoice) -> None:
        self._model = model
        self._card = card_of(model.folder)
        self._english = self._card.languages[0].split("-")[0] == "en"

    @property
    def card(self) -> Card:
        """Whose it is: what the model's own card says."""
        return self._card

    @property
    def digest(self) -> str:
        """The model's."""
        return self._model.folder.digest

    def can_say(self, text: str) -> bool:
        """Whether there is a letter or a figure in it that its vocabulary holds.

        Raises:
            UserError: see ``say``.
        """
        return any(one.isalnum() for one, _place in self._model.letters.spelt(self._read(text)))

    def left_out(self, text: str) -> str:
        """The letters and figures of ``text`` that its vocabulary lacks, each once. Raises UserError: see ``say``."""
        known = self._model.letters.known
        found = [one for one in self._read(text) if _is_letter(one) and not known(one)]
        return "".join(dict.fromkeys(found))

    def say(self, text: str, *, rate: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Said]:
        """Speak, sentence by sentence; see ``voice.Voice.say``. ``seed``: of its lengths and its noise. Another pitch
        is another rate of its samples, so that its timbre moves along.

        Raises:
            UserError: it learnt on romanised text and the package for that isn't installed; or it makes no speech of
                the text.
        """
        for number, written in enumerate(pieces(text, self.can_say)):
            yield self._sentence(written, rate, 2 ** (pitch / 12), seed + number)

    def _sentence(self, written: str, rate: float, factor: float, seed: int) -> Said:
        from luokuan.foundation.corpus.audio import resampled

        text = self._read(written)
        spelt = self._model.letters.spelt(text)
        own = round(self._model.rate * factor / _STEP) * _STEP
        factor = own / self._model.rate
        made = self._model.say("".join(one for one, _place in spelt), rate=rate / factor, seed=seed)
        peak = float(np.abs(made.samples).max(initial=0.0))
        loud = resampled(made.samples * (_PEAK / peak if peak > _SILENT else 1.0), own, RATE)
        first, last = heard(loud)
        first, last = max(0, first - round(LEAD * RATE)), min(len(loud), last + round(LEAD * RATE))
        samples = loud[first:last]
        times = np.clip(made.ends / factor - first / RATE, 0.0, len(samples) / RATE)
        words = timed_words(written, _words(text, spelt, times, blank=self._model.letters.blank))
        return Said(Sound(np.concatenate([samples, silence_after(written, rate)])[None], RATE, words), written)

    def _read(self, text: str) -> str:
        """``text`` as the vocabulary has it: numbers of English written out, other scripts romanised."""
        text = text.translate(MARKS)
        if self._english:
            text = _written_out(text)
        if self._model.letters.romanised and any(_is_letter(one) and not one.isascii() for one in text):
            return _romanised(text, self._model.letters.language, self._card.name)
        return text


def _is_letter(one: str) -> bool:
    """Whether it is a letter, a figure or a mark that belongs to one, such as a vowel of Devanagari."""
    return one.isalnum() or unicodedata.category(one) in ("Mn", "Mc")


def _words(
    text: str, spelt: list[tuple[str, int]], ends: np.ndarray[tuple[int], np.dtype[np.float64]], *, blank: bool
) -> list[tuple[str, float, float]]:
    """The words of ``text`` of which something is heard, with their times: a blank before a word's first letter and
    one behind its last belong to it."""
    step, offset = (2, 1) if blank else (1, 0)
    found: list[tuple[str, float, float]] = []
    for word in re.finditer(r"\S+", text):
        own = [k for k, (one, place) in enumerate(spelt) if word.start() <= place < word.end() and one != " "]
        if not own:
            continue
        begin, stop = step * own[0] + offset - blank, step * own[-1] + offset
        start = float(ends[begin - 1]) if begin else 0.0
        if found and found[-1][2] > start:  # there is no space in the vocabulary: they share a blank
            found[-1] = (found[-1][0], found[-1][1], start)
        found.append((word[0], start, float(ends[stop + blank])))
    return found


def _written_out(text: str) -> str:
    """English with its dates, times, units, sums and numbers in words."""
    from hibari.g2p.normalize import normalize

    return _NUMBER.sub(lambda match: f" {_in_words(match)} ", normalize(text)) if any(map(str.isdigit, text)) else text


def _in_words(match: re.Match[str]) -> str:
    from hibari.g2p import numbers

    money, whole, part, ending, share = (found or "" for found in match.groups())
    figures = whole.replace(",", "")
    if len(figures) > _LONGEST_NUMBER or (figures[0] == "0" and len(figures) > 1):
        said = _by_figures(figures)
    elif ending not in ("", "s"):
        said = numbers.ordinal(int(figures))
    else:
        is_year = whole == figures and 1100 <= int(figures) < 2100 and not (money or part or share)
        said = numbers.year(int(figures)) if is_year else numbers.cardinal(int(figures))
    said = str(said).replace(",", "")
    if ending == "s":
        said = f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"
    cents = money and len(part) == len(".50")
    if part and not cents:
        said += f" point {_by_figures(part[1:])}"
    if money:
        said += f" {_MONEY[money]}" + ("" if said == "one" else "s")
    if cents:
        said += f" {numbers.cardinal(int(part[1:]))}"
    return f"{said} percent" if share else said


def _by_figures(figures: str) -> str:
    from hibari.g2p import numbers

    return " ".join(numbers.cardinal(int(one)) for one in figures)


def _romanised(text: str, language: str, name: str) -> str:
    """``text`` in Latin letters, word by word.

    Raises:
        UserError: the package for it isn't installed.
    """
    try:
        roman = _romaniser()
    except ImportError as error:
        raise UserError(
            _("The voice {voice} needs the package {package}, which is not installed.", voice=name, package=ROMANISER),
            _("Install {package}, or choose another voice.", package=ROMANISER),
            code="voice.package",
        ) from error
    code = language or None
    return re.sub(r"\S+", lambda word: "".join(str(roman.romanize_string(word[0], lcode=code)).split()), text)


@lru_cache(maxsize=1)
def _romaniser() -> Any:
    return import_module(ROMANISER).Uroman()


def card_of(folder: ModelFolder) -> Card:
    """Whose the voice in a folder is, by the front matter of its README.md: ``license`` and ``language`` as on the Hub,
    and ``consent``, ``credit`` and ``source``, which whoever has it here may add."""
    from luokuan.foundation.hubcard import front_matter, line_of
    from luokuan.foundation.modelfolder import CARD

    said = front_matter(folder.path / CARD)
    language = _language(folder)
    place = folder.path
    at_hub = f"https://huggingface.co/{place.parent.name}/{place.name}" if place.parent.parent.name == "hub" else ""
    return Card(
        name=folder.name,
        title=f"{_english_name(language)}, a model that was made elsewhere",
        languages=(language,),
        licence=folder.licence,
        source=line_of(said, "source") or at_hub,
        credit=line_of(said, "credit"),
        consent=line_of(said, "consent"),
        quality="",
    )


def slot_of(folder: ModelFolder) -> str:
    """Which runs of a text a voice speaks: ``zh`` where it speaks Chinese and reads Chinese characters, by itself or
    romanised, or where nobody names its language and it reads them by itself; else ``en``, which is all that isn't
    Chinese. One whose letters can't be read has it, too: why not is said when it is loaded."""
    from luokuan.create.voices.mandarin.syllables import HAN
    from luokuan.models.vits.letters import read_letters

    try:
        letters = read_letters(folder.path)
    except UserError:
        return "en"
    language = _language(folder).split("-")[0]
    reads = any(HAN.match(one) for one in letters.numbers) and _has_no_kana(letters)
    return "zh" if (language in _CHINESE and (reads or letters.romanised)) or (language == UNKNOWN and reads) else "en"


def _has_no_kana(letters: Letters) -> bool:
    return not any("\u3041" <= one <= "\u30ff" for one in letters.numbers)


def _language(folder: ModelFolder) -> str:
    """BCP 47: the first language of the model's card, else that of its tokenizer, else ``UNKNOWN``."""
    from luokuan.foundation.hubcard import front_matter
    from luokuan.foundation.modelfolder import CARD, TOKENIZER_FILES, read_json

    named = front_matter(folder.path / CARD).get("language")
    try:
        told = read_json(folder.path / TOKENIZER_FILES[1], required=False).get("language")
    except UserError:  # loading will say so
        told = None
    for found in (named[0] if isinstance(named, list) and named else named, told):
        if isinstance(found, str) and re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", found):
            return _shortest(found.replace("_", "-"))
    return UNKNOWN


def _shortest(code: str) -> str:
    """With two letters where the language has them: ``eng`` is ``en``, and ``cmn`` ``zh``."""
    from babel.core import get_global

    first, *others = code.split("-")
    first = first.lower()
    return "-".join([{"cmn": "zh", "zho": "zh"}.get(first, get_global("language_aliases").get(first, first)), *others])


def _english_name(code: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(code, sep="-").english_name or code)
    except (UnknownLocaleError, ValueError):
        return "An unknown language" if code == UNKNOWN else code
