"""Whom a verification trusts: the home's authorities, old and new, the user's own certificates, less those revoked.

One trust list isn't enough: under the authority that issued a user's certificate, strangers have certificates too, and
of a revoked authority only that is believed which a time-stamp shows to be older.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.facts import Facts
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.revocation import Revocation

HOME = "home"
"""Name of the group of the home's authorities in good standing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Signers who are trusted alike.

    Args:
        name: Not empty for signers of the home's.
        anchors: Certificates under which they are, PEM.
        leaves: If any: only these certificates, by their SHA-256. Issuers and serial numbers tell nobody: an authority
            may let others issue under its name, and a number is given away as its giver likes.
    """

    name: str
    anchors: str
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """What a home knows of its own signatures.

    Args:
        roots: Of its authorities in good standing, PEM.
        groups: Its revoked authorities, one each, and the user's own certificates.
        stamp_roots: Of time-stamp authorities, PEM.
        revoked: Revoked certificates.
        authorities: Name of a group to the revocation of its authority.
    """

    roots: bytes = b""
    groups: tuple[Group, ...] = ()
    stamp_roots: bytes = b""
    revoked: tuple[Revocation, ...] = ()
    authorities: tuple[tuple[str, Revocation], ...] = ()


def trust_of(home: Home) -> Trust:
    """What ``home`` knows; nothing, if it has no keys yet. Reads no key and makes nothing.

    Raises:
        UserError: a certificate, or the file that names them, is damaged.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    from luokuan.store.certificates import load_pem
    from luokuan.store.places import read_places

    places = read_places(home)
    roots, groups, authorities = b"", [], []
    keys = home.path / "keys"
    for name in places.authorities:
        folder = keys / name
        if _absent(folder):
            continue  # not made yet; or its owner took it away, and its works are no longer ours
        (root,) = load_pem(folder / "root.pem")[:1]
        above = [root, *load_pem(folder / "intermediate.pem")]
        pem = root.public_bytes(Encoding.PEM)
        found = [places.find_revocation(certificate.serial_number) for certificate in above]
        bad = [entry for entry in found if entry is not None]
        if bad:
            groups.append(Group(name, pem.decode("ascii")))
            authorities += [(name, entry) for entry in bad]
        else:
            roots += pem
    for name in places.users:
        chain = keys / name / "chain.pem"
        if not _absent(chain):
            leaf, issuer = load_pem(chain)[:2]
            groups.append(
                Group(name, issuer.public_bytes(Encoding.PEM).decode("ascii"), (leaf.fingerprint(SHA256()).hex(),))
            )
    stamp_roots = "".join(places.stamp_roots).encode("ascii")
    return Trust(roots, tuple(groups), stamp_roots, places.revoked, tuple(authorities))


def _absent(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        return False  # what can't be looked at isn't absent; reading it says why


def revocations(facts: Facts, trust: Trust, lists: Sequence[Revocation], *, expired: bool = False) -> list[Revocation]:
    """Those that speak of the signer of a file: the home's own of its own, the given lists' of all others.

    ``expired``: the home knows the file for its own, although its certificate has run out. Which authority was above
    can't be told then: each that is revoked counts.
    """
    if not expired and not facts.own and facts.state != "Trusted":
        return []
    known = trust.revoked if facts.home or facts.own or expired else lists
    return [
        # A signer without a number could be any of them.
        *(entry for entry in known if facts.serial is None or entry.serial == int(facts.serial)),
        *(entry for name, entry in trust.authorities if expired or name == facts.group),
    ]


def reaches(entry: Revocation, facts: Facts) -> bool:
    """Whether a revocation takes the validity of a file, see ``Revocation.reaches``."""
    claim = facts.claim or {}
    stamped = _moment(claim.get("stamped")) if facts.stamped else None
    return entry.reaches(stamped=stamped, claimed=_moment(claim.get("created")))


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def about_certificate(facts: Facts, revoked: Sequence[Revocation]) -> list[str]:
    """Sentences for people on the signer's certificate."""
    lines = []
    if facts.valid_from is not None:
        lines.append(
            _(
                "The certificate is valid from {time}: this clock is slow, or the signer's was fast.",
                time=facts.valid_from,
            )
        )
    for entry in revoked:
        values = {"time": entry.at.isoformat(), "reason": entry.reason}
        if reaches(entry, facts):
            lines.append(_("The signer's certificate was revoked at {time} ({reason}).", **values))
            if entry.since is not None:
                lines.append(
                    _("Its key may have been in other hands since {time}.", time=entry.since.isoformat()),
                )
        elif facts.stamped:
            lines.append(
                _("The certificate was revoked at {time} ({reason}); a time-stamp shows that this is older.", **values)
            )
        else:
            lines.append(
                _(
                    "The certificate was revoked at {time} ({reason}), but its key stayed in its owner's hands, and "
                    "by the signer's clock this is older.",
                    **values,
                )
            )
    return lines
