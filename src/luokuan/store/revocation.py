"""Revocation: which certificates may no longer be relied upon, since when, and what that does to a work.

The lists are X.509 CRLs (RFC 5280, section 5). C2PA validators themselves look at stapled OCSP answers only; a
list is what an authority without a server can hand out, and what Luokuan's own verification reads.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.utils import CryptographyDeprecationWarning

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.authority import Certified

REASONS = (
    "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
    "privilegeWithdrawn",
)  # fmt: skip
"""Reasons of RFC 5280, section 5.3.1, without those for holding a certificate and letting it go again."""
BENIGN = ("affiliationChanged", "superseded", "cessationOfOperation")
"""Reasons under which the key stayed in its owner's hands: what it signed before stays good."""
LIST_LIFE = timedelta(days=365)
"""After it a list says of itself that a newer one should be asked for."""

_BLOCK = re.compile(rb"-----BEGIN (CERTIFICATE|X509 CRL)-----[\sA-Za-z0-9+/=]+-----END \1-----")


@dataclass(frozen=True, slots=True)
class Revocation:
    """One certificate that may no longer be relied upon.

    Args:
        serial: The certificate's serial number.
        reason: One of ``REASONS``.
        at: When it was revoked.
        since: Since when the key may have been in other hands, where that is known to be earlier or later
            (invalidity date, RFC 5280, section 5.3.2).
    """

    serial: int
    reason: str
    at: datetime
    since: datetime | None = None

    def reaches(self, *, stamped: datetime | None, claimed: datetime | None) -> bool:
        """Whether it takes a work's validity.

        A time that the signer can't choose decides: signed before, the work stays valid (RFC 5280, section 5.3.2; C2PA
        compares the same two times where an OCSP answer is stapled). Without such a time the signer's own clock counts,
        but only where the key never was in other hands: a thief writes any date.

        Args:
            stamped: When a trusted time-stamp authority (or a log) saw the signature.
            claimed: When the signer says that it was made.
        """
        limit = self.since or self.at
        if stamped is not None:
            return stamped >= limit
        if self.reason in BENIGN and claimed is not None:
            return claimed >= limit
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the serial number in hexadecimal."""
        since = None if self.since is None else self.since.isoformat()
        return {"serial": f"{self.serial:x}", "reason": self.reason, "at": self.at.isoformat(), "since": since}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Revocation:
        """The entry that ``to_dict`` made.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        since = None if values["since"] is None else _utc(values["since"])
        if values["reason"] not in REASONS:
            raise ValueError("a reason for revocation is unknown")
        return cls(int(values["serial"], 16), values["reason"], _utc(values["at"]), since)


def build_list(issuer: Certified, entries: Iterable[Revocation], now: datetime) -> x509.CertificateRevocationList:
    """The revocation list of ``issuer`` (RFC 5280, section 5): a number that grows with time, valid for a year."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + LIST_LIFE)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for entry in entries:
        row = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at)
        if entry.reason != "unspecified":  # which is said by saying nothing
            row = row.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
        if entry.since is not None:
            row = row.add_extension(x509.InvalidityDate(entry.since), critical=False)
        builder = builder.add_revoked_certificate(row.build())
    return builder.sign(issuer.key, hashes.SHA256())


def list_pem(issuer: Certified, entries: Iterable[Revocation], now: datetime) -> bytes:
    """The list with its issuer's certificate, PEM: all that somebody with the root needs to check it."""
    made = build_list(issuer, entries, now)
    return issuer.certificate_pem() + made.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list whose signature holds.

    Args:
        issuer: The certificate of the authority that signed it.
        entries: What it revokes: certificates of this issuer, and nobody else's with the same numbers.
        until: When a newer one was due (nextUpdate, RFC 5280, section 5.1.2.5).
    """

    issuer: x509.Certificate
    entries: tuple[Revocation, ...]
    until: datetime

    def is_for(self, certificate: x509.Certificate) -> bool:
        """Whether it speaks of the certificates of the authority that issued this one."""
        return _issued(certificate, self.issuer)

    def find(self, certificate: x509.Certificate) -> Revocation | None:
        """Why and when it revokes this certificate; None if it doesn't."""
        found = next((entry for entry in self.entries if entry.serial == certificate.serial_number), None)
        return found if found is not None and self.is_for(certificate) else None


def read_lists(data: bytes, anchors: bytes) -> list[RevocationList]:
    """The lists in a PEM text, each signed by an authority directly under (or among) ``anchors`` that may sign lists.

    Args:
        data: Lists and the certificates of their issuers, PEM.
        anchors: Root certificates that the reader trusts, PEM.

    Raises:
        UserError: there is no list in it, one is damaged or says a part only, or nobody under ``anchors`` signed it.
    """
    try:
        blocks = [(match.group(1), match.group()) for match in _BLOCK.finditer(data)]
        with warnings.catch_warnings():
            # What cryptography reads with a warning, such as a serial number below zero, is no certificate of RFC 5280.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            lists = [x509.load_pem_x509_crl(text) for kind, text in blocks if kind == b"X509 CRL"]
            beside = [x509.load_pem_x509_certificate(text) for kind, text in blocks if kind == b"CERTIFICATE"]
        roots = x509.load_pem_x509_certificates(anchors) if anchors.strip() else []
        issuers = [*roots, *(found for found in beside if _is_authority_under(found, roots))]
        if not lists:
            raise ValueError("it holds none")
        return [_checked(one, issuers) for one in lists]
    except (ValueError, UnsupportedAlgorithm, CryptographyDeprecationWarning) as error:
        raise UserError(
            _("The revocation list can't be used: {reason}.", reason=error),
            _("Give crl.pem of `luokuan identity export`, and the same signer's root with --trust."),
            code="verify.crl",
        ) from error


def _checked(found: x509.CertificateRevocationList, issuers: Sequence[x509.Certificate]) -> RevocationList:
    issuer = next((one for one in issuers if _signed(found, one)), None)
    if issuer is None:
        raise ValueError("nobody whom you trust signed it")
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise ValueError("it says only what is new since another one")
        if isinstance(value, x509.IssuingDistributionPoint) and value.indirect_crl:
            raise ValueError("it speaks of the certificates of others than its issuer")
    if found.next_update_utc is None:
        raise ValueError("it doesn't say when a newer one is due")
    return RevocationList(issuer, tuple(map(_entry, found)), found.next_update_utc)


def _signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    if found.issuer != issuer.subject or not _may(issuer, "crl_sign"):
        return False
    try:
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm):
        return False


def _is_authority_under(found: x509.Certificate, roots: Sequence[x509.Certificate]) -> bool:
    try:
        if not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(_may(root, "key_cert_sign") and _issued(found, root) for root in roots)


def _issued(found: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        found.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may(found: x509.Certificate, what: str) -> bool:
    """Whether its key usage allows that; a certificate without one, such as an old root, may all (RFC 5280, section
    6.3.3 (f))."""
    try:
        return bool(getattr(found.extensions.get_extension_for_class(x509.KeyUsage).value, what))
    except x509.ExtensionNotFound:
        return True


def _entry(row: x509.RevokedCertificate) -> Revocation:
    reason, since = "unspecified", None
    for extension in row.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.value
        elif isinstance(extension.value, x509.InvalidityDate):
            since = extension.value.invalidity_date_utc
    return Revocation(row.serial_number, reason, row.revocation_date_utc, since)


def _utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time has no zone")
    return found.astimezone(UTC)
