"""A codec from the command line: plan, train, stop and resume, measure, export, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.errors import UserError
from luokuan.foundation.modelfolder import resolve
from luokuan.models.codec.train import CodecRun

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("codec") / "home"


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
    choices = ["--levels", "8,5", "--steps", "4", "--batch", "4", "--adversary-from", "0.5", "--quiet"]
    assert main(["train", "codec", str(EXAMPLE), str(EXAMPLE), "--name", "mine", *choices]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["levels"] == [8, 5]
    assert len(folder.training["corpus"]["digests"]) == 2 and folder.training["steps"] == 4
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "--levels 8,5 --steps 4" in card and "nats a picture" in card
    assert json.loads((home / "runs/mine/run.json").read_text())["family"] == "codec"


def test_the_record_does_not_depend_on_the_language(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for language in ("en", "zh"):
        monkeypatch.setenv("LUOKUAN_LANG", language)
        choices = ["--name", "spoken", "--size", "32", "--steps", "2", "--batch", "4", "-q"]
        assert run("train", "gan", EXAMPLE, *choices)[0] == 0
        digests.append(resolve(home / "models/spoken").digest)
        shutil.rmtree(home / "models/spoken")
        shutil.rmtree(home / "runs/spoken")
    assert digests[0] == digests[1]


def test_the_python_facade_trains_codecs(home: Path) -> None:
    import luokuan

    model = luokuan.train("codec", [EXAMPLE], name="facade", levels=(8,), steps=2, batch=4)
    assert model is not None and model.config["family"] == "codec"
    with pytest.raises(UserError, match="can't be trained"):
        luokuan.train("diffusion", EXAMPLE, name="other")


def test_evaluate_prints_fidelity(trained: Path, run: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, out, _err = run("evaluate", "mine", EXAMPLE, "--size", 32, "--sheet", sheet, "--json")
    found = json.loads(out)
    assert code == 0 and found["size"] == 32 and found["held_out"] > 20 and found["psnr"] > 5
    assert sheet.read_bytes().startswith(b"\x89PNG")
    code, out, _err = run("evaluate", "mine", EXAMPLE, "--size", 32)
    assert code == 0 and "PSNR" in out and "floor" in out
    code, _out, err = run("evaluate", "mine", EXAMPLE, "--size", 36)
    assert code == 2 and "multiple of 8" in err
    code, _out, err = run("evaluate", "mine", EXAMPLE, "--among", 4)
    assert code == 2 and "samples none" in err


def test_export_to_onnx(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("models", "export", "mine", "-o", tmp_path / "codec.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3


def test_it_creates_nothing_by_itself(trained: Path, run: Any, tmp_path: Path) -> None:
    code, _out, err = run("create", "image", "a dress", "-m", "mine", "-o", tmp_path / "x.png")
    assert code == 2 and "no pictures by itself" in err and not (tmp_path / "x.png").exists()


def test_the_plan_counts_every_part_of_the_run(run: Any) -> None:
    code, out, _err = run(
        "train", "codec", EXAMPLE, "--name", "plan", "--steps", 10, "--batch", 4, "--dry-run", "--json"
    )
    plan = json.loads(out)
    assert code == 0 and plan["bottleneck"] == "fsq" and plan["gflop_per_item"] > 1
    assert set(plan["parameters"]) == {"encoder", "decoder", "discriminator"}


def test_resume_gives_the_uninterrupted_result(run: Any, home: Path) -> None:
    choices = ["--levels", "8", "--steps", 6, "--batch", 4, "--adversary-from", 0.5, "--precision", "float32", "-q"]
    assert run("train", "codec", EXAMPLE, "--name", "whole", *choices)[0] == 0
    assert run("train", "codec", EXAMPLE, "--name", "cut", *choices)[0] == 0
    # As if it had been killed before its first timed checkpoint: only the one at step 0 is left.
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "codec", EXAMPLE, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "choices",
    [
        ["--bottleneck", "vq"],
        ["--latent-channels", "5", "--bottleneck", "kl"],
        ["--latent-channels", "4"],
        ["--levels", "8,5", "--bottleneck", "kl"],
        ["--levels", "8,x"],
        ["--levels", "8,1"],
        ["--adversary-from", "2"],
        ["--rate", "0"],
        ["--steps", "1", "--minutes", "1"],
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "codec", EXAMPLE, "--name", "wrong", *choices)
    assert code == 2 and choices[0] in err and "Traceback" not in err


def test_records_of_older_runs_are_taken() -> None:
    CodecRun(name="old", bottleneck="fsq", latent_channels=8).check()


def test_a_run_of_another_family_is_not_resumed(trained: Path, run: Any) -> None:
    code, _out, err = run("train", "gan", EXAMPLE, "--name", "mine", "--resume")
    assert code == 2 and "family 'codec'" in err
