"""Rows about people: who may come in, as what, and how much they may use."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.account_tables import ROLES, account, api_key, link, session
from luokuan.store.conflicts import changed_meanwhile

_NAME = re.compile(r"[^\W_][\w.-]{0,39}")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One person. ``password``: an argon2 hash, None until the first link was used; limits: None is no limit, jobs and
    seconds of computing by the month, storage in bytes; ``version`` rises with each change."""

    id: str
    name: str
    role: str
    password: str | None
    language: str | None
    active: bool
    jobs_limit: int | None
    seconds_limit: int | None
    storage_limit: int | None
    created_at: datetime
    version: int = 1

    def may(self, role: str) -> bool:
        """Whether this one may do what ``role`` may."""
        return self.active and ROLES.index(self.role) >= ROLES.index(role)


def account_name(text: str) -> str:
    """``text`` as the name of an account: in lower case, without look-alikes of form (NFKC).

    Raises:
        UserError: it is no name: 1 to 40 letters, digits, dots, dashes or underscores, a letter or digit first.
    """
    name = unicodedata.normalize("NFKC", text.strip()).lower()
    if not _NAME.fullmatch(name) or ".." in name:
        raise UserError(
            _("'{name}' can't be the name of an account.", name=text[:60]),
            _("Take 1 to 40 letters, digits, dots, dashes or underscores; a letter or digit comes first."),
            code="account.name",
        )
    return name


def insert_account(connection: sa.Connection, row: AccountRow) -> None:
    """Insert ``row``.

    Raises:
        UserError: the name is taken.
    """
    taken = UserError(
        _("There is an account '{name}' already.", name=row.name),
        _("Take another name."),
        code="account.taken",
        status=409,
    )
    if find_by_name(connection, row.name) is not None:
        raise taken
    values = {name: getattr(row, name) for name in AccountRow.__slots__}
    try:
        connection.execute(account.insert().values(values))
    except sa.exc.IntegrityError as error:
        # PostgreSQL: somebody else has taken the name since it was looked for.
        if "account_name" in str(error.orig) and "uq_" in str(error.orig):
            raise taken from error
        raise


def find_account(connection: sa.Connection, account_id: str) -> AccountRow | None:
    """The account with this id."""
    return _one(connection, account.c.id == account_id)


def find_by_name(connection: sa.Connection, name: str) -> AccountRow | None:
    """The account of this name, as ``account_name`` gives it."""
    return _one(connection, account.c.name == name)


def all_accounts(connection: sa.Connection) -> list[AccountRow]:
    """Everybody, in the order of names."""
    rows = connection.execute(sa.select(account).order_by(account.c.name)).mappings()
    return [AccountRow(**row) for row in rows]


def administrators(connection: sa.Connection) -> list[AccountRow]:
    """Those who may administer, the first one made first."""
    query = sa.select(account).where(account.c.role == "admin", account.c.active).order_by(account.c.created_at)
    return [AccountRow(**row) for row in connection.execute(query).mappings()]


def update_account(connection: sa.Connection, row: AccountRow, **changes: object) -> None:
    """Change an account that is as ``row`` says.

    Raises:
        UserError: somebody has changed it since; or nobody would be left who may administer.
    """
    wanted = sa.and_(account.c.id == row.id, account.c.version == row.version)
    done = connection.execute(account.update().where(wanted).values(**changes, version=row.version + 1))
    if done.rowcount != 1:
        raise changed_meanwhile("account.changed")
    # A home without a studio has none, and its buyers may be changed all the same.
    if row.role == "admin" and not administrators(connection):
        raise UserError(
            _("Nobody would be left who may administer this studio."),
            _("Make somebody else an administrator first."),
            code="account.last",
            status=409,
        )


def erase_account(connection: sa.Connection, row: AccountRow) -> None:
    """Erase who an account is: its name and password go, and nobody gets in with it any more. Its id stays, because
    books and licences name it; so does what the events say.

    Raises:
        UserError: see ``update_account``.
    """
    update_account(connection, row, name=f"erased-{row.id}", password=None, language=None, active=False)
    for table in (session, link, api_key):
        connection.execute(table.delete().where(table.c.account_id == row.id))


def set_password(connection: sa.Connection, account_id: str, password: str) -> None:
    """Set the hash of a password."""
    values = {"password": password, "version": account.c.version + 1}
    connection.execute(account.update().where(account.c.id == account_id).values(**values))


def set_language(connection: sa.Connection, account_id: str, language: str) -> None:
    """Remember in which language an account is spoken to; no change that somebody else's could collide with."""
    connection.execute(account.update().where(account.c.id == account_id).values(language=language))


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> AccountRow | None:
    row = connection.execute(sa.select(account).where(condition)).mappings().first()
    return None if row is None else AccountRow(**row)
