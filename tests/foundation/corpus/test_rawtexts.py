"""Text as it lies there: lenient where opening for training is strict."""

from __future__ import annotations

import io
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.foundation.corpus import rawtexts as module
from luokuan.foundation.corpus.rawtexts import RawDocument, documents, find_files
from luokuan.foundation.corpus.reader import Broken

PROSE = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n"


def read(folder: Path) -> list[tuple[str, int, str | None, str] | str]:
    """(file, line, split, text) of each document, and reasons."""
    files, broken = find_files(folder)
    found: list[tuple[str, int, str | None, str] | str] = [item.reason for item in broken]
    for file in files:
        for item in documents(file):
            if isinstance(item, Broken):
                found.append(item.reason)
            else:
                found.append((file.name, item.line, item.split or file.split, "".join(item.pieces)))
    return found


def test_documents_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test/a.txt").write_bytes((PROSE * 2).encode("gb18030"))
    (tmp_path / "b.md").write_bytes(b"\xef\xbb\xbfone\r\nline\0")
    rows = [{"text": "x", "split": "val", "n": 1}, {"text": "a\tb\0"}, {"words": "none"}]
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "c.jsonl").write_text("\n".join(["\ufeff" + lines[0], "", '{"text": "a\tb\0"}', *lines[1:], "\0"]))
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "d.txt").touch()
    os.mkfifo(tmp_path / "e.txt")
    (tmp_path / "f.txt").write_bytes(b"caf\xe9")
    assert read(tmp_path) == [
        "the file is empty",
        "it is no ordinary file",
        "it is not UTF-8, nor surely another encoding",
        ("b.md", 0, None, "one\r\nline\0"),
        ("c.jsonl", 1, "validation", "x"),
        ("c.jsonl", 3, None, "a\tb\0"),
        ("c.jsonl", 4, None, "a\tb\0"),
        "line 5: it is no object with a column 'text'",
        ("test/a.txt", 0, "test", PROSE * 2),
    ]


def test_a_line_of_ten_million_characters(tmp_path: Path) -> None:
    text = "字" * 10_000_000
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(f'{json.dumps({"text": text})}\n{{"text": "next"}}\n', encoding="utf-8")
    one, long, following = read(tmp_path)
    assert one == ("a.txt", 0, None, text)
    assert long == "line 1: it is longer than 8388608 characters" and following == ("b.jsonl", 2, None, "next")


@given(st.text(alphabet="ab 。\r\n", max_size=200), st.integers(2, 20))
def test_pieces_give_the_whole_text_and_cut_no_line_end(text: str, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        pieces = list(module._pieces(io.StringIO(text, newline="")))
    assert "".join(pieces) == text
    assert not any(one.endswith("\r") and other.startswith("\n") for one, other in pairwise(pieces))


def test_long_lines_are_cut_where_a_sentence_ends() -> None:
    pieces = list(module._pieces(io.StringIO("一二三四五六七八九。" * 60_000)))
    assert len(pieces) > 2 and all(piece.endswith("。") for piece in pieces)


def test_a_file_that_changes_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    ((file,), _broken) = find_files(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"a\.txt can't be used"):
        for item in documents(file):
            assert isinstance(item, RawDocument) and list(item.pieces)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(UserError, match=r"a\.txt can't be used"):
        list(documents(file))
