"""Standard MIDI File (RP-001): a score, with its labels as meta events before the first note.

GB 45438-2025 names no place in it. The AIGC label is a text event ``AIGC:{…}``, and lies beside, as for plain text; the
explicit label is the copyright notice, which programs show with the score. The audible label of the standard (spoken,
or the rhythm short-long short-short) belongs to sound: a score has none until it is rendered.

``symusic`` writes the notes and reads them back. Labels are written and read here, because it knows no text event, and
because files of strangers must not reach a native parser that wasn't made for them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from luokuan.colophon.aigc import MAX_LENGTH, Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.formats.text import PLAIN
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Score

if TYPE_CHECKING:
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

TICKS = 480
"""Ticks a quarter note: a note starts and ends at the nearest one, and lasts one at least."""
MAX_TICKS = 2**28 - 1
"""Last moment of a file, as far as one delta-time reaches: about 78 hours at 120 quarter notes a minute."""
MAX_NOTES = 1_000_000
MAX_NAME = 200
"""Longest name of a track, in characters; longer ones are cut."""
MAX_EVENTS = 100_000
"""Most chunks and events that are looked at for labels."""

_NAME = "MIDI"
_MAGIC = b"MThd\0\0\0\6"
_TEXT, _COPYRIGHT, _END = 0x01, 0x02, 0x2F
_META, _SYSTEM = 0xFF, (0xF0, 0xF7)
_AIGC, _SOURCE = b"AIGC:", b"digitalSourceType:"
_MARK = re.compile(r"\[luokuan:([0-9a-f]{16})\]\Z")

Struck = tuple[int, int, int, int]
"""A note as the file holds it: start and length in ticks, pitch, velocity."""


def quantised(score: Score, ticks: int = TICKS) -> list[list[Struck]]:
    """The notes of each track as a file can hold them, sorted. Tracks without notes are left out of the file.

    Starts and ends go to the nearest of ``ticks`` a quarter note. A track plays a pitch once at a time: of notes that
    start together the longest stays, and one that still sounds ends where the next begins.

    Raises:
        UserError: there are none, too many, or it takes too long.
    """
    if not 0 < len(score.notes) <= MAX_NOTES:
        raise UserError(
            _("A score for MIDI has 1 to {most} notes, not {count}.", most=MAX_NOTES, count=len(score.notes)),
            _("Ask for another one."),
            code="midi.notes",
        )
    if score.quarters * TICKS > MAX_TICKS:
        raise UserError(
            _(
                "The score lasts {count} quarter notes; {most} at most.",
                count=score.quarters,
                most=MAX_TICKS // TICKS,
            ),
            _("Make it shorter."),
            code="midi.long",
        )
    keys: dict[tuple[int, int], dict[int, tuple[int, int]]] = defaultdict(dict)
    for note in score.notes:
        start = round(note.start * ticks)
        end = max(start + 1, round((note.start + note.length) * ticks))
        struck = keys[int(note.track), int(note.pitch)]
        struck[start] = max(struck.get(start, (0, 0)), (end, int(note.velocity)))
    tracks: list[list[Struck]] = [[] for _name in score.tracks]
    for (track, pitch), struck in keys.items():
        starts = sorted(struck)
        for start, following in zip(starts, [*starts[1:], MAX_TICKS + 1], strict=True):
            end, velocity = struck[start]
            tracks[track].append((start, min(end, following) - start, pitch, velocity))
    return [sorted(notes) for notes in tracks]


def _tempo(score: Score) -> int:
    """Microseconds a quarter note."""
    microseconds = round(60e6 / score.tempo) if score.tempo > 1 else 1 << 24
    if not 1 <= microseconds < 1 << 24:
        raise UserError(
            _("A tempo of {tempo} quarter notes a minute doesn't fit into MIDI.", tempo=score.tempo),
            _("Choose one from 4 to 1000."),
            code="midi.tempo",
        )
    return microseconds


def _line(text: str, most: int) -> str:
    """``text`` as one line that no program takes for a command, cut at ``most`` characters."""
    return "".join(letter for letter in text if letter.isprintable())[:most].strip()


def _encode(score: Score) -> bytes:
    symusic = _library()
    tracks, tempo = quantised(score), _tempo(score)
    whole = symusic.Score(TICKS)
    whole.tempos.append(symusic.Tempo(0, mspq=tempo))
    for name, notes in zip(score.tracks, tracks, strict=True):
        if not notes:
            continue
        track = symusic.Track(_line(name, MAX_NAME), 0, False)
        track.notes.extend([symusic.Note(*note) for note in notes])
        whole.tracks.append(track)
    data = bytes(whole.dumps_midi())
    notice = _line(score.notice, MAX_LENGTH)
    return _insert(data, [(_COPYRIGHT, notice.encode())]) if notice else data


def _library() -> Any:
    try:
        import symusic
    except ModuleNotFoundError as error:
        raise UserError(
            _("MIDI needs the package symusic."), _("Run: pip install symusic==0.5.9"), code="midi.library"
        ) from error
    return symusic


def _insert(data: bytes, events: list[tuple[int, bytes]]) -> bytes:
    """The file with meta events at the beginning of its first track, or after the notice that stands there."""
    if not data.startswith(_MAGIC) or data[14:18] != b"MTrk":
        raise damaged(_NAME)
    at = 22
    if data[at : at + 3] == bytes((0, _META, _COPYRIGHT)):  # which must be the first event (RP-001)
        length, at = _number(data, at + 3, len(data))
        at += length
    added = b"".join(bytes((0, _META, kind)) + _digits(len(text)) + text for kind, text in events)
    size = int.from_bytes(data[18:22]) + len(added)
    return data[:18] + size.to_bytes(4) + data[22:at] + added + data[at:]


def _digits(number: int) -> bytes:
    """A variable-length quantity."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(number & 0x7F | 0x80)
    return bytes(reversed(found))


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A variable-length quantity, and where it ends; four bytes at most."""
    value = 0
    for place in range(at, min(at + 4, end)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise damaged(_NAME)


def leading_texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Meta events before the first note of each track: their kinds and payloads. What is declared is never believed:
    a length that leaves its track, or a track that leaves the file, ends the reading.

    Raises:
        UserError: the file is damaged or cut short, or holds more events than anybody needs.
    """
    if not data.startswith(_MAGIC) or len(data) < 14:
        raise damaged(_NAME)
    left, at, looked = int.from_bytes(data[10:12]), 14, 0
    while left:
        looked += 1
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        if len(data) < at + 8 or end > len(data) or looked > MAX_EVENTS:
            raise damaged(_NAME)
        if data[at : at + 4] == b"MTrk":
            left -= 1
            for kind, start, stop in _events(data, at + 8, end):
                looked += 1
                if looked > MAX_EVENTS:
                    raise damaged(_NAME)
                yield kind, data[start:stop]
        at = end


