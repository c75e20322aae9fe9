"""What the home signs with: one small file that names the keys in use, replaced as a whole or not at all.

Certificates and keys lie in folders beside it and are never changed. A rotation writes new ones, then this file: a
process that dies in between leaves the old ones in use, and never a mixture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from luokuan.errors import UserError
from luokuan.files import locked, write_atomic
from luokuan.i18n import _
from luokuan.store.home import CURRENT_KEYS, FIRST_AUTHORITY, Home
from luokuan.store.revocation import Revocation
from luokuan.store.stamps import check_url

_VERSION = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,80}")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")  # RFC 5280, section 4.1.2.2: at most 20 octets


@dataclass(frozen=True, slots=True)
class Places:
    """What is in use. Names are of folders in ``keys/``.

    Args:
        authority: The authority in use.
        authorities: All that the home ever had, the one in use among them: their works are ours.
        leaf: Serial number of the leaf in use, lower-case hexadecimal; empty: the authority's first.
        user: The user's own certificate in use; empty: the home's leaf.
        users: All certificates of the user's that the home ever signed with, or was told of.
        stamp_url: The time-stamp authority that is asked; empty: none.
        stamp_roots: Roots under which time-stamps count, PEM; those of earlier authorities stay.
        revoked: What may no longer be relied upon.
    """

    authority: str = FIRST_AUTHORITY
    authorities: tuple[str, ...] = (FIRST_AUTHORITY,)
    leaf: str = ""
    user: str = ""
    users: tuple[str, ...] = ()
    stamp_url: str = ""
    stamp_roots: tuple[str, ...] = ()
    revoked: tuple[Revocation, ...] = ()

    def find_revocation(self, serial: int | str) -> Revocation | None:
        """Why and when the certificate with this serial number was revoked; None if it wasn't."""
        number = int(serial, 16) if isinstance(serial, str) else serial
        return next((found for found in self.revoked if found.serial == number), None)


def read_places(home: Home) -> Places:
    """What is in use; the defaults when nothing was ever rotated, revoked or set.

    Raises:
        UserError: the file is damaged, or was written by a later version.
    """
    path = home.path / "keys" / CURRENT_KEYS
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Places()
    except OSError as error:
        raise _damaged(path, error) from error
    try:
        return _parse(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from error


def write_places(home: Home, places: Places) -> None:
    """Put ``places`` in force, whole or not at all. Only inside ``changing``.

    Raises:
        UserError: no room, or no permission; the old ones stay in force.
    """
    values = {
        "version": _VERSION,
        "authority": places.authority,
        "authorities": list(places.authorities),
        "leaf": places.leaf,
        "user": places.user,
        "users": list(places.users),
        "stamp_url": places.stamp_url,
        "stamp_roots": list(places.stamp_roots),
        "revoked": [entry.to_dict() for entry in places.revoked],
    }
    write_atomic(home.keys / CURRENT_KEYS, (json.dumps(values, indent=2) + "\n").encode(), mode=0o600)


@contextmanager
def changing(home: Home) -> Iterator[Places]:
    """What is in use, held: no other process changes it meanwhile. The system lets go when the process ends.

    Raises:
        UserError: the home can't be written, or the file is damaged.
    """
    with locked(home.keys / ".current.lock"):
        yield read_places(home)


def forget_leaf(places: Places) -> Places:
    """For an authority that is made anew: it begins with its first leaf."""
    return replace(places, leaf="")


def _parse(values: dict[str, Any]) -> Places:
    if values["version"] != _VERSION:
        raise ValueError("it is of a later version")
    names = [values["authority"], *values["authorities"], *values["users"]]
    places = Places(
        authority=values["authority"],
        authorities=tuple(values["authorities"]),
        leaf=values["leaf"],
        user=values["user"],
        users=tuple(values["users"]),
        stamp_url=values["stamp_url"],
        stamp_roots=tuple(values["stamp_roots"]),
        revoked=tuple(Revocation.from_dict(entry) for entry in values["revoked"]),
    )
    # Names become paths, and this file may come back from anybody's backup.
    if not all(_NAME.fullmatch(name) for name in names) or not _SERIAL.fullmatch(places.leaf or "0"):
        raise ValueError("a name in it is no name")
    if places.authority not in places.authorities or places.user not in ("", *places.users):
        raise ValueError("what is in use is not among what is there")
    if not all(isinstance(text, str) for text in (places.stamp_url, *places.stamp_roots)):
        raise TypeError("the time-stamp authority is no text")
    if places.stamp_url:
        try:
            check_url(places.stamp_url)  # each signature goes there
        except UserError as error:
            raise ValueError(error.what) from error
    if places.stamp_roots:
        x509.load_pem_x509_certificates("".join(places.stamp_roots).encode("ascii"))
    return places


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        _("The file {path}, which names the keys in use, can't be used: {reason}.", path=path, reason=error),
        _("Restore the folder of the keys from a backup."),
        code="keys.damaged",
    )


def now() -> datetime:
    """This moment, UTC, in whole seconds, as certificates and revocation lists have it."""
    return datetime.now(UTC).replace(microsecond=0)
