"""MinHash: the estimator by hand and by chance, and clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.foundation.corpus import sketches as module
from luokuan.foundation.corpus.sketches import (
    Sketcher,
    Sketches,
    near_duplicates,
    shingle_hashes,
    similarity,
    sketch_of,
)

RNG = np.random.default_rng(0)
WORDS = ["".join(chr(0x4E00 + code) for code in RNG.integers(0, 3000, 400)) for _n in range(40)]


def sketch(text: str) -> np.ndarray:
    made = Sketcher()
    made.add(text)
    return made.sketch()


def rows_of(texts: list[str]) -> np.ndarray:
    return np.stack([sketch(text) for text in texts])


def test_the_estimator_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Four permutations of 32-bit numbers: h, h + 1, 3 h, 3 h + 2, all modulo 2^32.
    monkeypatch.setattr(module, "PERMUTATIONS", 4)
    monkeypatch.setattr(module, "_FACTORS", np.array([[1], [1], [3], [3]], dtype=np.uint32))
    monkeypatch.setattr(module, "_TERMS", np.array([[0], [1], [0], [2]], dtype=np.uint32))
    top = 2**32 - 1
    one = sketch_of(np.array([5, 7, top], dtype=np.uint32))
    other = sketch_of(np.array([5, 9], dtype=np.uint32))
    # h + 1 of the largest number is 0; three times it is 2^32 - 3.
    assert one.tolist() == [5, 0, 15, 17] and other.tolist() == [5, 6, 15, 17]
    assert similarity(one, other[None])[0] == 0.75


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_estimate_is_unbiased_and_as_exact_as_theory_says(share: float) -> None:
    rng, found, size = np.random.default_rng(3), [], 400
    for _n in range(100):
        hashes = rng.integers(0, 2**32, size, dtype=np.uint64).astype(np.uint32)
        common, half = int(size * share), (size - int(size * share)) // 2
        one = hashes[: common + half]
        other = np.concatenate([hashes[:common], hashes[common + half :]])
        found.append(similarity(sketch_of(one), sketch_of(other)[None])[0])
    deviation = (share * (1 - share) / 128) ** 0.5
    assert abs(np.mean(found) - share) < 4 * deviation / 10
    assert 0.75 * deviation < np.std(found) < 1.3 * deviation


@given(st.lists(st.integers(0, 2**32 - 1)), st.lists(st.integers(0, 2**32 - 1)))
def test_a_union_has_the_minimum_of_both(one: list[int], other: list[int]) -> None:
    a, b, both = (sketch_of(np.array(numbers, dtype=np.uint32)) for numbers in (one, other, one + other))
    assert (np.minimum(a, b) == both).all()
    assert (sketch_of(np.array(one[::-1] * 2, dtype=np.uint32)) == a).all()


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_pieces_do_not_matter(text: str, one: int, other: int) -> None:
    made = Sketcher()
    for piece in (text[: min(one, other)], text[min(one, other) : max(one, other)], text[max(one, other) :]):
        made.add(piece)
    # Casefolding may depend on neighbours nowhere but at a final sigma, which it treats alike.
    assert (made.sketch() == sketch(text)).all()


def test_case_spaces_and_punctuation_do_not_count() -> None:
    assert (sketch("The Quick, brown fox!") == sketch("the quick\nbrown FOX")).all()
    assert len(shingle_hashes("")) == 0 and len(shingle_hashes("abc")) == 1 and len(shingle_hashes("abcdefg")) == 3
    assert (sketch("abc") != sketch("abd")).any()


def test_clusters_are_found() -> None:
    near = WORDS[0][:200] + "改" + WORDS[0][201:]
    half = WORDS[0][:200] + WORDS[1][200:]
    rows = rows_of([WORDS[2], WORDS[0], half, near, WORDS[3], WORDS[2] + "尾"])
    assert near_duplicates(rows, np.arange(6)).tolist() == [0, 1, 2, 1, 4, 0]
    assert near_duplicates(rows, np.array([1, 2, 4, 5])).tolist() == [0, 1, 2, 3, 4, 5]
    assert near_duplicates(rows[:0], np.arange(0)).tolist() == []


def test_of_a_chain_only_what_is_like_the_first_joins_it() -> None:
    chain = [WORDS[0][: 400 - 20 * step] + WORDS[1][: 20 * step] for step in range(20)]
    rows = rows_of(chain)
    leader = near_duplicates(rows, np.arange(20))
    assert (leader[leader] == leader).all() and 2 < len(set(leader.tolist())) < 20
    for index, first in enumerate(leader):
        assert similarity(rows[index], rows[first][None])[0] >= module.ALIKE
    leaders = sorted(set(leader.tolist()))
    for first in leaders:
        others = [other for other in leaders if other != first]
        assert similarity(rows[first], rows[others]).max() < module.ALIKE


def test_sketches_lie_in_a_file() -> None:
    made = Sketches()
    assert made.rows().shape == (0, 128)
    for text in WORDS[:5]:
        made.add(sketch(text))
    assert (np.asarray(made.rows()) == rows_of(WORDS[:5])).all()
    made.close()
