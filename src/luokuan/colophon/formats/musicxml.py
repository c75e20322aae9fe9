"""MusicXML 4.0, partwise: a sheet of music as programs for notation read it.

Written by hand, element by element in the order of the schema, and read back by ``defusedxml``. Beams, accidentals and
ties are written out, because some readers draw only what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from luokuan.colophon.formats.base import damaged
from luokuan.colophon.formats.notation import Event, Sheet, Staff, spelling

START = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise'
_TYPE = ' PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
_NAME = "MusicXML"


def build(sheet: Sheet, *, drawn: bool = False) -> str:
    """The file's text: with the notice as rights, and as a line at the foot of the first page.

    Args:
        drawn: For who draws the staves alone: without notice and tempo.
    """
    notice = "" if drawn else escape(sheet.notice)
    lines = [f'{START}{_TYPE}<score-partwise version="4.0">', "<identification>"]
    if notice:
        lines.append(f"<rights>{notice}</rights>")
    lines += ["<encoding><software>Luokuan</software></encoding>", "</identification>"]
    if notice:
        lines += [
            '<credit page="1"><credit-type>rights</credit-type>',
            f'<credit-words justify="center" valign="bottom" font-size="8">{notice}</credit-words></credit>',
        ]
    lines += ["<part-list>", *_list(sheet), "</part-list>"]
    for number, staff in enumerate(sheet.staves, 1):
        tempo = (_tempo(sheet.tempo),) if number == 1 and not drawn else ()
        lines += [f'<part id="P{number}">', *_part(sheet, staff, tempo), "</part>"]
    return "\n".join([*lines, "</score-partwise>", ""])


def _list(sheet: Sheet) -> Iterator[str]:
    many = len(sheet.staves) > 1
    if many:
        yield '<part-group number="1" type="start"><group-symbol>bracket</group-symbol></part-group>'
    for number, staff in enumerate(sheet.staves, 1):
        yield f'<score-part id="P{number}"><part-name>{escape(_line(staff.name))}</part-name></score-part>'
    if many:
        yield '<part-group number="1" type="stop"/>'


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:60].strip()


def _part(sheet: Sheet, staff: Staff, above: Sequence[str]) -> Iterator[str]:
    last = len(staff.bars)
    for number, row in enumerate(staff.bars, 1):
        yield f'<measure number="{number}">'
        if number == 1:
            yield from _attributes(sheet, staff)
            yield from above
        for place, voice in enumerate(row):
            if place:
                yield f"<backup><duration>{sheet.bar}</duration></backup>"
            for event in voice:
                yield from _event(event, sheet, alone=len(voice) == 1)
        if number == last:
            yield '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
        yield "</measure>"


def _attributes(sheet: Sheet, staff: Staff) -> Iterator[str]:
    sign, line = ("G", 2) if staff.treble else ("F", 4)
    yield (
        f"<attributes><divisions>{sheet.grid}</divisions><key><fifths>{sheet.fifths}</fifths></key>"
        f"<time><beats>{sheet.time[0]}</beats><beat-type>{sheet.time[1]}</beat-type></time>"
        f"<clef><sign>{sign}</sign><line>{line}</line></clef></attributes>"
    )


def _tempo(tempo: float) -> str:
    return (
        '<direction placement="above"><direction-type><metronome><beat-unit>quarter</beat-unit>'
        f'<per-minute>{tempo:.0f}</per-minute></metronome></direction-type><sound tempo="{tempo:g}"/></direction>'
    )


def _event(event: Event, sheet: Sheet, *, alone: bool) -> Iterator[str]:
    duration, voice = f"<duration>{event.steps}</duration>", f"<voice>{event.voice + 1}</voice>"
    value = f"<type>{event.value}</type>{'<dot/>' * event.dots}"
    if not event.pitches:
        full = alone and event.steps == sheet.bar
        rest = '<rest measure="yes"/>' if full else "<rest/>"
        yield f"<note>{rest}{duration}{voice}{'' if full else value}</note>"
        return
    ties = '<tie type="stop"/>' * event.tied[0] + '<tie type="start"/>' * event.tied[1]
    drawn = '<tied type="stop"/>' * event.tied[0] + '<tied type="start"/>' * event.tied[1]
    notations = f"<notations>{drawn}</notations>" if drawn else ""
    for index, pitch in enumerate(event.pitches):
        letter, alter, octave = spelling(pitch, sheet.fifths)
        sign = f"<accidental>{event.accidentals[pitch]}</accidental>" if pitch in event.accidentals else ""
        beams = "" if index else "".join(
            f'<beam number="{level}">{kind}</beam>' for level, kind in enumerate(event.beams, 1)
        )  # fmt: skip
        yield (
            f"<note>{'<chord/>' if index else ''}<pitch><step>{letter}</step>"
            f"{f'<alter>{alter}</alter>' if alter else ''}<octave>{octave}</octave></pitch>"
            f"{duration}{ties}{voice}{value}{sign}{beams}{notations}</note>"
        )


_STEPS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))


def notes_in(data: bytes) -> list[list[tuple[int, int, int]]]:
    """The notes of each part of a file of ours, ties joined: (start, length, pitch) in its divisions, sorted.

    Raises:
        UserError: it is damaged.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data)
        return [_notes(part) for part in root.findall("part")]
    except (ParseError, DefusedXmlException, ValueError, KeyError, TypeError) as error:
        raise damaged(_NAME) from error


def _notes(part: Any) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    held: dict[tuple[str, int, int], int] = {}  # (voice, pitch, where the tie leads): start
    at = chord = 0
    for element in part.iterfind("measure/*"):
        if element.tag == "backup":
            at -= int(element.findtext("duration"))
        if element.tag != "note":
            continue
        steps = int(element.findtext("duration"))
        if element.find("chord") is None:
            chord, at = at, at + steps
        pitch = element.find("pitch")
        if pitch is None:
            continue
        key = 12 * (int(pitch.findtext("octave")) + 1) + _STEPS[pitch.findtext("step")] + int(
            pitch.findtext("alter") or 0)  # fmt: skip
        voice, ties = element.findtext("voice"), {tie.get("type") for tie in element.findall("tie")}
        start = held.pop((voice, key, chord), chord) if "stop" in ties else chord
        if "start" in ties:
            held[voice, key, chord + steps] = start
        else:
            found.append((start, chord + steps - start, key))
    return sorted(found)
