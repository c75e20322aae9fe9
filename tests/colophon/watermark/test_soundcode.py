from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon.watermark import soundcode as code

ids = st.integers(0, 2**64 - 1)


@settings(max_examples=20)
@given(ids, st.lists(st.integers(0, code.LENGTH - 1), max_size=8, unique=True))
def test_an_id_comes_back_with_any_eight_bits_wrong(id: int, wrong: list[int]) -> None:
    # A free distance of 18 corrects 8 errors.
    soft = code.encode(id).astype(np.float32)
    soft[wrong] *= -1
    assert code.decode(soft)[0] == id


def test_an_id_comes_back_from_much_noise() -> None:
    stream = np.random.default_rng(0)
    right = wrong = 0
    for _ in range(30):
        id = int.from_bytes(stream.bytes(8), "big")
        found, agreement = code.decode(code.encode(id) + stream.normal(0, 1.0, code.LENGTH))
        right += found == id
        wrong += found not in (id, None)
        assert 0 <= agreement <= 1
    assert right >= 28 and not wrong


def test_what_carries_nothing_gives_no_id() -> None:
    stream = np.random.default_rng(1)
    assert all(code.decode(stream.normal(0, 1, code.LENGTH))[0] is None for _ in range(30))
    assert code.decode(np.zeros(code.LENGTH)) == (None, 0.0)


@settings(max_examples=20)
@given(st.lists(st.floats(width=32), min_size=4, max_size=12))
def test_any_numbers_may_come(some: list[float]) -> None:
    soft = np.resize(np.array(some, np.float32), code.LENGTH)
    found, agreement = code.decode(soft)
    assert (found is None or 0 <= found < 2**64) and 0 <= agreement <= 1.001


def test_bits_are_signs_and_ids_differ_in_many() -> None:
    zero, one = code.encode(0), code.encode(1)
    assert zero.dtype == np.int8 and zero.shape == (code.LENGTH,) and set(zero.tolist()) == {-1, 1}
    assert (zero != one).sum() >= 18


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="soft bits"):
        code.decode(np.zeros(7))
    for id in (-1, 2**64):
        with pytest.raises(OverflowError):
            code.encode(id)
