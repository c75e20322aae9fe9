"""MIDI files of anybody: read as symusic reads them where they are whole, refused in one sentence where they aren't."""

from __future__ import annotations

import time

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st
from scores_for_tests import DATA, END, NOTE, chunk, midi

from luokuan.foundation.corpus.midi import BYTE_LIMIT, CHUNKS, NOTES, BrokenScore, read_midi


def rows(data: bytes) -> list[tuple[float, float, int, int]]:
    return [(n.start, n.length, n.pitch, n.velocity) for n in read_midi(data).score.notes]


@pytest.mark.parametrize("name", ["chorale-1.mid", "chorale-2.mid"])
def test_whole_files_are_read_as_symusic_reads_them(name: str) -> None:
    data = (DATA / name).read_bytes()
    found, other = read_midi(data), symusic.Score.from_midi(data)
    assert found.score.tracks == tuple(track.name for track in other.tracks)
    for index, track in enumerate(other.tracks):
        mine = [(n.start * 480, n.length * 480, n.pitch, n.velocity) for n in found.score.notes if n.track == index]
        assert sorted(mine) == sorted((n.time, n.duration, n.pitch, n.velocity) for n in track.notes)
    assert abs(found.score.tempo - 80) < 1e-3 and found.mended == 0 and found.bar == 4


def test_a_plain_note() -> None:
    assert rows(midi(chunk(NOTE + END))) == [(0.0, 1.0, 60, 80)]
    assert read_midi(midi(chunk(NOTE + END))).score.tempo == 120


def test_running_status_and_velocity_zero_end_a_note() -> None:
    assert rows(midi(chunk(b"\x00\x90\x3c\x50\x60\x3c\x00" + END))) == [(0.0, 0.2, 60, 80)]


def test_tempo_metre_and_name() -> None:
    head = b"\x00\xff\x03\x04Lied\x00\xff\x51\x03\x0f\x42\x40\x00\xff\x58\x04\x03\x02\x18\x08"
    found = read_midi(midi(chunk(head + NOTE + END)))
    assert found.score.tempo == 60 and found.bar == 3 and found.score.tracks == ("Lied",)


def test_overlapping_notes_and_such_without_end_are_mended() -> None:
    struck_twice = b"\x00\x90\x3c\x50\x81\x70\x90\x3c\x40\x81\x70\x80\x3c\x00" + END
    found = read_midi(midi(chunk(struck_twice)))
    assert [(n.start, n.length) for n in found.score.notes] == [(0, 0.5), (0.5, 0.5)] and found.mended == 1
    left_on = b"\x00\x90\x3c\x50\x83\x60\xb0\x07\x40" + END
    found = read_midi(midi(chunk(left_on)))
    assert [(n.start, n.length) for n in found.score.notes] == [(0, 1)] and found.mended == 1


def test_percussion_is_no_music_in_pitches() -> None:
    with pytest.raises(BrokenScore, match="no notes"):
        read_midi(midi(chunk(b"\x00\x99\x24\x50\x60\x99\x24\x00" + END)))


SLOW = b"\x00\xff\x51\x03\xff\xff\xff"
HOURS = b"".join(b"\xff\xff\xff\x7f\xb0\x07\x40" for _i in range(1))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no MIDI"),
        (b"RIFF" + bytes(40), "no MIDI"),
        (midi(chunk(END)), "no notes"),
        (midi(), "no notes"),
        (midi(chunk(NOTE + END))[:-7], "damaged"),
        (midi(chunk(NOTE + END), count=3), "damaged"),
        (midi(chunk(NOTE + END, declared=2**31)), "damaged"),
        (b"MThd" + (2**32 - 1).to_bytes(4) + bytes(20), "damaged"),
        (midi(chunk(b"\x00\xff\x01\xff\xff\xff\x7f" + END)), "damaged"),
        (midi(chunk(b"\x00\x3c\x50" + END)), "damaged"),
        (midi(chunk(b"\xff\xff\xff\xff\xff")), "damaged"),
        (midi(chunk(b"\x00\x90\xbc\x50" + END)), "out of their range"),
        (midi(chunk(b"\x00\x90\x3c\xd0" + END)), "out of their range"),
        (midi(chunk(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE + END)), "tempo of 0"),
        (midi(chunk(b"\x00\xff\x51\x01\x07" + NOTE + END)), "tempo of 0"),
        (midi(chunk(NOTE + END), division=0), "no ticks"),
        (midi(chunk(NOTE + END), division=0xE728), "frames of film"),
        (midi(*[chunk(END)] * (CHUNKS + 1)), "more than 256 tracks"),
        (midi(*[chunk(NOTE + END)] * 17), "more than 16 tracks"),
        # Six hours: 43,200 quarter notes at 120 a minute.
        (midi(chunk(b"\x00\x90\x3c\x50" + b"\x89\xde\x9c\x00" + b"\x80\x3c\x00" + END)), "hours; 2 at most"),
        (midi(chunk(SLOW + b"\x00\x90\x3c\x50" + b"\xbf\x84\x00" + b"\x80\x3c\x00" + END)), "hours; 2 at most"),
        (bytes(BYTE_LIMIT + 1), "larger than 4 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(BrokenScore, match=why):
        read_midi(data)


def test_too_many_notes_are_refused_quickly() -> None:
    begun = time.process_time()
    with pytest.raises(BrokenScore, match="more than 200000 notes"):
        read_midi(midi(chunk(b"\x00\x90\x3c\x50\x01\x3c\x00" * (NOTES + 1) + END)))
    assert time.process_time() - begun < 10


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_are_read_or_refused(noise: bytes, place: int) -> None:
    whole = midi(chunk(NOTE * 3 + END))
    for data in (noise, whole[:place] + noise + whole[place:], whole[:place] + noise, midi(chunk(noise))):
        try:
            found = read_midi(data)
        except BrokenScore as error:
            assert str(error)
        else:
            assert found.score.notes
