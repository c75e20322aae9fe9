"""BLEU by hand, and self-BLEU as the mean of BLEU against all others."""

from __future__ import annotations

import math

import pytest

from luokuan.models.evaluation.bleu import bleu, self_bleu, words_of


def test_words() -> None:
    assert words_of("The Cat, 12 床前。") == ["the", "cat", "12", "床", "前"]


def test_by_hand() -> None:
    assert bleu("the cat sat on the mat", ["The cat sat on the mat."]) == pytest.approx(1)
    assert bleu("dogs bark", ["the cat sat"]) == 0 and bleu("...", ["a"]) == 0 and bleu("a", []) == 0
    # 3 of 4 words; (2+1)/(3+1) pairs; (1+1)/(2+1); (0+1)/(1+1); same length.
    wanted = (3 / 4 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu("a b c x", ["a b c d"]) == pytest.approx(wanted)
    # Clipped: "a" counts once; and the brevity penalty.
    assert bleu("a a", ["a b c d"]) == pytest.approx((1 / 2 * 1 / 2) ** 0.25 * math.exp(1 - 4 / 2))


def test_self_bleu_is_the_mean_against_the_others() -> None:
    texts = ["the cat sees a dog", "the cat sees a bird", "one fox", "a a dog sees the the cat", "a dog sees the cat"]
    wanted = sum(bleu(text, texts[:n] + texts[n + 1 :]) for n, text in enumerate(texts)) / len(texts)
    assert self_bleu(texts) == pytest.approx(wanted)
    assert self_bleu(["same words here"] * 3) == pytest.approx(1)
    assert (
        self_bleu(["one"]) == 0 and self_bleu(["a b", "c d"]) == 0 and self_bleu(["", "a", "a"]) == pytest.approx(2 / 3)
    )
