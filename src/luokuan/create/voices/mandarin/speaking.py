"""The Mandarin voice: phrases to sound."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.voices.mandarin.joining import CROSS, Part, join
from luokuan.create.voices.mandarin.melody import Tone, heights, melody
from luokuan.create.voices.mandarin.pack import INDEX, MARKS, SOUNDS, Unit, open_pack
from luokuan.create.voices.mandarin.phones import phones_of
from luokuan.create.voices.mandarin.phrasing import Phrase, phrases
from luokuan.create.voices.mandarin.syllables import HAN, Syllable
from luokuan.create.voices.voice import Card, Phone, Said
from luokuan.media import Sound, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "data" / "mandarin"
RATE = 24_000
"""Samples a second of what it says."""
_VOWEL = {1: 0.185, 2: 0.19, 3: 0.185, 4: 0.17, 5: 0.105}
"""Seconds of a syllable's voiced part within a phrase, by its tone; recorded alone it is two or three times as long."""
_LEVEL = {1: 0.0, 2: -0.5, 3: -2.0, 4: 0.5, 5: -4.0}  # dB
_LOUD = 0.1
_STOPS = ("b", "d", "g", "p", "t", "k", "j", "q", "z", "c")  # zh and ch are among them
_CLOSED = 0.035
"""Seconds of silence before the burst of a stop."""
_NATURAL = 0.06
"""Seconds after the voice has set in that keep their length: there consonants are told apart."""
_SPLIT = 0.55


@dataclass(frozen=True, slots=True)
class _Timed:
    """A syllable in its phrase: seconds where its closure, its sound, its voice and its end lie."""

    syllable: Syllable
    closed: float
    start: float
    onset: float
    end: float
    last: bool
    word: int


