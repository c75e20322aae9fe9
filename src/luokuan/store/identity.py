"""The home's identity: with what it signs, what it hands out to those who check, and who stamps the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.i18n import _
from luokuan.store.certificates import is_revoked, leaves, list_of, load_pem
from luokuan.store.home import Home
from luokuan.store.keys import Signing, leaf_file, signing
from luokuan.store.places import Places, changing, read_places, write_places
from luokuan.store.revocation import Revocation
from luokuan.store.stamps import check_url
from luokuan.store.usercert import check_chain, keep_chain, load_chain, owned


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as it is shown. ``serial`` and ``fingerprint`` (SHA-256 of the DER): lower-case hexadecimal."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a home signs with.

    Args:
        kind: ``own``: under the home's authority; ``user``: the user's own certificate.
        leaf: The certificate that signs.
        above: The authorities over it, the issuer first.
        earlier: Certificates that no longer sign, whose works are ours.
        stamp_url: The time-stamp authority; empty: none.
        stamp_roots: Under which time-stamps count.
        revoked: What may no longer be relied upon.
    """

    kind: str
    leaf: Shown
    above: tuple[Shown, ...]
    earlier: tuple[Shown, ...]
    stamp_url: str
    stamp_roots: tuple[Shown, ...]
    revoked: tuple[Revocation, ...]


def find_identity(home: Home) -> Identity | None:
    """What ``home`` signs with; None before the first work. Makes nothing, and reads no key.

    Raises:
        UserError: a certificate is damaged.
    """
    places = read_places(home)
    folder = home.path / "keys" / (places.user or places.authority)
    if not folder.is_dir():
        return None
    files = ["chain"] if places.user else [leaf_file(places), "intermediate", "root"]
    above = [found for file in files for found in load_pem(folder / f"{file}.pem")]
    known = (found for found, _folder in leaves(home, places) if found != above[0])
    return Identity(
        kind="user" if places.user else "own",
        leaf=shown(above[0]),
        above=tuple(shown(found) for found in above[1:]),
        earlier=tuple(shown(found) for found in known),
        stamp_url=places.stamp_url,
        stamp_roots=tuple(map(shown, _stamp_roots(places))),
        revoked=places.revoked,
    )


def shown(certificate: x509.Certificate) -> Shown:
    """The certificate as it is shown."""
    return Shown(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def with_callback(home: Home, chain: bytes, callback: Callable[[bytes], bytes]) -> Signing:
    """What signs with a key that never leaves its device (HSM, KMS), for ``finish(..., signer=...)``. The home
    remembers the certificate, so that works signed with it are ours; the home itself goes on signing as before.

    Args:
        home: The home.
        chain: The certificate and the authorities above it, PEM.
        callback: See ``keys.Signing``.

    Raises:
        UserError: the certificate isn't valid now, isn't made for signing works, or its issuer is missing.
    """
    found = owned(check_chain(load_chain(chain, "chain")), b"")
    with changing(home) as places:
        keep_chain(home, found)
        if found.name not in places.users:
            write_places(home, replace(places, users=(*places.users, found.name)))
    roots = "".join(places.stamp_roots).encode("ascii")
    return replace(found.signing, callback=callback, stamp_url=places.stamp_url, stamp_roots=roots)


def set_stamps(home: Home, url: str, roots: bytes = b"", *, forget: Sequence[str] = ()) -> None:
    """Let each signature be time-stamped by the authority at ``url`` (empty: none), whose answers count under ``roots``
    (PEM). Roots of earlier authorities stay, for works that were stamped before, but for those to ``forget``.

    Args:
        home: The home.
        url: See ``stamps.check_url``.
        roots: New ones.
        forget: SHA-256 fingerprints, hexadecimal, of roots under which time-stamps count no longer, not even old ones.

    Raises:
        UserError: no such address can be, no root would be left for it, one to forget isn't there, or the home can't be
            written.
    """
    if url:
        check_url(url)
    with changing(home) as places:
        kept = stamp_roots_after(places, roots, forget)
        if url and not kept:
            raise UserError(
                _("Time-stamps count only under a root that you trust."),
                _("Give the root certificate of the authority with --root; it is published on its pages."),
                code="identity.stamp_root",
            )
        write_places(home, replace(places, stamp_url=url, stamp_roots=kept))


def stamp_roots_after(places: Places, roots: bytes = b"", forget: Sequence[str] = ()) -> tuple[str, ...]:
    """The roots of time-stamps, each PEM, with some more and without others; see ``set_stamps``.

    Raises:
        UserError: one to forget isn't there.
    """
    given = x509.load_pem_x509_certificates(roots) if roots else []
    gone = {text.replace(":", "").lower() for text in forget}
    known = _stamp_roots(places)
    unknown = sorted(gone - {shown(found).fingerprint for found in known})
    if unknown:
        raise UserError(
            _("No root of time-stamps here has the fingerprint {fingerprint}.", fingerprint=unknown[0][:64]),
            _("Copy it from: luokuan identity show"),
            code="identity.stamp_root_unknown",
            status=404,
        )
    kept = [found for found in known if shown(found).fingerprint not in gone]
    kept += [found for found in given if found not in kept]
    return tuple(found.public_bytes(serialization.Encoding.PEM).decode("ascii") for found in kept)


def _stamp_roots(places: Places) -> list[x509.Certificate]:
    pems = "".join(places.stamp_roots).encode("ascii")
    return x509.load_pem_x509_certificates(pems) if pems else []


def export(home: Home, folder: Path) -> dict[str, Path]:
    """Write what those need who check the home's works; nothing in it is secret.

    Returns:
        Paths: ``root`` (the authorities to trust), ``chain`` (what signs now), ``crl`` (a revocation list of this
        moment, with its issuers' certificates), and ``stamp_root``, where there are time-stamps.

    Raises:
        UserError: the keys can't be used, the folder can't be written, or it has files of these names that no export of
            this home wrote.
    """
    current = signing(home)
    places = read_places(home)
    good = [name for name in places.authorities if not is_revoked(home, places, name)]
    good.sort(key=lambda name: name != places.authority)
    roots = [load_pem(home.keys / name / "root.pem")[0] for name in good if (home.keys / name).is_dir()]
    if places.user:
        roots.append(x509.load_pem_x509_certificates(current.chain)[-1])
    files = {
        "root": b"".join(root.public_bytes(serialization.Encoding.PEM) for root in roots),
        "chain": current.chain,
        "crl": b"".join(list_of(home, places, name) for name in good if (home.keys / name).is_dir()),
        "stamp_root": "".join(places.stamp_roots).encode("ascii"),
    }
    paths = {name: folder / f"{name.replace('_', '-')}.pem" for name, data in files.items() if data}
    there = [path for path in paths.values() if path.exists()]
    if there and not _holds_one_of(paths["root"], roots):
        raise UserError(
            _("{path} is there already, and this home didn't write it.", path=there[0]),
            _("Give another folder."),
            code="identity.export",
        )
    for name, path in paths.items():
        write_atomic(path, files[name])
    return paths


def _holds_one_of(path: Path, roots: list[x509.Certificate]) -> bool:
    try:
        return any(found in roots for found in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        return False
