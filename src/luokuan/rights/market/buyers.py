"""Erasing who a buyer is: names go, books and licences stay."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market.opening import opened
from luokuan.store.accounts import AccountRow, account_name, erase_account, find_by_name, insert_account
from luokuan.store.database import Database
from luokuan.store.events import insert_event
from luokuan.store.orders import forget_licensees

if TYPE_CHECKING:
    from luokuan.store.home import Home


def account_of(name: str, home: Home, shared: Database | None = None) -> AccountRow:
    """The account of a name.

    Raises:
        UserError: there is none.
    """
    with opened(home, shared) as database, database.read() as connection:
        row = find_by_name(connection, account_name(name))
    if row is None:
        raise UserError(
            _("There is no account '{name}'.", name=name[:40]),
            _("Make one with `luokuan market buyer`, or in the studio's settings."),
            code="account.missing", status=404,
        )  # fmt: skip
    return row


def new_buyer(
    name: str, home: Home, *, now: Callable[[], datetime] = now_utc, shared: Database | None = None
) -> AccountRow:
    """An account for somebody who buys; a link from ``luokuan studio link`` lets them set a password.

    Raises:
        UserError: the name won't do, or is taken.
    """
    row = AccountRow(secrets.token_hex(8), account_name(name), "viewer", None, None, True, None, None, None, now())
    with opened(home, shared) as database, database.write() as connection:
        insert_account(connection, row)
        insert_event(
            connection, at=row.created_at, account_id=None, action="account.made", subject=row.name,
            address="(command line)",
        )  # fmt: skip
    return row


def erase_buyer(name: str, home: Home, shared: Database | None = None) -> int:
    """Erase a buyer's account and their name in licences. Transfers, orders and licences stay, under an id that says
    nothing. Returns of how many licences' orders the name went.

    Raises:
        UserError: there is no such account, or nobody would be left who may administer.
    """
    row = account_of(name, home, shared)
    with opened(home, shared) as database, database.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        erase_account(connection, row)
        return forget_licensees(connection, row.id)
