"""Recordings with their texts, in all the ways they are told, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechmodels import RATE, TEXTS, spoken, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus.utterances import open_speech


def test_a_table_tells_what_is_said(tmp_path: Path) -> None:
    corpus = open_speech(write_corpus(tmp_path / "c"))
    assert [one.text for one in corpus.utterances] == list(TEXTS) and corpus.licence == "CC0-1.0"
    assert corpus.consent and corpus.skipped == 0 and corpus.seconds > 10
    splits = {name: {one.text for one in corpus.split(name)} for name in ("train", "validation", "test")}
    assert [len(splits[name]) for name in ("train", "validation", "test")] == [10, 1, 1]
    assert not splits["train"] & (splits["validation"] | splits["test"])
    with pytest.raises(KeyError):
        corpus.split("other")


def test_texts_lie_beside_and_takes_stay_together(tmp_path: Path) -> None:
    for index in range(24):
        text = TEXTS[index % 12]
        soundfile.write(tmp_path / f"{index}.wav", spoken(text) * (1 + index / 100), RATE)
        (tmp_path / f"{index}.txt").write_text(text.upper() if index > 11 else text, encoding="utf-8")
    corpus = open_speech(tmp_path)
    held = [one.text.lower() for one in (*corpus.split("test"), *corpus.split("validation"))]
    assert len(corpus.utterances) == 24 and len(held) == 4 and len(set(held)) == 2
    assert corpus.licence == "unknown" and corpus.consent == ""
    other = open_speech(tmp_path)
    assert other.digest == corpus.digest
    (tmp_path / "3.txt").write_text("Another.", encoding="utf-8")
    assert open_speech(tmp_path).digest != corpus.digest


def test_given_splits_are_kept(tmp_path: Path) -> None:
    for index, text in enumerate(TEXTS[:3]):
        soundfile.write(tmp_path / f"{index}.wav", spoken(text), RATE)
    rows = [f'{{"file_name": "{i}.wav", "text": "{t}", "split": "{s}"}}' for i, (t, s) in
            enumerate(zip(TEXTS[:3], ("train", "test", "train"), strict=True))]  # fmt: skip
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert [one.text for one in open_speech(tmp_path).split("test")] == [TEXTS[1]]


def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a folder"):
        open_speech(tmp_path / "none")
    soundfile.write(tmp_path / "a.wav", spoken("Good morning."), RATE)
    with pytest.raises(UserError, match="it has no text"):
        open_speech(tmp_path)
    (tmp_path / "a.txt").write_text("... 3 !", encoding="utf-8")
    with pytest.raises(UserError, match="it has no text"):
        open_speech(tmp_path)
    (tmp_path / "a.txt").write_text("Good morning.", encoding="utf-8")
    with pytest.raises(UserError, match="1 usable sentences"):
        open_speech(tmp_path).require_trainable()
    soundfile.write(tmp_path / "b.wav", np.zeros(RATE, np.float32), RATE)
    (tmp_path / "b.txt").write_text("Silence.", encoding="utf-8")
    with pytest.raises(UserError, match="nothing but silence"):
        open_speech(tmp_path)
    found = open_speech(tmp_path, broken_limit=1.0)
    assert found.skipped == 1 and len(found.utterances) == 1
    (tmp_path / "b.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(UserError, match="damaged"):
        open_speech(tmp_path)
    (tmp_path / "b.txt").write_text("x" * 1001, encoding="utf-8")
    with pytest.raises(UserError, match="longer than 1000 characters"):
        open_speech(tmp_path)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("id|text\nb|Hello.\n", "no recording 'b'"),
        ("id|text\n../a|Hello.\n", "no recording"),
        ("id|text\n|Hello.\n", "names no file"),
        ("id|text\na|Hello.\na.wav|Again.\n", "listed before"),
    ],
)
def test_wrong_tables_are_refused_by_line(tmp_path: Path, table: str, why: str) -> None:
    soundfile.write(tmp_path / "a.wav", spoken("Hello."), RATE)
    (tmp_path / "metadata.csv").write_text(table, encoding="utf-8")
    with pytest.raises(UserError, match=why):
        open_speech(tmp_path)
