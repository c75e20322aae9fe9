"""Erasure: what a work held and what it was made from are deleted; that it was made stays provable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.fingerprints import erase_fingerprints
from luokuan.store.ingredients import erase_ingredients
from luokuan.store.listings import find_preview
from luokuan.store.masters import Masters
from luokuan.store.tables import work
from luokuan.store.works import find_work, no_work

if TYPE_CHECKING:
    from luokuan.store.database import Database
    from luokuan.store.home import Home

ERASED = ("work", "correction", "withdrawal")
"""Kinds of entries whose private part goes with the work. A waiver of the label stays: who asked for it must be kept
for at least six months (Measures for Labelling, Art. 9)."""


def erase_work(home: Home, database: Database, work_id: str) -> None:
    """Erase a work: its bytes and what lies beside them, its master, its recipe, its salts, its fingerprints, what is
    known of the files that it starts from, and what its entries in the log commit to; its reduced preview likewise. The
    leaves stay, so that the tree stays valid; nobody can open them any more. May be called again.

    The bytes go first: a work that counts as erased has none left. SQLite overwrites what it frees.

    Raises:
        UserError: there is no such work, its files can't be deleted, or another process goes on reading an older state
            of the database.
    """
    with database.read() as connection:
        row, preview = find_work(connection, work_id), find_preview(connection, work_id)
    if row is None:
        raise no_work(work_id)
    if preview is not None:
        erase_work(home, database, preview)
    blobs = Blobs(home)
    for sha256 in (row.blob_sha256, *row.sidecars.values()):
        blobs.remove(sha256)
    Masters(home).remove(work_id)
    lite = database.engine.dialect.name == "sqlite"
    with database.write() as connection:
        if lite:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        connection.execute(work.update().where(work.c.id == work_id).values(recipe=sa.null(), salt=sa.null()))
        logbook.erase_entries(connection, work_id, ERASED)
        erase_fingerprints(connection, work_id)
        erase_ingredients(connection, work_id)
    if lite:
        with database.engine.connect() as connection:
            # The write-ahead log still holds the pages as they were.
            connection.exec_driver_sql("ROLLBACK")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        if busy:
            raise UserError(
                _("The work {id} is erased, but another process reads the database as it was before.", id=work_id),
                _("Erase it again when that process has finished; until then a file of the database holds its recipe."),
                code="erase.busy",
                status=409,
            )
