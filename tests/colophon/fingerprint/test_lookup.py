from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprints import distance
from luokuan.colophon.fingerprint import lookup as module
from luokuan.colophon.fingerprint.lookup import Near, Postings, Scan, bit_error, subfingerprints


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=30), st.binary(min_size=32, max_size=32), st.data())
def test_a_scan_finds_what_plain_counting_finds(hashes: list[bytes], wanted: bytes, data: st.DataObject) -> None:
    if hashes:  # near ones, which random bytes never are
        close = bytearray(hashes[0])
        close[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(0, 255))
        hashes.append(bytes(close))
        wanted = data.draw(st.sampled_from([hashes[0], wanted]))
    for words, width in ((4, 32), (1, 8)):
        scan, within = Scan(words), data.draw(st.integers(0, 8 * width))
        scan.add(b"".join(one[:width] for one in hashes[:3]))
        scan.add(b"".join(one[:width] for one in hashes[3:]))
        assert len(scan) == len(hashes)
        plain = [Near(i, distance(one[:width], wanted[:width])) for i, one in enumerate(hashes)]
        plain = sorted((one for one in plain if one.distance <= within), key=lambda one: (one.distance, one.place))
        assert scan.near(wanted[:width], within) == plain


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Scan(4).near(bytes(8), 31)


def test_blocks_join_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 7)
    hashes = np.random.default_rng(0).bytes(8 * 40)
    scan = Scan(1)
    scan.add(hashes)
    for place in range(40):
        assert scan.near(hashes[8 * place : 8 * place + 8], 0) == [Near(place, 0)]


def sounds(count: int, length: int, seed: int = 0) -> list[bytes]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 2**32, length, dtype=np.uint32).astype("<u4").tobytes() for _ in range(count)]


def flipped(bits: bytes, share: float) -> bytes:
    """With this share of its bits wrong, in runs, as compression leaves them."""
    rng = np.random.default_rng(1)
    wrong = (rng.random((len(bits) // 4, 32)) < 2 * share) & (rng.random((len(bits) // 4, 1)) < 0.5)
    return (np.frombuffer(bits, "<u4") ^ np.packbits(wrong, axis=1).view("<u4")[:, 0]).astype("<u4").tobytes()


@pytest.mark.parametrize("length", [20, 60, 900])
def test_a_part_of_a_sound_with_wrong_bits_is_found(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 7)
    kept, postings = sounds(40, length), Postings()
    for start in range(0, 40, 4):  # more segments than are kept apart
        postings.add(kept[start : start + 4])
    assert len(postings) == 40
    for place in (0, 17, 39):
        part = flipped(kept[place], 0.05)[4 * (length // 5) :]
        assert postings.candidates(part)[0] == place
        fit = bit_error(subfingerprints(part), subfingerprints(kept[place]))
        assert fit is not None and fit[1] == 8 * len(part) and fit[0] / fit[1] < 0.1


def test_what_is_in_no_sound_or_in_all_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMMON", 3)
    postings = Postings()
    assert postings.candidates(sounds(1, 30)[0]) == []
    postings.add([bytes(4 * 30)] * 5)
    postings.add([])
    assert postings.candidates(bytes(4 * 30)) == []
    assert postings.candidates(b"") == []


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40), st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_bit_errors_are_shares_and_the_same_both_ways(ones: list[int], others: list[int]) -> None:
    a, b = np.array(ones, dtype=np.uint32), np.array(others, dtype=np.uint32)
    there, back = bit_error(a, b), bit_error(b, a)
    for fit in (there, back):
        assert fit is None or 0 <= fit[0] <= fit[1]
    assert (there is None) == (back is None)
    if len(a) >= module.LEAST_OVERLAP:
        assert bit_error(a, a) == (0, 32 * len(a))
        assert bit_error(a, a[: module.LEAST_OVERLAP - 1]) is None
