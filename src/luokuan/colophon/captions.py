"""Captions of speech, SubRip (.srt) and WebVTT (.vtt), from the times of its words.

Cues end with sentences and pauses, hold two lines at most, and stay as long as they take to read where the speech
leaves room. The first cue shows the explicit label while it is heard, for who doesn't hear it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from luokuan.media import Sound, Word

SRT, VTT = ".srt", ".vtt"
ENDINGS = (SRT, VTT)
"""What is added to the work's file name."""
COLUMNS, LINES = 42, 2
"""Columns of a line, as is usual for Latin text; a Chinese character takes two and a half, so that 16 fit."""
FASTEST = {"latin": 17.0, "wide": 9.0}
"""Characters a second that are read at ease, of narrow and of wide ones (usual limits of subtitlers)."""
SHORTEST, LONGEST = 1.0, 7.0
"""Seconds that a cue is shown at least, if there is room, and at most."""
GAP = 0.6
"""Seconds of silence at which a cue ends."""
_ENDS = re.compile(r"[.!?。！？…]+[\"'”’」』）)]*\s*$|\n\s*$")
_SOFT = re.compile(r"[,;:，；：、—]+[\"'”’」』）)]*\s*$")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together, from ``start`` to ``end`` in seconds."""

    words: tuple[Word, ...]
    start: float
    end: float

    @property
    def text(self) -> str:
        """In one line."""
        return _squeezed("".join(word.text for word in self.words))


def captions(sound: Sound, offset: float, label: str, notes: Sequence[str] = ()) -> Mapping[str, bytes]:
    """The captions of ``sound``, by ending; none if it has no words.

    Args:
        sound: With its words.
        offset: Seconds by which it begins later in the work, because the label is heard first.
        label: What that says.
        notes: Lines that are told in the WebVTT file, such as who is to be named.
    """
    if not sound.words:
        return {}
    moved = [Word(w.text, w.start + offset, w.end + offset) for w in sound.words if w.text.strip()]
    if not moved:
        return {}
    cues = list(_cues(moved, sound.seconds + offset))
    if label and offset > 0:
        shown = Word(f"[{label}]", 0.0, offset)
        cues.insert(0, Cue((shown,), 0.0, min(offset, cues[0].start)))
    return {SRT: _srt(cues).encode(), VTT: _vtt(cues, notes).encode()}


def cues_of(sound: Sound) -> list[Cue]:
    """What is shown of the words of ``sound``, and when."""
    return list(_cues([word for word in sound.words if word.text.strip()], sound.seconds))


def lines_of(cue: Cue) -> list[str]:
    """The lines of a cue, ``LINES`` at most but for words that are longer than a line."""
    return _lines(cue.text)


def width(text: str) -> float:
    """Columns of a line of text: a wide character takes two and a half."""
    return sum(
        0.0 if unicodedata.combining(letter) else 2.5 if unicodedata.east_asian_width(letter) in "WF" else 1.0
        for letter in text
    )


def reading_time(text: str) -> float:
    """Seconds in which ``text`` is read at ease."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return wide / FASTEST["wide"] + (len(text) - wide) / FASTEST["latin"]


def _cues(words: Sequence[Word], end: float) -> Iterator[Cue]:
    found: list[Cue] = []
    held: list[Word] = []
    for number, word in enumerate(words):
        held.append(word)
        following = words[number + 1] if number + 1 < len(words) else None
        if following is None or _closes(held, following):
            found.append(Cue(tuple(held), held[0].start, held[-1].end))
            held = []
    for number, cue in enumerate(found):
        room = found[number + 1].start if number + 1 < len(found) else end
        needed = cue.start + max(SHORTEST, reading_time(cue.text))
        yield replace(cue, end=max(cue.end, min(needed, room, cue.start + LONGEST)))


def _closes(held: Sequence[Word], following: Word) -> bool:
    """Whether a cue ends before ``following``."""
    text = "".join(word.text for word in held)
    if _ENDS.search(text) or following.start - held[-1].end > GAP:
        return True
    longer = text + following.text
    if len(_lines(_squeezed(longer))) > LINES or following.end - held[0].start > LONGEST:
        return True
    return _SOFT.search(text) is not None and width(_squeezed(text)) > COLUMNS


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> list[str]:
    """``text`` in lines that fit, as even as they can be."""
    pieces = re.findall(r"[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|[\u2e80-\u9fff\uff00-\uffef]\s*", text)
    total = width(text)
    count = max(1, -(-int(total) // COLUMNS))
    while True:
        lines = _broken(pieces, max(total / count, 1.0))
        if count >= len(lines) and all(width(line) <= COLUMNS for line in lines):
            return lines
        if count > len(pieces):
            return lines  # a word longer than a line
        count += 1


_CLOSING = frozenset("，。！？；：、）》”’…—,.!?;:)]}」』")


def _broken(pieces: Sequence[str], aim: float) -> list[str]:
    lines, held = [], ""
    for piece in pieces:
        if held and width((held + piece).rstrip()) > min(COLUMNS, aim + 4) and piece[0] not in _CLOSING:
            lines.append(held.rstrip())
            held = ""
        held += piece
    return [*lines, held.rstrip()] if held.strip() else lines


def _srt(cues: Sequence[Cue]) -> str:
    parts = []
    for number, cue in enumerate(cues, 1):
        times = f"{_time(cue.start, ',')} --> {_time(cue.end, ',')}"
        parts.append(f"{number}\n{times}\n" + "\n".join(_lines(cue.text)) + "\n")
    return "\n".join(parts)


def _vtt(cues: Sequence[Cue], notes: Sequence[str]) -> str:
    parts = ["WEBVTT\n"]
    parts += [f"NOTE {_squeezed(note).replace('-->', '→')}\n" for note in notes if note.strip()]
    for cue in cues:
        times = f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}"
        parts.append(f"{times}\n{_timed(cue)}\n")
    return "\n".join(parts)


def _timed(cue: Cue) -> str:
    """The lines of a cue with the time of each word but the first (WebVTT, section 4.2.2: cue timestamp spans)."""
    lines, rest = [], list(cue.words)
    for line in _lines(cue.text):
        left, out = len("".join(line.split())), ""
        while rest and left > 0:
            word = rest.pop(0)
            text = _squeezed(word.text)
            size = len("".join(text.split()))
            if size > left:
                cut = _cut(text, left)
                rest.insert(0, Word(text[cut:], word.start, word.end))
                text, size = text[:cut], left
            if word.start > cue.start:
                out += f"<{_time(word.start, '.')}>"
            space = " " if word.text[-1:].isspace() and size < left else ""
            out += _escaped(text) + space
            left -= size
        lines.append(out.rstrip())
    return "\n".join(lines)


def _cut(text: str, letters: int) -> int:
    """The place in ``text`` after so many of its characters, spaces not counted."""
    seen = 0
    for place, letter in enumerate(text):
        seen += not letter.isspace()
        if seen == letters:
            return place + 1
    return len(text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
