"""Repairs of text, and the notes of editors."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from luokuan.foundation.corpus import hygiene
from luokuan.foundation.corpus.hygiene import repair, without_notes


@pytest.mark.parametrize(
    ("text", "repaired", "counts"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n", {"crlf": 2}),
        ("donâ€™t\nfine", "don’t\nfine", {"mojibake": 1}),
        ("ä½\xa0å¥½", "你好", {"mojibake": 1}),
        ("„MENÜ“ — SÃO", "„MENÜ“ — SÃO", {}),  # looks like it, but isn't
        ("\ufeffa\0b\0", "ab", {"nul": 2, "control": 1}),
        ("a\x1b[31m\x7f\x9f\uffff\tb", "a[31m\tb", {"control": 4}),
        ("page\x0cnext\x0b\x85end", "page\nnext\n\nend", {}),
        ("lost \ufffd", "lost \ufffd", {"replacement": 1}),
        ("e\u0301", "é", {"not_nfc": 1}),
        ("\u200d is kept", "\u200d is kept", {}),
    ],
)
def test_repairs(text: str, repaired: str, counts: dict[str, int]) -> None:
    found, told = repair(text)
    assert found == repaired and {k: v for k, v in told.items() if v} == counts


def test_without_ftfy_mojibake_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "mojibake_fixer", lambda: None)
    assert repair("donâ€™t") == ("donâ€™t", {"mojibake": 0, "nul": 0, "control": 0, "replacement": 0})


@given(st.text() | st.text("aÃâï¤€™\x1f\x80\x91\x9f\u0301\0\r\n"))
@example("ï¤\x1f\x91")
def test_repaired_text_is_clean(text: str) -> None:
    found, _told = repair(text)
    assert unicodedata.is_normalized("NFC", found)
    assert not [c for c in found if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    again, told = repair(found)
    assert again == found and not told["mojibake"]


@pytest.mark.parametrize(
    ("text", "left", "number"),
    [
        ("白日依山尽［注：一本作進］，黄河", "白日依山尽，黄河", 1),
        ("床前（一作床前看）明月光(一本作白)", "床前明月光", 2),
        ("甲【校注：此字疑误】乙〔按：恐非〕丙", "甲乙丙", 2),
        ("又（又作「之」）也（一云無）", "又也", 2),
        ("《一作集》（一作者所言。甚是）", "《一作集》（一作者所言。甚是）", 0),
        ("《红楼梦》〔之〕［一］【二】（注：作者的话）", "《红楼梦》〔之〕［一］【二】（注：作者的话）", 0),
        ("a [1] (see below) 注", "a [1] (see below) 注", 0),
        ("［注：没有完\n一作］", "［注：没有完\n一作］", 0),
        ("（编者按：此诗已佚）", "", 1),
    ],
)
def test_notes_of_editors(text: str, left: str, number: int) -> None:
    assert without_notes(text) == (left, number)


@given(st.text(alphabet="注一作：[]［］（）《》甲\n。", max_size=60))
def test_nothing_but_notes_is_taken(text: str) -> None:
    left, number = without_notes(text)
    assert left.count("\n") == text.count("\n") and (number or left == text)
    assert left.count("《") == text.count("《") or number


def test_long_lines_take_no_longer_than_they_must() -> None:
    text = "［注" * 100_000 + "（一作" * 100_000
    assert without_notes(text) == (text, 0)
