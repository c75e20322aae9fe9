"""Tokens of a corpus: each document begun by its mark, written once, and made again when they are damaged."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.models.plm import shards
from luokuan.models.plm.shards import load_stream
from luokuan.models.plm.tokenizers import build, encode

EXAMPLE = Path(__file__).parents[3] / "examples/shakespeare-small"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = [json.dumps({"text": f"诗 {number}\n" * (number % 5 + 1)}) for number in range(60)]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path / "corpus"


def test_documents_begin_with_their_mark(corpus: Path, tmp_path: Path) -> None:
    texts, tokenizer = open_texts(corpus), build("bytes", ())
    stream = load_stream(texts, "train", tokenizer, cache=tmp_path / "cache")
    documents = ["".join(document) for document in texts.split("train")]
    wanted = [n for text in documents for n in (tokenizer.eos_token_id, *encode(tokenizer, [text])[0])]
    assert stream.tokens.tolist() == wanted and stream.tokens.dtype == np.uint16
    assert stream.documents == len(documents) == int((stream.tokens == tokenizer.eos_token_id).sum())
    assert stream.bytes == len("".join(documents).encode()) == len(stream.tokens) - stream.documents


def test_pieces_give_the_same_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, tokenizer = open_texts(EXAMPLE), build("chars", [(EXAMPLE / "coriolanus.txt").read_text(encoding="utf-8")])
    whole = load_stream(texts, "train", tokenizer, cache=tmp_path / "whole")
    monkeypatch.setattr(shards, "TOGETHER", 100)
    monkeypatch.setattr("luokuan.foundation.corpus.texts.PIECE", 300)
    pieces = load_stream(texts, "train", tokenizer, cache=tmp_path / "pieces")
    assert np.array_equal(whole.tokens, pieces.tokens) and pieces.documents == 1


def test_they_are_made_once_and_again_when_damaged(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, tokenizer, cache = open_texts(corpus), build("bytes", ()), tmp_path / "cache"
    first = load_stream(texts, "train", tokenizer, cache=cache).tokens.tolist()
    (path,) = (cache / "tokens").glob("*.bin")
    before = path.stat().st_mtime_ns
    assert load_stream(texts, "train", tokenizer, cache=cache).tokens.tolist() == first
    assert path.stat().st_mtime_ns == before
    for damage in (path.read_bytes()[:-2], b"", path.read_bytes()[:-1] + b"\xff"):
        path.write_bytes(damage)
        assert load_stream(texts, "train", tokenizer, cache=cache).tokens.tolist() == first
    path.with_suffix(".json").write_text("[]")
    assert load_stream(texts, "train", tokenizer, cache=cache).tokens.tolist() == first

    def broken(*_arguments: object) -> list[list[int]]:
        raise KeyboardInterrupt

    monkeypatch.setattr(shards, "encode", broken)
    with pytest.raises(KeyboardInterrupt):
        load_stream(texts, "validation", tokenizer, cache=cache)
    assert [item.suffix for item in sorted((cache / "tokens").iterdir())] == [".bin", ".json"]


def test_an_empty_split_has_no_tokens(tmp_path: Path) -> None:
    stream = load_stream(open_texts(EXAMPLE), "test", build("bytes", ()), cache=tmp_path)
    assert len(stream.tokens) == 0 and stream.documents == 0 and stream.bytes == 0


def test_large_vocabularies_take_four_bytes(corpus: Path, tmp_path: Path) -> None:
    tokenizer = build("bytes", ())
    tokenizer.add_tokens([f"<{number}>" for number in range(1 << 16)])
    assert load_stream(open_texts(corpus), "train", tokenizer, cache=tmp_path).tokens.dtype == np.uint32


def test_a_full_disk_leaves_no_half_written_tokens(tmp_path: Path) -> None:
    texts, tokenizer, cache = open_texts(EXAMPLE), build("bytes", ()), tmp_path / "cache"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    try:
        with pytest.raises(UserError) as caught:
            load_stream(texts, "train", tokenizer, cache=cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.code == "disk.full" and not [path for path in cache.rglob("*") if path.is_file()]
    assert len(load_stream(texts, "train", tokenizer, cache=cache).tokens) > 4_000
