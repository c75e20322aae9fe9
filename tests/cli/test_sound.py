"""`luokuan train sound`, `create sound` and `evaluate` of it, as one types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from soundmodels import save_sound_model, write_corpus

from luokuan.cli.main import main

SHAPE = [
    "--codec-width",
    "8",
    "--codec-layers",
    "2",
    "--levels",
    "4,4",
    "--width",
    "16",
    "--layers",
    "1",
    "--window",
    "3",
]
RUN = ["--steps", "6", "--batch", "4", "--variants", "1", "--precision", "float32"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    write_corpus(folder / "corpus", card=False)
    save_sound_model(folder / "home/models/mine")
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("LUOKUAN_HOME", str(place / "home"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_model_is_trained(run: Any, place: Path) -> None:
    code, out, err = run("train", "sound", place / "corpus", "--name", "new", *SHAPE, *RUN)
    assert code == 0, err
    assert "tick" in out and "--copies" in out and "licence: unknown" in out and "luokuan create sound -m new" in out
    code, out, err = run("create", "sound", "hum", "-m", "new", "--seconds", "0.3", "-o", "x.wav", "--json")
    assert code == 0, err
    assert json.loads(out)["parameters"]["category"] == "hum"


def test_sounds_are_made_verified_and_told(run: Any) -> None:
    code, out, err = run("create", "sound", "hiss", "-m", "mine", "--seconds", "0.4", "--loop", "-n", 2, "-o", "many")
    assert code == 0, err
    assert "last 0.4 s of the file" in out and len(list(Path("many").glob("*.wav"))) == 2
    assert run("create", "sound", "嘶", "-m", "mine", "--seconds", "0.4", "-o", "x.flac")[0] == 0
    assert run("verify", "x.flac")[0] == 0
    code, out, _err = run("create", "sound", "tick", "-m", "mine", "--seconds", "0.4", "--copies", "-o", "y.wav")
    assert code == 0 and "nearly a copy" in out


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("hisss",), "Did you mean hiss"),
        (("tick",), "only 3 clips"),
        (("hiss", "--seconds", "0"), "--seconds"),
        (("hiss", "--seconds", "-5"), "--seconds"),
        (("hiss", "--seconds", "1e9"), "--seconds"),
        (("hiss", "--format", "png"), "format"),
    ],
)
def test_what_is_refused_leaves_nothing(run: Any, options: tuple[str, ...], what: str) -> None:
    code, out, err = run("create", "sound", *options, "-m", "mine")
    assert code == 2 and what in err and not out and not list(Path().iterdir())


def test_evaluation_refuses_what_it_cannot(run: Any, place: Path) -> None:
    code, _out, err = run("evaluate", "mine", place / "corpus", "--truncation", "0.5")
    assert code == 2 and "no pictures" in err
    code, _out, err = run("evaluate", "mine", place / "corpus", "--quiet")
    assert code == 2 and "held out" in err  # four short clips
    code, _out, err = run("models", "export", "mine", "-o", "x.onnx")
    assert code == 2 and "model of sounds" in err
