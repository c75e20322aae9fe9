"""A GAN of music from the command line: plan, train, resume, measure, create, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from musicgans import write_excerpts
from scores_for_tests import CHORALES, DATA, save_music

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve
from luokuan.models.gan.music.card import music_gan_card

SMALL = ["--kind", "music", "--width", "16", "--depth", "1", "--batch", "4", "--precision", "float32"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("music-gan") / "home"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_excerpts(tmp_path_factory.mktemp("excerpts") / "corpus")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        os.environ["LUOKUAN_HOME"] = str(home)
        code = main([str(a) for a in arguments])
        return code, *capfd.readouterr()

    return call


@pytest.fixture(scope="module")
def trained(home: Path, corpus: Path) -> Path:
    os.environ["LUOKUAN_HOME"] = str(home)
    assert main(["train", "gan", str(corpus), "--name", "mine", *SMALL, "--steps", "6", "--quiet"]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["kind"] == "music" and folder.family == "gan"
    card = (trained / "README.md").read_text(encoding="utf-8")
    for part in ("train gan CORPUS --kind music --encoding satb", "--width 16 --depth 1", "training pieces"):
        assert part in card
    assert folder.training["verdicts"] and list((home / "runs/mine/previews").glob("*.png"))


def test_the_plan(run: Any, corpus: Path) -> None:
    code, out, _err = run("train", "gan", corpus, "--name", "plan", *SMALL, "--steps", 10, "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0 and plan["kind"] == "music" and plan["encoding"] == "satb" and plan["window_frames"] == 32
    assert plan["unit"] == "pieces" and plan["held_out_items"] == 8
    code, out, _err = run("train", "gan", corpus, "--name", "plan", *SMALL, "--steps", 10, "--dry-run")
    assert code == 0 and "satb" in out and "0.1 → 0.01" in out


def test_resume_gives_the_uninterrupted_result(run: Any, corpus: Path, trained: Path, home: Path) -> None:
    assert run("train", "gan", corpus, "--name", "cut", *SMALL, "--steps", 6, "-q")[0] == 0
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "gan", corpus, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("mine", "cut")]
    assert files[0] == files[1]


def test_evaluate_prints_both_models_and_the_floor(
    trained: Path, run: Any, corpus: Path, home: Path, tmp_path: Path
) -> None:
    save_music(home / "models/vae")
    sheet = tmp_path / "sheet.png"
    choices = ("-n", 20, "--seed", 2, "--beside", "vae")
    code, out, _err = run("evaluate", "mine", corpus, *choices, "--sheet", sheet, "--json")
    found = json.loads(out)
    assert code == 0 and found["seed"] == 2 and found["pieces"] == 8 and found["beside_name"] == "vae"
    for side in ("generator", "beside", "real"):
        assert {"in_scale", "in_metre", "copy_rate"} <= found[side]["figures"].keys()
        assert found[side]["embedding"] >= 0 and found[side]["profile"] >= 0
    assert found["units"]["profile"] and found["verdicts"] and sheet.read_bytes().startswith(b"\x89PNG")
    folder = resolve(trained)
    card = music_gan_card("mine", folder.config, folder.training, evaluation=found)
    assert "| vae |" in card and "--beside vae" in card and f"{found['real']['profile']:.3f}" in card
    code, out, _err = run("evaluate", "mine", corpus, *choices)
    assert code == 0 and "seed 2" in out and "validation" in out and "vae" in out


def test_it_creates_works(trained: Path, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    code, out, _err = run("create", "music", "-m", "mine", "--bars", 2, "--density", "low", "-o", path, "--json")
    assert code == 0 and json.loads(out)["parameters"]["density"] == "low"
    assert run("verify", path)[0] == 0
    roll = tmp_path / "roll.png"
    assert run("create", "music", "-m", "mine", "--bars", 2, "-o", roll, "-q")[0] == 0 and run("verify", roll)[0] == 0


@pytest.mark.parametrize(
    "choices",
    [["--encoding", "abc"], ["--encoding", "melody", "--grid", "quarter"], ["--width", "4"], ["--depth", "0"],
     ["--gamma", "-1"], ["--keep", "first"], ["--rate", "0"], ["--size", "64"], ["--codec", "sentences"], ["--flip"]],
)  # fmt: skip
def test_wrong_choices_are_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "gan", CHORALES, "--name", "wrong", "--kind", "music", *choices)
    assert code == 2 and choices[-2 if len(choices) > 1 else 0] in err and "Traceback" not in err


def test_wrong_uses_are_refused(trained: Path, run: Any, corpus: Path, home: Path, tmp_path: Path) -> None:
    save_music(home / "models/melody", encoding="melody", grid="sixteenth")
    save_music(home / "models/other")
    (tmp_path / "empty").mkdir()
    (tmp_path / "silent").mkdir()
    (tmp_path / "silent/a-quarter.json").write_text(json.dumps({"train": [[[]] * 40] * 4}))
    for arguments in (
        ["create", "image", "-m", "mine"],
        ["create", "music", "-m", "mine", "--like", str(DATA / "chorale-1.mid")],
        ["evaluate", "mine", str(corpus), "--truncation", "0.5"],
        ["evaluate", "mine", str(corpus), "--importance", "5"],
        ["evaluate", "mine", str(corpus), "--beside", "melody"],
        ["evaluate", "mine", str(corpus), "--beside", "garments-32"],
        ["evaluate", "mine", str(CHORALES)],
        ["evaluate", "other", str(corpus), "--beside", "mine"],
        ["models", "export", "mine", "-o", str(tmp_path / "x.onnx")],
        ["train", "gan", str(tmp_path / "empty"), "--kind", "music", "--name", "none"],
        ["train", "gan", str(tmp_path / "silent"), "--kind", "music", "--name", "none"],
        ["train", "gan", str(corpus), "--kind", "image", "--name", "none", "--encoding", "satb"],
    ):
        code, _out, err = run(*arguments)
        assert code == 2 and err and "Traceback" not in err, arguments
