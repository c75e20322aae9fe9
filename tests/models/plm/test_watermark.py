"""The watermark in the choice of words: by hand, and heard again in what a model wrote."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from luokuan.models.plm.watermark import ENOUGH, SHARE, STRENGTH, Heard, Watermark

KEY = bytes(range(32))


def random_tokens(count: int, seed: int = 0, words: int = 500) -> list[int]:
    return np.random.default_rng(seed).integers(0, words, count).tolist()


def marked_tokens(mark: Watermark, count: int, seed: int = 0, words: int = 500) -> list[int]:
    """Tokens drawn from equal logits with the bias."""
    rng, tokens = np.random.default_rng(seed), [1]
    for _place in range(count):
        weights = np.exp(mark.bias(tokens[-1]).astype(np.float64))
        tokens.append(int(rng.choice(words, p=weights / weights.sum())))
    return tokens


def test_green_tokens_depend_on_secret_and_the_token_before() -> None:
    mark = Watermark(KEY, 4000)
    assert np.array_equal(mark.green(3), Watermark(KEY, 4000).green(3))
    assert not np.array_equal(mark.green(3), mark.green(4))
    assert not np.array_equal(mark.green(3), Watermark(KEY[::-1], 4000).green(3))
    assert abs(mark.green(3).mean() - SHARE) < 0.03
    assert np.array_equal(mark.green(3)[:100], Watermark(KEY, 100).green(3))  # a padded vocabulary changes nothing
    assert set(np.unique(mark.bias(3))) == {0.0, np.float32(STRENGTH)}


def test_counting_by_hand() -> None:
    mark = Watermark(KEY, 500)
    tokens = [1, 2, 3, 1, 2, 4]
    pairs = {(1, 2), (2, 3), (3, 1), (2, 4)}  # (1, 2) comes twice and counts once
    green = sum(bool(mark.green(before)[token]) for before, token in pairs)
    heard = mark.count(tokens)
    assert (heard.tokens, heard.green) == (4, green)
    assert heard.chance == pytest.approx(binom.sf(green - 1, 4, 0.25))
    assert Heard(100, 40, 0.001).z == pytest.approx((40 - 25) / math.sqrt(100 * 0.25 * 0.75))
    assert (mark.count([]), mark.count([7])) == (Heard(0, 0, 1.0), Heard(0, 0, 1.0))
    assert mark.count([1, 10_000, 2]).tokens == 1  # numbers beyond the vocabulary aren't there
    assert Heard(0, 0, 1.0).z == 0.0


def test_what_is_marked_is_heard_and_what_isnt_is_not() -> None:
    mark, other = Watermark(KEY, 500), Watermark(KEY[::-1], 500)
    tokens = marked_tokens(mark, 200)
    assert mark.count(tokens).marked
    assert not other.count(tokens).marked
    assert not any(mark.count(random_tokens(200, seed)).marked for seed in range(300))
    short = mark.count(marked_tokens(mark, ENOUGH - 1))
    assert not short.enough
    assert not short.marked


def test_some_words_may_change() -> None:
    """A fifth of the tokens replaced: the mark is still heard."""
    mark = Watermark(KEY, 500)
    tokens = np.array(marked_tokens(mark, 300))
    rng = np.random.default_rng(1)
    places = rng.random(len(tokens)) < 0.2
    tokens[places] = rng.integers(0, 500, places.sum())
    assert mark.count(tokens.tolist()).marked
