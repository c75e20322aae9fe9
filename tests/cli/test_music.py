"""A music VAE from the command line: plan, train, resume, measure, create, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from scores_for_tests import CHORALES, DATA, save_music

from luokuan.cli.main import main
from luokuan.colophon import ffmpeg
from luokuan.foundation.modelfolder import resolve
from luokuan.models.vae.music.card import music_card

SMALL = ["--kind", "music", "--latent", "4", "--width", "32", "--batch", "4", "--precision", "float32"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("music") / "home"


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
    assert main(["train", "vae", str(CHORALES), "--name", "mine", *SMALL, "--steps", "10", "--quiet"]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path, run: Any) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["kind"] == "music" and folder.config["encoding"] == "satb"
    card = (trained / "README.md").read_text(encoding="utf-8")
    for part in ("--kind music --encoding satb", "--latent 4 --width 32", "nats a frame", "6 training pieces"):
        assert part in card
    assert list((home / "runs/mine/previews").glob("*.png"))
    code, out, _err = run("models", "list", "--json")
    assert code == 0 and "mine" in out


def test_the_plan(run: Any) -> None:
    code, out, _err = run("train", "vae", CHORALES, "--name", "plan", *SMALL, "--steps", 10, "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0 and plan["kind"] == "music" and plan["encoding"] == "satb" and plan["segment_frames"] == 16
    assert plan["unit"] == "pieces" and plan["training_items"] == 6 and plan["held_out_items"] == 2


def test_resume_gives_the_uninterrupted_result(run: Any, home: Path) -> None:
    choices = [*SMALL, "--steps", 6, "-q"]
    for name in ("whole", "cut"):
        assert run("train", "vae", CHORALES, "--name", name, *choices)[0] == 0
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "vae", CHORALES, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]


def test_evaluate_prints_bounds_and_figures(trained: Path, run: Any, home: Path, tmp_path: Path) -> None:
    plain = save_music(home / "models/plain", latent=0, attributes=())
    sheet = tmp_path / "sheet.png"
    choices = ("-n", 20, "--importance", 3, "--beside", "plain", "--sheet", sheet)
    code, out, _err = run("evaluate", "mine", CHORALES, *choices, "--json")
    found = json.loads(out)
    assert code == 0 and found["split"] == "test" and found["likelihood"]["importance_draws"] == 3
    assert found["likelihood"]["nats_per_frame"] <= found["likelihood"]["elbo_nats_per_frame"] + 0.5
    assert found["beside"]["nats_per_frame"] > 0 and plain.config["latent"] == 0
    assert found["written"]["pieces"] == 20 and found["published"]["RNN-NADE"] == 5.56 and found["verdicts"]
    assert sheet.read_bytes().startswith(b"\x89PNG")
    folder = resolve(trained)
    card = music_card("mine", folder.config, folder.training, evaluation=found)
    assert f"{found['beside']['nats_per_frame']:.3f}" in card and "held-out pieces" in card
    code, out, _err = run("evaluate", "mine", CHORALES, "-n", 20, "--importance", 2)
    assert code == 0 and "nats a frame" in out and "seed 0" in out


def test_it_creates_works(trained: Path, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    assert run("create", "music", "-m", "mine", "--bars", 2, "--seed", 3, "-o", path, "-q")[0] == 0
    assert run("verify", path)[0] == 0
    code, out, _err = run("create", "music", "-m", "mine", "--like", path, "--noise", 0.3, "-o", tmp_path / "y.wav",
                          "--soundfont", "", "--json")  # fmt: skip
    assert code == 0 and json.loads(out)["parameters"]["synthesiser"] == "built-in"
    if ffmpeg.encodes("aac"):
        code, out, _err = run("create", "music", "-m", "mine", "--like", path, "-o", tmp_path / "y.m4a", "--json",
                              "--soundfont", "")  # fmt: skip
        assert code == 0 and json.loads(out)["media_type"] == "audio/mp4" and run("verify", tmp_path / "y.m4a")[0] == 0
    way = ("--from", path, "--to", DATA / "chorale-1.mid", "--steps", 3, "-o", tmp_path / "way")
    assert run("create", "music", "-m", "mine", *way, "-q")[0] == 0
    assert [item.name[:2] for item in sorted((tmp_path / "way").glob("*.mid"))] == ["01", "02", "03"]


@pytest.mark.parametrize(
    "choices",
    [
        ["--encoding", "abc"],
        ["--grid", "eighth"],
        ["--encoding", "melody", "--grid", "quarter"],
        ["--latent", "-1"],
        ["--width", "33"],
        ["--free-bits", "-1"],
        ["--hide", "2"],
        ["--dropout", "1"],
        ["--rate", "0"],
        ["--keep", "first"],
        ["--flip"],
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "vae", CHORALES, "--name", "wrong", "--kind", "music", *choices)
    assert code == 2 and choices[-2 if len(choices) > 1 else 0] in err and "Traceback" not in err


def test_wrong_uses_are_refused(trained: Path, run: Any, tmp_path: Path) -> None:
    (tmp_path / "cut.mid").write_bytes((DATA / "chorale-1.mid").read_bytes()[:100])
    for arguments in (
        ["create", "image", "-m", "mine"],
        ["create", "music", "-m", "garments-32"],
        ["create", "music", "-m", "mine", "--from", str(DATA / "chorale-1.mid"), "-o", str(tmp_path / "x.mid")],
        ["create", "music", "-m", "mine", "--steps", "3", "-o", str(tmp_path / "x.mid")],
        ["create", "music", "-m", "mine", "--like", str(tmp_path / "cut.mid"), "-o", str(tmp_path / "x.mid")],
        ["create", "music", "-m", "mine", "--key", "A minor", "-o", str(tmp_path / "x.mid")],
        ["create", "music", "-m", "mine", "-o", str(tmp_path / "x.wav"), "--soundfont", str(tmp_path / "cut.mid")],
        ["create", "music", "-m", "mine", "--from", "a.mid", "--to", "b.mid", "-n", "2"],
        ["create", "music", "-m", "mine", "-o", str(tmp_path / "x.doc"), "--format", "doc"],
        ["evaluate", "mine", str(CHORALES), "--truncation", "0.5"],
        ["evaluate", "garments-32", str(CHORALES), "--beside", "mine"],
        ["models", "export", "mine", "-o", str(tmp_path / "x.onnx")],
        ["train", "vae", str(DATA / "absent"), "--kind", "music", "--name", "none"],
    ):
        code, _out, err = run(*arguments)
        assert code == 2 and err and "Traceback" not in err, arguments
        assert "--from" not in arguments or "--to" in err or "-n" in arguments, err
        assert "cut.mid" not in str(arguments) or "--soundfont" in arguments or "MIDI" in err, err
    assert {path.name for path in tmp_path.glob("*.*")} == {"cut.mid"}, "nothing half-written"
