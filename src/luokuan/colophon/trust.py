"""Whom a verification trusts: the home's authorities, old and new, the user's own certificates, less those revoked.

One trust list isn't enough: under the authority that issued a user's certificate, strangers have certificates too, and
of a revoked authority only that is believed which a time-stamp shows to be older.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.facts import Facts
from luokuan.i18n import _

if TYPE_CHECKING:
    from cryptography import x509

    from luokuan.store.home import Home
    from luokuan.store.revocation import Revocation, RevocationList

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


def revocations(
    facts: Facts, trust: Trust, lists: Sequence[RevocationList], *, expired: bool = False
) -> list[Revocation]:
    """Those that speak of the signer of a file: the home's own of its own, and those in the lists that were given by
    whoever issued one of the certificates in the signature.

    ``expired``: the home knows the file for its own, although its certificate has run out. Which authority was above
    can't be told then: each that is revoked counts.
    """
    if not expired and not facts.own and facts.state != "Trusted":
        return []
    known = trust.revoked if facts.home or facts.own or expired else ()
    return [
        # A signer without a number could be any of them.
        *(entry for entry in known if facts.serial is None or entry.serial == int(facts.serial)),
        *(entry for name, entry in trust.authorities if expired or name == facts.group),
        *_listed(facts, lists),
    ]


def _listed(facts: Facts, lists: Sequence[RevocationList]) -> list[Revocation]:
    if facts.chain:
        # Not the signer's alone: an authority above may be the one that was revoked.
        found = (one.find(certificate) for certificate in _chain(facts) for one in lists)
        return [entry for entry in found if entry is not None]
    # Who signed can't be told: by its number, if there is one, it could be any of them.
    entries = [entry for one in lists for entry in one.entries]
    return [entry for entry in entries if facts.serial is None or entry.serial == int(facts.serial)]


def _chain(facts: Facts) -> list[x509.Certificate]:
    from cryptography import x509

    found = []
    for one in facts.chain:
        try:
            found.append(x509.load_der_x509_certificate(bytes.fromhex(one)))
        except ValueError:  # what stands above the signer may be anything: only the way to the root was checked
            continue
    return found


def about_lists(facts: Facts, lists: Sequence[RevocationList]) -> list[str]:
    """Sentences for people on what the lists that were given can't tell of the signer of a file."""
    if not lists or facts.state != "Trusted" or facts.home:
        return []
    chain = _chain(facts)[:1]
    told = [one for one in lists for certificate in chain if one.is_for(certificate)]
    if not told:
        return [_("No revocation list that was given is by the authority that issued the signer's certificate.")]
    newest = max(one.until for one in told)
    if newest > datetime.now(UTC):
        return []
    return [
        _(
            "The revocation list is out of date: a newer one was due on {day}. What was revoked since isn't known.",
            day=newest.date(),
        )
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
