"""Melodies of two bars from the command line: from a folder of MIDI files to works, sheets among them."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.colophon.formats import Encoding
from luokuan.colophon.formats.midi import MIDI
from luokuan.colophon.formats.musicxml import notes_in
from luokuan.foundation.modelfolder import resolve
from luokuan.media import Note, Score
from luokuan.models.registry import load_music_model

SMALL = ["--kind", "music", "--encoding", "melody", "--latent", "4", "--width", "32", "--batch", "4", "--steps", "6"]
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def song(seed: int) -> bytes:
    """Four bars of a melody over long low notes, as songs have them."""
    chance, at, notes = random.Random(seed), 0.0, list[Note]()
    while at < 16:
        length = chance.choice((0.5, 0.5, 1.0, 1.5))
        notes.append(Note(at, length, chance.choice(SCALE), 90, 0))
        at += length
    bass = [Note(4.0 * bar, 4.0, 36 + 5 * (bar % 2), 60, 1) for bar in range(4)]
    return MIDI.encode(Score((*notes, *bass), 90.0, ("MELODY", "PIANO")), Encoding())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("songs")
    for number in range(10):
        (place / f"{number:02d}.mid").write_bytes(song(number))
    return place


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("melodies") / "home"
    os.environ["LUOKUAN_HOME"] = str(home)
    assert main(["train", "vae", str(corpus), "--name", "tunes", *SMALL, "--quiet"]) == 0
    return home / "models/tunes"


def test_the_melody_track_is_learnt(trained: Path) -> None:
    config = resolve(trained).config
    assert (config["encoding"], config["grid"], config["bar"]) == ("melody", "sixteenth", 4.0)
    assert 60 <= config["centre"] <= 72, "the low notes are another track"
    score = load_music_model(trained).sample(seed=1)
    assert score.tracks == ("melody",) and score.quarters <= 8


def test_melodies_are_made_varied_and_led(
    trained: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(trained.parents[1]))

    def create(*arguments: object) -> Any:
        assert main(["create", "music", "-m", "tunes", *map(str, arguments), "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    made = create("--density", "high", "-o", tmp_path / "a.musicxml")
    assert made["parameters"]["density"] == "high"
    sheet = (tmp_path / "a.musicxml").read_bytes()
    assert len(notes_in(sheet)) == 1 and b"AI generated" in sheet
    assert main(["verify", str(tmp_path / "a.musicxml")]) == 0
    capfd.readouterr()
    varied = create("--like", corpus / "01.mid", "--noise", 0.3, "-o", tmp_path / "b.mid")
    assert varied["parameters"]["noise"] == 0.3
    way = create("--from", corpus / "01.mid", "--to", corpus / "02.mid", "--steps", 3, "-o", tmp_path / "way")
    assert [work["parameters"]["step"] for work in way["works"]] == [1, 2, 3]
