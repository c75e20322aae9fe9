"""The home's signing key and certificates: made at first use, checked at each.

The certificates' profile is in ``authority``; which of several keys is in use stands in ``places``.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from luokuan import logs
from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder
from luokuan.i18n import _
from luokuan.store.authority import LEAF_LIFE, STAMPED_LEAF_LIFE, YEAR, Certified, make_authority
from luokuan.store.home import FIRST_AUTHORITY, Home
from luokuan.store.places import Places, changing, forget_leaf, read_places, write_places

__all__ = ["LEAF_LIFE", "YEAR", "Signing", "install", "make_authority", "root_certificate", "signing", "signing_from"]

WARN_BEFORE = timedelta(days=60)
"""How long before its end a certificate is spoken of by every command that signs."""

_ROOT, _INTERMEDIATE, _LEAF = "root", "intermediate", "leaf"
_warned: set[int] = set()  # serial numbers: one line a process


@dataclass(frozen=True, slots=True)
class Signing:
    """What signing needs.

    Args:
        chain: The leaf and the authorities between it and the root, leaf first, PEM.
        key: The leaf's key, PEM; empty with a ``callback``.
        root: The certificate under which the signature is to be read back as trusted, PEM.
        algorithm: In C2PA's words (C2PA 2.4, section 13.2): ``es256``, ``es384``, ``es512``, ``ps256`` or ``ed25519``.
        callback: Signs the bytes that it is given, for keys that never leave their device; returns the signature
            (ECDSA: r and s one after the other, or DER).
        stamp_url: The time-stamp authority that is asked for each signature; empty: none.
        stamp_roots: Roots under which its answers count, PEM.
    """

    chain: bytes
    key: bytes
    root: bytes
    algorithm: str = "es256"
    callback: Callable[[bytes], bytes] | None = None
    stamp_url: str = ""
    stamp_roots: bytes = b""

    def __repr__(self) -> str:
        """Without the key, so that no log or traceback shows it."""
        return "Signing(…)"


def signing_from(root: Certified, intermediate: Certified, leaf: Certified) -> Signing:
    """What signing needs, from certificates in memory."""
    return Signing(leaf.certificate_pem() + intermediate.certificate_pem(), leaf.key_pem(), root.certificate_pem())


def signing(home: Home, *, name: str | None = None) -> Signing:
    """The home's signing key and certificates, or the user's own if the home was told to use them; an authority is made
    at first use, once, even by several processes. From 60 days before the certificate's end a warning is logged.

    Args:
        home: The home.
        name: Common name for a new authority; default ``Luokuan home CA`` and six random hexadecimal digits, which
            tell homes apart and nobody's name.

    Raises:
        UserError: somebody else may read the keys, they are damaged, or the certificate isn't valid now or was revoked.
    """
    places = read_places(home)
    while True:
        if not places.user:
            _make_if_absent(home, places, name)
        try:
            found = _load(home.keys, places)
        except UserError:
            now = read_places(home)
            if now == places:
                raise
            places = now  # another process has rotated meanwhile, and removed the old key
            continue
        certificates = x509.load_pem_x509_certificates(found.chain + found.root)
        _check_revoked(certificates, places)
        _check_time(certificates[0], places)
        return found


def _make_if_absent(home: Home, places: Places, name: str | None) -> None:
    folder = home.keys / places.authority
    with disk_errors(folder):
        absent = not folder.exists()
    if not absent:
        return
    made = make_authority(name or new_name(), leaf_life=leaf_life(places))
    if places.leaf:
        # Its owner took the folder away: the leaf that was in use has gone with it.
        with changing(home) as held:
            write_places(home, forget_leaf(held))
    install(home, *made, folder=places.authority)


def new_name() -> str:
    """A name for an authority: random, so that it tells homes apart and nobody's name."""
    return f"Luokuan home CA {secrets.token_hex(3)}"


def root_certificate(home: Home) -> bytes:
    """The root of the home's authority, PEM, for those who only check signatures.

    Raises:
        UserError: it can't be read, or is no certificate.
    """
    path = home.root_certificate
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.PEM)
    except (OSError, ValueError) as error:
        raise damaged(path.parent, error) from error


