"""Chinese text is cut into words."""

from __future__ import annotations

import pytest

from luokuan.create.voices.mandarin.words import cut, known_pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我们今天一起去公园", "我们 今天 一起 去 公园"),
        ("小明的妈妈在医院工作", "小 明 的 妈妈 在 医院 工作"),
        ("北京大学", "北京大学"),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(cut(text)) == words


def test_nothing_is_lost() -> None:
    text = "龘靐齉是三个罕见的汉字" * 50
    assert "".join(cut(text)) == text


def test_pairs_have_two_characters() -> None:
    assert "展览" in known_pairs() and all(len(word) == 2 for word in known_pairs())
