"""What lips do for each sound: the visemes of MPEG-4 (ISO/IEC 14496-2, table "Visemes and related phonemes").

The standard names fifteen visemes and says which phonemes of English belong to each; the other sounds of both languages
go with the nearest. Shapes are ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from luokuan.create.voices.voice import Phone
from luokuan.media import Word

CLOSED = 1
"""The viseme of p, b and m."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A mouth.

    Args:
        open: How far the lips are apart, 0 to 1.
        wide: From -1, rounded as for u, to 1, spread as for i.
        teeth: How much of the upper teeth is seen, 0 to 1.
        tongue: How far its tip is up and in front, 0 to 1.
        tuck: How far the lower lip is under the teeth, 0 to 1.
        force: How much it insists against its neighbours; what a sound doesn't care for, they decide.
    """

    open: float
    wide: float
    teeth: float = 0.5
    tongue: float = 0.0
    tuck: float = 0.0
    force: float = 1.0


VISEMES: tuple[Shape, ...] = (
    Shape(0.0, 0.0, teeth=0.0, force=0.6),  # 0: none
    Shape(0.0, 0.0, teeth=0.0, force=2.2),  # 1: p, b, m
    Shape(0.13, 0.1, teeth=1.0, tuck=1.0, force=1.8),  # 2: f, v
    Shape(0.28, 0.1, teeth=0.7, tongue=1.0, force=0.9),  # 3: th
    Shape(0.30, 0.2, teeth=0.8, tongue=0.5, force=0.5),  # 4: t, d
    Shape(0.36, 0.1, teeth=0.4, force=0.35),  # 5: k, g
    Shape(0.32, -0.55, teeth=1.0, force=0.9),  # 6: ch, j, sh
    Shape(0.20, 0.45, teeth=1.0, force=0.8),  # 7: s, z
    Shape(0.34, 0.2, teeth=0.5, tongue=0.7, force=0.45),  # 8: n, l
    Shape(0.34, -0.4, teeth=0.4, force=0.7),  # 9: r
    Shape(1.0, 0.1, teeth=0.5, force=1.0),  # 10: a
    Shape(0.66, 0.5, teeth=0.6, force=0.9),  # 11: e
    Shape(0.38, 0.9, teeth=0.8, force=0.9),  # 12: i
    Shape(0.70, -0.6, teeth=0.2, force=1.0),  # 13: o
    Shape(0.36, -1.0, teeth=0.1, force=1.1),  # 14: u
)

_SOUNDS: dict[str, int] = {}
for _number, _symbols in {
    1: "p b m",
    2: "f v ʋ",
    3: "θ ð",
    4: "t d ɾ ʈ ɖ ʔ",
    5: "k g ɡ x ŋ ɣ χ q",
    6: "ʧ ʤ ʃ ʒ ʂ ʐ tʃ dʒ ʈʂ ʨ ʥ",
    7: "s z ts dz ɕ ʑ tɕ ʣ ʦ ç",
    8: "n l ɲ ɳ ɫ",
    9: "r ɹ ɻ ɚ ɝ ɜ ɽ ʁ",
    10: "a ɑ æ ʌ",
    11: "e ɛ ə ɤ ɐ ᵊ",
    12: "i ɪ j ᵻ ɨ",
    13: "o ɔ ɒ ɵ ø œ",
    14: "u ʊ w y ɥ ɯ",
}.items():
    _SOUNDS.update(dict.fromkeys(_symbols.split(), _number))


def viseme_of(symbol: str) -> int | None:
    """The viseme of a sound in the International Phonetic Alphabet; None where lips have no part in it, as of h."""
    bare = symbol.rstrip("ʰʲːˑʷ̃")
    return _SOUNDS.get(bare, _SOUNDS.get(bare[:1]))


_LETTERS = {
    "a": "a", "b": "b", "c": "k", "d": "d", "e": "e", "f": "f", "g": "g", "i": "i", "j": "ʤ", "k": "k", "l": "l",
    "m": "m", "n": "n", "o": "o", "p": "p", "q": "k", "r": "ɹ", "s": "s", "t": "t", "u": "u", "v": "v", "w": "w",
    "x": "s", "y": "i", "z": "z",
}  # fmt: skip


def phones_of_words(words: Iterable[Word]) -> Iterator[Phone]:
    """Sounds by the letters of words, each as long as the next: for voices that don't tell the sounds they make. A
    letter that is neither Latin nor Chinese is a vowel without a colour, so that lips move while it is heard."""
    for word in words:
        sounds = list(_spelt(word.text))
        step = (word.end - word.start) / max(1, len(sounds))
        for number, sound in enumerate(sounds):
            yield Phone(sound, word.start + number * step, word.start + (number + 1) * step)


def _spelt(text: str) -> Iterator[str]:
    from luokuan.create.voices.mandarin.phones import sounds_of
    from luokuan.create.voices.mandarin.syllables import HAN

    for letter in text:
        if HAN.match(letter):
            from pypinyin import Style, pinyin

            initial, final = sounds_of(pinyin(letter, style=Style.NORMAL, v_to_u=False)[0][0])
            yield from ((initial, *final) if initial else final)
        else:
            bare = unicodedata.normalize("NFD", letter.casefold())[:1]
            if bare in _LETTERS:
                yield _LETTERS[bare]
            elif letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN"):
                yield "ə"
