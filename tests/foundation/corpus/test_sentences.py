"""Sentences: a line each, once, on one side, with what is known of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.corpus.sentences import Sentence, read_sentences

POEM = "五绝·鹿柴\n空山不见人，但闻人语响。\n返景入深林，复照青苔上。"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_lines_without_blanks_and_copies_each_on_one_side(tmp_path: Path) -> None:
    lines = [f"  Sentence number {n} is here. " for n in range(300)]
    place = write(tmp_path / "c", a_txt="\n\n".join(lines) + "\n", b_txt="\n \n" + lines[3] + "\nAnother one.\n")
    parts = read_sentences(open_texts(place))
    texts = [one.text for part in parts.values() for one in part]
    assert len(texts) == 301 == len(set(texts)) and all(text == text.strip() for text in texts)
    assert len(parts["train"]) > 240 and len(parts["validation"]) > 3 and len(parts["test"]) > 3
    assert parts == read_sentences(open_texts(place))
    assert parts["train"][0].known == {}


def test_few_lines_hold_one_out(tmp_path: Path) -> None:
    parts = read_sentences(open_texts(write(tmp_path / "c", a_txt="One.\nTwo.\n")))
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [1, 1, 0]


@pytest.mark.parametrize("text", ["\n\n  \n\t\n", "One sentence.\n", "Twice.\nTwice.\n"])
def test_too_few_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="too few"):
        read_sentences(open_texts(write(tmp_path / "c", a_txt=text)))


def test_verse_has_form_and_title_and_stays_on_one_side(tmp_path: Path) -> None:
    poems = [{"text": POEM.replace("空", hanzi)} for hanzi in "空青白黄红绿黑紫金银铜铁"]
    place = write(tmp_path / "c", poems_jsonl="".join(json.dumps(row) + "\n" for row in poems))
    parts = read_sentences(open_texts(place))
    found = [one for part in parts.values() for one in part]
    assert Sentence("空山不见人，但闻人语响。", {"form": "五绝", "title": "鹿柴"}) in found
    assert len(found) == 13  # twelve first lines, and the one second line they share
    whole = read_sentences(open_texts(place), whole=True)
    assert sum(map(len, whole.values())) == 12
    assert whole["train"][0].text.count("\n") == 1 and "五绝" not in whole["train"][0].text


def test_columns_and_given_splits(tmp_path: Path) -> None:
    rows = [
        {"text": "A glad line.", "mood": "glad", "note": "x" * 100, "year": 1900},
        {"text": "A sad line.", "mood": "sad", "split": "test"},
        {"text": "One line only·is no heading", "split": "validation"},
    ]
    place = write(tmp_path / "c", a_jsonl="".join(json.dumps(row) + "\n" for row in rows))
    parts = read_sentences(open_texts(place))
    assert parts["train"] == (Sentence("A glad line.", {"mood": "glad"}),)
    assert parts["test"] == (Sentence("A sad line.", {"mood": "sad"}),)
    assert parts["validation"] == (Sentence("One line only·is no heading", {}),)
