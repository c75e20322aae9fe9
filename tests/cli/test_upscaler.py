"""An upscaler from the command line: plan, train, stop and resume, measure, export, use, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from upscalers_for_tests import BETTER, WORSE, save_upscaler

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upscaler") / "home"


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
    choices = ["--steps", "3", "--batch", "4", "--adversary-from", "0.5", "--quiet"]
    assert main(["train", "upscaler", str(EXAMPLE), str(EXAMPLE), "--name", "mine", *choices]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model_with_its_comparison(trained: Path, home: Path) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.megabytes < 1
    assert len(folder.training["corpus"]["digests"]) == 2 and folder.training["steps"] == 3
    found = folder.training["comparison"]
    assert set(found["methods"]) == {"upscaler", "bicubic", "lanczos"} and found["held_out"] >= 20
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "--steps 3" in card and f"{found['methods']['lanczos']['psnr']:.2f}" in card
    assert json.loads((home / "runs/mine/run.json").read_text())["family"] == "upscaler"


def test_show_and_export(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("models", "show", "mine")
    assert code == 0 and "kernel distance" in out
    code, out, _err = run("models", "export", "mine", "-o", tmp_path / "mine.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3


def test_evaluate_prints_three_ways(trained: Path, run: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, out, _err = run("evaluate", "mine", EXAMPLE, "--size", 16, "--sheet", sheet, "--json")
    found = json.loads(out)
    assert code == 0 and found["size"] == 32 and found["upscaler_digest"] == resolve(trained).digest
    assert found["methods"]["bicubic"]["psnr"] > 10 and sheet.read_bytes().startswith(b"\x89PNG")
    code, out, _err = run("evaluate", "mine", EXAMPLE, "--size", 16)
    assert code == 0 and "lanczos" in out and "from 16² to 32²" in out and "bicubic interpolation" in out
    code, _out, err = run("evaluate", "mine", EXAMPLE, "--size", 8)
    assert code == 2 and "11 or more" in err
    code, _out, err = run("evaluate", "mine", EXAMPLE, "--among", 4)
    assert code == 2 and "samples none" in err


def test_the_plan_counts_both_networks(run: Any) -> None:
    code, out, _err = run(
        "train", "upscaler", EXAMPLE, "--name", "plan", "--steps", 10, "--batch", 4, "--dry-run", "--json"
    )
    plan = json.loads(out)
    assert code == 0 and plan["gflop_per_item"] > 1
    assert set(plan["parameters"]) == {"upscaler", "discriminator"} and plan["parameters"]["upscaler"] <= 300_000


def test_resume_gives_the_uninterrupted_result(run: Any, home: Path) -> None:
    choices = ["--steps", 4, "--batch", 4, "--adversary-from", 0.5, "--precision", "float32", "-q"]
    assert run("train", "upscaler", EXAMPLE, "--name", "whole", *choices)[0] == 0
    assert run("train", "upscaler", EXAMPLE, "--name", "cut", *choices)[0] == 0
    # As if it had been killed before its first timed checkpoint: only the one at step 0 is left.
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "upscaler", EXAMPLE, "--name", "cut", "--resume", "-q")[0] == 0
    whole, cut = (resolve(home / "models" / name) for name in ("whole", "cut"))
    assert (whole.path / "model.safetensors").read_bytes() == (cut.path / "model.safetensors").read_bytes()
    assert whole.training["comparison"] == cut.training["comparison"]


def test_create_uses_it_if_its_record_says_so(run: Any, home: Path, tmp_path: Path) -> None:
    for name, training in (("good", BETTER), ("bad", WORSE)):
        if not (home / "models" / name).exists():
            save_upscaler(home / "models" / name, training=training)
    found = {}
    for name in ("good", "bad"):
        path = tmp_path / f"{name}.png"
        code, out, _err = run("create", "image", "--upscale", 2, "--upscaler", name, "-o", path, "--json")
        assert code == 0 and path.exists()
        found[name] = json.loads(out)["upscale"]
    assert found["good"]["method"] == "upscaler" and found["good"]["factor"] == 2
    assert found["good"]["model_digest"] == resolve(home / "models/good").digest
    assert found["bad"] == {"factor": 2, "method": "lanczos", "reason": "not better"}
    code, out, _err = run("create", "image", "--upscale", 4, "--upscaler", "bad", "-o", tmp_path / "x.png")
    assert code == 0 and "with Lanczos" in out
    code, out, _err = run("create", "image", "-o", tmp_path / "y.png", "--json")
    assert code == 0 and json.loads(out)["upscale"] is None


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["--upscale", "3"], "2 or 4"),
        (["--upscale", "2", "--upscaler", "garments-32"], "no upscaler"),
        (["--upscale", "2", "--upscaler", "nobody"], "no model 'nobody'"),
        (["--upscaler", "mine"], "without --upscale"),
        (["-m", "mine"], "no pictures by itself"),
    ],
)
def test_wrong_use_is_refused(trained: Path, run: Any, tmp_path: Path, choices: list[str], words: str) -> None:
    code, _out, err = run("create", "image", *choices, "-o", tmp_path / "x.png")
    assert code == 2 and words in err and "Traceback" not in err and not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    "choices",
    [["--adversary-from", "2"], ["--adversary", "-1"], ["--matching", "1000"], ["--rate", "0"], ["--batch", "1"]],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "upscaler", EXAMPLE, "--name", "wrong", *choices)
    assert code == 2 and choices[0] in err and "Traceback" not in err


def test_the_python_facade_trains_upscalers(home: Path) -> None:
    import luokuan

    os.environ["LUOKUAN_HOME"] = str(home)
    model = luokuan.train("upscaler", [EXAMPLE], name="facade", steps=1, batch=2)
    assert model is not None and model.config["family"] == "upscaler"
    assert luokuan.load("facade").config.width == 48
