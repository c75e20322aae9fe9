"""`luokuan corpus check` on text: exit codes, JSON, sentences, and the cleaned copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXT = EXAMPLES / "shakespeare-small"


def test_the_example_is_trainable(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "check", str(TEXT)]) == 0
    out = capfd.readouterr().out
    assert "1 documents with" in out and "licence LicenseRef-public-domain" in out and "can be trained" in out
    assert "the last tenth of each document held out" in out
    assert main(["corpus", "check", str(TEXT / "coriolanus.txt"), "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["trainable"] and values["licence"] == "unknown" and values["cleaned"] is None
    mirrored = {
        "path", "digest", "licence", "documents", "characters", "splits", "scripts", "broken", "exact_duplicates",
        "near_duplicates", "personal_data", "problems", "warnings", "trainable",
    }  # fmt: skip
    assert mirrored <= values.keys()


@pytest.mark.parametrize(
    "data", [b"one line of text", b"x" * 10_000_000, b"\xef\xbb\xbfmarked word", b"with\0 NUL inside"]
)
def test_odd_files_are_checked_and_cleaned(capfd: pytest.CaptureFixture[str], tmp_path: Path, data: bytes) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.txt").write_bytes(data)
    code = main(["corpus", "check", str(tmp_path / "c"), "--clean", str(tmp_path / "out"), "--json"])
    values = json.loads(capfd.readouterr().out)
    assert code == (1 if b"\0" in data else 0) and values["documents"] == 1 == values["cleaned"]["documents"]
    assert (tmp_path / "out/a.txt").read_bytes() == data.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
    assert main(["corpus", "check", str(tmp_path / "out")]) == 0


def test_old_encodings_are_told_and_repaired(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    text = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n" * 9
    (tmp_path / "c/a.txt").write_bytes(text.encode("gb18030"))
    (tmp_path / "c/b\x1b[31m.txt").write_bytes(b"caf\xe9")
    choices = ["--clean", str(tmp_path / "out"), "--script", "traditional"]
    assert main(["corpus", "check", str(tmp_path / "c"), *choices]) == 1
    out = capfd.readouterr().out
    assert "GB18030 1" in out and "Wrote 1 documents" in out and "no usable text" in out and "\x1b[31m" not in out
    assert "處處聞啼鳥" in (tmp_path / "out/a.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("corpus", "choices", "said"),
    [
        (TEXT, ["--script", "cursive", "--clean", "x"], "Allowed: simplified, traditional."),
        (TEXT, ["--personal", "sell", "--clean", "x"], "Allowed: mask, drop, keep."),
        (TEXT, ["--script", "simplified"], "--script has no say without --clean."),
        (TEXT, ["--clean", str(TEXT / "clean")], "lies inside the corpus"),
        (EXAMPLES / "clothing-small", ["--personal", "drop", "--clean", "x"], "--personal has no say with pictures."),
    ],
)
def test_wrong_choices_are_refused(
    capfd: pytest.CaptureFixture[str], corpus: Path, choices: list[str], said: str
) -> None:
    assert main(["corpus", "check", str(corpus), *choices]) == 2
    err = capfd.readouterr().err
    assert said in err and "Traceback" not in err and not Path("x").exists()


def test_a_folder_of_both_is_refused(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.txt").write_text("words")
    assert main(["corpus", "check", str(tmp_path)]) == 2
    assert "both pictures and text" in capfd.readouterr().err


def test_copies_and_leaks_are_named(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = " ".join(f"word {number}" for number in range(60))
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": text}) + "\n")
    assert main(["corpus", "check", str(tmp_path)]) == 0
    out = capfd.readouterr().out
    assert "copies: test.jsonl:1, train.jsonl:1" in out and "in train and held out: test.jsonl:1, train.jsonl:1" in out
