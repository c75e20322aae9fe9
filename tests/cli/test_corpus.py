"""`luokuan corpus`: exit codes, JSON, and the sentences a person reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from luokuan.cli.main import main
from luokuan.foundation.corpus.card import read_card

EXAMPLE = Path(__file__).parents[2] / "examples/clothing-small"


def test_the_example_is_trainable(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "check", str(EXAMPLE)]) == 0
    out = capfd.readouterr().out
    assert "350 pictures" in out and "CC0-1.0" in out and "can be trained" in out
    assert main(["corpus", "check", str(EXAMPLE), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["trainable"] is True


def test_exit_codes(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    poor = tmp_path / "poor"
    for name in ("many", "one"):
        (poor / name).mkdir(parents=True)
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(poor / ("one" if index == 0 else "many") / f"{index}.png")
    assert main(["corpus", "check", str(poor)]) == 1
    assert "fewer than two" in capfd.readouterr().out
    assert main(["corpus", "check", str(tmp_path / "absent")]) == 2
    (tmp_path / "empty").mkdir()
    assert main(["corpus", "check", str(tmp_path / "empty")]) == 2
    err = capfd.readouterr().err
    assert "not a folder" in err and "neither pictures nor text" in err


def test_a_mostly_broken_folder_can_be_checked_and_cleaned(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "bad.jpg").write_text("text")
    (folder / "worse.webp").touch()
    assert main(["corpus", "check", str(folder), "--clean", str(tmp_path / "clean"), "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["cleaned"]["pictures"] == 3 and len(values["broken"]) == 2
    assert len(list((tmp_path / "clean").iterdir())) == 3


def test_hostile_names_print_harmlessly(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    (tmp_path / "\x1b[31mred.jpg").write_text("text")
    try:
        (tmp_path / os.fsdecode(b"\xff.png")).write_text("text")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert main(["corpus", "check", str(tmp_path)]) == 0
    assert "\x1b[31m" not in capfd.readouterr().out
    assert main(["corpus", "check", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["broken"]) == 2


def test_brackets_in_class_names_are_no_markup(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = []
    for index in range(8):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        rows.append(json.dumps({"file_name": f"{index}.png", "label": ("[/b]", "shoes [new]")[index % 2]}))
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    assert main(["corpus", "check", str(tmp_path)]) == 0
    out = capfd.readouterr().out
    assert "[/b]" in out and "shoes [new]" in out


def test_card_writes_and_keeps(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["corpus", "card", str(tmp_path), "--title", "我的店", "--licence", "own"]) == 0
    assert main(["corpus", "card", str(tmp_path), "--credit", "王织", "--json"]) == 0
    card = read_card(tmp_path)
    assert card is not None and (card.title, card.licence, card.credit) == ("我的店", "own", "王织")
    assert main(["corpus", "card", str(tmp_path / "absent")]) == 2
