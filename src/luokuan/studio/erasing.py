"""Erasing works for ever: one that its owner confirmed, or all that have lain in the trash for long enough."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from luokuan import logs
from luokuan.colophon.erasure import erase_work
from luokuan.errors import UserError
from luokuan.store import ownership
from luokuan.store.account_tables import trash
from luokuan.store.collections import forget_work
from luokuan.store.database import Database
from luokuan.store.events import insert_event
from luokuan.store.home import Home
from luokuan.store.house import trash_setting
from luokuan.studio.state import now

BY_ITSELF = "(trash)"
"""Where an erasure came from that nobody asked for at that moment."""
EVERY = 3600.0
"""Seconds between two looks into the trash."""


def erase_for_ever(home: Home, database: Database, work_id: str, *, account_id: str | None, address: str) -> None:
    """Erase a work that lies in the trash, and say so in the events. May be called again.

    Raises:
        UserError: see ``erase_work``.
    """
    erase_work(home, database, work_id)
    with database.write() as connection:
        ownership.take_back(connection, work_id)
        forget_work(connection, work_id)
        insert_event(
            connection, at=now(), account_id=account_id, action="work.erased", subject=work_id, address=address
        )


def empty_by_age(home: Home, database: Database) -> int:
    """Erase what has lain in the trash for as many days as the house keeps it. Returns how many."""
    with database.read() as connection:
        days = trash_setting(connection).days
        if days is None:
            return 0
        limit = now() - timedelta(days=days)
        due = list(connection.execute(sa.select(trash.c.work_id).where(trash.c.thrown_at < limit)).scalars())
    erased = 0
    for work_id in due:
        with database.read() as connection:
            if not ownership.in_trash(connection, work_id):
                continue  # somebody has taken it back meanwhile
        try:
            erase_for_ever(home, database, work_id, account_id=None, address=BY_ITSELF)
            erased += 1
        except UserError as error:
            logs.get("studio.trash").warning("a work wasn't erased yet", work=work_id, code=error.code)
    return erased
