from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon.watermark.code import CORRECTABLE, SYMBOLS, decode, encode, stream, subkey

PINNED = "-+-+---++----++-+---+--+-+-+++-+"
PINNED_STREAM = [2873084840, 440103286]
IDS = st.integers(0, 2**64 - 1).map("{:016x}".format)


@settings(max_examples=30, deadline=None)
@given(IDS, st.binary(min_size=1, max_size=32), st.integers(SYMBOLS, 1500))
def test_any_id_comes_back_under_any_key_and_length(work_id: str, key: bytes, length: int) -> None:
    symbols = encode(work_id, length, key)
    assert set(np.unique(symbols)) <= {-1.0, 1.0}
    found, confidence = decode(3.5 * symbols, key)
    assert found == work_id
    assert confidence == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(IDS, st.data())
def test_so_many_wrong_symbols_are_always_corrected(work_id: str, data: st.DataObject) -> None:
    wrong = data.draw(st.sets(st.integers(0, SYMBOLS - 1), max_size=CORRECTABLE))
    symbols = encode(work_id, SYMBOLS, b"key")
    symbols[list(wrong)] *= -1
    assert decode(symbols, b"key")[0] == work_id


@pytest.mark.parametrize("start", [0, 100, 290])
def test_a_burst_is_spread_by_the_key(start: int) -> None:
    symbols = encode("0" * 16, SYMBOLS, b"key")
    symbols[start : start + 90] = 0
    assert decode(symbols, b"key")[0] == "0" * 16


def test_repeated_symbols_stand_strong_noise() -> None:
    rng = np.random.default_rng(0)
    for number in range(10):
        work_id = f"{number:016x}"
        soft = encode(work_id, 4 * SYMBOLS, b"key") + rng.normal(0, 2, 4 * SYMBOLS)
        assert decode(soft, b"key")[0] == work_id


def test_noise_another_key_and_nothing_give_no_id() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        found, confidence = decode(rng.normal(size=SYMBOLS), b"key")
        assert found is None
        assert confidence < 0.7
    assert decode(encode("ab" * 8, 800, b"key"), b"another")[0] is None
    assert decode(np.zeros(SYMBOLS), b"key") == (None, 0.0)


def test_values_that_are_no_numbers_count_as_unknown() -> None:
    soft = encode("ab" * 8, SYMBOLS, b"key")
    soft[:9] = [np.nan, np.inf, -np.inf] * 3
    assert decode(soft, b"key")[0] == "ab" * 8


@pytest.mark.parametrize("work_id", ["", "ab", "g" * 16, "ab" * 9])
def test_what_is_no_id_is_refused(work_id: str) -> None:
    with pytest.raises(ValueError):
        encode(work_id, SYMBOLS, b"key")


def test_too_few_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match="384"):
        encode("ab" * 8, SYMBOLS - 1, b"key")
    with pytest.raises(ValueError, match="384"):
        decode(np.ones(SYMBOLS - 1), b"key")


def test_the_symbols_of_version_1_never_change() -> None:
    # Marks that are out there must be read forever: a new code needs a new name of the algorithm.
    symbols = encode("0123456789abcdef", SYMBOLS, subkey(bytes(32), b"picture"))
    assert "".join("+" if symbol > 0 else "-" for symbol in symbols[:32]) == PINNED
    assert list(stream(b"key", b"label", 2)) == PINNED_STREAM


def test_keys_of_different_uses_are_different() -> None:
    assert len({subkey(bytes(32), label) for label in (b"picture", b"sound", b"")} | {bytes(32)}) == 4
