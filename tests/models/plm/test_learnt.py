"""Tokenizers learnt from a corpus: only from its training text, measured on the rest, written whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.models.plm import learnt, tokenizers
from luokuan.models.plm.learnt import HeldOut, check_choices, learn, measure, write


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [
        {"text": "abcabc山山", "split": "train"},
        {"text": "ab水山", "split": "val"},
        {"text": "火", "split": "test"},
    ]
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def test_only_training_text_is_learnt(corpus: Path) -> None:
    made = learn(open_texts(corpus), "chars")
    assert set(made.get_vocab()) == {"a", "b", "c", "山", tokenizers.END, tokenizers.UNKNOWN}
    held = measure(made, open_texts(corpus))
    assert held == HeldOut(characters=4, bytes=8, tokens=4, unknown=1)
    assert held.characters_per_token == 1 and held.bytes_per_token == 2


def test_bytes_by_hand(corpus: Path) -> None:
    held = measure(learn(open_texts(corpus), "bytes"), open_texts(corpus))
    assert held == HeldOut(characters=4, bytes=8, tokens=8, unknown=0) and held.characters_per_token == 0.5


def test_batches_do_not_matter(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (corpus / "dev.jsonl").write_text("".join(f'{{"text": "abc {number}"}}\n' for number in range(50)))
    made = learn(open_texts(corpus), "bpe", 300)
    whole = measure(made, open_texts(corpus))
    monkeypatch.setattr(learnt, "TOGETHER", 7)
    assert measure(made, open_texts(corpus)) == whole and whole.characters == 4 + sum(
        len(f"abc {n}") for n in range(50)
    )


def test_without_held_out_text(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "abc", "split": "train"}\n{"text": "x", "split": "test"}\n')
    held = measure(learn(open_texts(tmp_path), "chars"), open_texts(tmp_path))
    assert held.tokens == 0 and held.characters_per_token is None and held.bytes_per_token is None


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_what_is_written_is_read(corpus: Path, tmp_path: Path, kind: str) -> None:
    made = learn(open_texts(corpus), kind, 300)
    write(made, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tokenizer.json", "tokenizer_config.json"]
    found = tokenizers.read(tmp_path / "out")
    assert tokenizers.digest(found) == tokenizers.digest(made)
    assert tokenizers.encode(found, ["ab水山"]) == tokenizers.encode(made, ["ab水山"])


@pytest.mark.parametrize(
    ("kind", "vocabulary", "said"),
    [
        ("words", 4096, "--kind"),
        ("bpe", 299, "--vocabulary"),
        ("bpe", 200_000, "--vocabulary"),
        ("chars", 500, "no say"),
    ],
)
def test_wrong_choices(kind: str, vocabulary: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_choices(kind, vocabulary)
    check_choices("bpe", 300)
