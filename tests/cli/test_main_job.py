"""The main job as a person does it: check, train, list, create, verify, evaluate, export, remove."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "home"


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
    arguments = ["train", "gan", str(EXAMPLE), "--name", "mine", "--size", "32", "--steps", "4", "--batch", "8"]
    assert main([*arguments, "--quiet"]) == 0
    return home / "models" / "mine"


def test_train_writes_a_whole_model(trained: Path, home: Path) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["classes"][0] == "dress"
    record = folder.training
    assert record["steps"] == 4 and record["items"] == 32 and record["seed"] == 0
    assert record["versions"]["torch"] and record["corpus"]["aliases"]["连衣裙"] == "dress"
    assert "--steps 4" in (trained / "README.md").read_text(encoding="utf-8")
    run_folder = home / "runs" / "mine"
    assert {"metrics.jsonl", "run.json", "previews", "checkpoints"} <= {p.name for p in run_folder.iterdir()}


def test_create_and_verify(trained: Path, run: Any, tmp_path: Path) -> None:
    for ending in ("png", "jpg", "webp"):
        picture = tmp_path / f"picture.{ending}"
        code, out, _err = run("create", "image", "a red dress", "-m", "mine", "--seed", 7, "-o", picture, "--json")
        assert code == 0
        assert json.loads(out)["class"] == "dress"
        code, out, _err = run("verify", picture, "--json")
        verdict = json.loads(out)
        assert code == 0 and verdict["verdict"] == "ours"


def test_a_way_from_one_seed_to_another(trained: Path, home: Path, run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "way"
    code, out, _err = run(
        "create", "image", "dress", "-m", "mine", "--seed", 5, "--toward", 9, "-n", 3, "-o", folder, "--json"
    )
    works = json.loads(out)["works"]
    assert code == 0 and [work["class"] for work in works] == ["dress"] * 3
    names = sorted(path.name for path in folder.iterdir())
    assert [name.split("-")[4] for name in names] == ["0000", "0500", "1000"]
    assert [Path(work["path"]).name for work in works] == names
    assert all(run("verify", path)[0] == 0 for path in folder.iterdir())
    code, _out, err = run("create", "image", "-m", "mine", "--toward", 9, "-o", tmp_path / "one.png")
    assert code == 2 and "two pictures or more" in err


def test_a_way_as_a_strip(trained: Path, home: Path, run: Any, tmp_path: Path) -> None:
    picture = tmp_path / "strip.png"
    command = ("create", "image", "dress", "-m", "mine", "--seed", 5, "--toward", 9, "--strip", "-n")
    code, out, _err = run(*command, 3, "-o", picture, "--json")
    work = json.loads(out)
    assert code == 0 and work["path"] == str(picture) and work["class"] == "dress"
    assert run("verify", picture)[0] == 0
    with Image.open(picture) as opened:
        assert opened.size == (3 * 512, 512)  # the shortest side grows to 512 pixels, the label stands on the whole
    code, out, _err = run(*command, 2, "-o", tmp_path, "--json")
    assert code == 0 and Path(json.loads(out)["path"]).name.startswith("mine-5-to-9-")
    assert run(*command, 25)[0] == 2
    code, _out, err = run("create", "image", "-m", "mine", "--strip", "-n", 3)
    assert code == 2 and "Give --toward and --count with --strip." in err


def test_the_way_begins_and_ends_at_the_seeds(trained: Path) -> None:
    import numpy as np

    from luokuan.create.pictures import Manner, draft_images
    from luokuan.models.registry import load_picture_model

    model = load_picture_model(trained)
    way = list(draft_images("dress", model=model, seed=5, count=3, manner=Manner(1.0, toward=9)))
    ends = [next(draft_images("dress", model=model, seed=s, manner=Manner(1.0, among=1))) for s in (5, 9)]
    for draft, end in ((way[0], ends[0]), (way[2], ends[1])):
        difference = draft.media.pixels.astype(int) - end.media.pixels.astype(int)
        assert np.abs(difference).max() <= 1  # styles of other company round differently in the last bit
    assert way[1].recipe.parameters["share"] == 0.5 and way[1].recipe.parameters["toward"] == 9
    strip = list(draft_images("dress", model=model, seed=5, count=3, manner=Manner(1.0, toward=9, strip=True)))
    assert len(strip) == 1 and strip[0].recipe.parameters["strip"] == 3
    assert np.array_equal(strip[0].media.pixels, np.concatenate([draft.media.pixels for draft in way], axis=1))


def test_format_and_ending_must_agree(trained: Path, run: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "a.jpg"
    code, _out, err = run("create", "image", "-m", "mine", "--format", "png", "-o", wrong)
    assert code == 2 and "contradict" in err and not wrong.exists()
    same = tmp_path / "b.jpeg"
    assert run("create", "image", "-m", "mine", "--format", "jpg", "-o", same)[0] == 0
    assert same.read_bytes().startswith(b"\xff\xd8")


def test_the_same_seed_is_the_same_draft(trained: Path, home: Path) -> None:
    from luokuan.create.pictures import draft_images
    from luokuan.models.registry import load_model

    model = load_model(trained)
    alone = [next(draft_images("", model=model, seed=s)) for s in (5, 6)]
    together = list(draft_images("", model=model, seed=5, count=2))
    for one, other in zip(alone, together, strict=True):
        assert (one.media.pixels == other.media.pixels).all()
        assert one.recipe.parameters == other.recipe.parameters and one.recipe.seed == other.recipe.seed


def test_several_works_into_a_folder(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("create", "image", "-m", "mine", "-n", 3, "-o", tmp_path / "many", "--json")
    works = json.loads(out)["works"]
    assert code == 0 and len({w["sha256"] for w in works}) == 3
    assert run("verify", tmp_path / "many")[0] == 0


def test_several_works_need_a_folder(trained: Path, run: Any, tmp_path: Path) -> None:
    code, _out, err = run("create", "image", "-m", "mine", "-n", 2, "-o", tmp_path / "one.png")
    assert code == 2 and "is the name of one file, but 2 works were asked for" in err
    assert not list(tmp_path.iterdir())


def test_an_attribute_needs_a_value(trained: Path, run: Any, tmp_path: Path) -> None:
    code, _out, err = run("create", "image", "-m", "mine", "--attribute", "hair", "-o", tmp_path / "a.png")
    assert code == 2 and "--attribute needs a name and a value" in err


def test_unknown_words_are_said(trained: Path, run: Any, tmp_path: Path) -> None:
    _code, out, _err = run("create", "image", "red dress", "-m", "mine", "-o", tmp_path / "j.png", "--json")
    assert json.loads(out)["ignored_words"] == ["red"]
    _code, out, _err = run("create", "image", "red dress", "-m", "mine", "-o", tmp_path / "a.png")
    assert "effect on this model: red" in out
    code, _out, err = run("create", "image", "a bicycle", "-m", "mine", "-o", tmp_path / "b.png")
    assert code == 2 and "dress" in err and not (tmp_path / "b.png").exists()


def test_list_show_export_remove(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("models", "list", "--json")
    assert code == 0 and "mine" in {m["name"] for m in json.loads(out)["models"]}
    assert run("models", "show", "mine", "--json")[0] == 0
    code, out, _err = run("models", "export", "mine", "--to", "onnx", "-o", tmp_path / "mine.onnx", "--json")
    assert code == 0 and json.loads(out)["largest_difference"] < 1e-3
    assert run("models", "export", "mine", "--to", "hub-folder", "-o", tmp_path / "hub")[0] == 0
    assert resolve(tmp_path / "hub").digest == resolve(trained).digest
    code, _out, err = run("models", "export", "mine", "--to", "hub-folder", "-o", tmp_path / "hub")
    assert code == 2 and "exists" in err


def test_evaluate(trained: Path, run: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, out, _err = run("evaluate", "mine", EXAMPLE, "-n", 24, "--sheet", sheet, "--json", "--resolution", 64)
    report = json.loads(out)
    assert code == 0 and report["samples"] == 24 and report["held_out"] == 80
    assert report["result"]["frechet_distance"] > report["floor"]["frechet_distance"] > 0
    assert sheet.exists() and (tmp_path / "sheet-neighbours.png").exists()


def test_a_taken_name_and_resume_of_nothing(trained: Path, run: Any) -> None:
    code, _out, err = run("train", "gan", EXAMPLE, "--name", "mine", "--size", 32, "--steps", 2)
    assert code == 2 and "taken" in err
    code, _out, err = run("train", "gan", EXAMPLE, "--name", "absent", "--resume")
    assert code == 2 and "no run" in err


def test_dry_run_trains_nothing(run: Any, home: Path) -> None:
    code, out, _err = run(
        "train", "gan", EXAMPLE, "--name", "plan", "--size", 32, "--steps", 100, "--batch", 4, "--dry-run", "--json"
    )
    plan = json.loads(out)
    assert code == 0 and plan["gflop_per_item"] > 1 and plan["items_per_second"] > 0 and plan["items"] == 400
    assert not (home / "models/plan").exists() and not (home / "runs/plan").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--name", "../evil"],
        ["--name", "x", "--size", "48"],
        ["--name", "x", "--objective", "wish"],
        ["--name", "x", "--steps", "0"],
        ["--name", "x", "--steps", "1", "--minutes", "1"],
        ["--name", "x", "--device", "abacus"],
        ["--name", "x", "--preset", "huge"],
        [],
    ],
)
def test_wrong_choices_are_one_sentence(run: Any, arguments: list[str]) -> None:
    code, out, err = run("train", "gan", EXAMPLE, *arguments)
    assert code == 2 and out == "" and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_interrupted_training_resumes_to_a_model(home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "luokuan", "train", "gan", str(EXAMPLE)]
    command += ["--name", "stopped", "--size", "32", "--home", str(tmp_path / "h")]
    child = subprocess.Popen(
        [*command, "--steps", "300", "--batch", "8"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "h/runs/stopped/checkpoints/step-0000000000").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert "--resume" in out
    record = json.loads((tmp_path / "h/runs/stopped/run.json").read_text())
    assert record["steps"] == 300 and not (tmp_path / "h/models/stopped").exists()


def test_remove_asks_and_spares_starters(trained: Path, run: Any, home: Path) -> None:
    code, _out, err = run("models", "remove", "garments-32", "--yes")
    assert code == 2 and "starter" in err
    assert run("models", "remove", "mine", "--yes")[0] == 0
    assert not trained.exists() and not (home / "runs/mine").exists()
    assert not list((home / "models").glob(".removed*"))
    code, _out, err = run("models", "remove", "mine", "--yes")
    assert code == 2 and "no model" in err
