"""`luokuan corpus tokenizer`: what it writes is read by transformers and by `train plm`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from luokuan.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "examples/shakespeare-small"


@pytest.mark.parametrize(("kind", "size"), [("chars", 61), ("bpe", 400), ("bytes", 257)])
def test_a_folder_for_transformers_and_for_training(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, own_home: Path, kind: str, size: int
) -> None:
    more = ["--vocabulary", "400"] if kind == "bpe" else []
    assert main(["corpus", "tokenizer", str(EXAMPLE), "--kind", kind, *more, "-o", str(tmp_path / "t"), "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["vocabulary"] == size and values["licence"] == "LicenseRef-public-domain"
    held = values["held_out"]
    assert held["characters"] == held["bytes"] == 5981 and held["unknown"] == 0
    assert held["characters_per_token"] == 5981 / held["tokens"] and (held["characters_per_token"] > 1) == (
        kind == "bpe"
    )
    theirs = AutoTokenizer.from_pretrained(tmp_path / "t")
    assert len(theirs) == size and theirs.decode(theirs("Speak, speak.")["input_ids"]) == "Speak, speak."
    choices = ["--size", "nano", "--context", "32", "--batch", "4", "--steps", "1", "-q"]
    assert main(["train", "plm", str(EXAMPLE), "--name", "mine", "--tokenizer", str(tmp_path / "t"), *choices]) == 0
    trained = AutoTokenizer.from_pretrained(own_home / "models/mine")
    assert trained.get_vocab() == theirs.get_vocab()


def test_sentences(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    corpus = tmp_path / "c.txt"
    corpus.write_text("abc " * 100 + "☃")
    assert main(["corpus", "tokenizer", str(corpus), "--kind", "chars", "-o", str(tmp_path / "t")]) == 0
    out = capfd.readouterr().out
    assert "6 tokens" in out and "1.000 characters and 1.049 bytes a token" in out and "1 held-out tokens stand" in out
    assert main(["corpus", "tokenizer", str(corpus), "-o", str(tmp_path / "b")]) == 0
    assert "fewer tokens than the 4,096" in capfd.readouterr().out
    (tmp_path / "train.jsonl").write_text('{"text": "abc"}\n{"text": "x", "split": "test"}\n')
    assert main(["corpus", "tokenizer", str(tmp_path / "train.jsonl"), "-o", str(tmp_path / "n")]) == 0
    assert "no held-out text" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["--kind", "words", "-o", "x"], "Allowed: chars, bpe, bytes."),
        (["--kind", "bytes", "--vocabulary", "500", "-o", "x"], "--vocabulary has no say with --kind bytes."),
        (["-o", str(EXAMPLE)], "not empty"),
        ([], "--output"),
    ],
)
def test_wrong_choices_are_refused(capfd: pytest.CaptureFixture[str], choices: list[str], said: str) -> None:
    assert main(["corpus", "tokenizer", str(EXAMPLE), *choices]) == 2
    err = capfd.readouterr().err
    assert said in err and "Traceback" not in err and not Path("x").exists()
