"""The user's own certificate and key in place of the home's: what is looked at before they are used."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from luokuan.errors import UserError
from luokuan.files import disk_errors, write_atomic
from luokuan.i18n import _
from luokuan.store.home import Home
from luokuan.store.keys import Signing, algorithm_of, refuse_if_open

MAX_PEM = 1 << 20
"""Largest file of certificates or of a key that is read, in bytes."""

USAGES = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning, RFC 9336
    ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # C2PA claim signing
)
"""Extended key usages that C2PA validators accept of a signer (C2PA 2.4, section 14.5)."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A certificate of the user's. ``name``: of its folder in ``keys/``; ``signing``: what signs with it."""

    name: str
    serial: int
    signing: Signing


def read_owned(certificate: Path, key: Path, chain: Path | None = None) -> Owned:
    """Read and check a certificate, its key, and the authorities above it.

    Args:
        certificate: PEM; may hold the authorities too, in order.
        key: PEM, not encrypted, readable for its owner alone.
        chain: The authorities, PEM, the certificate's issuer first.

    Raises:
        UserError: one can't be read, the key is another certificate's or encrypted, the certificate isn't valid now or
            isn't made for signing works, or its issuer is missing.
    """
    certificates = _certificates(certificate) + ([] if chain is None else _certificates(chain))
    private = _key(key)
    leaf = certificates[0]
    if private.public_key() != leaf.public_key():
        raise _unfit(certificate, _("the key is another certificate's"))
    checked = check_chain(certificates, certificate)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return owned(checked, pem)


def owned(chain: Sequence[x509.Certificate], key: bytes) -> Owned:
    """What signs with the first certificate of ``chain``, which was checked; the second one is trusted for it."""
    pems = [found.public_bytes(serialization.Encoding.PEM) for found in chain]
    signing = Signing(b"".join(pems), key, pems[1], algorithm_of(chain[0]))
    name = f"user-{chain[0].fingerprint(hashes.SHA256()).hex()[:32]}"
    return Owned(name, chain[0].serial_number, signing)


def keep_chain(home: Home, certificate: Owned) -> None:
    """Put the certificate and those above it into the home, without a key."""
    folder = home.keys / certificate.name
    with disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    write_atomic(folder / "chain.pem", certificate.signing.chain, mode=0o600)


def check_chain(certificates: Sequence[x509.Certificate], source: Path | None = None) -> list[x509.Certificate]:
    """The leaf and the authorities above it, in order, without any that came twice.

    Raises:
        UserError: the order is wrong, one is missing, or the leaf isn't valid now or not made for signing works.
    """
    chain: list[x509.Certificate] = []
    for found in certificates:
        if found not in chain:
            chain.append(found)
    leaf, now = chain[0], datetime.now(UTC)
    if leaf.not_valid_after_utc <= now:
        raise _unfit(source, _("it expired on {day}", day=leaf.not_valid_after_utc.date()))
    if leaf.not_valid_before_utc > now:
        raise _unfit(source, _("it isn't valid before {time}", time=leaf.not_valid_before_utc))
    try:
        algorithm_of(leaf)
        _check_usage(leaf, source)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unfit(source, str(error)) from error
    if len(chain) < 2:
        raise UserError(
            _("The certificate of the authority that issued yours is missing."),
            _("Give it with --chain, the issuer first."),
            code="identity.chain",
        )
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise UserError(
                _("The chain is broken: {name} was not issued by the certificate after it.", name=_subject(below)),
                _("Give your certificate first, then its issuer, then the issuer's issuer."),
                code="identity.chain",
            ) from error
    return chain


def _check_usage(leaf: x509.Certificate, source: Path | None) -> None:
    extensions = leaf.extensions
    try:
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    try:
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        usages = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        signs, usages = False, []
    if authority or not signs or not any(usage in usages for usage in USAGES):
        raise _unfit(
            source,
            _("it isn't made for signing works (digitalSignature, and emailProtection or documentSigning)"),
        )


def _certificates(path: Path) -> list[x509.Certificate]:
    return load_chain(_read(path), path)


def load_chain(data: bytes, source: Path | str) -> list[x509.Certificate]:
    """The certificates in a PEM text.

    Raises:
        UserError: there is none, or one is damaged.
    """
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise UserError(
            _("{path} holds no certificate in PEM form.", path=source),
            _("Give a text that begins with -----BEGIN CERTIFICATE-----."),
            code="identity.certificate",
        ) from error


def _key(path: Path) -> PrivateKeyTypes:
    data = _read(path)
    try:
        refuse_if_open(path)
        return serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        raise UserError(
            _("The key in {path} is encrypted.", path=path),
            _("The home keeps keys unencrypted, for you alone; decrypt it: openssl pkey -in KEY.pem -out PLAIN.pem"),
            code="identity.encrypted",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UserError(
            _("{path} holds no private key in PEM form.", path=path),
            _("Give a text that begins with -----BEGIN PRIVATE KEY-----."),
            code="identity.key",
        ) from error


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        # A device has no end, and a pipe waits for its other one.
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_PEM:
            return b""
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            _("{path} can't be opened: {reason}.", path=path, reason=error.strerror),
            _("Give the path of a file that is there."),
            code="identity.missing",
            status=404,
        ) from error


def _unfit(source: Path | None, why: str) -> UserError:
    return UserError(
        _("The certificate {path} can't be used: {why}.", path=source or "", why=why),
        _("Give a certificate for signing, its own key, and the chain of its issuers."),
        code="identity.unfit",
    )


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
