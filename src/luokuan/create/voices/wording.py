"""English as it is written: its sentences, and when each of its words is heard."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from luokuan.media import Word

LONGEST = 280
"""Characters that are spoken at once: hibari's network hears up to some 400 phonemes as one sentence."""
_SPEAKABLE = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ0-9%&$€£@+=]")
MARKS = str.maketrans("，。！？；：（）、", ",.!?;:(),")
END = re.compile(r"[.!?][\"'”’)]*\s*$")
_CLAUSE = re.compile(r"(?<=[,;:—])\s+")
DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ"}
"""What hibari's capitals stand for."""


def speakable(text: str) -> bool:
    """Whether there is a Latin letter, a digit or a sign with a name in it."""
    return _SPEAKABLE.search(text) is not None


def timed_words(written: str, heard: Sequence[tuple[str, float, float]]) -> tuple[Word, ...]:
    """The words of ``written`` with their times: of those that were heard as they are written, or, where numbers or
    abbreviations were written out, of all that stands for them."""
    places = [(m.start(), m.end()) for m in re.finditer(r"\S+", written)]
    own = [written[a:b] for a, b in places]
    spoken: list[tuple[str, float, float]] = []
    for text, start, end in heard:
        if any(letter.isalnum() for letter in text):
            spoken.append((text, start, end))
    keys, others = [_key(word) for word in own], [_key(text) for text, _s, _e in spoken]
    words: list[Word] = []
    for _tag, a, b, c, d in difflib.SequenceMatcher(None, keys, others, autojunk=False).get_opcodes():
        if b - a == d - c:
            words += [_word(written, places, a + k, a + k + 1, spoken[c + k : c + k + 1]) for k in range(b - a)]
        elif a < b and c < d:
            words.append(_word(written, places, a, b, spoken[c:d]))
        elif a < b and words:
            last = words[-1]  # what isn't heard goes with the word before
            words[-1] = Word(last.text + written[places[a][0] : _after(written, places, b)], last.start, last.end)
        elif c < d and words:
            words[-1] = Word(words[-1].text, words[-1].start, spoken[d - 1][2])
    if words and places and words[0].text != written[: len(words[0].text)]:
        first = words[0]
        words[0] = Word(written[: written.index(first.text)] + first.text, first.start, first.end)
    return tuple(words)


def _key(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _after(written: str, places: Sequence[tuple[int, int]], number: int) -> int:
    return places[number][0] if number < len(places) else len(written)


def _word(
    written: str, places: Sequence[tuple[int, int]], a: int, b: int, spoken: Sequence[tuple[str, float, float]]
) -> Word:
    return Word(written[places[a][0] : _after(written, places, b)], round(spoken[0][1], 3), round(spoken[-1][2], 3))


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of ``text`` begin and end; long ones are cut between clauses, or between words."""
    from hibari import Hibari

    cursor = 0
    for sentence in Hibari.split_sentences(text):
        start = text.find(sentence, cursor)
        cursor = start + len(sentence)
        while cursor - start > LONGEST:
            window = text[start : start + LONGEST]
            cuts = [m.end() for m in _CLAUSE.finditer(window)] or [m.end() for m in re.finditer(r"\s+", window)]
            cut = start + (cuts[-1] if cuts else LONGEST)
            yield start, cut
            start = cut
        yield start, cursor
