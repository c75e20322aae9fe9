"""Renewing, replacing and revoking what the home signs with.

Every change writes new files first and then, in one step, the file that names what is in use (see ``places``). Keys
that are no longer in use are removed after that; certificates stay, for the works that were signed with them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cryptography.x509.oid import NameOID

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.i18n import _
from luokuan.store.authority import issue, make_authority
from luokuan.store.certificates import LIST, leaves, list_of, load_pem
from luokuan.store.home import FIRST_AUTHORITY, Home
from luokuan.store.keys import Signing, install, leaf_file, leaf_life, load_certified, new_name, signing
from luokuan.store.places import Places, changing, now, read_places, write_places
from luokuan.store.revocation import REASONS, Revocation
from luokuan.store.usercert import Owned, keep_chain


def rotate(home: Home) -> None:
    """Sign with a new certificate and key from now on, under the same authority; what was signed before stays ours. The
    certificate lives for ten years, or for one where works are time-stamped.

    Raises:
        UserError: the home signs with a certificate of the user's, or its authority can't issue any more.
    """
    if read_places(home).user:
        raise UserError(
            _("The home signs with your own certificate, which only its issuer can renew."),
            _("Run: luokuan identity use CERT.pem KEY.pem; or go back to the home's own: luokuan identity forget"),
            code="identity.user",
        )
    if not (home.keys / read_places(home).authority).exists():
        signing(home)  # the first one is as new as it gets
        return
    with changing(home) as places:
        write_places(home, replace(places, leaf=_new_leaf(home, places)))
        _sweep(home, read_places(home))


def rotate_authority(home: Home) -> None:
    """Sign under a whole new authority from now on. Works under the old one stay ours, unless it is revoked as well.

    Raises:
        UserError: the home can't be written.
    """
    with changing(home) as places:
        write_places(home, _with_new_authority(home, places))
        _sweep(home, read_places(home))


def revoke(
    home: Home, serial: str, *, reason: str, at: datetime | None = None, since: datetime | None = None
) -> Revocation:
    """Say that a certificate may no longer be relied upon. One in use is replaced in the same step: a leaf by a new
    one, an authority by a new one, the user's own by the home's.

    Args:
        home: The home.
        serial: Hexadecimal serial number of a certificate that the home signed with, or of an authority of its own.
        reason: One of ``revocation.REASONS``.
        at: When; default: now.
        since: Since when the key may have been in other hands, where that is known.

    Raises:
        UserError: no certificate of this home has the number, or the reason or a time is wrong.
    """
    moment = now()
    if reason not in REASONS:
        raise UserError(
            _("'{reason}' is no reason for a revocation.", reason=reason),
            _("Choose one of: {reasons}.", reasons=", ".join(REASONS)),
            code="identity.reason",
        )
    entry = Revocation(_number(serial), reason, at or moment, since)
    if entry.at > moment or (since is not None and since > moment):
        raise UserError(
            _("A revocation can't lie in the future."), _("Give a time that has passed."), code="identity.time"
        )
    with changing(home) as places:
        before = places.find_revocation(entry.serial)
        if before is not None:
            entry = replace(entry, at=min(before.at, entry.at))  # a graver reason may come to light later
        kept = tuple(found for found in places.revoked if found.serial != entry.serial)
        after = _replaced(home, places, entry.serial)
        write_places(home, replace(after, revoked=(*kept, entry)))
        held = read_places(home)
        _sweep(home, held)
        for authority in held.authorities:
            if (home.keys / authority).is_dir():
                write_atomic(home.keys / authority / LIST, list_of(home, held, authority), mode=0o600)
    return entry


def use(home: Home, certificate: Owned, trial: Callable[[Signing], None]) -> None:
    """Sign with the user's own certificate from now on.

    Args:
        home: The home; keeps a copy of certificate and key (0600).
        certificate: From ``usercert.read_owned``.
        trial: Signs something with it and reads that back; raises where that fails.

    Raises:
        UserError: the certificate was revoked here, the trial fails, or the home can't be written.
    """
    trial(certificate.signing)
    with changing(home) as places:
        if places.find_revocation(certificate.serial) is not None:
            raise UserError(
                _("This certificate was revoked in this home."), _("Get a new one from its issuer."),
                code="identity.revoked",
            )  # fmt: skip
        keep_chain(home, certificate)
        write_atomic(home.keys / certificate.name / "key.pem", certificate.signing.key, mode=0o600)
        users = (*(name for name in places.users if name != certificate.name), certificate.name)
        write_places(home, replace(places, user=certificate.name, users=users))
        _sweep(home, read_places(home))


def forget(home: Home) -> None:
    """Go back to the home's own certificate; the user's key is removed from the home. Works signed with it stay ours.

    Raises:
        UserError: no certificate of the user's is in use.
    """
    with changing(home) as places:
        if not places.user:
            raise UserError(
                _("The home signs with its own certificate; there is none of yours to forget."),
                _("See it with: luokuan identity show"),
                code="identity.own",
            )
        write_places(home, replace(places, user=""))
        _sweep(home, read_places(home))


def _new_leaf(home: Home, places: Places) -> str:
    folder = home.keys / places.authority
    if folder.is_dir() and not (folder / "intermediate.key").exists():
        raise UserError(
            _("The key of the home's authority is away: {path}.", path=folder / "intermediate.key"),
            _("Bring it back for as long as it takes, then run this again."),
            code="identity.away",
        )
    above = load_certified(folder, "intermediate")
    if above.certificate.not_valid_after_utc <= now():
        raise UserError(
            _("The home's authority has expired, and can issue nothing any more."),
            _("Make a new one: luokuan identity rotate --authority"),
            code="keys.expired",
        )
    names = load_pem(folder / f"{leaf_file(places)}.pem")[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else new_name()
    leaf = issue(name, leaf_life(places), by=above)
    serial = f"{leaf.certificate.serial_number:x}"
    write_atomic(folder / f"leaf-{serial}.key", leaf.key_pem(), mode=0o600)
    write_atomic(folder / f"leaf-{serial}.pem", leaf.certificate_pem(), mode=0o600)
    return serial


def _with_new_authority(home: Home, places: Places) -> Places:
    folder = f"{FIRST_AUTHORITY}-{secrets.token_hex(3)}"
    install(home, *make_authority(new_name(), leaf_life=leaf_life(places)), folder=folder)
    # The first authority counts only if there was one: naming a folder that isn't there would say nothing.
    earlier = tuple(name for name in places.authorities if (home.keys / name).is_dir())
    return replace(places, authority=folder, authorities=(*earlier, folder), leaf="")


def _replaced(home: Home, places: Places, serial: int) -> Places:
    """The places without the certificate with this number in use."""
    for name in places.authorities:
        for file in ("intermediate", "root"):
            path = home.keys / name / f"{file}.pem"
            if path.is_file() and load_pem(path)[0].serial_number == serial:
                return _with_new_authority(home, places) if name == places.authority else places
    for leaf, folder in leaves(home, places):
        if leaf.serial_number == serial:
            if folder == places.user:
                return replace(places, user="")
            in_use = folder == places.authority and leaf == load_pem(home.keys / folder / f"{leaf_file(places)}.pem")[0]
            return replace(places, leaf=_new_leaf(home, places)) if in_use else places
    raise UserError(
        _("No certificate of this home has the serial number {serial}.", serial=f"{serial:x}"),
        _("See them with: luokuan identity show"),
        code="identity.serial",
        status=404,
    )


def _sweep(home: Home, places: Places) -> None:
    """Remove the keys that no longer sign. Folders that nothing names stay: one may be somebody's backup."""
    for name in (*places.authorities, *places.users):
        folder = home.keys / name
        keep = f"{leaf_file(places)}.key" if name == places.authority else "key.pem" if name == places.user else ""
        for key in (*folder.glob("leaf*.key"), *folder.glob("key.pem")):
            if key.name != keep:
                key.unlink(missing_ok=True)


def _number(serial: str) -> int:
    try:
        return int(serial.replace(":", ""), 16)
    except ValueError as error:
        raise UserError(
            _("'{serial}' is no serial number.", serial=serial),
            _("Copy it from: luokuan identity show"),
            code="identity.serial",
        ) from error
