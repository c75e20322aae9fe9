"""A Chinese text as phrases: what is said in one breath, and how long the pause after it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from luokuan.create.voices.mandarin.reading import pieces
from luokuan.create.voices.mandarin.syllables import Syllable, syllables

_PAUSES = {
    **dict.fromkeys("，,—", 0.2),
    **dict.fromkeys("、（(）)", 0.12),
    **dict.fromkeys("；;：:", 0.27),
    **dict.fromkeys("。！!？?.", 0.45),
    "…": 0.35,
    "·": 0.05,
    "\n": 0.6,
}
"""Seconds of silence after a mark."""
_ENDS = "。！!？?.\n…"
_ASKED = re.compile(r"[吗么]|什么|谁|哪|怎|几|多少|为何|是不是|有没有|[好对行]不[好对行]")
BREATH = 11
"""Syllables after which a phrase without marks is parted between two words."""
MINOR = 0.05


@dataclass(frozen=True, slots=True)
class Placed:
    """A word with its syllables, and the piece of the text that it reads: from ``start`` to ``end``, characters."""

    start: int
    end: int
    syllables: tuple[Syllable, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """``words``; the ``pause`` after them in seconds; whether a sentence ``ends`` there; whether its end is ``rising``;
    ``minor``: it is parted where there is no mark."""

    words: tuple[Placed, ...]
    pause: float
    ends: bool
    rising: bool = False
    minor: bool = False


def phrases(text: str) -> Iterator[Phrase]:
    """The phrases of a text; what can't be spoken is left out."""
    read: list[str] = []
    spans: list[tuple[int, int]] = []  # of the text, for each character that is read
    place = 0
    for piece in pieces(text):
        same = piece.written == piece.read and not piece.read.isascii()
        for number, letter in enumerate(piece.read):
            read.append(letter)
            spans.append((place + number, place + number + 1) if same else (place, place + len(piece.written)))
        place += len(piece.written)
    whole = "".join(read)
    start = 0
    for mark in re.finditer(rf"[{re.escape(''.join(_PAUSES))}]+|$", whole):
        if mark[0] == "." and whole[mark.end() : mark.end() + 1].strip():
            continue
        words = _words(whole, start, mark.start(), spans)
        start = mark.end()
        if not words:
            continue
        pause = max((_PAUSES[letter] for letter in mark[0]), default=0.1)
        ends = not mark[0] or any(letter in _ENDS for letter in mark[0])
        asked = any(letter in "？?" for letter in mark[0])
        said = whole[max(0, mark.start() - 12) : mark.start()]
        yield from _breaths(Phrase(tuple(words), pause, ends, asked and not _ASKED.search(said)))


def _words(whole: str, start: int, stop: int, spans: list[tuple[int, int]]) -> list[Placed]:
    found: list[Placed] = []
    cursor = start
    for word in syllables(whole[start:stop]):
        at = whole.find(word.read, cursor, stop) if word.read else -1
        if at < 0:
            at = cursor  # 〇 was read as 零
        cursor = min(at + len(word.read), stop)
        own = spans[at : max(cursor, at + 1)]
        begin, end = min(span[0] for span in own), max(span[1] for span in own)
        if found and begin < found[-1].end:
            last = found[-1]  # several words read one piece, such as a date
            found[-1] = Placed(last.start, max(end, last.end), last.syllables + word.syllables)
        else:
            found.append(Placed(begin, end, word.syllables))
    return found


def _breaths(phrase: Phrase) -> Iterator[Phrase]:
    count = sum(len(word.syllables) for word in phrase.words)
    if count <= BREATH or len(phrase.words) < 2:
        yield phrase
        return
    passed, best, middle = 0, 1, count / 2
    distance = float(count)
    for number, word in enumerate(phrase.words[:-1]):
        passed += len(word.syllables)
        # Not before what leans on the word before it.
        leans = phrase.words[number + 1].syllables[0].tone == 5
        if abs(passed - middle) + (3 if leans else 0) < distance:
            distance, best = abs(passed - middle) + (3 if leans else 0), number + 1
    yield from _breaths(Phrase(phrase.words[:best], MINOR, False, minor=True))
    yield from _breaths(replace(phrase, words=phrase.words[best:]))
