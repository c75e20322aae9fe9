"""A prior from the command line: plan, train, resume, create, evaluate, export, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from codecs_for_tests import GAUSSIAN, save_codec

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve
from luokuan.foundation.runs import in_one_place
from luokuan.store.home import open_home

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"
SMALL = ["--codec", "tiny-codec", "--width", "64", "--layers", "1", "--batch", "8"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("prior") / "home"
    save_codec(place / "models/tiny-codec")
    save_codec(place / "models/smooth-codec", GAUSSIAN)
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
    assert main(["train", "prior", str(EXAMPLE), "--name", "mine", *SMALL, "--steps", "4", "--quiet"]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path) -> None:
    folder = resolve(trained)
    assert folder.config["condition"] == "class" and len(folder.config["classes"]) == 10
    assert folder.config["codec_digest"] == resolve(home / "models/tiny-codec").network_digest
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "--condition class" in card and "nats with their condition" in card and "--steps 4" in card


@pytest.mark.slow
def test_create_evaluate_and_export(trained: Path, run: Any, tmp_path: Path) -> None:
    picture = tmp_path / "dress.png"
    code, _out, err = run("create", "image", "--class", "dress", "-m", "mine", "-o", picture, "--guidance", 2)
    assert code == 0 and picture.read_bytes().startswith(b"\x89PNG"), err
    code, out, _err = run("create", "image", "-m", "mine", "--like", picture, "-o", tmp_path / "b.png", "--json")
    assert code == 0 and json.loads(out)["model"] == "mine"
    code, out, _err = run("evaluate", "mine", EXAMPLE, "-n", 24, "--json")
    plain = json.loads(out)
    assert code == 0 and plain["size"] == 64 and plain["guidance"] == 1
    code, out, _err = run("evaluate", "mine", EXAMPLE, "-n", 24, "--guidance", 4, "--json")
    assert code == 0 and json.loads(out)["guidance"] == 4 and json.loads(out)["result"] != plain["result"]
    code, _out, err = run("evaluate", "garments-32", EXAMPLE, "-n", 24, "--guidance", 4)
    assert code == 2 and "can't be guided" in err
    code, out, err = run("models", "export", "mine", "-o", tmp_path / "prior.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3, err


def bomb() -> bytes:
    """The header of a PNG of 60,000 × 60,000 pixels, and nothing else."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "data",
    [b"", b"hello", bomb(), b"\xff\xd8\xff\xe0 half", b"GIF89a" + bytes(7)],
    ids=["empty", "text", "bomb", "cut", "gif"],
)
def test_a_hostile_picture_to_start_from_is_one_sentence(run: Any, tmp_path: Path, data: bytes) -> None:
    picture = tmp_path / "start.png"
    picture.write_bytes(data)
    code, _out, err = run("create", "image", "-m", "mine", "--like", picture, "-o", tmp_path / "b.png")
    assert code == 2 and "start.png can't be used" in err and "Traceback" not in err
    assert not (tmp_path / "b.png").exists()
    code, _out, err = run("create", "image", "-m", "mine", "--like", tmp_path, "-o", tmp_path / "b.png")
    assert code == 2 and "can't be used" in err


