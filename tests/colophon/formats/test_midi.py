"""Scores: notes come back as they were quantised, labels stand before them, and hostile files are read or refused."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import symusic
from drafts import score_draft
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon.aigc import Aigc, parse
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import Encoding, format_of, format_of_file, format_of_path
from luokuan.colophon.formats.base import LABEL, MANIFEST
from luokuan.colophon.formats.midi import MAX_TICKS, MIDI, TICKS, leading_texts, quantised
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import samples_digest
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import verify_file, verify_folder
from luokuan.colophon.waiver import Waiver
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.media import Note, Score
from luokuan.store.home import Home

WORK = "0123456789abcdef"
AIGC = Aigc("1", "luokuan", WORK)
SCORE = score_draft().media
assert isinstance(SCORE, Score)

notes = st.builds(
    Note,
    start=st.floats(0, 64) | st.integers(0, 64).map(float),
    length=st.floats(0, 8, exclude_min=True) | st.sampled_from([0.25, 0.5, 1.0]),
    pitch=st.integers(0, 127),
    velocity=st.integers(1, 127),
    track=st.integers(0, 15),
)
scores = st.builds(
    Score,
    notes=st.lists(notes, min_size=1, max_size=16).map(tuple),
    tempo=st.floats(4, 1000),
    tracks=st.lists(st.text(max_size=12), min_size=16, max_size=16).map(tuple),
    notice=st.text(max_size=20),
)


def tagged(score: Score = SCORE) -> bytes:
    return MIDI.tag(MIDI.encode(MIDI.labelled(score, LabelOptions(), "lanczos", WORK), Encoding()), AIGC).data


def by_symusic(data: bytes) -> list[list[tuple[int, int, int, int]]]:
    tracks = symusic.Score.from_midi(data).tracks
    return [sorted((n.time, n.duration, n.pitch, n.velocity) for n in track.notes) for track in tracks]


@settings(max_examples=40)
@given(score=scores)
def test_notes_names_tempo_and_labels_come_back(score: Score) -> None:
    media = MIDI.labelled(score, LabelOptions(), "lanczos", WORK)
    made = MIDI.tag(MIDI.encode(media, Encoding()), AIGC)
    MIDI.check(made.data, media, Encoding())
    assert by_symusic(made.data) == [track for track in quantised(score) if track]
    labels = MIDI.read_labels(made.data, made.sidecars)
    assert (parse(labels.aigc or ""), labels.source) == (AIGC, GENERATED)
    assert MIDI.read_labels(made.data, {}) == labels
    assert MIDI.mark(made.data) == WORK
    assert format_of_file(made.data) is MIDI
    assert set(made.sidecars) == {LABEL}


def test_what_stands_in_the_file() -> None:
    data = tagged()
    texts = list(leading_texts(data))
    assert texts[0] == (2, f"人工智能生成 AI generated [luokuan:{WORK}]".encode()), "the notice is the first event"
    assert texts[1] == (1, b"AIGC:" + AIGC.build().encode())
    assert texts[2] == (1, b"digitalSourceType:" + GENERATED.encode())
    assert data[:14] == b"MThd\0\0\0\6\0\1\0\2" + TICKS.to_bytes(2)
    assert [track.name for track in symusic.Score.from_midi(data).tracks] == ["flûte", "低音"]
    assert by_symusic(data)[1] == [(0, 960, 36, 90), (960, 960, 43, 90)]


def test_a_waived_score_keeps_its_own_notice_alone() -> None:
    waived = LabelOptions(waiver=Waiver("a film", acknowledged=True))
    for notice in ("", "own"):
        media = MIDI.labelled(replace(SCORE, notice=notice), waived, "lanczos", WORK)
        data = MIDI.tag(MIDI.encode(media, Encoding()), AIGC).data
        assert [text.decode() for kind, text in leading_texts(data) if kind == 2] == [one for one in (notice,) if one]
        assert MIDI.mark(data) is None
        assert MIDI.read_labels(data, {}).aigc is not None


def test_quantised_by_hand() -> None:
    struck = [
        Note(0.0, 4.0, 60, 80),  # sounds until the next one of its pitch
        Note(1.0, 1.0, 60, 90),
        Note(1.0, 0.5, 60, 100),  # starts with a longer one
        Note(0.0, 4.0, 62, 70),  # another pitch
        Note(0.0004, 1e-9, 64, 1),  # nearer to tick 0; one tick at least
        Note(1 / 960 + 1e-9, 1.0, 65, 1),  # nearer to tick 1
    ]
    assert quantised(Score(tuple(struck))) == [
        [(0, 1, 64, 1), (0, 480, 60, 80), (0, 1920, 62, 70), (1, 480, 65, 1), (480, 480, 60, 90)]
    ]


def test_sixteen_tracks_keep_off_the_drums_and_empty_ones_go() -> None:
    names = tuple(f"t{number}" for number in range(16))
    for used in (range(16), (15,), (0,)):
        score = Score(tuple(Note(n, 1, 60, track=n) for n in used), tracks=names)
        data = tagged(score)
        found = symusic.Score.from_midi(data).tracks
        assert [track.name for track in found] == [names[number] for number in used]
        assert not any(track.is_drum for track in found)


@pytest.mark.parametrize(
    ("score", "code"),
    [
        (Score(()), "midi.notes"),
        (Score((Note(MAX_TICKS / TICKS, 1, 60),)), "midi.long"),
        (Score((Note(1e300, 1, 60),)), "midi.long"),
        (Score((Note(0, 1, 60),), tempo=3.5), "midi.tempo"),
        (Score((Note(0, 1, 60),), tempo=1e-300), "midi.tempo"),
        (Score((Note(0, 1, 60),), tempo=1e300), "midi.tempo"),
    ],
)
def test_what_midi_cant_hold(score: Score, code: str) -> None:
    with pytest.raises(UserError) as caught:
        MIDI.encode(score, Encoding())
    assert caught.value.code == code


def test_names_and_notices_are_one_visible_line() -> None:
    score = replace(SCORE, tracks=("a\x1b[31m\nb\ud800\u202e", "c" * 500), notice="\0own\n\x9b\ud800")
    media = MIDI.labelled(score, LabelOptions(), "lanczos", WORK)
    data = MIDI.encode(media, Encoding())
    MIDI.check(data, media, Encoding())
    assert [track.name for track in symusic.Score.from_midi(data).tracks] == ["a[31mb", "c" * 200]
    assert next(leading_texts(data))[1].decode() == f"own 人工智能生成 AI generated [luokuan:{WORK}]"


@pytest.mark.parametrize(
    "other",
    [
        replace(SCORE, tempo=97.0),
        replace(SCORE, tracks=("a", "b")),
        replace(SCORE, notice="b"),
        replace(SCORE, notes=SCORE.notes[1:]),
        replace(SCORE, notes=(replace(SCORE.notes[0], velocity=1), *SCORE.notes[1:])),
        replace(SCORE, notes=(*SCORE.notes, Note(9, 1, 1))),
    ],
)
def test_another_score_doesnt_pass_for_this_one(other: Score) -> None:
    with pytest.raises(RuntimeError):
        MIDI.check(MIDI.encode(SCORE, Encoding()), other, Encoding())
    assert samples_digest(other) != samples_digest(SCORE)


def test_digests_hold_any_name() -> None:
    names = [Score(SCORE.notes, tracks=(name, "b")) for name in ("a", "\ud800", "月", "")]
    assert len({samples_digest(score) for score in names}) == 4
    whole = Score((Note(1, 1, 60),)), Score((Note(1.0, 1.0, 60),))
    assert samples_digest(whole[0]) == samples_digest(whole[1])


def test_the_whole_way(home: Home, tmp_path: Path) -> None:
    tmp_path = tmp_path / "scores"
    work = export_work(finish(score_draft(), home=home, media_type="audio/midi"), tmp_path / "a.mid")
    assert set(work.sidecars) == {MANIFEST, LABEL}
    verdict = verify_file(tmp_path / "a.mid", home)
    assert (verdict.verdict, verdict.media_type, verdict.work) == ("ours", "audio/midi", work.id)
    assert verdict.explicit_label == "人工智能生成 AI generated"
    (tmp_path / "b.mid").write_bytes(work.data)
    (tmp_path / "c.midi").write_bytes(b"no music")
    (tmp_path / "d.MID").write_bytes(symusic.Score(480).dumps_midi())
    found = {one.path.name: one.verdict for one in verify_folder(tmp_path, home)}
    # c says nothing of itself: its bytes are plain text, whatever its name says.
    assert found == {"a.mid": "ours", "b.mid": "ours_stripped", "c.midi": "nothing_found", "d.MID": "nothing_found"}
    changed = bytearray(work.data)
    changed[-10] ^= 1
    (tmp_path / "a.mid").write_bytes(changed)
    assert verify_file(tmp_path / "a.mid", home).verdict == "ours_changed"
    assert format_of("audio/midi", Score) is MIDI is format_of_path(Path("x.MIDI"))


def midi(*tracks: bytes, declared: int | None = None) -> bytes:
    count = len(tracks) if declared is None else declared
    chunks = b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks)
    return b"MThd\0\0\0\6\0\1" + count.to_bytes(2) + b"\1\xe0" + chunks


def text(payload: bytes, kind: int = 1) -> bytes:
    length = len(payload)
    return bytes((0, 255, kind, *(length >> shift & 127 | 128 for shift in (21, 14, 7)), length & 127)) + payload


END, NOTE = b"\0\xff\x2f\0", b"\0\x90\x3c\x50\x60\x3c\0"
LABELLED = text(b"AIGC:" + AIGC.build().encode())
OTHER = text(b"AIGC:" + Aigc("1", "luokuan", "f" * 16).build().encode())


def refused(data: bytes, beside: dict[str, bytes] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        MIDI.read_labels(data, beside or {})
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        midi(LABELLED + END),
        midi(END, LABELLED + NOTE + END),
        midi(LABELLED + NOTE),
        midi(LABELLED + LABELLED + END),
        midi(b"\0\xf0\3abc" + LABELLED + END),
        midi(LABELLED + END, END) + b"junk",
        midi(b"\x81\x81\x81\0" + LABELLED[1:] + END),
        midi(LABELLED + NOTE + OTHER + END),  # after the first note nobody looks
    ],
)
def test_labels_are_found_before_the_notes(data: bytes) -> None:
    assert parse(MIDI.read_labels(data, {}).aigc or "") == AIGC


@pytest.mark.parametrize("data", [midi(END), midi(NOTE + LABELLED + END), midi(), midi(text(b"aigc:") + END)])
def test_files_without_a_label(data: bytes) -> None:
    assert MIDI.read_labels(data, {}).aigc is None
    assert MIDI.mark(data) is None


HUGE = (1 << 31).to_bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        midi(LABELLED),  # no end
        midi(END, declared=2),
        midi(END, declared=65_535),
        midi(b"\x3c\x50" * 50),  # running status without a status
        midi(b"\0\x3c\x50" * 50),
        midi(LABELLED + b"\0\x3c\x50" + END),
        midi(b"\xff" * 100),
        midi(b"\x80\x80\x80\x80\x80\0\xff\1\0" + END),
        midi(b"\0\xff\1\xff\xff\xff\x7f" + END),  # an event of 256 MB
        midi(b"\0\xff\1\x7fshort" + END),
        midi(b"\0\xf0\x7fshort" + END),
        midi(b"\0\xff"),
        midi(b"\0"),
        midi(b""),
        b"MThd\0\0\0\6",
        midi(END)[:14] + b"MTrk" + HUGE + END,
        midi(END)[:14] + b"XTrk" + HUGE + END,
        midi(END)[:14] + b"XTrk\0\0\0\0" * 200_000,
        midi(text(b"") * 200_000 + END),
    ],
    ids=lambda data: f"{len(data)} {data[-20:]!r}"[:60],
)
def test_damaged_files_are_refused(data: bytes) -> None:
    assert refused(data) == "format.damaged"
    assert MIDI.mark(data) is None


def test_many_tracks_and_long_events_take_little_time() -> None:
    start = time.process_time()
    assert parse(MIDI.read_labels(midi(*[END] * 9_999, LABELLED + END), {}).aigc or "") == AIGC
    assert MIDI.read_labels(midi(text(b"A" * 10_000_000) + END), {}).aigc is None
    assert refused(midi(text(b"AIGC:" + b"A" * 10_000_000) + END, LABELLED + END)) == "aigc.invalid"
    assert time.process_time() - start < 3.0


def test_labels_that_contradict_each_other_are_refused() -> None:
    assert refused(midi(LABELLED + OTHER + END)) == "aigc.invalid"
    assert refused(midi(LABELLED + END, OTHER + END)) == "aigc.invalid"
    beside = {LABEL: json.dumps({"AIGC": Aigc("1", "luokuan", "f" * 16).to_dict()}).encode()}
    assert refused(tagged(), beside) == "aigc.invalid"
    sources = [text(b"digitalSourceType:" + source) for source in (b"a", b"b")]
    assert refused(midi(b"".join(sources) + END)) == "aigc.invalid"
    facts = Inspector().inspect_bytes(midi(LABELLED + OTHER + END))
    assert judge(Path("a"), facts, None).verdict == "labelled"


@pytest.mark.parametrize("value", ["\x1b[31m", "\0", "\u202e", "\n", "月", " "])
def test_a_label_with_characters_that_steer_isnt_one(value: str) -> None:
    label = json.dumps({**AIGC.to_dict(), "ContentProducer": value}).encode()
    facts = Inspector().inspect_bytes(midi(text(b"AIGC:" + label) + END))
    assert (facts.aigc, facts.aigc_problem) == (None, "aigc.invalid")


def check(data: bytes) -> None:
    try:
        MIDI.read_labels(data, {})
    except UserError as error:
        assert error.code in ("format.damaged", "aigc.invalid")
    MIDI.mark(data)


def test_every_cut_and_every_flipped_bit_is_read_or_refused() -> None:
    data = tagged()
    for length in range(len(data)):
        check(data[:length])
    assert refused(data[:-1]) == refused(data[:30]) == refused(data[:14]) == "format.damaged"
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            check(bytes(changed))


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 65_535))
def test_any_bytes_raise_user_errors_only(tracks: list[bytes], declared: int) -> None:
    check(midi(*tracks, declared=declared))
    check(b"MThd\0\0\0\6" + b"".join(tracks))
