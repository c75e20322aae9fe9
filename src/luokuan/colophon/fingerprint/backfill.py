"""Fingerprints of works that were made before fingerprints were kept."""

from __future__ import annotations

import time

from luokuan import logs
from luokuan.colophon.fingerprint import fingerprints_of, kind_of
from luokuan.colophon.fingerprint.sound import program
from luokuan.errors import UserError
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database
from luokuan.store.fingerprints import has_fingerprints, insert_fingerprints, works_without
from luokuan.store.home import Home
from luokuan.store.works import WorkRow

WORKS, SECONDS = 500, 15.0
"""Most works, and about the most time, that one call takes."""
_PAGE = 200


def backfill(home: Home, database: Database, *, works: int = WORKS, seconds: float = SECONDS) -> int:
    """Take the fingerprints of works that have none, from their bytes. Returns how many works it looked at.

    Works whose bytes are missing are passed over; so are those for which a program lacks.

    Raises:
        UserError: the database can't be used.
    """
    until = time.monotonic() + seconds
    looked, last = 0, ""
    while True:
        with database.read() as connection:
            waiting = works_without(connection, _PAGE, after=last)
        for row in waiting:
            if looked >= works or time.monotonic() > until:
                return _told(looked)
            looked += _looked(home, database, row)
            last = row.id
        if not waiting:
            return _told(looked)


def _told(looked: int) -> int:
    if looked:
        logs.get("colophon.fingerprint").info("took fingerprints of earlier works", works=looked)
    return looked


def _looked(home: Home, database: Database, row: WorkRow) -> bool:
    if kind_of(row.media_type) == "sound" and program() is None:
        return False
    try:
        found = fingerprints_of(Blobs(home).get(row.blob_sha256), row.media_type)
    except UserError:
        return False
    if found is None:
        return False
    with database.write() as connection:
        if not has_fingerprints(connection, row.id):  # another process may have been quicker
            insert_fingerprints(connection, row.id, found)
    return True
