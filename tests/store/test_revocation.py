"""Revocation lists, and what a revocation does to a work."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st
from owncerts import Office

from luokuan.errors import UserError
from luokuan.store.authority import Certified, issue, make_authority
from luokuan.store.revocation import BENIGN, REASONS, Revocation, build_list, list_pem, read_lists

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOT, INTERMEDIATE, LEAF = make_authority("lists")
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
ENTRIES = st.builds(
    Revocation, st.integers(1, 2**159 - 1), st.sampled_from(REASONS), TIMES, st.none() | TIMES
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_time_that_the_signer_cant_choose_decides(reason: str) -> None:
    entry = Revocation(7, reason, NOW)
    for claimed in (None, NOW - HOUR, NOW + HOUR):
        assert not entry.reaches(stamped=NOW - HOUR, claimed=claimed)
        assert entry.reaches(stamped=NOW, claimed=claimed)
        assert entry.reaches(stamped=NOW + HOUR, claimed=claimed)


@pytest.mark.parametrize("reason", REASONS)
def test_without_it_the_signers_clock_counts_only_while_the_key_was_its_owners(reason: str) -> None:
    entry = Revocation(7, reason, NOW)
    assert entry.reaches(stamped=None, claimed=NOW - HOUR) == (reason not in BENIGN)
    assert entry.reaches(stamped=None, claimed=NOW)
    assert entry.reaches(stamped=None, claimed=None)


def test_a_key_may_have_been_lost_before_it_was_revoked() -> None:
    entry = Revocation(7, "keyCompromise", NOW, NOW - 2 * HOUR)
    assert entry.reaches(stamped=NOW - HOUR, claimed=None)
    assert not entry.reaches(stamped=NOW - 3 * HOUR, claimed=None)


@given(st.lists(ENTRIES, unique_by=lambda entry: entry.serial, max_size=5))
def test_a_list_reads_back(entries: list[Revocation]) -> None:
    data = list_pem(INTERMEDIATE, entries, NOW)
    (found,) = read_lists(data, ROOT.certificate_pem())
    assert (list(found.entries), found.issuer, found.until) == (
        entries, INTERMEDIATE.certificate, NOW + timedelta(days=365)
    )  # fmt: skip
    for entry in entries:
        assert Revocation.from_dict(entry.to_dict()) == entry


def test_the_list_follows_the_profile() -> None:
    first = build_list(INTERMEDIATE, [Revocation(9, "unspecified", NOW)], NOW)
    later = build_list(INTERMEDIATE, [], NOW + timedelta(seconds=1))
    numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (first, later)]
    assert numbers[0] < numbers[1]
    assert first.next_update_utc == NOW + timedelta(days=365)
    assert [list(row.extensions) for row in first] == [[]], "an unspecified reason is said by saying nothing"
    assert first.is_signature_valid(INTERMEDIATE.key.public_key())


def test_another_program_reads_the_list(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    leaf = LEAF.certificate
    moment = datetime.now(UTC).replace(microsecond=0)
    entry = Revocation(leaf.serial_number, "keyCompromise", moment)
    for name, data in {
        "root.pem": ROOT.certificate_pem(), "leaf.pem": LEAF.certificate_pem(),
        "mid.pem": INTERMEDIATE.certificate_pem(), "bad.pem": list_pem(INTERMEDIATE, [entry], moment),
        "good.pem": list_pem(INTERMEDIATE, [], moment),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    command = [openssl, "verify", "-CAfile", "root.pem", "-untrusted", "mid.pem", "-crl_check", "-CRLfile"]
    good, bad = (
        subprocess.run([*command, name, "leaf.pem"], cwd=tmp_path, capture_output=True, text=True, check=False)
        for name in ("good.pem", "bad.pem")
    )
    assert good.returncode == 0, good.stderr
    assert bad.returncode != 0 and "revoked" in bad.stderr


def test_lists_of_others_are_refused() -> None:
    other_root, other, stranger = make_authority("lists")  # who take our names
    good = list_pem(INTERMEDIATE, [], NOW)
    alone = good[good.index(b"-----BEGIN X509") :]
    leaf_signed = list_pem(LEAF, [], NOW)  # type: ignore[arg-type]
    for data, anchors in (
        (b"", ROOT.certificate_pem()),
        (ROOT.certificate_pem(), ROOT.certificate_pem()),
        (alone, ROOT.certificate_pem()),
        (good, other_root.certificate_pem()),
        (good, b""),
        (list_pem(other, [], NOW), ROOT.certificate_pem()),
        (other.certificate_pem() + alone, ROOT.certificate_pem()),
        (good + list_pem(other, [], NOW), ROOT.certificate_pem()),
        (leaf_signed + INTERMEDIATE.certificate_pem(), ROOT.certificate_pem()),
        (good.replace(b"MII", b"MIA"), ROOT.certificate_pem()),
        (stranger.certificate_pem(), ROOT.certificate_pem()),
    ):
        with pytest.raises(UserError) as caught:
            read_lists(data, anchors)
        assert caught.value.code == "verify.crl"
    (found,) = read_lists(alone + INTERMEDIATE.certificate_pem(), ROOT.certificate_pem())
    assert found.entries == ()


@given(st.integers(0, 10_000), st.integers(1, 255))
@example(48, 55)  # a serial number below zero, of which cryptography only warns
def test_a_changed_list_is_refused_or_says_the_same(at: int, flip: int) -> None:
    entry = Revocation(77, "keyCompromise", NOW)
    data = bytearray(list_pem(INTERMEDIATE, [entry], NOW))
    data[at % len(data)] ^= flip
    try:
        assert [one.entries for one in read_lists(bytes(data), ROOT.certificate_pem())] == [(entry,)]
    except UserError as error:
        assert error.code == "verify.crl"


def test_an_entry_speaks_of_its_issuers_certificates_alone() -> None:
    (found,) = read_lists(
        list_pem(INTERMEDIATE, [Revocation(LEAF.certificate.serial_number, "keyCompromise", NOW)], NOW),
        ROOT.certificate_pem(),
    )
    assert found.find(LEAF.certificate) is not None and found.is_for(LEAF.certificate)
    # A sister under the same root, of the same name, gives the same number away.
    sister = issue("lists intermediate", timedelta(days=99), by=ROOT, depth=0)
    theirs = Office().issue(ec.generate_private_key(ec.SECP256R1()), by=sister, serial=LEAF.certificate.serial_number)
    assert theirs.issuer == LEAF.certificate.issuer
    assert found.find(theirs) is None and not found.is_for(theirs)


def test_who_may_not_sign_lists_signs_none() -> None:
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1())

    def authority(crl_sign: bool | None) -> Certified:
        builder = (
            x509.CertificateBuilder()
            .subject_name(INTERMEDIATE.certificate.subject)
            .issuer_name(ROOT.certificate.subject)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(NOW)
            .not_valid_after(NOW + HOUR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        )
        if crl_sign is not None:
            allowed = x509.KeyUsage(key_cert_sign=True, crl_sign=crl_sign, **usage)
            builder = builder.add_extension(allowed, critical=True)
        return Certified(builder.sign(ROOT.key, hashes.SHA256()), key)

    for may in (True, None):
        assert len(read_lists(list_pem(authority(may), [], NOW), ROOT.certificate_pem())) == 1
    with pytest.raises(UserError, match="nobody whom you trust"):
        read_lists(list_pem(authority(False), [], NOW), ROOT.certificate_pem())


def test_lists_that_say_a_part_are_refused() -> None:
    def made(extension: x509.ExtensionType) -> bytes:
        builder = x509.CertificateRevocationListBuilder().issuer_name(INTERMEDIATE.certificate.subject)
        builder = builder.last_update(NOW).next_update(NOW + HOUR).add_extension(extension, critical=True)
        data = builder.sign(INTERMEDIATE.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return INTERMEDIATE.certificate_pem() + data

    indirect = x509.IssuingDistributionPoint(None, None, False, False, None, True, False)
    users = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    assert len(read_lists(made(users), ROOT.certificate_pem())) == 1
    for extension in (x509.DeltaCRLIndicator(1), indirect):
        with pytest.raises(UserError) as caught:
            read_lists(made(extension), ROOT.certificate_pem())
        assert caught.value.code == "verify.crl"
