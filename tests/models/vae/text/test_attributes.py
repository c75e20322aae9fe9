"""Directions are differences of means, of attributes that enough sentences have."""

from __future__ import annotations

import pytest
import torch

from luokuan.foundation.corpus.sentences import Sentence
from luokuan.models.vae.text.attributes import directions, metre_of, tone_of


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("Who?", "question"),
        ("他说：“谁？”", "question"),
        ("Stop!", "exclamation"),
        ("好！", "exclamation"),
        ("Yes.", "statement"),
        ("", "statement"),
    ],
)
def test_tones(text: str, tone: str) -> None:
    assert tone_of(text) == tone


def test_directions_by_hand() -> None:
    items = [Sentence("ab?", {"form": "x", "title": str(n)}) for n in range(30)]
    items += [Sentence("abcdefgh.", {"form": "y", "title": str(n)}) for n in range(60)]
    items += [Sentence("abcd!", {"form": "y"})]
    means = torch.zeros(91, 2)
    means[:30, 0] = 3.0
    means[30:90, 1] = 1.0
    found = directions(items, means)
    assert list(found) == ["length", "tone=question", "tone=statement", "form=x", "form=y"]
    assert found["length"].tolist() == pytest.approx([-90 / 31, 1.0])  # the one in the middle is short, too
    assert found["form=x"].tolist() == pytest.approx([3.0, -60 / 61])
    assert torch.allclose(found["form=x"], -found["form=y"])


def test_what_few_have_is_no_attribute() -> None:
    assert directions([Sentence("a")] * 50, torch.zeros(50, 2)) == {}
    few = [Sentence("a?")] * 19 + [Sentence("a.")] * 50
    assert directions(few, torch.zeros(69, 2)) == {}
    assert directions([], torch.zeros(0, 2)) == {}


def test_poems_have_a_form_by_their_clauses() -> None:
    five, seven = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。", "朝辞白帝彩云间，千里江陵一日还。"
    assert [metre_of(text) for text in (five, seven)] == ["五言", "七言"]
    for text in ("白日依山尽，千里江陵一日还。", "白日依山尽", "ab cde，fghij", ""):
        assert not metre_of(text)
    poems = [Sentence(five, {})] * 25 + [Sentence(seven, {})] * 25
    means = torch.cat([torch.zeros(25, 2), torch.ones(25, 2)])
    found = directions(poems, means)
    assert found["form=七言"].tolist() == [1, 1] and found["form=五言"].tolist() == [-1, -1]
    prose = [Sentence("他走了。", {})] * 25
    assert "form=七言" not in directions([*poems, *prose], torch.cat([means, torch.zeros(25, 2)])), "most must be poems"
