from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st
from tlog_scales import signing as other_signing
from tlog_scales import tlog as other

from luokuan.colophon.tlog.note import MAX_NOTE, Checkpoint, LogKey, decoded, parse_checkpoint, signed

# Key and note of the documentation of Go's golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KEY = LogKey("luokuan/0123456789abcdef", PUBLIC)
GOOD = signed(KEY.name, 7, b"r" * 32, PRIVATE)


def test_a_note_of_another_implementation_verifies() -> None:
    key = LogKey.parse(VKEY)
    assert key.text == VKEY
    assert Checkpoint("", 0, b"", NOTE).signed_by(key)
    assert not Checkpoint("", 0, b"", NOTE.replace("answer", "anvil")).signed_by(key)


def test_another_implementation_reads_and_verifies_ours() -> None:
    found = other.Checkpoint.from_text(GOOD.text)
    assert (found.origin, found.size, found.root_hash) == (KEY.name, 7, b"r" * 32)
    found.verify(other_signing.Vkey.from_string(KEY.text))
    theirs = other.Checkpoint.make_signed(
        KEY.name, 7, b"r" * 32, [other_signing.PlainEd25519Signer(KEY.name, bytes(range(32)))]
    )
    assert theirs.serialize() == GOOD.text


def test_a_checkpoint_comes_back_and_is_signed_by_its_key_alone() -> None:
    assert parse_checkpoint(GOOD.text) == parse_checkpoint(GOOD.text.encode()) == GOOD
    assert GOOD.signed_by(KEY)
    assert not GOOD.signed_by(replace(KEY, name="luokuan/other"))
    assert not GOOD.signed_by(LogKey(KEY.name, b"\7" * 32))
    changed = parse_checkpoint(GOOD.text.replace("\n7\n", "\n8\n"))
    assert changed.size == 8 and not changed.signed_by(KEY)


def test_strange_signatures_are_left_aside_and_a_bad_one_of_ours_spoils_the_note() -> None:
    strange = "— witness.example " + base64.b64encode(b"\0" * 70).decode() + "\n"
    assert parse_checkpoint(GOOD.text + strange * 16).signed_by(KEY)
    bad = f"— {KEY.name} " + base64.b64encode(KEY.id + b"\0" * 64).decode() + "\n"
    assert not parse_checkpoint(GOOD.text + bad).signed_by(KEY)
    assert parse_checkpoint(GOOD.text.replace("\n\n", "\nextension\n\n")).size == 7


ROOT = base64.b64encode(b"r" * 32).decode()
LINE = GOOD.text.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n",
        GOOD.text[:-1],
        GOOD.text.replace("\n\n", "\n"),
        GOOD.text + "\n",
        f"o\n07\n{ROOT}\n\n{LINE}\n",
        f"o\n-7\n{ROOT}\n\n{LINE}\n",
        f"o\n٧\n{ROOT}\n\n{LINE}\n",
        f"o\n{2**63}\n{ROOT}\n\n{LINE}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n\n{LINE}\n",
        f"\n7\n{ROOT}\n\n{LINE}\n",
        f"o\n7\n{ROOT[:-4]}\n\n{LINE}\n",
        f"o\n7\n{ROOT[:-2]}==\n\n{LINE}\n",
        f"o\n7\n{ROOT} \n\n{LINE}\n",
        f"o\r\n7\n{ROOT}\n\n{LINE}\n",
        f"o\x1b[2J\n7\n{ROOT}\n\n{LINE}\n",
        f"o\n7\n{ROOT}\n\nno dash\n",
        f"o\n7\n{ROOT}\n\n— name\n",
        f"o\n7\n{ROOT}\n\n— na+me AAAAAAAA\n",
        f"o\n7\n{ROOT}\n\n— name AAAA\n",
        GOOD.text + "x" * MAX_NOTE,
        b"\xff" + GOOD.text.encode(),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse_checkpoint(text)


@given(st.binary(max_size=300) | st.text(max_size=300))
@example(GOOD.text)
def test_anything_is_answered(data: str | bytes) -> None:
    try:
        found = parse_checkpoint(data)
    except ValueError:
        return
    assert found.signed_by(KEY) == (found == GOOD)


@pytest.mark.parametrize(
    "text", ["", "a+b", VKEY[:-4], VKEY.replace("c74f20a3", "c74f20a4"), VKEY.replace("+AR", "+BR"), "a b+00+AAAA"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LogKey.parse(text)


@pytest.mark.parametrize("text", ["A", "AAA", "AA==\n", "AB==", "A A A A ", "é", "AA_-"])
def test_base_64_has_one_form(text: str) -> None:
    with pytest.raises(ValueError):
        decoded(text)
