"""The built-in synthesiser: pitch, length, loudness, the same samples each time."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.synthesiser import LONGEST, LOUDEST, RATE, RELEASE, VOICES, frequency, render
from luokuan.errors import UserError
from luokuan.media import Note, Score


def loudest_frequency(samples: np.ndarray, above: float) -> float:
    window = samples[:, 2000 : 2000 + 32768].sum(axis=0) * np.hanning(32768)
    spectrum = np.abs(np.fft.rfft(window, 1 << 18))
    first = int(above * (1 << 18) / RATE)
    return float((spectrum[first:].argmax() + first) * RATE / (1 << 18))


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("pitch", [57, 69, 84])
def test_pitch(voice: str, pitch: int) -> None:
    found = loudest_frequency(render(Score((Note(0, 4, pitch),)), voice).samples, 100)
    wanted = frequency(pitch) * max(round(found / frequency(pitch)), 1)  # a harmonic may be louder than the first
    assert abs(1200 * np.log2(found / wanted)) < 5  # cents


def test_length_and_loudness() -> None:
    score = Score((Note(0, 2, 60), Note(2, 2, 64)), tempo=120.0)
    sound = render(score)
    assert sound.rate == RATE and sound.samples.shape[0] == 2 and sound.samples.dtype == np.float32
    assert sound.seconds == pytest.approx(2 + RELEASE, abs=0.01)
    assert float(np.abs(sound.samples).max()) == pytest.approx(LOUDEST, abs=1e-3)


def test_notes_begin_when_they_should() -> None:
    sound = render(Score((Note(1, 1, 60),), tempo=60.0)).samples
    assert not sound[:, : RATE - 10].any() and np.abs(sound[:, RATE + 2000 : RATE + 4000]).max() > 0.3


@pytest.mark.parametrize("voice", VOICES)
def test_equal_scores_sound_equal(voice: str) -> None:
    score = Score((Note(0, 1, 60), Note(0.5, 1, 67, track=1)), tracks=("a", "b"))
    assert np.array_equal(render(score, voice).samples, render(score, voice).samples)


def test_parts_stand_beside_each_other() -> None:
    sound = render(Score((Note(0, 1, 60, track=0),), tracks=("a", "b"))).samples
    other = render(Score((Note(0, 1, 60, track=1),), tracks=("a", "b"))).samples
    assert (np.abs(sound[0]).sum() - np.abs(sound[1]).sum()) * (np.abs(other[0]).sum() - np.abs(other[1]).sum()) < 0


def test_extremes_are_heard_or_refused() -> None:
    for voice in VOICES:
        found = render(Score((Note(0, 0.01, 0), Note(0, 0.01, 127)), tempo=300.0), voice).samples
        assert np.isfinite(found).all()
    with pytest.raises(UserError, match="no notes"):
        render(Score(()))
    with pytest.raises(UserError, match="seconds"):
        render(Score((Note(0, 4 * LONGEST, 60),)))
    with pytest.raises(ValueError, match="voice"):
        render(Score((Note(0, 1, 60),)), "kazoo")