def test_a_base_is_recorded_and_needed_only_at_the_start(trained: Path, run: Any, home: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.copytree(trained, away)
    shutil.copytree(home / "models/tiny-codec", tmp_path / "tiny-codec")
    choices = [*SMALL, "--steps", 2, "--base", away]
    code, out, err = run("train", "prior", EXAMPLE, "--name", "second", *choices)
    assert code == 0 and "10 of 10 classes" in out + err
    record = json.loads((home / "models/second/training.json").read_text())
    assert record["corpus"]["base"]["digest"] == resolve(trained).network_digest
    assert record["run"]["base"] == "away"  # nothing of this machine's folders
    card = (home / "models/second/README.md").read_text(encoding="utf-8")
    assert "--base away" in card and "Base 基础模型: away" in card and str(tmp_path) not in card
    first = (home / "models/second/model.safetensors").read_bytes()
    shutil.rmtree(home / "models/second")
    shutil.rmtree(away)
    assert run("train", "prior", EXAMPLE, "--name", "second", "--resume", "-q")[0] == 0
    assert (home / "models/second/model.safetensors").read_bytes() == first
    again = json.loads((home / "models/second/training.json").read_text())
    assert again["corpus"] == record["corpus"] and again["run"] == record["run"]
    # Killed before its first checkpoint it needs the base again: the same one.
    shutil.rmtree(home / "models/second")
    shutil.rmtree(home / "runs/second/checkpoints")
    code, _out, err = run("train", "prior", EXAMPLE, "--name", "second", "--resume", "-q")
    assert code == 2 and "There is no model" in err
    shutil.copytree(trained, away)
    weights = bytearray((away / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (away / "model.safetensors").write_bytes(weights)
    code, _out, err = run("train", "prior", EXAMPLE, "--name", "second", "--resume", "-q")
    assert code == 2 and "'away', on which the run rests, has changed" in err
    (away / "model.safetensors").write_bytes((trained / "model.safetensors").read_bytes())
    assert run("train", "prior", EXAMPLE, "--name", "second", "--resume", "-q")[0] == 0
    assert (home / "models/second/model.safetensors").read_bytes() == first
    chain = ["--name", "third", *SMALL, "--steps", 1, "--base", "second", "-q"]
    assert run("train", "prior", EXAMPLE, *chain)[0] == 0
    third = json.loads((home / "models/third/training.json").read_text())
    assert third["corpus"]["base"]["name"] == "second" and third["corpus"]["base"]["base"]["name"] == "away"
    assert "Base 基础模型: away" in (home / "models/third/README.md").read_text(encoding="utf-8")


def test_a_run_in_training_is_left_alone(trained: Path, run: Any, home: Path) -> None:
    with in_one_place(open_home(home), "mine"):
        code, _out, err = run("train", "prior", EXAMPLE, "--name", "mine", "--resume", "-q")
        assert code == 2 and "being trained by another process" in err
        code, _out, err = run("models", "remove", "mine", "--yes")
        assert code == 2 and "being trained by another process" in err
    assert trained.is_dir()


def test_the_plan(run: Any) -> None:
    choices = ["--name", "plan", "--steps", 10, "--dry-run", "--json", *SMALL]
    code, out, _err = run("train", "prior", EXAMPLE, *choices)
    plan = json.loads(out)
    assert code == 0 and plan["cells"] == 64 and plan["condition"] == "class" and set(plan["parameters"]) == {"prior"}
    # The pictures are CC0-1.0, but nobody says what the codec learnt from.
    assert plan["licence"] == "unknown"
    code, out, _err = run("train", "prior", EXAMPLE, *(c for c in choices if c != "--json"))
    assert code == 0 and "Licence of the model: unknown" in out


@pytest.mark.parametrize("order", ["autoregressive", "masked"])
def test_resume_gives_the_uninterrupted_result(run: Any, home: Path, order: str) -> None:
    choices = [
        *SMALL,
        "--steps",
        6,
        "--order",
        order,
        "--dropout",
        0.2,
        "--keep",
        "last",
        *(["--blank", 1] if order == "autoregressive" else []),
        "--precision",
        "float32",
        "-q",
    ]
    for name in ("whole", "cut"):
        shutil.rmtree(home / "models" / name, ignore_errors=True)
        shutil.rmtree(home / "runs" / name, ignore_errors=True)
        assert run("train", "prior", EXAMPLE, "--name", name, *choices)[0] == 0
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "prior", EXAMPLE, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]
    hidden = "--blank 1 " if order == "autoregressive" else ""
    assert f"--dropout 0.2 {hidden}--keep last" in (home / "models/cut/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["--order", "random"], "--order"),
        (["--condition", "mood"], "--condition"),
        (["--condition", "text"], "nothing for --condition text"),
        (["--size", "48"], "--size"),
        (["--width", "100"], "--width"),
        (["--dropout", "1"], "--dropout"),
        (["--blank", "1.1"], "--blank"),
        (["--blank", "0.5", "--order", "masked"], "--blank has no say with --order masked."),
        (["--keep", "first"], "Allowed: best, last."),
        (["--codec", "absent"], "absent"),
        (["--codec", "garments-32"], "no codec"),
        (["--codec", "smooth-codec"], "no tokens"),
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str], said: str) -> None:
    code, _out, err = run("train", "prior", EXAMPLE, "--name", "wrong", *SMALL, *choices)
    assert code == 2 and said in err and "Traceback" not in err
