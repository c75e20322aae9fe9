"""`luokuan train clip`, `create clip` and `evaluate` of it, as one types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipmodels import save_clip_model, write_corpus

from luokuan.cli.main import main

SHAPE = ["--size", "16", "--frames", "4", "--levels", "4,4", "--width", "64", "--layers", "1"]
RUN = ["--steps", "6", "--batch", "4", "--precision", "float32"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    write_corpus(folder / "corpus", characters=12)
    save_clip_model(folder / "home/models/mine")
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


def test_a_model_is_trained_and_measured(run: Any, place: Path, tmp_path: Path) -> None:
    code, out, err = run("train", "clip", place / "corpus", "--name", "new", *SHAPE, *RUN)
    assert code == 0, err
    assert "luokuan create clip -m new" in out and "training clips" in out
    code, out, err = run("evaluate", "new", place / "corpus", "--json", "--sheet", "s.png")
    assert code == 0, err
    found = json.loads(out)
    assert found["attributes"] == ["action", "colour"] and found["seed"] == 0 and (tmp_path / "s.png").stat().st_size
    code, out, _err = run("models", "show", "new")
    assert code == 0 and "clip" in out
    code, _out, err = run("evaluate", "new", place / "corpus", "--among", "2")
    assert code == 2 and "makes clips and no pictures" in err


def test_a_clip_leaves_with_its_colophon(run: Any, tmp_path: Path) -> None:
    code, out, err = run(
        "create", "clip", "jump, 跳 swiftly", "-m", "mine", "--loops", "2", "--seed", 3, "-o", "x.webm"
    )
    assert code == 0, err
    assert (tmp_path / "x.webm").read_bytes()[:4] == b"\x1a\x45\xdf\xa3" and "swiftly" in out and "action=jump" in out
    code, out, _err = run("verify", "x.webm", "--json")
    assert code == 0 and json.loads(out)["verdict"]
    code, out, err = run("rights", "check", "x.webm")
    assert "CC-BY-SA-4.0" in out and "same licence" in out, out + err  # only if


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["fly"], "Did you mean"),
        (["--attribute", "action"], "NAME=VALUE"),
        (["--attribute", "action=jmp"], "jump"),
        (["--loops", "0"], "--loops"),
        (["--format", "gif"], "gif"),
    ],
)
def test_wrong_wishes_are_told_in_a_sentence(run: Any, options: list[str], why: str) -> None:
    code, _out, err = run("create", "clip", *options, "-m", "mine")
    assert code == 2 and why in err and "Traceback" not in err


def test_a_model_must_be_named(run: Any) -> None:
    code, _out, err = run("create", "clip", "walk")
    assert code == 2 and "--model" in err and "Traceback" not in err