def _events(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(kind, start, end) of the meta events at the beginning of a track; system exclusive ones pass by as kind -1."""
    while at < end:
        _delta, at = _number(data, at, end)
        status = data[at] if at < end else 0
        if status < 0x80:  # a running status without one before it
            raise damaged(_NAME)
        if status != _META and status not in _SYSTEM:
            return  # the first note, or what prepares it
        kind = -1
        if status == _META:
            at += 1
            if at >= end:
                raise damaged(_NAME)
            kind = data[at]
        length, at = _number(data, at + 1, end)
        if at + length > end:
            raise damaged(_NAME)
        if kind == _END:
            return
        yield kind, at, at + length
        at += length
    raise damaged(_NAME)  # a track ends with an event that says so


@dataclass(frozen=True, slots=True)
class MidiFormat:
    """Standard MIDI File; see ``Format``."""

    name: str = _NAME
    kind: type[Score] = Score
    media_type: str = "audio/midi"
    suffixes: tuple[str, ...] = (".mid", ".midi")
    encoding: str = "480 ticks a quarter note"
    place: str = "text event AIGC:, and FILE.aigc.json beside it"
    manifest: str = "FILE.c2pa beside it"
    embeds_manifest: bool = False

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins like a Standard MIDI File."""
        return data.startswith(_MAGIC)

    def label_text(self, options: LabelOptions) -> str:
        """What its notice says."""
        return options.text

    def labelled(self, media: Media, options: LabelOptions, _method: Method, work_id: str) -> Score:
        """The score with the label as its notice, after one that it has; unless that is waived."""
        assert isinstance(media, Score)
        if not options.text:
            return media
        own = _line(media.notice, MAX_LENGTH // 2)
        return replace(media, notice=f"{own} {options.text} [luokuan:{work_id}]".strip())

    def encode(self, media: Media, _encoding: Encoding) -> bytes:
        """Tracks, names, tempo, notes and notice.

        Raises:
            UserError: it has no notes or too many, lasts too long, its tempo doesn't fit, or symusic isn't installed.
        """
        assert isinstance(media, Score)
        return _encode(media)

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, _rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC and IPTC source type in text events, and both beside it."""
        events = [(_TEXT, _AIGC + aigc.build().encode()), (_TEXT, _SOURCE + source.encode())]
        return Tagged(_insert(data, events), PLAIN.add_label(data, aigc, source, NO_RIGHTS).sidecars)

    def read_labels(self, data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
        """What text events before the first notes, and what lies beside, say.

        Raises:
            UserError: it is damaged, or they contradict each other.
        """
        texts = [text for kind, text in leading_texts(data) if kind == _TEXT]
        beside = PLAIN.find_labels(data, sidecars)
        return agreed(
            [_after(_AIGC, text) for text in texts if text.startswith(_AIGC)]
            + [one for one in (beside.aigc,) if one is not None],
            [_after(_SOURCE, text) for text in texts if text.startswith(_SOURCE)]
            + [one for one in (beside.source,) if one is not None],
        )

    def mark(self, data: bytes) -> str | None:
        """The work's id at the end of the copyright notice, or None."""
        try:
            notices = [text for kind, text in leading_texts(data) if kind == _COPYRIGHT]
        except UserError:
            return None
        found = _MARK.search(notices[0].decode("utf-8", "replace")) if notices else None
        return None if found is None else found[1]

    def samples(self, _data: bytes) -> None:
        """None: a score has no samples that could carry a watermark."""

    def check(self, data: bytes, media: Media, _encoding: Encoding, _decoded: Media | None = None) -> None:
        """Read the notes back, exactly as ``quantised`` has them, with tempo, names and notice.

        Raises:
            RuntimeError: they differ.
        """
        assert isinstance(media, Score)
        found = _library().Score.from_midi(data)
        notes = [sorted((n.time, n.duration, n.pitch, n.velocity) for n in track.notes) for track in found.tracks]
        wanted = [(_line(name, MAX_NAME), notes) for name, notes in zip(media.tracks, quantised(media), strict=True)]
        wanted = [(name, notes) for name, notes in wanted if notes]
        if found.ticks_per_quarter != TICKS or notes != [notes for _name, notes in wanted]:
            raise RuntimeError("the score reads back with other notes")
        if [track.name for track in found.tracks] != [name for name, _notes in wanted]:
            raise RuntimeError("the score reads back with other tracks")
        if [(tempo.time, tempo.mspq) for tempo in found.tempos] != [(0, _tempo(media))]:
            raise RuntimeError("the score reads back with another tempo")
        notices = [text.decode() for kind, text in leading_texts(data) if kind == _COPYRIGHT]
        if notices != [notice for notice in (_line(media.notice, MAX_LENGTH),) if notice]:
            raise RuntimeError("the score reads back with another notice")


def _after(key: bytes, text: bytes) -> str:
    return text[len(key) : len(key) + MAX_LENGTH + 1].decode("utf-8", "replace")


MIDI = MidiFormat()
