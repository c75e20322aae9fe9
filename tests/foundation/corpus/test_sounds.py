"""Sounds as a corpus: layouts, broken files, splits, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from soundmodels import RATE, noise, tone, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus.audio import BrokenSound, clipped_share, read_sound
from luokuan.foundation.corpus.sounds import open_sounds


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("sounds") / "corpus")


def test_class_folders_are_categories_and_splits_share_nothing(corpus: Path) -> None:
    found = open_sounds(corpus)
    assert found.classes == ("hiss", "hum", "tick") and found.licence == "CC0-1.0" and not found.broken
    parts = {name: found.split(name) for name in ("train", "validation", "test")}
    assert sum(map(len, parts.values())) == len(found.clips) == 20
    # One of seven of hiss and of hum each; of three ticks all are learnt.
    assert [len(parts[name]) for name in ("validation", "test")] == [2, 2]
    assert sum(clip.label == 2 for clip in parts["train"]) == 3
    assert open_sounds(corpus).digest == found.digest
    with pytest.raises(KeyError):
        found.split("all")


def test_copies_of_a_sound_stay_together(tmp_path: Path) -> None:
    for index in range(7):
        for twin in range(2):
            soundfile.write(tmp_path / f"{index}-{twin}.wav", noise(0.1, index), RATE)
    found = open_sounds(tmp_path)
    assert found.classes == () and len(found.split("validation")) == 2
    for name in ("train", "validation", "test"):
        clips = found.split(name)
        assert len({clip.heard for clip in clips}) * 2 == len(clips)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "pipe"])
def test_metadata_names_categories_and_splits(tmp_path: Path, kind: str) -> None:
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.flac", tone(0.1, 300), RATE)
    rows = [("a.flac", "rain", "train"), ("b.flac", "wind", "train"), ("c.flac", "rain", "test")]
    if kind == "jsonl":
        lines = [json.dumps(dict(zip(("file_name", "label", "split"), row, strict=True))) for row in rows]
        (tmp_path / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
    else:
        mark = "," if kind == "csv" else "|"
        lines = [mark.join(row) for row in [("file", "category", "split"), *rows]]
        (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    found = open_sounds(tmp_path)
    assert found.classes == ("rain", "wind")
    assert [clip.name for clip in found.split("test")] == ["c.flac"] and len(found.split("train")) == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('{"file_name": "../x.wav", "label": "a"}', "leaves the folder"),
        ('{"label": "a"}', "names no file"),
        ("[1]", "no object"),
        ("{", "Line 1"),
        ('{"file_name": "a.wav"}\n{"file_name": "a.wav"}', "before"),
    ],
)
def test_wrong_metadata_is_refused_with_its_line(tmp_path: Path, row: str, why: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(0.1, 300), RATE)
    (tmp_path / "metadata.jsonl").write_text(row + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=why) as error:
        open_sounds(tmp_path)
    assert error.value.code == "corpus.metadata"


def test_any_rate_and_channels_become_mono_at_ours(tmp_path: Path) -> None:
    stereo = np.stack([tone(0.5, 440, 44_100), tone(0.5, 440, 44_100)], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 44_100)
    samples = read_sound((tmp_path / "a.wav").read_bytes(), RATE)
    assert samples.shape == (8000,) and samples.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * RATE / len(samples) - 440) <= 2
    assert np.abs(samples[800:-800] - tone(0.5, 440)[800:-800]).max() < 0.01


def _written(path: Path, samples: np.ndarray, rate: int = RATE) -> bytes:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path.read_bytes()


def test_what_is_no_sound_is_broken_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    good = _written(path, noise(0.2, 0))
    wrong = np.array([0.0, np.nan, 0.1] * 1000, np.float32)
    for data, why in [
        (b"", "no sound"),
        (b"RIFF\xff\xff\xff\x7fWAVE" + b"x" * 200, "no sound"),
        (good[:40], "no sound|shorter"),
        (_written(path, noise(0.005, 0)), "shorter"),
        (_written(path, np.zeros(8000, np.float32)), "silence"),
        (_written(path, wrong), "no numbers"),
        (_written(path, noise(1, 0), 1000), "rate"),
        (_written(path, noise(601, 0, 4000), 4000), "longer"),
    ]:
        with pytest.raises(BrokenSound, match=why):
            read_sound(data, RATE)


def test_silence_alone_is_refused_and_clipping_is_told(tmp_path: Path) -> None:
    (tmp_path / "silent").mkdir()
    soundfile.write(tmp_path / "silent/a.wav", np.zeros(8000, np.float32), RATE)
    with pytest.raises(UserError, match="silence") as error:
        open_sounds(tmp_path / "silent")
    assert error.value.code == "corpus.empty"
    loud = (20 * tone(0.2, 300)).clip(-1, 1)
    assert clipped_share(loud) > 0.5
    (tmp_path / "loud").mkdir()
    soundfile.write(tmp_path / "loud/a.wav", loud, RATE)
    assert len(open_sounds(tmp_path / "loud").clipped) == 1


def test_a_few_broken_files_are_skipped_many_refused(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus")
    (tmp_path / "corpus/hum/x.wav").write_bytes(b"nothing")
    found = open_sounds(tmp_path / "corpus")
    assert found.skipped == 1 and found.broken[0].path.name == "x.wav" and len(found.clips) == 20
    (tmp_path / "corpus/hum/y.wav").write_bytes(b"nothing")
    with pytest.raises(UserError, match="2 of 22"):
        open_sounds(tmp_path / "corpus")
    with pytest.raises(UserError, match="not a folder"):
        open_sounds(tmp_path / "nowhere")


def test_a_file_that_changed_is_noticed(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0.2, 0), RATE)
    soundfile.write(tmp_path / "b.wav", noise(0.2, 1), RATE)
    found = open_sounds(tmp_path)
    assert found.clips[0].samples(RATE).shape == (3200,)
    soundfile.write(tmp_path / "a.wav", noise(0.2, 2), RATE)
    with pytest.raises(UserError, match="changed"):
        found.clips[0].samples(RATE)
