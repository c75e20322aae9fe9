"""Sheet music: every voice fills every bar, what is written reads back, and labels stand where readers look."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from time import process_time
from typing import Any

import pytest
from drafts import score_draft
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon.aigc import Aigc, parse
from luokuan.colophon.fingerprint.base import kind_of
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import Encoding, Format, format_of, format_of_file, format_of_path
from luokuan.colophon.formats.base import LABEL, MANIFEST
from luokuan.colophon.formats.engraving import engrave, examine
from luokuan.colophon.formats.midi import quantised
from luokuan.colophon.formats.musicxml import build, notes_in
from luokuan.colophon.formats.notation import fifths_of, gaps, grid_of, sounding, spelling, time_of, write
from luokuan.colophon.formats.sheet import MUSICXML, SVG
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.verification import verify_file
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.media import Note, Score
from luokuan.store.home import open_home
from luokuan.store.masters import Masters

WORK = "0123456789abcdef"
QUARTERS = {"whole": 4, "half": 2, "quarter": 1, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
AIGC = Aigc("1", "luokuan", WORK)
SCORE = score_draft().media
assert isinstance(SCORE, Score)
TUNE = Score(tuple(Note(at, 1.0, pitch) for at, pitch in enumerate((62, 64, 66, 67, 69, 71, 73, 74))))

notes = st.builds(
    Note,
    start=st.integers(0, 80).map(lambda step: step / 8) | st.floats(0, 12),
    length=st.integers(1, 48).map(lambda step: step / 8) | st.floats(0.01, 6),
    pitch=st.integers(0, 127),
    velocity=st.just(80),
    track=st.integers(0, 3),
)
scores = st.builds(
    Score,
    notes=st.lists(notes, min_size=1, max_size=24).map(tuple),
    tracks=st.just(("a", "b & <c>", "d", "e")),
    notice=st.just("人工智能生成 AI generated"),
    bar=st.sampled_from([1.5, 2.0, 2.25, 3.0, 3.5, 4.0, 5.0, 3.1]),
)


@settings(max_examples=40, deadline=None)
@given(score=scores)
def test_each_voice_fills_each_bar_and_no_note_is_lost(score: Score) -> None:
    sheet = write(score)
    assert len({len(staff.bars) for staff in sheet.staves}) == 1
    wanted = sorted((start, pitch) for track in quantised(score, sheet.grid) for start, _l, pitch, _v in track)
    found = [note for staff in sheet.staves for note in sounding(staff, sheet.bar)]
    assert sorted((start, pitch) for start, _length, pitch in found) == wanted
    for staff in sheet.staves:
        assert gaps(staff, sheet.bar) == []
        for row in staff.bars:
            for event in (event for voice in row for event in voice):
                assert event.steps == QUARTERS[event.value] * sheet.grid * (1.5 if event.dots else 1)
    assert notes_in(build(sheet).encode()) == [sounding(staff, sheet.bar) for staff in sheet.staves]


def bars_of(data: bytes) -> list[list[str]]:
    """Of the first part, what each bar holds: names of pitches with their value, ties and signs."""
    from defusedxml.ElementTree import fromstring

    def told(note: Any) -> str:
        pitch, dot = note.find("pitch"), "." * len(note.findall("dot"))
        name = "rest" if pitch is None else pitch.findtext("step") + pitch.findtext("octave")
        ties = "".join({"start": "~", "stop": "^"}[tie.get("type")] for tie in note.findall("tie"))
        return f"{name} {note.findtext('type') or 'bar'}{dot}{ties} {note.findtext('accidental') or ''}".strip()

    return [[told(note) for note in bar.findall("note")] for bar in fromstring(data).find("part").findall("measure")]


def test_bars_ties_values_and_accidentals_by_hand() -> None:
    line = (
        (0, 1.5, 62),
        (1.5, 0.5, 66),
        (2, 3, 69),
        (5, 0.5, 68),
        (5.5, 0.5, 68),
        (6, 2, 67),
        (8, 1, 74),
        (9, 0.25, 73),
    )
    sheet = write(Score(tuple(Note(*note) for note in line)))
    assert (sheet.grid, sheet.time, sheet.fifths) == (4, (4, 4), 2)
    assert bars_of(build(sheet).encode()) == [
        ["D4 quarter.", "F4 eighth", "A4 half~"],
        ["A4 quarter^", "G4 eighth sharp", "G4 eighth", "G4 half natural"],
        ["D5 quarter", "C5 16th", "rest 16th", "rest eighth", "rest half"],
    ]
    waltz = bars_of(build(write(replace(TUNE, bar=3.0))).encode())
    assert [len(bar) for bar in waltz] == [3, 3, 3] and waltz[2][-1] == "rest quarter"


def test_beams_join_within_a_quarter() -> None:
    lengths = (0.5, 0.25, 0.25, 0.75, 0.25, 0.5)
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    score = Score(tuple(Note(at, length, 60) for at, length in zip(starts, lengths, strict=True)))
    (voice,) = write(score).staves[0].bars[0]
    assert [event.beams for event in voice if event.pitches] == [
        ("begin",),
        ("continue", "begin"),
        ("end", "end"),
        ("begin",),
        ("end", "backward hook"),
        (),
    ]


def test_four_voices_share_two_staves_and_chords_are_one_event() -> None:
    choir = Score(
        tuple(Note(at, 1.0, 72 - 7 * track, 80, track) for track in range(4) for at in range(4)), tracks=tuple("SATB")
    )
    upper, lower = write(choir).staves
    assert (upper.name, upper.treble, lower.name, lower.treble) == ("S, A", True, "T, B", False)
    assert [len(row) for row in upper.bars] == [2]
    chords = write(Score((Note(0, 2, 60), Note(0, 2, 64), Note(0, 4, 67), Note(1, 1, 72)))).staves[0].bars[0]
    assert [[event.pitches for event in voice if event.pitches] for voice in chords] == [[(67,)], [(60, 64)], [(72,)]]
    crowd = Score(tuple(Note(at, 8 - at, 60 + at) for at in range(6)))
    events = (event for row in write(crowd).staves[0].bars for voice in row for event in voice)
    assert sorted({event.voice for event in events}) == [0, 1, 2, 3]


def test_grid_time_key_and_spelling() -> None:
    assert [grid_of(Score((Note(0, length, 60),))) for length in (1, 0.5, 0.25, 0.125, 1 / 3)] == [1, 2, 4, 8, 4]
    assert [time_of(bar) for bar in (4, 3, 2, 1.5, 1.75, 3.1)] == [(4, 4), (3, 4), (2, 4), (3, 8), (7, 16), (4, 4)]
    assert fifths_of(TUNE.notes) == 2
    assert fifths_of([Note(at, 1, pitch) for at, pitch in enumerate((57, 59, 60, 62, 64, 65, 67, 69))]) == 0
    assert spelling(60, 0) == ("C", 0, 4) and spelling(68, 0) == ("G", 1, 4) and spelling(70, 0) == ("B", -1, 4)
    assert spelling(60, 6) == ("B", 1, 3) and spelling(71, -6) == ("C", -1, 5)
    for fifths in range(-6, 7):
        for pitch in range(128):
            letter, alter, octave = spelling(pitch, fifths)
            assert 12 * (octave + 1) + STEPS[letter] + alter == pitch


def test_what_cannot_be_written_is_refused() -> None:
    for score in (Score(()), Score((Note(5000, 1, 60),)), Score((Note(0, 1, 60),) * 20_001)):
        with pytest.raises(UserError) as caught:
            MUSICXML.encode(score, Encoding())
        assert caught.value.code == "sheet.size"
    with pytest.raises(UserError):
        Score((), bar=float("nan"))
    with pytest.raises(UserError):
        notes_in(b"<score-partwise><part>")


def tagged(row: Any = MUSICXML, data: bytes | None = None) -> Any:
    score = replace(SCORE, tracks=("[luokuan:ffffffffffffffff]</rights>", "b"))
    labelled = row.labelled(score, LabelOptions(), "lanczos", WORK)
    return row.tag(row.encode(labelled, Encoding()) if data is None else data, AIGC)


def test_musicxml_carries_its_labels() -> None:
    found = tagged()
    assert format_of_file(found.data) is MUSICXML and MUSICXML.mark(found.data) == WORK
    labels = MUSICXML.read_labels(found.data, found.sidecars)
    assert parse(labels.aigc or "") == AIGC and labels.source == GENERATED
    assert MUSICXML.read_labels(found.data, {}).aigc is not None
    other = Aigc("1", "somebody", WORK)
    with pytest.raises(UserError) as caught:
        MUSICXML.read_labels(found.data, tagged(data=b"").sidecars | beside_of(other))
    assert caught.value.code != "format.damaged"
    with pytest.raises(UserError) as caught:
        MUSICXML.read_labels(found.data[:-5000], {})
    assert caught.value.code == "format.damaged"


def beside_of(aigc: Aigc) -> dict[str, bytes]:
    return {LABEL: json.dumps({"AIGC": aigc.to_dict(), "digitalSourceType": GENERATED}).encode()}


PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">\n<title>a</title>\n<g class="note"/>\n'
    '<text class="aigc">AI</text><text class="mark">[luokuan:0123456789abcdef]</text>\n</svg>\n'
)


def test_a_picture_with_something_that_runs_does_not_leave() -> None:
    sheet = write(Score((Note(0, 1, 60),), notice=f"AI [luokuan:{WORK}]"))
    examine(PICTURE.encode(), sheet)
    bad = (
        "<script/>",
        '<g onload="x()"/>',
        '<use href="https://a.example/b"/>',
        "<foreignObject/>",
        '<g class="note"/>',
        "<style>@import 'a'</style>",
        '<rect fill="url(https://a.example/b)"/>',
        '<text class="aigc">more</text>',
    )
    for piece in bad:
        with pytest.raises(RuntimeError):
            examine(PICTURE.replace("<title>", f"{piece}<title>").encode(), sheet)
    found = SVG.tag(PICTURE.encode(), AIGC)
    assert format_of_file(found.data) is SVG and SVG.mark(found.data) == WORK and SVG.samples(found.data) is None
    assert parse(SVG.read_labels(found.data, found.sidecars).aigc or "") == AIGC
    assert kind_of("image/svg+xml") is None


def _label_of_others(row: Any, aigc: str) -> bytes:
    """As another program writes it: more attributes, the other quotes, spaces, no line of its own."""
    start = f"<{row.element} x='1' {row.attribute} = 'AIGC' class='a'>"
    return (start + aigc.replace("<", "&lt;") + f"</{row.element} >").encode()


@pytest.mark.parametrize("row", [MUSICXML, SVG], ids=lambda row: row.name)
def test_labels_of_other_writers_are_read(row: Any, tmp_path: Any) -> None:
    bare = row.encode(SCORE, Encoding()) if row is MUSICXML else PICTURE.encode()
    anchor, theirs = row.anchor.encode(), _label_of_others(row, AIGC.build())
    script = b"<script>alert(1)</script>" if row is SVG else b""
    file = tmp_path / f"theirs{row.suffixes[0]}"
    file.write_bytes(bare.replace(anchor, theirs + script + anchor, 1))
    verdict = verify_file(file, home=open_home(tmp_path / "home"))
    assert verdict.verdict == "labelled" and "luokuan" in str(verdict), (
        "what could run isn't looked at, and hides nothing"
    )
    ours = row.tag(bare, AIGC).data
    two = ours.replace(anchor, _label_of_others(row, Aigc("1", "somebody", WORK).build()) + anchor, 1)
    with pytest.raises(UserError, match="contradict"):
        row.read_labels(two, {})
    assert parse(row.read_labels(ours.replace(anchor, theirs + anchor, 1), {}).aigc or "") == AIGC, "twice the same"
    with pytest.raises(UserError) as caught:
        parse(
            row.read_labels(bare.replace(anchor, _label_of_others(row, '{"Label":"\x01"}') + anchor, 1), {}).aigc or ""
        )
    assert caught.value.code == "aigc.invalid"


def test_a_million_brackets_take_no_time() -> None:
    data = b"<svg>" + b"<metadata id = " * 20_000 + b"</svg>"
    start = process_time()
    assert SVG.read_labels(data, {}).aigc is None
    assert process_time() - start < 2


def test_without_verovio_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verovio", None)
    with pytest.raises(UserError, match="verovio") as caught:
        engrave(write(TUNE))
    assert "pip install verovio" in caught.value.do and caught.value.code == "sheet.library"


@pytest.mark.parametrize("row", [MUSICXML, SVG], ids=lambda row: row.name)
def test_a_sheet_leaves_with_its_colophon(row: Format, tmp_path: Any) -> None:
    if row is SVG:
        pytest.importorskip("verovio")
    home = open_home(tmp_path / "home")
    draft = replace(score_draft(), media=replace(SCORE, bar=3.0))
    path = tmp_path / f"work{row.suffixes[0]}"
    work = export_work(finish(draft, home=home, media_type=row.media_type), path)
    assert format_of(row.media_type) is row and format_of_path(path) is row
    assert {MANIFEST, LABEL} == set(work.sidecars) and "人工智能生成".encode() in path.read_bytes()
    verdict = verify_file(path, home=home)
    assert verdict.verdict == "ours"
    master = Masters(home).get(work.id, Score)
    assert isinstance(master, Score) and master.bar == 3.0
    path.write_bytes(path.read_bytes().replace("人工智能生成".encode(), "真人亲手所写".encode()))
    # The drawing is so long that nearly all of its bytes are still the work's; the few notes in XML are not.
    assert verify_file(path, home=home).verdict == ("ours_changed" if row is SVG else "altered")
