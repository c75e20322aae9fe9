from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from luokuan.errors import UserError
from luokuan.store.home import Home, open_home
from luokuan.store.keys import LEAF_LIFE, YEAR, install, make_authority, signing


def test_the_authority_is_made_once_and_private(home: Home) -> None:
    first = signing(home)
    assert signing(home) == first
    assert home.root_certificate.read_bytes() == first.root
    files = list((home.keys / "ca").iterdir())
    assert len(files) == 6
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (home.keys, home.keys / "ca")} == {0o700}
    assert "PRIVATE" not in repr(first)


def test_the_certificates_follow_the_profile(home: Home) -> None:
    keys = signing(home)
    leaf, intermediate = x509.load_pem_x509_certificates(keys.chain)
    root = x509.load_pem_x509_certificate(keys.root)
    for certificate, issuer, authority in ((root, root, True), (intermediate, root, True), (leaf, intermediate, False)):
        certificate.verify_directly_issued_by(issuer)
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.critical
        assert basic.value.ca == authority
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature == (not authority)
        assert usage.value.key_cert_sign == authority
        assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]
    left = leaf.not_valid_after_utc - datetime.now(UTC)
    assert LEAF_LIFE - timedelta(minutes=1) < left <= LEAF_LIFE
    assert timedelta(days=3650) <= LEAF_LIFE < 11 * YEAR
    assert leaf.not_valid_after_utc < intermediate.not_valid_after_utc < root.not_valid_after_utc


def test_the_name_is_random_or_chosen_and_homes_differ(home: Home, tmp_path: Path) -> None:
    one, two = signing(home), signing(open_home(tmp_path / "two"), name="Atelier 落款")
    assert one.root != two.root
    names = [x509.load_pem_x509_certificates(keys.chain)[0].subject.rfc4514_string() for keys in (one, two)]
    assert names[0].startswith("CN=Luokuan home CA ")
    assert names[1] == "CN=Atelier 落款"


@pytest.mark.parametrize("name", ["ca/leaf.key", "ca/leaf.pem", "ca", "."])
def test_keys_that_others_may_read_are_refused(home: Home, name: str) -> None:
    signing(home)
    path = home.keys / name
    path.chmod(path.stat().st_mode | 0o040)
    with pytest.raises(UserError, match="chmod") as caught:
        signing(home)
    assert caught.value.code == "keys.permissions"
    path.chmod(path.stat().st_mode & ~0o040)
    assert signing(home)


@pytest.mark.parametrize("data", [b"", b"-----BEGIN CERTIFICATE-----\nnothing\n", None])
@pytest.mark.parametrize("name", ["leaf.pem", "leaf.key", "intermediate.pem", "root.pem"])
def test_damaged_keys_are_named(home: Home, name: str, data: bytes | None) -> None:
    signing(home)
    path = home.keys / "ca" / name
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        signing(home)
    assert caught.value.code == "keys.damaged"
    only_the_leaf = data is None and name.startswith("leaf")
    assert ("identity rotate" in caught.value.do) == only_the_leaf, "what a new leaf mends needs no new authority"


def test_a_key_of_another_certificate_and_an_expired_leaf_are_refused(home: Home, tmp_path: Path) -> None:
    signing(home)
    other = open_home(tmp_path / "other")
    signing(other)
    (home.keys / "ca/leaf.key").write_bytes((other.keys / "ca/leaf.key").read_bytes())
    with pytest.raises(UserError) as caught:
        signing(home)
    assert caught.value.code == "keys.damaged"
    late = open_home(tmp_path / "late")
    install(late, *make_authority("late", leaf_life=timedelta(seconds=-1)))
    with pytest.raises(UserError) as caught:
        signing(late)
    assert caught.value.code == "keys.expired"


def test_installing_never_replaces_an_authority(home: Home) -> None:
    first = signing(home)
    install(home, *make_authority("other"))
    assert signing(home) == first
    assert [path.name for path in home.keys.iterdir()] == ["ca"]


def test_certificates_of_two_authorities_are_not_mixed(home: Home, tmp_path: Path) -> None:
    signing(home)
    other = open_home(tmp_path / "other")
    signing(other)
    for name in ("root.pem", "intermediate.pem"):
        path = home.keys / "ca" / name
        own = path.read_bytes()
        path.write_bytes((other.keys / "ca" / name).read_bytes())
        with pytest.raises(UserError) as caught:
            signing(home)
        assert caught.value.code == "keys.damaged"
        path.write_bytes(own)
    assert signing(home)


def test_keys_in_a_folder_that_cant_be_entered_are_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    signing(home)
    real = Path.stat

    def denied(path: Path, **options: bool) -> os.stat_result:
        if "ca" in path.parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(UserError) as caught:
        signing(home)
    assert caught.value.code == "disk.denied"
