"""A VAE from the command line: plan, train, resume, measure, create, export, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve
from luokuan.models.vae.card import vae_card

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vae") / "home"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        os.environ["LUOKUAN_HOME"] = str(home)
        code = main([str(a) for a in arguments])
        return code, *capfd.readouterr()

    return call


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    os.environ["LUOKUAN_HOME"] = str(home)
    choices = ["--size", "32", "--latent", "8", "--beta", "0.5", "--steps", "10", "--batch", "4", "--quiet"]
    assert main(["train", "vae", str(EXAMPLE), "--name", "mine", *choices]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path, run: Any) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["kind"] == "image" and folder.config["components"] == 32
    card = (trained / "README.md").read_text(encoding="utf-8")
    for part in (
        "--kind image --size 32 --latent 8",
        "--beta 0.5 --warm-up 0.1 --steps 10",
        "nats a picture",
        "active",
    ):
        assert part in card
    assert list((home / "runs/mine/previews").iterdir())
    code, out, _err = run("models", "show", "mine")
    assert code == 0 and "Importance-weighted bound" in out
    code, out, _err = run("models", "list", "--json")
    assert code == 0 and {"mine": "vae"}.items() <= {m["name"]: m["family"] for m in json.loads(out)["models"]}.items()


def test_the_plan(run: Any) -> None:
    code, out, _err = run(
        "train", "vae", EXAMPLE, "--name", "plan", "--size", 32, "--steps", 10, "--batch", 4, "--dry-run", "--json"
    )
    plan = json.loads(out)
    assert code == 0 and plan["kind"] == "image" and 0.3 < plan["gflop_per_item"] < 3
    assert sum(plan["parameters"].values()) < 2_000_000


def test_the_python_facade_trains_vaes(home: Path) -> None:
    import luokuan

    model = luokuan.train("vae", EXAMPLE, name="facade", kind="image", size=32, latent=4, steps=2, batch=4)
    assert model is not None and model.config["family"] == "vae"


def test_evaluate_prints_the_bound_and_both_priors(trained: Path, run: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    choices = ("-n", 20, "--resolution", 32, "--importance", 3)
    code, out, _err = run("evaluate", "mine", EXAMPLE, *choices, "--sheet", sheet, "--json")
    found = json.loads(out)
    bound = found["bound"]
    assert code == 0 and found["samples"] == 20 and bound["importance_draws"] == 3
    assert bound["importance_nats"] < bound["importance_elbo_nats"]
    assert bound["standard"]["frechet_distance"] > 0 and set(bound["units"]) < set(bound)
    assert sheet.with_name("sheet-latents.png").read_bytes().startswith(b"\x89PNG")
    folder = resolve(trained)
    card = vae_card("mine", folder.config, folder.training, evaluation=found)
    assert "--importance 3" in card and f"{bound['standard']['frechet_distance']:.1f}" in card
    code, out, _err = run("evaluate", "mine", EXAMPLE, *choices[:4], "--importance", 0)
    assert code == 0 and "Active latent values" in out and "from N(0, I)" in out and "importance" not in out


def test_it_creates_works(trained: Path, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    assert run("create", "image", "-m", "mine", "--seed", 3, "-o", path, "-q")[0] == 0
    assert run("verify", path)[0] == 0


def test_export_to_onnx(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("models", "export", "mine", "-o", tmp_path / "vae.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3


@pytest.mark.slow
def test_resume_gives_the_uninterrupted_result(run: Any, home: Path) -> None:
    choices = ["--size", 32, "--latent", 4, "--steps", 6, "--batch", 4, "--precision", "float32", "-q"]
    assert run("train", "vae", EXAMPLE, "--name", "whole", *choices)[0] == 0
    assert run("train", "vae", EXAMPLE, "--name", "cut", *choices)[0] == 0
    # As if it had been killed before its first timed checkpoint: only the one at step 0 is left.
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "vae", EXAMPLE, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "choices",
    [
        ["--size", "48"],
        ["--latent", "0"],
        ["--likelihood", "normal"],
        ["--scale", "pixel"],
        ["--beta", "-1"],
        ["--warm-up", "2"],
        ["--rate", "0"],
        ["--batch", "1"],
        ["--steps", "1", "--minutes", "1"],
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "vae", EXAMPLE, "--name", "wrong", *choices)
    assert code == 2 and choices[0] in err and "Traceback" not in err


def test_other_kinds_are_refused(run: Any) -> None:
    for kind in ("words", "sound", ""):
        code, _out, err = run("train", "vae", EXAMPLE, "--name", "wrong", "--kind", kind)
        assert code == 2 and f"'{kind}'" in err and "image" in err and "Traceback" not in err


def test_importance_is_for_vaes(run: Any, tmp_path: Path) -> None:
    code, _out, err = run("evaluate", "garments-32", EXAMPLE, "--importance", 5)
    assert code == 2 and "no likelihood" in err


def test_a_run_of_another_family_is_not_resumed(trained: Path, run: Any) -> None:
    code, _out, err = run("train", "gan", EXAMPLE, "--name", "mine", "--resume")
    assert code == 2 and "family 'vae'" in err
