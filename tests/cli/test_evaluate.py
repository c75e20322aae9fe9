"""`luokuan evaluate`: its table, its one JSON object, its sheets, and its refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from luokuan.cli.main import main
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.modelfolder import ModelFolder

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        return code, *capfd.readouterr()

    return call


class Jittered:
    """A model that gives held-out pictures with a little noise."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        corpus = open_corpus(EXAMPLE)
        self.pictures = load_pixels((*corpus.split("validation"), *corpus.split("test")), 32)
        self.folder = ModelFolder(Path("jittered"), "jittered", {}, {"corpus": {"digest": corpus.digest}}, "d" * 64)
        self.size, self.classes = 32, classes

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        chosen = self.pictures[rng.integers(0, len(self.pictures), count)]
        return np.clip(chosen + rng.normal(0, 4, chosen.shape), 0, 255).astype(np.uint8)


def plain_folder(path: Path, count: int) -> Path:
    path.mkdir()
    for index, photo in enumerate(sorted(EXAMPLE.rglob("train/*/*.jpg"))[:: 270 // count][:count]):
        shutil.copyfile(photo, path / f"{index}.jpg")
    return path


def test_a_model_in_a_table(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Jittered(open_corpus(EXAMPLE).classes)
    monkeypatch.setattr("luokuan.models.registry.load_model", lambda _reference: model)
    sheet = tmp_path / "new" / "sheet.png"
    code, out, _err = run("evaluate", "jittered", EXAMPLE, "-n", 40, "--resolution", 64, "--sheet", sheet)
    assert code == 0
    for part in ("Fréchet distance", "floor", "Coverage", "nearest training picture", "40 samples", "80 held-out"):
        assert part in out
    assert "EfficientNet-Lite0" in out and "Variety" in out and "other material" not in out
    with Image.open(sheet) as samples, Image.open(sheet.with_name("sheet-neighbours.png")) as neighbours:
        assert samples.width > 10 * 32 and neighbours.width > 16 * 32
    assert sorted(p.name for p in sheet.parent.iterdir()) == ["sheet-neighbours.png", "sheet.png"]


def test_a_models_own_classes_are_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.models.registry.load_model", lambda _reference: Jittered(("cups", "plates")))
    code, out, _err = run("evaluate", "jittered", EXAMPLE, "-n", 20, "--resolution", 32)
    assert code == 0 and "balance of its own" in out


def test_a_folder_of_pictures_as_json(run: Run, tmp_path: Path) -> None:
    folder, sheet = plain_folder(tmp_path / "pictures", 30), tmp_path / "sheet.png"
    arguments = ("evaluate", folder, EXAMPLE, "--resolution", 64, "--size", 32, "--json", "--sheet", sheet)
    code, out, err = run(*arguments)
    report = json.loads(out)
    assert code == 0 and err == "" and out.count("\n") == 1
    assert report["samples"] == report["floor_pictures"] == 30 and report["size"] == 32
    assert report["among"] is None and report["truncation"] is None and report["labels"] == "none"
    # They are training pictures: as near as any, and learnt by heart.
    assert report["memorisation"]["closer_than_1_percent"] == 1 and report["memorisation"]["chance"] < 1e-6
    assert any("by heart" in v for v in report["verdicts"])
    kernel = report["result"]["kernel_distance"]
    assert kernel["low"] < kernel["mean"] < kernel["high"] and set(report["units"]) > set(report["result"])
    assert sheet.exists() and (tmp_path / "sheet-neighbours.png").exists()
    assert run(*arguments)[1] == out


def test_refusals_are_one_sentence(run: Run, tmp_path: Path) -> None:
    few = plain_folder(tmp_path / "few", 5)
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, said in (
        ([few, EXAMPLE], "Too few"),
        ([few, EXAMPLE, "--resolution", 100], "too few"),
        ([empty, EXAMPLE], "no usable picture"),
        ([few, tmp_path / "absent"], "absent"),
        (["absent-model", EXAMPLE], "absent-model"),
        ([few, EXAMPLE, "--size", 0], "size"),
    ):
        code, out, err = run("evaluate", *arguments)
        assert code == 2 and out == "" and "Traceback" not in err and said.lower() in err.lower(), (arguments, err)


def test_the_home_of_nobody_is_a_plain_mistake(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "~nobody-of-that-name/x", str(EXAMPLE)]) == 2
    assert "no model" in capfd.readouterr().err
