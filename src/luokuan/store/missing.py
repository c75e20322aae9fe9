"""What a home has lost: files of its keys that it must have once it has works, and that are made anew where absent."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan import logs
from luokuan.i18n import _
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.places import read_places
from luokuan.store.secrets import MASTERS, WATERMARK
from luokuan.store.tables import work


def missing_keys(home: Home) -> list[str]:
    """Names, in ``keys/``, of what is missing although the home's own database has works; none in a new home.

    Raises:
        UserError: the file that names the keys in use, or the database, is damaged.
    """
    places = read_places(home)
    names = [places.user or places.authority, WATERMARK, MASTERS]
    gone = [name for name in names if not (home.path / "keys" / name).exists()]
    if not gone or not home.has_database:
        return []
    with open_database(home) as database, database.read() as connection:
        return gone if connection.execute(sa.select(work.c.id).limit(1)).first() is not None else []


def tell_missing(home: Home) -> None:
    """Say that keys are gone before new ones take their place: then a backup can still be put back.

    Raises:
        UserError: see ``missing_keys``.
    """
    if gone := missing_keys(home):
        logs.get("store.keys").warning(
            _(
                "This home has works, but lacks keys: {names}. New ones are made, and the old works are no longer "
                "known by them. If there is a backup of the folder {folder}, put it back first.",
                names=", ".join(gone),
                folder=home.path / "keys",
            )
        )
