"""The certificates in the home's folders of keys: all that it ever signed with, and the lists of those revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from luokuan.store.home import Home
from luokuan.store.keys import damaged, load_certified
from luokuan.store.places import Places, now
from luokuan.store.revocation import list_pem

LIST = "crl.pem"
"""In an authority's folder: its revocation list, as it was last signed."""


def leaves(home: Home, places: Places) -> Iterator[tuple[x509.Certificate, str]]:
    """All certificates that the home ever signed with, and the folders where they lie."""
    for name in places.authorities:
        for path in sorted((home.path / "keys" / name).glob("leaf*.pem")):
            yield load_pem(path)[0], name
    for name in places.users:
        path = home.path / "keys" / name / "chain.pem"
        if path.is_file():
            yield load_pem(path)[0], name


def is_revoked(home: Home, places: Places, authority: str) -> bool:
    """Whether one of the home's authorities, or its root, was revoked."""
    return any(
        places.find_revocation(found.serial_number) is not None
        for file in ("intermediate", "root")
        if (home.keys / authority / f"{file}.pem").is_file()
        for found in load_pem(home.keys / authority / f"{file}.pem")
    )


def list_of(home: Home, places: Places, authority: str) -> bytes:
    """The revocation list of one of the home's authorities, signed now, with the certificate of its issuer, PEM; the
    one that was signed last, or nothing, where the authority's key is away.

    Raises:
        UserError: its certificates or its key are damaged.
    """
    folder = home.keys / authority
    if not (folder / "intermediate.key").exists():
        kept = folder / LIST
        return kept.read_bytes() if kept.is_file() else b""
    mine = {leaf.serial_number for leaf, name in leaves(home, places) if name == authority}
    entries = [entry for entry in places.revoked if entry.serial in mine]
    return list_pem(load_certified(folder, "intermediate"), entries, now())


def load_pem(path: Path) -> list[x509.Certificate]:
    """The certificates in a file of the home's.

    Raises:
        UserError: it isn't there, or holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(path.parent, error) from error
