"""Texts are said in phrases, and each word knows where it stands in the text."""

from __future__ import annotations

import pytest

from luokuan.create.voices.mandarin.phrasing import BREATH, phrases


def test_marks_make_pauses_and_ends() -> None:
    first, second, third = phrases("今天天气很好，我们走吧。你去？")
    assert first.pause < second.pause and not first.ends and second.ends and third.ends
    assert third.rising and not second.rising


@pytest.mark.parametrize("text", ["你去哪儿？", "好吗？", "这是什么？"])
def test_a_question_that_says_so_itself_does_not_rise(text: str) -> None:
    assert not list(phrases(text))[-1].rising


def test_words_stand_where_they_are_written() -> None:
    text = "今天是2024年3月5日，3个人来了"
    found = [text[word.start : word.end] for phrase in phrases(text) for word in phrase.words]
    assert "".join(found) == text.replace("，", "")
    assert "2024年3月5日" in found and "3个" in found


def test_letters_of_one_word_stay_together() -> None:
    assert [(w.start, w.end) for phrase in phrases("用AI吧") for w in phrase.words] == [(0, 1), (1, 3), (3, 4)]


def test_a_point_in_a_number_ends_no_sentence() -> None:
    assert len(list(phrases("这里有3.14米"))) == 1


def test_long_phrases_are_parted_between_words() -> None:
    found = list(phrases("我们的老师今天上午在学校图书馆里看了一本很有意思的书"))
    assert len(found) > 1 and all(sum(len(w.syllables) for w in p.words) <= BREATH for p in found)
    assert [p.minor for p in found] == [True] * (len(found) - 1) + [False]


@pytest.mark.parametrize("text", ["", "。。。", "  \n", "😀"])
def test_nothing_to_say(text: str) -> None:
    assert list(phrases(text)) == []