def install(
    home: Home, root: Certified, intermediate: Certified, leaf: Certified, *, folder: str = FIRST_AUTHORITY
) -> None:
    """Give ``home`` this authority, unless it has one in ``folder``; the files are the owner's alone (0600)."""
    place = home.keys / folder
    with disk_errors(place):
        for left in place.parent.glob(f".{FIRST_AUTHORITY}*.part"):
            # Keys of a process that died before it could use them; a living one needs seconds.
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{folder}.", suffix=".part"))
        try:
            for file, certified in ((_ROOT, root), (_INTERMEDIATE, intermediate), (_LEAF, leaf)):
                _write_private(part / f"{file}.pem", certified.certificate_pem())
                _write_private(part / f"{file}.key", certified.key_pem())
            fsync_folder(part)
            try:
                # A rename onto a folder with files fails: of two processes one wins, and both then load its keys.
                part.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
            fsync_folder(place.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def leaf_life(places: Places) -> timedelta:
    """How long a new leaf lives: ten years, or one where time-stamps keep its works valid after its end."""
    return STAMPED_LEAF_LIFE if places.stamp_url else LEAF_LIFE


def leaf_file(places: Places) -> str:
    """Name, without ending, of the files of the leaf in use."""
    return f"{_LEAF}-{places.leaf}" if places.leaf else _LEAF


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that is the owner's alone, durably."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def load_certified(folder: Path, name: str) -> Certified:
    """A certificate of the home's authority with its key.

    Raises:
        UserError: they are not there, damaged, or others may read them.
    """
    try:
        refuse_if_open(folder)
        certificate = x509.load_pem_x509_certificate(_read(folder / f"{name}.pem"))
        key = serialization.load_pem_private_key(_read(folder / f"{name}.key"), password=None)
        if key.public_key() != certificate.public_key():
            raise ValueError("the key is another certificate's")
    except (OSError, ValueError, TypeError) as error:
        raise damaged(folder, error) from error
    return Certified(certificate, key)  # type: ignore[arg-type]


def _load(keys: Path, places: Places) -> Signing:
    folder = keys / (places.user or places.authority)
    try:
        for path in (keys, folder):
            refuse_if_open(path)
        if places.user:
            chain, key = _read(folder / "chain.pem"), _read(folder / "key.pem")
            issuers = x509.load_pem_x509_certificates(chain)
            root = issuers[1].public_bytes(serialization.Encoding.PEM)
        else:
            file = leaf_file(places)
            leaf, key = _read(folder / f"{file}.pem"), _read(folder / f"{file}.key")
            intermediate, root = _read(folder / f"{_INTERMEDIATE}.pem"), _read(folder / f"{_ROOT}.pem")
            chain = leaf + intermediate
            issuers = [x509.load_pem_x509_certificate(pem) for pem in (leaf, intermediate, root)]
        private = serialization.load_pem_private_key(key, password=None)
        if private.public_key() != issuers[0].public_key():
            raise ValueError("the key is another certificate's")
        for below, above in pairwise(issuers):
            below.verify_directly_issued_by(above)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise (damaged(folder, error) if places.user else _leaf_damaged(folder, places, error)) from error
    except InvalidSignature as error:
        raise damaged(folder, ValueError("the certificates belong to different authorities")) from error
    roots = "".join(places.stamp_roots).encode("ascii")
    algorithm = algorithm_of(issuers[0])
    return Signing(chain, key, root, algorithm, stamp_url=places.stamp_url, stamp_roots=roots)


def algorithm_of(certificate: x509.Certificate) -> str:
    """The signature algorithm of the certificate's key, in C2PA's words (C2PA 2.4, section 13.2).

    Raises:
        ValueError: C2PA has none for such a key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return "ps256"
    raise ValueError("C2PA signs with P-256, P-384, P-521, Ed25519, or RSA of 2048 bits and more")


_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def _check_time(certificate: x509.Certificate, places: Places) -> None:
    now = datetime.now(UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    said = about_end(end, user=bool(places.user))
    if said is not None and end <= now:
        raise UserError(*said, code="keys.expired")
    if begin > now:
        raise UserError(
            _("The home's signing certificate isn't valid before {time}, says this machine's clock.", time=begin),
            _("Set the clock. If the clock was wrong when it was made: luokuan identity rotate --authority"),
            code="keys.early",
        )
    if said is not None and certificate.serial_number not in _warned:
        _warned.add(certificate.serial_number)
        logs.get("store.keys").warning(" ".join(said))


def about_end(end: datetime, *, user: bool) -> tuple[str, str] | None:
    """What is said of a signing certificate that ends at ``end``, and what to do; None while it has over 60 days.

    Args:
        end: Its end, UTC.
        user: Whether it is the user's own.
    """
    now = datetime.now(UTC)
    if end - now >= WARN_BEFORE:
        return None
    renew = (
        _("Get a new one from its issuer, then run: luokuan identity use CERT.pem KEY.pem")
        if user
        else _("Make a new one: luokuan identity rotate")
    )
    if end <= now:
        return _("The home's signing certificate expired on {day}.", day=end.date()), renew
    return _("The home's signing certificate expires on {day}.", day=end.date()), renew


def _check_revoked(certificates: list[x509.Certificate], places: Places) -> None:
    for certificate in certificates:
        if places.find_revocation(certificate.serial_number) is not None:
            # Only by a file that was put back from a backup: what is in use is replaced when it is revoked.
            raise UserError(
                _("The home's signing certificate was revoked."),
                _("Make a new authority: luokuan identity rotate --authority"),
                code="keys.revoked",
            )


def damaged(folder: Path, error: Exception) -> UserError:
    """What is said of keys that can't be used."""
    return UserError(
        _("The signing key in {folder} can't be used: {reason}.", folder=folder, reason=error),
        _("Restore it from a backup; or move the folder away, and a new authority is made."),
        code="keys.damaged",
    )


def _leaf_damaged(folder: Path, places: Places, error: Exception) -> UserError:
    """As ``damaged``; where the authority is whole, a new leaf is all that is needed."""
    file = leaf_file(places)
    whole = all((folder / f"{name}{end}").is_file() for name in (_ROOT, _INTERMEDIATE) for end in (".pem", ".key"))
    if not isinstance(error, FileNotFoundError) or not whole or Path(str(error.filename)).stem != file:
        return damaged(folder, error)
    return UserError(
        _("The signing key in {folder} can't be used: {reason}.", folder=folder, reason=error),
        _("Restore it from a backup, or make a new one of the same authority: luokuan identity rotate"),
        code="keys.damaged",
    )


def _read(path: Path) -> bytes:
    refuse_if_open(path)
    return path.read_bytes()


def refuse_if_open(path: Path) -> None:
    """Refuse a file or folder that others than its owner may use.

    Raises:
        UserError: they may.
    """
    if os.name != "posix":
        return  # elsewhere access lists rule, and these bits say nothing
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UserError(
            _("Others than the owner may use {path} (mode {mode:03o}).", path=path, mode=mode),
            _("Take their rights away: chmod -R go-rwx {keys}", keys=path if path.is_dir() else path.parent),
            code="keys.permissions",
        )
