"""Certificates such as a user may bring, good and bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from luokuan.store.authority import Certified, make_authority

KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


class Office:
    """Somebody else's authority, which issues certificates for users."""

    def __init__(self) -> None:
        self.root, self.mid, _leaf = make_authority("Office")

    def issue(
        self,
        key: Any,
        *,
        life: tuple[timedelta, timedelta] = (timedelta(minutes=-10), timedelta(days=400)),
        usage: ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION,
        signs: bool = True,
        by: Certified | None = None,
        serial: int | None = None,
    ) -> x509.Certificate:
        """A certificate for ``key``; ``life``: from when and until when, from now."""
        by, now = by or self.mid, datetime.now(UTC)
        others = dict.fromkeys(
            ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
             "decipher_only"), False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Atelier")]))
            .issuer_name(by.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now + life[0])
            .not_valid_after(now + life[1])
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=signs, key_encipherment=not signs, **others), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(by.key, hashes.SHA256())

    def write(self, folder: Path, algorithm: str = "es256", **choices: Any) -> tuple[Path, Path, Path]:
        """cert.pem, key.pem (0600) and chain.pem in ``folder``."""
        key = KEYS[algorithm]()
        certificate = self.issue(key, **choices)
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "cert.pem", folder / "key.pem", folder / "chain.pem"
        paths[0].write_bytes(pem(certificate))
        paths[1].write_bytes(key_pem(key))
        paths[1].chmod(0o600)
        paths[2].write_bytes(self.mid.certificate_pem() + self.root.certificate_pem())
        return paths


def pem(certificate: x509.Certificate) -> bytes:
    """PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Any, password: bytes | None = None) -> bytes:
    """PKCS#8 PEM, encrypted with ``password`` if there is one."""
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
