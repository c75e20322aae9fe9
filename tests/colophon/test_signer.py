"""Who signed, from the bytes of a manifest store; and what has two meanings has none."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon import c2pa_sign
from luokuan.colophon.signer import MAX_CHAIN, chain_in

GOLDEN = Path(__file__).parent.parent / "data" / "colophon-v1"
LABEL = "urn:c2pa:1"


def cbor(value: Any) -> bytes:
    """CBOR of what a COSE_Sign1 has."""
    match value:
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value)) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
        case None:
            return b"\xf6"
    return head(1, -1 - value) if value < 0 else head(0, value)


def head(kind: int, value: int) -> bytes:
    for short, size in ((24, 1), (25, 2), (26, 4)):
        if value >= 24 and value < 1 << (8 * size):
            return bytes([kind << 5 | short]) + value.to_bytes(size)
    return bytes([kind << 5 | value])


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4) + kind + body


def superbox(label: str, *inside: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", bytes(16) + b"\x03" + label.encode() + b"\0") + b"".join(inside))


def signature(protected: dict[Any, Any], unprotected: dict[Any, Any] | None = None, *, tag: bytes = b"\xd2") -> bytes:
    return tag + cbor([cbor(protected), unprotected or {}, None, b"s" * 64])


def store(*signatures: bytes, label: str = LABEL) -> bytes:
    return superbox("c2pa", superbox(label, *(superbox("c2pa.signature", box(b"cbor", one)) for one in signatures)))


GOOD = signature({1: -7, 33: [b"leaf", b"mid"]}, {"pad": b"\0" * 30, "sigTst2": {"tstTokens": [{"val": b"t"}]}})


def test_the_chain_of_a_real_file() -> None:
    root = (GOLDEN / "root.pem").read_bytes()
    reading = c2pa_sign.read((GOLDEN / "golden.png").read_bytes(), "image/png", c2pa_sign.context(root))
    leaf, above = (x509.load_der_x509_certificate(one) for one in reading.chain)
    assert str(leaf.serial_number) == reading.serial
    leaf.verify_directly_issued_by(above)
    above.verify_directly_issued_by(x509.load_pem_x509_certificate(root))


def test_headers_in_which_a_chain_may_lie() -> None:
    assert chain_in(store(GOOD), LABEL) == (b"leaf", b"mid")
    assert chain_in(store(signature({1: -7, 33: b"leaf"}, tag=b"")), LABEL) == (b"leaf",)
    assert chain_in(store(signature({1: -7}, {"x5chain": [b"leaf"]})), LABEL) == (b"leaf",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        store(GOOD)[:-1],
        store(GOOD) + store(GOOD),
        store(GOOD, GOOD),
        store(),
        store(GOOD, label="urn:c2pa:2"),
        superbox("c2pa", store(GOOD)[8 + 8 + 22 :] * 2),
        store(GOOD + b"\0"),
        store(signature({1: -7})),
        store(signature({33: [b"leaf"]}, {33: [b"other"]})),
        store(signature({33: [b"leaf"], "x5chain": [b"other"]})),
        store(signature({33: []})),
        store(signature({33: [b"leaf"] * (MAX_CHAIN + 1)})),
        store(signature({33: [b""]})),
        store(signature({33: "leaf"})),
        store(b"\xd2\x83" + GOOD[2:]),
        store(b"\xd2\x9f" + GOOD[2:] + b"\xff"),
        store(b"\xd2" + b"\x81" * 5000),
        store(b"\xd2\x84\x5b" + b"\xff" * 8),
        # The same key twice: readers differ in which one counts.
        store(b"\xd2" + b"\x84" + cbor(b"\xa2" + cbor(33) + cbor(b"a") + cbor(33) + cbor(b"b")) + b"\xa0\xf6\x41s"),
    ],
)
def test_what_could_mean_two_things_means_nothing(data: bytes) -> None:
    with pytest.raises(ValueError):
        chain_in(data, LABEL)


@given(st.binary(max_size=80), st.integers(0, 400))
def test_damage_gives_a_chain_or_nothing(junk: bytes, at: int) -> None:
    data = store(GOOD)
    data = data[: at % len(data)] + junk + data[at % len(data) + len(junk) :]
    with contextlib.suppress(ValueError):
        assert all(isinstance(one, bytes) for one in chain_in(data, LABEL))


def test_a_label_that_looks_like_an_address_names_no_signer(monkeypatch: pytest.MonkeyPatch) -> None:
    data = (GOLDEN / "golden.png").read_bytes()
    with c2pa.Reader("image/png", io.BytesIO(data)) as reader:
        label = json.loads(reader.json())["active_manifest"]
        assert c2pa_sign._chain(reader, {"active_manifest": label})
        for other in (f"{label}/c2pa.signature", f"{label}/x", "", 7, None):
            assert c2pa_sign._chain(reader, {"active_manifest": other}) == ()
