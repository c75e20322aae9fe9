"""Cutting texts into sentences, and putting them together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.sentences import fitting, lines_of, put_together


def sentences(text: str) -> list[tuple[str, ...]]:
    return [line.sentences for line in lines_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", [("One.", "Two!", "Three?")]),
        ("他来了。“你好！”她说。", [("他来了。", "“你好！”", "她说。")]),
        ("Mr. Smith met J. Doe. He paid 3.50.", [("Mr. Smith met J. Doe.", "He paid 3.50.")]),
        ("- one\n- two\n\n  3. three", [("one",), ("two",), (), ("three",)]),
        ("", []),
        ("...", [("...",)]),
    ],
)
def test_sentences_are_found(text: str, expected: list[tuple[str, ...]]) -> None:
    assert sentences(text) == expected


def test_the_layout_stays() -> None:
    text = "# A title\n\n  - One. Two!  \n\t3) three\n"
    lines = lines_of(text)
    assert put_together(lines, [[s.upper() for s in line.sentences] for line in lines], "en") == (
        "# A TITLE\n\n  - ONE. TWO!  \n\t3) THREE\n"
    )
    assert put_together(lines, [["甲。" for _s in line.sentences] for line in lines], "zh") == (
        "# 甲。\n\n  - 甲。甲。  \n\t3) 甲。\n"
    )


@given(st.text(alphabet="ab.!?。！ \n\t-#1“”,，", max_size=120))
def test_nothing_but_spaces_is_lost(text: str) -> None:
    lines = lines_of(text)
    again = put_together(lines, [line.sentences for line in lines], "zh")
    assert "".join(again.split()) == "".join(text.split())
    assert again.count("\n") == text.count("\n")
    assert all(sentence.strip() == sentence != "" for line in lines for sentence in line.sentences)


@given(st.text(alphabet="abc ,，;", max_size=200), st.integers(1, 20))
def test_what_is_too_long_is_cut_until_it_fits(text: str, most: int) -> None:
    pieces = fitting(text, lambda piece: len(piece) <= most)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= most for piece in pieces)
    if len(text) <= most:
        assert pieces == [text]


def test_abbreviations_in_a_row_take_no_longer_than_sentences() -> None:
    """Reading all of a piece again at each of them would take minutes."""
    (line,) = lines_of("A. " * 100_000)
    assert line.sentences == (("A. " * 100_000).strip(),)
