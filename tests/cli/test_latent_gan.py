"""A latent GAN from the command line: plan, train, list, show, create, evaluate, export, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from codecs_for_tests import GAUSSIAN, save_codec

from luokuan.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"
CHOICES = ["--space", "latent", "--codec", "tiny", "--size", "32", "--batch", "4"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("latent") / "home"
    save_codec(place / "models/tiny", GAUSSIAN)
    return place


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        os.environ["LUOKUAN_HOME"] = str(home)
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    os.environ["LUOKUAN_HOME"] = str(home)
    assert main(["train", "gan", str(EXAMPLE), "--name", "mine", *CHOICES, "--steps", "3", "--quiet"]) == 0
    return home / "models" / "mine"


def test_train_announces_codec_and_grid(run: Any) -> None:
    code, out, err = run("train", "gan", EXAMPLE, "--name", "loud", *CHOICES, "--steps", 1)
    said = out + err
    assert code == 0 and "tiny (" in said and "4 × 4 × 4" in said and "times the ratio" in said
    assert "can't be sold" in said


def test_the_plan(run: Any) -> None:
    code, out, _err = run("train", "gan", EXAMPLE, "--name", "plan", *CHOICES, "--steps", 9, "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0 and (plan["codec"], plan["cells"], plan["channels"]) == ("tiny", 4, 4)
    assert plan["distance_ratio"] > 0 and plan["gflop_per_item"] > 0


def test_list_and_show(trained: Path, run: Any) -> None:
    models = {m["name"]: m for m in json.loads(run("models", "list", "--json")[1])["models"]}
    assert models["mine"]["size"] == 32 and models["garments-32"]["size"] == 32
    code, out, _err = run("models", "show", "mine")
    assert code == 0 and "of the codec tiny" in out
    assert json.loads((trained / "config.json").read_text())["codec_digest"] in out


def test_create_evaluate_and_export(trained: Path, run: Any, tmp_path: Path) -> None:
    code, _out, _err = run("create", "image", "a dress", "-m", "mine", "-o", tmp_path / "a.png", "--seed", 3)
    assert code == 0 and (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    code, out, _err = run("evaluate", "mine", EXAMPLE, "-n", 20, "--resolution", 32, "--json")
    assert code == 0 and json.loads(out)["size"] == 32 and json.loads(out)["samples"] == 20
    code, out, _err = run("models", "export", "mine", "-o", tmp_path / "mine.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        (["--codec", "tiny"], "--codec has no say"),
        (["--crops", "2"], "--crops has no say"),
        (["--space", "dreams"], "--space"),
        (["--space", "latent", "--codec", "nobody"], "no codec 'nobody'"),
        (["--space", "latent", "--codec", "garments-32"], "family 'gan'"),
        (["--space", "latent", "--codec", "tiny", "--crops", "65"], "--crops"),
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str], what: str) -> None:
    code, _out, err = run("train", "gan", EXAMPLE, "--name", "wrong", "--steps", 1, *choices)
    assert code == 2 and what in err and "Traceback" not in err


def test_another_codec_is_one_sentence_for_every_command(trained: Path, run: Any, home: Path, tmp_path: Path) -> None:
    kept = home / "kept"
    (home / "models/tiny").rename(kept)
    try:
        code, _out, err = run("create", "image", "a dress", "-m", "mine", "-o", tmp_path / "x.png")
        assert code == 2 and "isn't here" in err and "Traceback" not in err and not (tmp_path / "x.png").exists()
        save_codec(home / "models/tiny")
        for command in (
            ["create", "image", "a dress", "-m", "mine", "-o", tmp_path / "x.png"],
            ["evaluate", "mine", EXAMPLE],
            ["models", "export", "mine", "-o", tmp_path / "x.onnx"],
        ):
            code, _out, err = run(*command)
            assert code == 2 and "has the digest" in err and "Traceback" not in err
        assert run("models", "show", "mine")[0] == 0
    finally:
        shutil.rmtree(home / "models/tiny", ignore_errors=True)
        kept.rename(home / "models/tiny")
