"""Bars to tokens and back, and which tokens may follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from musicplms import song
from scores_for_tests import DATA

from luokuan.foundation.corpus.midi import read_midi
from luokuan.media import Note, Score
from luokuan.models.plm.music.grammar import Grammar, wrong
from luokuan.models.plm.music.material import gridded, parts_of, placed, song_of
from luokuan.models.plm.music.tokens import (
    DURATION,
    END,
    HIGH,
    LOW,
    NEW_BAR,
    PART,
    PITCH,
    POSITION,
    STEPS,
    TOKENS,
    Told,
    bar_tokens,
    bars_of,
    density_of,
    moved,
    notes_of,
    transposed,
)
from luokuan.models.vae.music.encodings import Unfit

NOTES = st.tuples(st.integers(0, 2), st.integers(0, STEPS - 1), st.integers(LOW, HIGH), st.integers(1, STEPS))
BARS = st.lists(st.lists(NOTES, max_size=12, unique_by=lambda note: note[:3]), min_size=1, max_size=4)


@settings(max_examples=40)
@given(BARS)
def test_bars_come_back_and_keep_the_grammar(found: list[list[tuple[int, int, int, int]]]) -> None:
    bars = [tuple(sorted(bar)) for bar in found]
    tokens = [token for bar in bars for token in bar_tokens(bar)]
    assert bars_of(tokens) == bars
    assert wrong(np.array(tokens, np.uint8)) is None
    assert not bars[0] or gridded(notes_of(bars))[0] == tuple(
        (part, step, pitch, min(length, len(bars) * STEPS - step)) for part, step, pitch, length in bars[0]
    )


def test_a_bar_by_hand() -> None:
    names = [TOKENS[token] for token in bar_tokens([(0, 4, 60, 2), (2, 0, 48, 16), (2, 0, 52, 16), (2, 8, 55, 6)])]
    assert names == [
        "Bar_None", "Program_73", "Position_4", "Pitch_60", "Duration_0.2.4", "Program_0", "Position_0", "Pitch_48",
        "Duration_4.0.4", "Pitch_52", "Duration_4.0.4", "Position_8", "Pitch_55", "Duration_1.2.4",
    ]  # fmt: skip
    head = [TOKENS[token] for token in Told(21, 88.0, "high", 16).tokens()]
    assert head == ["BOS_None", "Key_A:min", "Tempo_90", "Density_high", "Bars_16"]
    assert [TOKENS[token] for token in Told(left=33).tokens()[1:]] == [
        "Key_None", "Tempo_None", "Density_None", "Bars_None",
    ]  # fmt: skip
    assert moved(21, 4) == 13 and moved(0, -1) == 11
    assert [density_of(value, (5.0, 10.0)) for value in (1.0, 5.0, 9.9, 10.0)] == ["low", "medium", "medium", "high"]


def test_transposition_moves_pitches_alone_and_stays_in_the_range() -> None:
    tokens = np.array(bar_tokens([(0, 0, LOW, 4), (0, 4, 60, 4), (2, 0, HIGH, 4)]), np.uint8)
    up, down = transposed(tokens, 6), transposed(tokens, -5)
    assert [note[2] for note in bars_of(up.tolist())[0]] == [LOW + 6, 66, HIGH - 6]
    assert [note[2] for note in bars_of(down.tolist())[0]] == [LOW + 7, 55, HIGH - 5]
    others = (tokens < PITCH) | (tokens >= DURATION)
    assert (up[others] == tokens[others]).all()


def test_the_grammar_refuses_what_stands_in_the_wrong_place() -> None:
    grammar = Grammar(len(TOKENS), most=40)
    for token in (NEW_BAR, PART + 1, POSITION + 8, PITCH + 40, DURATION + 3):
        grammar.take(token)
    may = grammar.allowed()
    assert may[NEW_BAR] and may[END] and may[PART + 2] and not may[PART] and not may[PART + 1]
    assert may[POSITION + 9] and not may[POSITION + 8] and may[PITCH + 41] and not may[PITCH + 40]
    assert not grammar.allowed(above=1)[POSITION + 9] and grammar.allowed(above=1)[PART + 2]
    assert not grammar.barred()[END]
    grammar.take(PART + 2)
    assert np.flatnonzero(grammar.allowed()).tolist() == list(range(POSITION, POSITION + STEPS))
    with pytest.raises(ValueError, match="Key_None"):
        grammar.take(TOKENS.index("Key_None"))
    assert wrong(np.array([NEW_BAR, PITCH], np.uint8)) == 1
    short = Grammar(len(TOKENS), most=3)
    for token in (NEW_BAR, PART, POSITION, PITCH, DURATION):
        short.take(token)
    assert np.flatnonzero(short.allowed()).tolist() == sorted((END, NEW_BAR))


def test_parts_by_name_and_by_voice() -> None:
    assert parts_of(song()) == [0, 1, 2]
    chorale = read_midi((DATA / "chorale-1.mid").read_bytes()).score
    parts = parts_of(chorale)
    heights = [np.mean([n.pitch for n in chorale.notes if n.track == track]) for track in range(len(parts))]
    assert parts[int(np.argmax(heights))] == 0 and sorted(parts)[1:] == [2] * (len(parts) - 1)
    chords = Score(tuple(Note(at, 1, pitch) for at in range(8) for pitch in (60, 64)))
    assert parts_of(chords) == [2] and parts_of(chords, melody=True) == [0]


def test_a_score_is_placed_on_the_grid_with_its_own_notes_kept() -> None:
    place = placed(song())
    assert len(place.bars) == 6 and place.key == 21 and place.tempo == 80
    assert sorted(n.length for n in place.notes)[-1] == 2.0 and len(place.notes) == len(song().notes)
    found = song_of("a", song())
    assert found.bars == 6 and found.starts[-1] == len(found.tokens) and wrong(found.tokens) is None
    late = Score(tuple(Note(n.start + 8, n.length, n.pitch, track=n.track) for n in song().notes), 80, song().tracks)
    assert (song_of("b", late).tokens == found.tokens).all()
    with pytest.raises(Unfit):
        song_of("c", song(2))
    with pytest.raises(Unfit):
        placed(Score((Note(0, 1, 5),)))
