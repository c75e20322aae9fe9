"""Time-stamps: asked for, checked, and refused when they don't hold."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stamping import ANSWERS, Authority, authority

from luokuan.errors import UserError
from luokuan.store import stamps
from luokuan.store.authority import issue
from luokuan.store.stamps import check_stamp, check_url, stamp


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa") / "a") as made:
        yield made


@pytest.fixture(scope="module")
def kept(tsa: Authority) -> bytes:
    return stamp(b"kept", tsa.url)


def test_a_stamp_says_when(tsa: Authority) -> None:
    answer = stamp(b"a checkpoint", tsa.url)
    found = check_stamp(answer, b"a checkpoint", tsa.root)
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=1)
    other = issue("another", timedelta(days=1), depth=0).certificate_pem()
    assert check_stamp(answer, b"a checkpoint", other + tsa.root) == found, "roots of several authorities"
    for data, roots in ((b"another", tsa.root), (b"a checkpoint", other), (b"a checkpoint", b"")):
        with pytest.raises(UserError) as caught:
            check_stamp(answer, data, roots)
        assert caught.value.code == "identity.stamp"


@given(st.data())
@settings(max_examples=150)
def test_no_changed_stamp_says_anything_else(tsa: Authority, kept: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(kept) - 1))
    changed = bytearray(kept)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        found = check_stamp(bytes(changed), b"kept", tsa.root)
    except UserError as error:
        assert error.code == "identity.stamp"
    else:
        # Bytes that nothing signs: the words of the status, a certificate that isn't needed.
        assert found == check_stamp(kept, b"kept", tsa.root)


@given(st.binary(max_size=200))
def test_bytes_are_no_stamp(data: bytes) -> None:
    with pytest.raises(UserError):
        check_stamp(data, b"x", issue("a", timedelta(days=1), depth=0).certificate_pem())


@pytest.mark.parametrize("mood", ANSWERS)
def test_an_authority_that_gives_no_stamp(tsa: Authority, mood: str) -> None:
    stamp(b"before", tsa.url)
    tsa.mood = mood
    try:
        with pytest.raises(UserError) as caught:
            stamp(b"now", tsa.url)
    finally:
        tsa.mood = "fine"
    assert caught.value.code == "identity.stamp_failed"
    assert tsa.url in caught.value.what and "tsa none" in caught.value.do


def test_an_authority_that_is_away_or_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "SILENCE", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        for url in ("http://127.0.0.1:1/", f"http://127.0.0.1:{listening.getsockname()[1]}/"):
            with pytest.raises(UserError) as caught:
                stamp(b"x", url)
            assert caught.value.code == "identity.stamp_failed"


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "file:///etc/passwd", "http://", "https://", "http:///x", "http://a b/", "http://a/\n",
     "tsa.example", "http://me:pw@tsa.example/", "http://me@tsa.example/", "http://[::1", "http://a:99999/",
     "http://名/", "http://a/#b", "http://" + "a" * 2000],
)  # fmt: skip
def test_these_are_no_addresses(url: str) -> None:
    with pytest.raises(UserError) as caught:
        check_url(url)
    assert caught.value.code == "identity.stamp_url"
    assert "pw" not in str(caught.value)


def test_these_are_addresses() -> None:
    for url in ("http://tsa.example/tsr", "https://tsa.example:8443/a?b=c", "http://127.0.0.1:1/", "http://[::1]/"):
        assert check_url(url) == url
