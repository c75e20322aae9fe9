"""Pairs of sentences as a corpus: columns, splits without leaks, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import counting
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.foundation.corpus import Pair, open_parallel
from luokuan.foundation.corpus.parallel import check_languages

WAY = ("en", "zh")


def written(folder: Path, rows: list[object], name: str = "pairs.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_columns_are_named_by_the_languages(tmp_path: Path) -> None:
    corpus = open_parallel(counting.write_corpus(tmp_path / "c"), WAY)
    assert len(corpus.pairs) == len(counting.pairs()) and corpus.licence == "CC0-1.0"
    turned = open_parallel(tmp_path / "c", ("zh", "en"))
    assert turned.pairs[0][0] == Pair(("一", "one")) and turned.digest == corpus.digest


def test_the_layout_of_datasets_is_read_too(tmp_path: Path) -> None:
    rows = [{"translation": {"en": "Hi  there.", "zh": "你好。"}, "split": "dev"}, {"en": "Run!", "zh": "跑！"}]
    corpus = open_parallel(written(tmp_path / "c", rows), WAY)
    assert corpus.split("validation") == (Pair(("Hi there.", "你好。")),)
    assert corpus.split("train") == (Pair(("Run!", "跑！")),)


def test_no_first_side_is_on_two_sides_of_the_split(tmp_path: Path) -> None:
    rows = [{"en": en + mark, "zh": zh} for en, zh in counting.pairs() for mark in ("", "!")]
    corpus = open_parallel(written(tmp_path / "c", rows), WAY)
    parts = [{pair.texts[0].rstrip("!") for pair in corpus.split(n)} for n in ("train", "validation", "test")]
    assert all(parts) and not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


def test_both_directions_hold_the_same_out(tmp_path: Path) -> None:
    folder = counting.write_corpus(tmp_path / "c")
    forth, back = open_parallel(folder, WAY), open_parallel(folder, ("zh", "en"))
    for name in ("train", "validation", "test"):
        assert [pair.texts for pair in forth.split(name)] == [pair.texts[::-1] for pair in back.split(name)]


def test_what_a_machine_wrote_is_never_held_out(tmp_path: Path) -> None:
    rows = [{"en": en, "zh": zh, "synthetic": "en"} for en, zh in counting.pairs()]
    rows += [{"en": "yes", "zh": "是"}, {"en": "no", "zh": "不", "split": "test"}]
    corpus = open_parallel(written(tmp_path / "c", rows), WAY)
    assert len(corpus.split("train")) == len(counting.pairs()) + 1
    assert corpus.split("test") == (Pair(("no", "不")),) and not corpus.split("validation")


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "[]",
        '{"en": "a"}',
        '{"en": "a", "zh": 3}',
        '{"en": " ", "zh": "b"}',
        '{"en": "\\ud800", "zh": "b"}',
        '{"en": "a", "zh": "b", "synthetic": true}',
        "[" * 100_000,
    ],
)
def test_broken_lines_are_named_and_too_many_refused(tmp_path: Path, row: str) -> None:
    good = [{"en": en, "zh": zh} for en, zh in counting.pairs()]
    corpus = open_parallel(written(tmp_path / "c", [*good, row]), WAY)
    assert corpus.skipped == 1 and f"line {len(good) + 1}" in corpus.broken[0].reason
    with pytest.raises(UserError) as caught:
        open_parallel(written(tmp_path / "d", [good[0], row]), WAY)
    assert caught.value.code == "corpus.broken"


def test_nothing_and_no_utf8_are_refused(tmp_path: Path) -> None:
    for place, code in ((tmp_path / "none", "corpus.absent"), (written(tmp_path / "e", []), "corpus.empty")):
        with pytest.raises(UserError) as caught:
            open_parallel(place, WAY)
        assert caught.value.code == code
    (tmp_path / "e" / "pairs.jsonl").write_bytes(b'{"en": "\xff\xfe"}\n')
    with pytest.raises(UserError, match="UTF-8"):
        open_parallel(tmp_path / "e", WAY)


@pytest.mark.parametrize(("first", "second"), [("en", "en"), ("", "zh"), ("EN", "zh"), ("english", "zh"), ("e1", "zh")])
def test_languages_are_two_codes(first: str, second: str) -> None:
    with pytest.raises(UserError, match="language"):
        check_languages(first, second)


@given(st.text(max_size=80))
def test_any_line_is_a_pair_or_broken(line: str) -> None:
    from luokuan.foundation.corpus.parallel import _row
    from luokuan.foundation.corpus.reader import Broken

    found = _row(Path("x.jsonl"), 1, line, languages=WAY)
    assert isinstance(found, Broken) or found[0].texts
