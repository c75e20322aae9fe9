"""Issuing certificates: a home's own authority, root → intermediate → leaf.

The profile is what C2PA 2.4, section 14.5 (certificate profile) asks of a claim signer, tried against c2pa-rs and
a second verifier: P-256, leaf with CA:FALSE (critical), keyUsage digitalSignature (critical), subject and
authority key identifiers, and EKU emailProtection. Nobody but those who are given the root trusts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365)
ROOT_LIFE, INTERMEDIATE_LIFE, LEAF_LIFE = 40 * YEAR, 30 * YEAR, 10 * YEAR
"""An unstamped work stops verifying when its leaf expires: hence ten years, not ten days."""
STAMPED_LEAF_LIFE = YEAR
"""A stamped work outlives its leaf, so that the leaf may be short-lived: a stolen key is of use for a year at most."""

_BACKDATE = timedelta(minutes=10)  # the reader's clock may be a little behind ours


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        """Without the key."""
        return f"Certified({self.certificate.subject.rfc4514_string()})"

    def certificate_pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """The key, unencrypted PKCS#8 PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def issue(name: str, life: timedelta, *, by: Certified | None = None, depth: int | None = None) -> Certified:
    """Issue a P-256 certificate (RFC 5280) named ``name``, valid from ten minutes ago for ``life`` from now.

    Args:
        name: The subject's common name; the only thing that the certificate says about anybody.
        life: How long from now; never longer than the issuer lives, or nobody could check it.
        by: The issuer; None makes a self-signed root.
        depth: How many authorities may stand below (0: leaves only); None makes a leaf.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key = key if by is None else by.key
    authority = depth is not None
    now = datetime.now(UTC)
    end = now + life if by is None else min(now + life, by.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=depth), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=False)
    return Certified(builder.sign(issuer_key, hashes.SHA256()), key)


def make_authority(
    name: str,
    *,
    root_life: timedelta = ROOT_LIFE,
    intermediate_life: timedelta = INTERMEDIATE_LIFE,
    leaf_life: timedelta = LEAF_LIFE,
) -> tuple[Certified, Certified, Certified]:
    """A new root, intermediate and leaf, with ``name`` in each common name."""
    root = issue(f"{name} root", root_life, depth=1)
    intermediate = issue(f"{name} intermediate", intermediate_life, by=root, depth=0)
    return root, intermediate, issue(name, leaf_life, by=intermediate)
