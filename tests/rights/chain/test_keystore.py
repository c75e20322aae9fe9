"""Keystores: a key that only a password opens; neither is ever told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chains_for_tests import accounts
from eth_account import Account

from luokuan.errors import UserError
from luokuan.rights.chain.account import account_of, keystore, password_of

PASSWORD = "four words of no sense"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A keystore that opens quickly."""
    path = tmp_path / "keystore.json"
    path.write_text(json.dumps(Account.encrypt(accounts()[0].key, PASSWORD, kdf="pbkdf2", iterations=2)))
    path.chmod(0o600)
    return path


def test_a_password_opens_it(kept: Path) -> None:
    assert account_of(kept, lambda: PASSWORD).address == accounts()[0].address
    secret = bytes(accounts()[0].key).hex()
    for password in ("", "wrong", PASSWORD + " "):
        with pytest.raises(UserError) as caught:
            account_of(kept, lambda said=password: said)  # type: ignore[misc]
        assert caught.value.code == "chain.keystore" and caught.value.__cause__ is None
        assert secret[:20] not in str(caught.value) and PASSWORD not in str(caught.value)
    with pytest.raises(UserError) as caught:
        account_of(kept)
    assert caught.value.code == "chain.password_missing"
    kept.chmod(0o644)
    with pytest.raises(UserError) as caught:
        account_of(kept, lambda: PASSWORD)
    assert caught.value.code == "chain.key_open"


def test_what_is_no_keystore(kept: Path) -> None:
    known = json.loads(kept.read_text())
    greedy = {"kdf": "scrypt", "kdfparams": {"n": 2**24, "r": 8, "p": 1, "dklen": 32, "salt": "00"}}
    for text in (
        "{", "{}", '{"crypto": 1}', json.dumps({**known, "version": 1}),
        json.dumps({**known, "crypto": {**known["crypto"], **greedy}}),
        json.dumps({**known, "crypto": {**known["crypto"], "mac": "00" * 32}}),
    ):  # fmt: skip
        kept.write_text(text)
        with pytest.raises(UserError) as caught:
            account_of(kept, lambda: PASSWORD)
        assert caught.value.code == "chain.keystore", text[:60]


def test_made_and_opened_again(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        keystore(accounts()[1], "short")
    assert caught.value.code == "chain.password_short"
    path, words = tmp_path / "made.json", tmp_path / "password"
    data = keystore(accounts()[1], PASSWORD)
    assert bytes(accounts()[1].key).hex().encode() not in data
    for place, content in ((path, data), (words, f"{PASSWORD}\nsomething else\n".encode())):
        place.write_bytes(content)
        place.chmod(0o600)
    assert account_of(path, lambda: password_of(words)).address == accounts()[1].address
