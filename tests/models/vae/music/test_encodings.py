"""Scores as frames and back: nothing is lost that the encoding promises to keep, and sets have one spelling each."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scores_for_tests import CHORALES, DATA

from luokuan.foundation.corpus.midi import read_midi
from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Note, Score
from luokuan.models.vae.music import encodings
from luokuan.models.vae.music.encodings import (
    ENCODINGS,
    HOLD,
    REST,
    START,
    SYMBOLS,
    Unfit,
    allowed,
    canonical,
    decode,
    encode,
    ranges,
    shifts,
    transposed,
)

SETS = ENCODINGS["satb", "quarter"]
VOICED = ENCODINGS["satb", "sixteenth"]
MELODY = ENCODINGS["melody", "sixteenth"]
sets_of_pitches = st.lists(st.sets(st.integers(21, 108), max_size=4), min_size=1, max_size=12)


def test_canonical_order() -> None:
    assert canonical([60, 64, 67, 72]) == [72, 60, 67, 64]
    assert canonical([60, 64, 67]) == [67, 60, 64, REST]
    assert canonical([60, 60, 64]) == [64, 60, REST, REST]
    assert canonical([60]) == [60, REST, REST, REST] and canonical([]) == [REST] * 4


@settings(max_examples=100)
@given(sets_of_pitches)
def test_sets_come_back(rows: list[set[int]]) -> None:
    rows[-1] = rows[-1] or {60}  # a score ends with a note
    notes = [Note(float(at), 1.0, pitch) for at, row in enumerate(rows) for pitch in sorted(row)]
    frames = encode(Score(tuple(notes)), SETS)
    assert [set(frame[frame < REST].tolist()) for frame in frames] == rows
    again = encode(decode(frames, SETS), SETS)
    assert np.array_equal(frames, again)


def test_the_published_frames_are_kept_whole() -> None:
    found = json.loads(CHORALES.read_text())
    corpus = open_scores(CHORALES)
    for rows, piece in zip(found["test"], corpus.split("test"), strict=True):
        frames = encode(piece.score(), SETS)
        assert [sorted(frame[frame < REST].tolist()) for frame in frames] == rows


def test_each_set_has_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "KEYS", (60, 66))  # seven keys: all spellings can be tried
    symbols = [*range(60, 67), REST]
    spellings = torch.tensor(list(itertools.product(symbols, repeat=4)))
    before = torch.full_like(spellings, START)
    legal = torch.ones(len(spellings), dtype=torch.bool)
    for place in range(4):
        legal &= allowed(spellings, before, SETS, place).gather(1, spellings[:, place : place + 1])[:, 0]
    found = [frozenset(p for p in row if p < REST) for row in spellings[legal].tolist()]
    assert len(found) == len(set(found)) == 1 + 7 + 21 + 35 + 35
    assert all(row == canonical(row[: sum(p < REST for p in row)]) for row in spellings[legal].tolist())


def test_no_spelling_that_follows_the_rules_ends_in_a_dead_end() -> None:
    frames = torch.tensor([[22, 21, REST, REST], [21, REST, REST, REST], [108, 21, 107, 22], [REST] * 4])
    before = torch.full_like(frames, START)
    for place in range(4):
        rows = allowed(frames, before, SETS, place)
        assert rows.any(dim=1).all() and rows.shape == (4, SYMBOLS) and not rows[:, HOLD].any()


@pytest.mark.parametrize("name", ["chorale-1.mid", "chorale-2.mid"])
def test_voices_come_back(name: str) -> None:
    score = read_midi((DATA / name).read_bytes()).score
    frames = encode(score, VOICED)
    found = decode(frames, VOICED, tempo=score.tempo)

    def rows(one: Score) -> list[tuple[float, float, int, int]]:
        return sorted((n.start, n.length, n.pitch, n.track) for n in one.notes)

    assert rows(found) == rows(score) and found.tracks == encodings.VOICES
    assert np.array_equal(encode(found, VOICED), frames)


def test_hold_needs_something_that_sounds() -> None:
    tokens = torch.zeros(4, 1, dtype=torch.int64)
    before = torch.tensor([[START], [REST], [60], [HOLD]])
    assert allowed(tokens, before, MELODY, 0)[:, HOLD].tolist() == [False, False, True, True]


def test_a_melody_in_steps() -> None:
    score = Score((Note(0, 0.5, 60), Note(0.5, 0.5, 60), Note(1.25, 0.25, 64)))
    frames = encode(score, MELODY)
    assert frames[:, 0].tolist() == [60, HOLD, 60, HOLD, REST, 64]
    assert [(n.start, n.length, n.pitch) for n in decode(frames, MELODY).notes] == [
        (0, 0.5, 60), (0.5, 0.5, 60), (1.25, 0.25, 64)]  # fmt: skip


def test_overlapping_notes_of_a_melody_give_way_to_the_next() -> None:
    assert encode(Score((Note(0, 2, 72), Note(1, 1, 60))), MELODY)[:, 0].tolist() == [72, *[HOLD] * 3, 60, *[HOLD] * 3]


def test_what_passes_between_two_frames_is_not_heard() -> None:
    score = Score((Note(0, 0.5, 60), Note(0.5, 0.5, 62), Note(1, 1, 64)))
    assert encode(score, SETS)[:, 0].tolist() == [60, 64]
    with pytest.raises(Unfit, match="shorter than a frame"):
        encode(Score((Note(0.3, 0.1, 60), Note(0.55, 0.1, 60))), SETS)


@pytest.mark.parametrize(
    ("notes", "why"),
    [
        ([], "no notes"),
        ([Note(0, 1, 20)], "88 keys"),
        ([Note(0, 1, 109)], "88 keys"),
        ([Note(2, 1, pitch) for pitch in range(60, 65)], "5 notes sound at quarter 2"),
    ],
)
def test_what_does_not_fit_is_said(notes: list[Note], why: str) -> None:
    with pytest.raises(Unfit, match=why):
        encode(Score(tuple(notes)), SETS)


def test_transpositions_stay_within_the_ranges() -> None:
    pieces = [np.array([canonical([60, 64, 67, 72])]), np.array([canonical([58, 64, 67, 75])])]
    limits = ranges(pieces, 4)
    assert limits[0] == (72, 75) and limits[1] == (58, 60)
    assert shifts(pieces[0], limits) == [0] and shifts(np.array([[73, 59, 67, 64]]), limits) == [0]
    wide = [(21, 108)] * 4
    assert shifts(pieces[0], wide) == list(range(-6, 7))
    moved = transposed(np.array([[72, REST, HOLD]]), -5)
    assert moved.tolist() == [[67, REST, HOLD]]