class Mandarin:
    """See ``voice.Voice``. ``card``: read from the pack's ``card.yaml``."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._pack = open_pack(folder)
        self._targets = heights(self._pack.tones)
        self._card = card_of(folder)

    @property
    def card(self) -> Card:
        """Whose it is."""
        return self._card

    @property
    def digest(self) -> str:
        """SHA-256 over the files of its pack."""
        return _digest(self.folder)

    def can_say(self, text: str) -> bool:
        """Whether there is a Chinese character, a Latin letter or a digit in it."""
        return any(HAN.match(letter) or (letter.isascii() and letter.isalnum()) for letter in text)

    def say(self, text: str, *, rate: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Said]:
        """Speak Chinese, phrase by phrase; see ``voice.Voice.say``. Nothing in it is random."""
        found = list(phrases(text))
        covered = 0
        for number, phrase in enumerate(found):
            # A telephone number is said in several phrases: the first of them covers it.
            after = found[number + 1].words[0].start if number + 1 < len(found) else len(text)
            begin, covered = covered, max(covered, after, phrase.words[-1].end)
            sound, phones = self._phrase(phrase, text, begin, covered, rate, pitch)
            yield Said(sound, text[begin:covered], phones)

    def _phrase(
        self, phrase: Phrase, text: str, begin: int, stop: int, rate: float, pitch: float
    ) -> tuple[Sound, tuple[Phone, ...]]:
        timed, seconds = _times(phrase, self._unit, rate)
        tones = [Tone(one.syllable.tone, one.start, one.end, one.last) for one in timed]
        hertz = melody(tones, self._targets, rising=phrase.rising) * 2 ** (pitch / 12)
        parts = [part for one in timed for part in self._parts(one)]
        samples = _resampled(join(parts, hertz, seconds), parts[0].rate)
        silence = np.zeros(round(phrase.pause / rate * RATE), np.float32)
        words = []
        for number, word in enumerate(phrase.words):
            own = [one for one in timed if one.word == number]
            after = phrase.words[number + 1].start if number + 1 < len(phrase.words) else stop
            start = begin if number == 0 else max(word.start, begin)
            words.append(Word(text[start:after], round(own[0].closed, 3), round(own[-1].end, 3)))
        found = (phones_of(one.syllable, one.closed, one.start, one.onset, one.end) for one in timed)
        phones = tuple(phone for own in found for phone in own)
        return Sound(np.concatenate([samples, silence])[None], RATE, tuple(words)), phones

    def _unit(self, syllable: Syllable) -> Unit:
        tone = syllable.tone if syllable.tone != 5 else 4
        for name in (f"{syllable.base}{tone}", *(f"{syllable.base}{other}" for other in (1, 4, 2, 3))):
            if name in self._pack:
                return self._pack.unit(name)
        return self._pack.unit("en4")  # a syllable that Mandarin doesn't have

    def _parts(self, one: _Timed) -> list[Part]:
        unit = self._unit(one.syllable)
        final = 0.1 if one.last else 0.35
        gain = _LOUD / max(unit.level, 1e-4) * 10 ** (_LEVEL[one.syllable.tone] / 20)
        end = _heard_until(unit, final)
        if one.syllable.r:
            return self._coloured(one, unit, gain, end)
        length, room = end - unit.onset, one.end - one.onset
        keep = min(_NATURAL, 0.4 * room, 0.4 * length)
        times = (one.start, one.onset, one.onset + keep, one.end + (0.0 if one.last else CROSS))
        places = (unit.start, unit.onset, unit.onset + keep, end)
        # What begins with its voice fades in while the one before fades out; a burst begins at once.
        attack = CROSS if unit.onset - unit.start < 0.025 else 0.003
        return [_part(unit, times, places, gain, 0.05 if one.last else CROSS, attack)]

    def _coloured(self, one: _Timed, unit: Unit, gain: float, end: float) -> list[Part]:
        """A syllable that ends in 儿: its beginning, without what closes it, and the end of er."""
        er = self._pack.unit("er2")
        cut = one.onset + _SPLIT * (one.end - one.onset)
        blend = min(0.03, 0.3 * (one.end - cut))
        half = unit.onset + 0.5 * (end - unit.onset)
        tail = _heard_until(er, 0.2)
        first = _part(unit, (one.start, one.onset, cut + blend), (unit.start, unit.onset, half), gain, 2 * blend)
        other = _LOUD / max(er.level, 1e-4) * 10 ** (_LEVEL[one.syllable.tone] / 20)
        places = (er.onset + 0.45 * (tail - er.onset), tail)
        times = (cut - blend, one.end + (0.0 if one.last else CROSS))
        return [first, _part(er, times, places, other, 0.05 if one.last else CROSS, 2 * blend)]


def _part(
    unit: Unit, times: tuple[float, ...], places: tuple[float, ...], gain: float, fade: float, attack: float = 0.003
) -> Part:
    kept = [0]
    for number in range(1, len(times)):
        if times[number] > times[kept[-1]]:
            kept.append(number)
    return Part(
        unit.samples, unit.rate, unit.marks, tuple(times[k] for k in kept), tuple(places[k] for k in kept), gain, fade,
        attack,
    )  # fmt: skip


def _times(phrase: Phrase, unit_of: object, rate: float) -> tuple[list[_Timed], float]:
    found: list[_Timed] = []
    now = 0.02
    flat = [(number, one) for number, word in enumerate(phrase.words) for one in word.syllables]
    for place, (number, one) in enumerate(flat):
        unit = unit_of(one)  # type: ignore[operator]
        ends_word = place + 1 == len(flat) or flat[place + 1][0] != number
        ends_phrase = place + 1 == len(flat)
        vowel = _VOWEL[one.tone] + (0.015 if _long(one.base) else 0.0) + (0.05 if one.r else 0.0)
        if ends_phrase:
            vowel *= 1.45 if phrase.ends else 1.15 if phrase.minor else 1.3
        elif ends_word:
            vowel *= 1.06
        recorded = unit.onset - unit.start
        consonant = min(max(0.6 * recorded, min(recorded, 0.02)), 0.11) * (0.8 if one.tone == 5 else 1.0)
        closed = _CLOSED if place and one.base.startswith(_STOPS) else 0.0
        start = now + closed / rate
        onset = start + consonant / rate**0.6  # consonants give way less than vowels
        end = onset + vowel / rate
        found.append(_Timed(one, now, start, onset, end, ends_phrase, number))
        now = end
    return found, now + 0.03


def _long(base: str) -> bool:
    return base.endswith(("ng", "n", "ao", "ai", "ei", "ou", "ui", "iu")) or len(base) >= 4


@lru_cache(maxsize=2048)
def _until(name: str, share: float, folder: Path) -> float:
    unit = open_pack(folder).unit(name)
    size = round(0.01 * unit.rate)
    begin = round(unit.onset * unit.rate)
    part = unit.samples[begin : round(unit.end * unit.rate)]
    count = max(1, len(part) // size)
    power = np.sqrt((part[: count * size].reshape(count, -1) ** 2).mean(axis=1))
    loud = np.flatnonzero(power > share * unit.level)
    last = int(loud[-1]) + 1 if loud.size else count
    return float(unit.onset + last * 0.01)


def _heard_until(unit: Unit, share: float) -> float:
    return max(_until(unit.name, share, FOLDER), unit.onset + 0.08)


def _resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, 1, rate // RATE), np.float32)


@lru_cache(maxsize=4)
def _digest(folder: Path) -> str:
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (SOUNDS, INDEX, MARKS)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


@lru_cache(maxsize=4)
def card_of(folder: Path) -> Card:
    """The card beside a pack, ``card.yaml``."""
    import yaml

    values = yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    return Card(**{**values, "languages": tuple(values["languages"])})


def speak_syllables(names: Sequence[str]) -> Sound:
    """Syllables such as ``ma1``, each a word of one phrase: what tests and the benchmark listen to."""
    from luokuan.create.voices.mandarin.phrasing import Placed

    own = [(Syllable(name[:-1], int(name[-1])),) for name in names]
    phrase = Phrase(tuple(Placed(at, at + 1, one) for at, one in enumerate(own)), 0.1, True)
    return Mandarin()._phrase(phrase, "x" * len(own), 0, len(own), 1.0, 0.0)[0]
