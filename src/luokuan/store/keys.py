"""The home's own certificate authority, made at first use: root → intermediate → leaf.

The profile is what C2PA 2.4, section 14.5 (certificate profile) asks of a claim signer, tried against c2pa-rs and
a second verifier: P-256, leaf with CA:FALSE (critical), keyUsage digitalSignature (critical), subject and
authority key identifiers, and EKU emailProtection. Nobody but those who are given the root trusts it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder
from luokuan.i18n import _
from luokuan.store.home import Home

YEAR = timedelta(days=365)
ROOT_LIFE, INTERMEDIATE_LIFE, LEAF_LIFE = 40 * YEAR, 30 * YEAR, 10 * YEAR
"""An unstamped work stops verifying when its leaf expires: hence ten years, not ten days."""

_AUTHORITY = "ca"
_ROOT, _INTERMEDIATE, _LEAF = "root", "intermediate", "leaf"
_BACKDATE = timedelta(minutes=10)  # the reader's clock may be a little behind ours


@dataclass(frozen=True, slots=True)
class Signing:
    """What signing needs. ``chain``: leaf and intermediate, PEM; ``key``: the leaf's, PEM; ``root``: PEM."""

    chain: bytes
    key: bytes
    root: bytes

    def __repr__(self) -> str:
        """Without the key, so that no log or traceback shows it."""
        return "Signing(…)"


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
        life: How long from now.
        by: The issuer; None makes a self-signed root.
        depth: How many authorities may stand below (0: leaves only); None makes a leaf.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key = key if by is None else by.key
    authority = depth is not None
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
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


def signing_from(root: Certified, intermediate: Certified, leaf: Certified) -> Signing:
    """What signing needs, from certificates in memory."""
    return Signing(leaf.certificate_pem() + intermediate.certificate_pem(), leaf.key_pem(), root.certificate_pem())


def signing(home: Home, *, name: str | None = None) -> Signing:
    """The home's signing key and certificates; made at first use, once, even by several processes.

    Args:
        home: The home.
        name: Common name for a new authority; default ``Luokuan home CA`` and six random hexadecimal digits, which
            tell homes apart and nobody's name.

    Raises:
        UserError: somebody else may read the keys, they are damaged, or the leaf has expired.
    """
    folder = home.keys / _AUTHORITY  # where home.root_certificate looks
    with disk_errors(folder):
        absent = not folder.exists()
    if absent:
        install(home, *make_authority(name or f"Luokuan home CA {secrets.token_hex(3)}"))
    return _load(home.keys, folder)


def root_certificate(home: Home) -> bytes:
    """The root of the home's authority, PEM, for those who only check signatures.

    Raises:
        UserError: it can't be read, or is no certificate.
    """
    path = home.root_certificate
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.PEM)
    except (OSError, ValueError) as error:
        raise _damaged(path.parent, error) from error


def install(home: Home, root: Certified, intermediate: Certified, leaf: Certified) -> None:
    """Give ``home`` this authority, unless it has one; the files are the owner's alone (0600)."""
    folder = home.keys / _AUTHORITY
    with disk_errors(folder):
        for left in folder.parent.glob(f".{_AUTHORITY}.*.part"):
            # Keys of a process that died before it could use them; a living one needs seconds.
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{_AUTHORITY}.", suffix=".part"))
        try:
            for file, certified in ((_ROOT, root), (_INTERMEDIATE, intermediate), (_LEAF, leaf)):
                _write_private(part / f"{file}.pem", certified.certificate_pem())
                _write_private(part / f"{file}.key", certified.key_pem())
            fsync_folder(part)
            try:
                # A rename onto a folder with files fails: of two processes one wins, and both then load its keys.
                part.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
            fsync_folder(folder.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _write_private(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _load(keys: Path, folder: Path) -> Signing:
    try:
        for path in (keys, folder):
            _refuse_if_open(path)
        leaf, key = _read(folder / f"{_LEAF}.pem"), _read(folder / f"{_LEAF}.key")
        intermediate, root = _read(folder / f"{_INTERMEDIATE}.pem"), _read(folder / f"{_ROOT}.pem")
        certificate = x509.load_pem_x509_certificate(leaf)
        private = serialization.load_pem_private_key(key, password=None)
        if private.public_key() != certificate.public_key():
            raise ValueError("the key is another certificate's")
        above = x509.load_pem_x509_certificate(intermediate)
        certificate.verify_directly_issued_by(above)
        above.verify_directly_issued_by(x509.load_pem_x509_certificate(root))
    except (OSError, ValueError) as error:
        raise _damaged(folder, error) from error
    except InvalidSignature as error:
        raise _damaged(folder, ValueError("the certificates belong to different authorities")) from error
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise UserError(
            _("The home's signing certificate expired on {day}.", day=certificate.not_valid_after_utc.date()),
            _("Move {folder} away, and a new authority is made.", folder=folder),
            code="keys.expired",
        )
    return Signing(leaf + intermediate, key, root)


def _damaged(folder: Path, error: Exception) -> UserError:
    return UserError(
        _("The signing key in {folder} can't be used: {reason}.", folder=folder, reason=error),
        _("Restore it from a backup; or move the folder away, and a new authority is made."),
        code="keys.damaged",
    )


def _read(path: Path) -> bytes:
    _refuse_if_open(path)
    return path.read_bytes()


def _refuse_if_open(path: Path) -> None:
    if os.name != "posix":
        return  # elsewhere access lists rule, and these bits say nothing
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UserError(
            _("Others than the owner may use {path} (mode {mode:03o}).", path=path, mode=mode),
            _("Take their rights away: chmod -R go-rwx {keys}", keys=path if path.is_dir() else path.parent),
            code="keys.permissions",
        )
