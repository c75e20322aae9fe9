"""The user's own certificate and key are looked at before they are used."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from owncerts import KEYS, Office, key_pem, pem

from luokuan.errors import UserError
from luokuan.store.authority import issue
from luokuan.store.usercert import read_owned

OFFICE = Office()
DAY = timedelta(days=1)


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_kind_of_key(tmp_path: Path, algorithm: str) -> None:
    owned = read_owned(*OFFICE.write(tmp_path, algorithm))
    assert owned.signing.algorithm == algorithm
    assert owned.signing.chain.count(b"BEGIN CERTIFICATE") == 3
    assert owned.signing.root == OFFICE.mid.certificate_pem()
    assert "PRIVATE" not in repr(owned)


def test_the_chain_may_stand_in_the_certificates_file_and_come_twice(tmp_path: Path) -> None:
    certificate, key, chain = OFFICE.write(tmp_path)
    certificate.write_bytes(certificate.read_bytes() + chain.read_bytes())
    assert read_owned(certificate, key) == read_owned(certificate, key, chain)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"life": (-2 * DAY, -DAY)}, "expired"),
        ({"life": (DAY, 2 * DAY)}, "isn't valid before"),
        ({"usage": None}, "isn't made for signing"),
        ({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "isn't made for signing"),
        ({"signs": False}, "isn't made for signing"),
    ],
)
def test_certificates_that_dont_fit(tmp_path: Path, choices: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        read_owned(*OFFICE.write(tmp_path, **choices))
    assert caught.value.code == "identity.unfit"


def test_keys_that_dont_fit(tmp_path: Path) -> None:
    certificate, key, chain = OFFICE.write(tmp_path)
    good = key.read_bytes()
    for data, code in (
        (key_pem(KEYS["es256"]()), "identity.unfit"),
        (key_pem(KEYS["ed25519"]()), "identity.unfit"),
        (key_pem(KEYS["es256"](), b"secret"), "identity.encrypted"),
        (b"", "identity.key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "identity.key"),
        (certificate.read_bytes(), "identity.key"),
    ):
        key.write_bytes(data)
        with pytest.raises(UserError) as caught:
            read_owned(certificate, key, chain)
        assert caught.value.code == code
        assert "secret" not in str(caught.value)
    key.write_bytes(good)
    key.chmod(0o644)
    with pytest.raises(UserError, match="chmod") as caught:
        read_owned(certificate, key, chain)
    assert caught.value.code == "keys.permissions"


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024)])
def test_kinds_of_keys_that_c2pa_has_no_word_for(tmp_path: Path, key: object) -> None:
    certificate, secret, chain = OFFICE.write(tmp_path)
    certificate.write_bytes(pem(OFFICE.issue(key)))
    secret.write_bytes(key_pem(key))
    with pytest.raises(UserError, match="P-256") as caught:
        read_owned(certificate, secret, chain)
    assert caught.value.code == "identity.unfit"


def test_chains_that_dont_fit(tmp_path: Path) -> None:
    certificate, key, chain = OFFICE.write(tmp_path)
    mid, root = OFFICE.mid.certificate_pem(), OFFICE.root.certificate_pem()
    for data in (root + mid, root, issue("other", DAY, depth=0).certificate_pem(), certificate.read_bytes()):
        chain.write_bytes(data)
        with pytest.raises(UserError) as caught:
            read_owned(certificate, key, chain)
        assert caught.value.code == "identity.chain"
    with pytest.raises(UserError, match="--chain"):
        read_owned(certificate, key)


def test_an_authoritys_own_certificate_signs_no_works(tmp_path: Path) -> None:
    _certificate, key, chain = OFFICE.write(tmp_path)
    alone = tmp_path / "ca.pem"
    alone.write_bytes(OFFICE.mid.certificate_pem())
    key.write_bytes(OFFICE.mid.key_pem())
    with pytest.raises(UserError) as caught:
        read_owned(alone, key, chain)
    assert caught.value.code == "identity.unfit"


def test_files_that_are_none(tmp_path: Path) -> None:
    certificate, key, chain = OFFICE.write(tmp_path)
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    large.write_bytes(b"\n" * (2 << 20) + chain.read_bytes())
    for bad, code in (
        (tmp_path / "absent", "identity.missing"), (tmp_path, "identity.certificate"), (pipe, "identity.certificate"),
        (large, "identity.certificate"), (Path("/dev/zero"), "identity.certificate"), (key, "identity.certificate"),
    ):  # fmt: skip
        for arguments in ((bad, key, chain), (certificate, key, bad)):
            with pytest.raises(UserError) as caught:
                read_owned(*arguments)
            assert caught.value.code == code
