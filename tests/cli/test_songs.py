"""A language model of music from the command line: plan, train, stop, resume, create, evaluate."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from musicplms import song

from luokuan.cli.main import main
from luokuan.colophon.formats import Encoding
from luokuan.colophon.formats.midi import MIDI
from luokuan.foundation.modelfolder import resolve
from luokuan.media import Note, Score

SMALL = ("--kind", "music", "--size", "nano", "--layers", 1, "--context", 256, "--batch", 2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, own = tmp_path_factory.mktemp("songs"), song(18)
    for number in range(9):
        shift = [0, 2, 5, 7, -3][number % 5]
        notes = [Note(n.start, n.length, n.pitch + shift + n.track * (number // 3), track=n.track) for n in own.notes]
        part = place / ("train" if number < 6 else "valid" if number < 7 else "test")
        part.mkdir(exist_ok=True)
        (part / f"{number}.mid").write_bytes(MIDI.encode(Score(tuple(notes), 70.0 + number, own.tracks), Encoding()))
    (place / "card.yaml").write_text("title: Songs\nlicence: CC0-1.0\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def home(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("plm") / "home"
    os.environ["LUOKUAN_HOME"] = str(place)
    command = ("train", "plm", corpus, "--name", "songs", *SMALL, "--steps", 2, "--quiet")
    assert main([str(part) for part in command]) == 0
    return place


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return call


def test_its_folder_says_what_it_is(home: Path, corpus: Path, run: Any) -> None:
    folder = resolve(home / "models/songs")
    assert folder.config["kind"] == "music" and folder.licence == "CC0-1.0" and len(folder.config["density"]) == 2
    card = (folder.path / "README.md").read_text(encoding="utf-8")
    assert "--kind music --name songs --size nano --layers 1 --context 256 --fill 0.25 --steps 2 --batch 2" in card
    assert "nats a note" in card and "续写" in card
    assert folder.training["corpus"]["songs"] == 6 and folder.training["corpus"]["bars"] == 108
    code, out, _err = run("train", "plm", corpus, "--name", "plan", *SMALL, "--steps", 2, "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0 and plan["unit"] == "excerpts" and plan["songs"] == 6 and plan["vocabulary"] == 202


def test_pieces_are_made(home: Path, tmp_path: Path, run: Any) -> None:
    code, out, err = run("create", "music", "-m", "songs", "--bars", 4, "--key", "A minor", "--tempo", 90, "--density",
                         "medium", "-o", tmp_path / "a.mid", "--json")  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["parameters"]["key"] == "A minor"
    going = ("--continue", tmp_path / "a.mid", "--bars", 2, "-o", tmp_path / "b.mid", "--json")
    again = run("create", "music", "-m", "songs", *going)
    assert again[0] == 0 and json.loads(again[1])["parameters"]["continue"] == json.loads(out)["sha256"]
    for wrong in (("--bars", 0), ("--key", "H"), ("--mode", "minor"), ("--infill", tmp_path / "a.mid")):
        code, _out, err = run("create", "music", "-m", "songs", *wrong, "-o", tmp_path / "no.mid")
        assert code == 2 and "Traceback" not in err and not (tmp_path / "no.mid").exists()


def test_it_is_measured_beside_held_out_music(corpus: Path, tmp_path: Path, run: Any) -> None:
    code, out, _err = run("evaluate", "songs", corpus, "-n", 20, "--sheet", tmp_path / "s.png", "--json")
    found = json.loads(out)
    assert code == 0 and found["written"]["pieces"] == found["real"]["pieces"] == 2 and found["bars"] == 16
    assert set(found["units"]) >= {"in_key", "in_metre", "repeated", "similar", "copy_rate", "melody_copy_rate"}
    assert found["nats_per_token"] > 0 and found["verdicts"] and (tmp_path / "s.png").stat().st_size > 1000
    code, out, _err = run("evaluate", "songs", corpus, "-n", 20)
    assert code == 0 and "Notes in the key" in out and "seed 0" in out
    code, _out, err = run("evaluate", "songs", corpus, "--importance", 5)
    assert code == 2 and "--importance" in err


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--kind", "songs"), "no kind"),
        (("--kind", "music", "--tokenizer", "bytes"), "--tokenizer has no say with --kind music"),
        (("--kind", "music", "--from", "songs"), "--from has no say with --kind music"),
        (("--fill", 0.5), "--fill has no say with --kind text"),
        (("--kind", "music", "--fill", 2), "--fill"),
        (("--kind", "music", "--context", 16), "--context"),
    ],
)
def test_choices_that_cannot_work(corpus: Path, run: Any, options: tuple[object, ...], what: str) -> None:
    code, _out, err = run("train", "plm", corpus, "--name", "wrong", "--steps", 1, *options)
    assert code == 2 and what in err


def test_it_resumes_as_music_and_teaches_no_text(corpus: Path, tmp_path: Path, run: Any) -> None:
    code, out, err = run("train", "plm", corpus, "--name", "songs", "--resume")
    assert code == 0 and "Next: luokuan create music -m songs" in out, err
    (tmp_path / "t").mkdir()
    (tmp_path / "t/a.txt").write_text("words " * 400, encoding="utf-8")
    code, _out, err = run("train", "plm", tmp_path / "t", "--name", "more", "--from", "songs", "--steps", 1)
    assert code == 2 and "no language model" in err
    code, _out, err = run("create", "text", "Once", "-m", "songs")
    assert code == 2 and "writes no text" in err
