"""What is done with accounts: the first one, invitations, logging in and out, keys. Each says so in the events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import accounts, apikeys, sessions
from luokuan.store.account_tables import ROLES
from luokuan.store.accounts import AccountRow
from luokuan.store.apikeys import KeyRow
from luokuan.store.database import Database
from luokuan.store.events import insert_event
from luokuan.store.sessions import SessionRow
from luokuan.studio.guard import passwords, tokens

ADMINISTRATOR = "admin"
"""Name of the first account."""
COMMAND = "(command line)"
"""Where something was done that came by no request."""


def new_account(name: str, role: str, at: datetime) -> AccountRow:
    """An account that nobody can log in to yet.

    Raises:
        UserError: the name won't do.
    """
    return AccountRow(
        id=tokens.new_id(), name=accounts.account_name(name), role=checked_role(role), password=None, language=None,
        active=True, jobs_limit=None, seconds_limit=None, storage_limit=None, created_at=at,
    )  # fmt: skip


def checked_role(role: str) -> str:
    """``role``.

    Raises:
        UserError: it is none.
    """
    if role not in ROLES:
        raise UserError(
            _("'{role}' is no role.", role=role[:40]),
            _("Take one of: {roles}.", roles=", ".join(ROLES)),
            code="account.role",
        )
    return role


def first_administrator(database: Database, at: datetime) -> AccountRow:
    """The first administrator, made now if there is none."""
    with database.write() as connection:
        found = accounts.administrators(connection)
        if found:
            return found[0]
        row = new_account(ADMINISTRATOR, "admin", at)
        accounts.insert_account(connection, row)
        insert_event(connection, at=at, account_id=None, action="account.made", subject=row.name, address=COMMAND)
        return row


def first_link(database: Database, at: datetime, life: timedelta) -> str | None:
    """The token of a new link for the administrator, as long as none has a password; None afterwards."""
    row = first_administrator(database, at)
    with database.read() as connection:
        if any(one.password is not None for one in accounts.administrators(connection)):
            return None
    with database.write() as connection:
        return give_link(connection, row, at, life, by=None, address=COMMAND)


def give_link(
    connection: sa.Connection, row: AccountRow, at: datetime, life: timedelta, *, by: str | None, address: str
) -> str:
    """The token of a new link with which ``row``'s password is set. It is here only as its digest."""
    token = tokens.new_token()
    sessions.insert_link(connection, tokens.digest(token), row.id, at, at + life)
    insert_event(connection, at=at, account_id=by, action="link.given", subject=row.name, address=address)
    return token


def invite(
    database: Database, name: str, role: str, at: datetime, life: timedelta, *, by: AccountRow, address: str
) -> tuple[AccountRow, str]:
    """Make an account. Returns it and the token of its link.

    Raises:
        UserError: the name won't do or is taken.
    """
    row = new_account(name, role, at)
    with database.write() as connection:
        accounts.insert_account(connection, row)
        insert_event(connection, at=at, account_id=by.id, action="account.made", subject=row.name, address=address)
        return row, give_link(connection, row, at, life, by=by.id, address=address)


def use_link(database: Database, token: str, password: str, at: datetime, *, address: str) -> AccountRow:
    """Set the password of a link's account; it is logged out everywhere.

    Raises:
        UserError: the link was used, or has expired.
    """
    kept = passwords.hashed(password)
    with database.write() as connection:
        row = sessions.use_link(connection, tokens.digest(token), at)
        if row is None:
            raise no_link()
        accounts.set_password(connection, row.id, kept)
        sessions.end_sessions(connection, row.id)
        insert_event(connection, at=at, account_id=row.id, action="password.set", subject=row.name, address=address)
    return row


def no_link() -> UserError:
    """A link that leads nowhere."""
    return UserError(
        _("This link was used already, or has expired."),
        _("Ask an administrator for a new one; on the studio's machine `luokuan studio link` makes one."),
        code="account.link",
        status=410,
    )


def by_password(database: Database, name: str, password: str, at: datetime, *, address: str) -> AccountRow | None:
    """Who has this name and password; None: nobody, and which of the two was wrong isn't told."""
    try:
        wanted = accounts.account_name(name)
    except UserError:
        wanted = ""
    with database.read() as connection:
        row = accounts.find_by_name(connection, wanted) if wanted else None
    right = passwords.fits(password, None if row is None or not row.active else row.password)
    with database.write() as connection:
        action = "login" if right else "login.refused"
        account_id = None if row is None else row.id
        insert_event(connection, at=at, account_id=account_id, action=action, subject=wanted, address=address)
        if row is not None and right and passwords.outdated(row.password or ""):
            accounts.set_password(connection, row.id, passwords.hashed(password))
    return row if right else None


def begin_session(database: Database, row: AccountRow, at: datetime, life: timedelta) -> str:
    """Log in. Returns the cookie's value."""
    token = tokens.new_token()
    with database.write() as connection:
        sessions.insert_session(connection, SessionRow(tokens.digest(token), row.id, at, at, at + life))
    return token


def change_password(database: Database, row: AccountRow, old: str, new: str, at: datetime, *, address: str) -> None:
    """Change a password, and log out everywhere.

    Raises:
        UserError: the old one is wrong.
    """
    if not passwords.fits(old, row.password):
        raise UserError(_("The present password is wrong."), _("Type it once more."), code="password.wrong", status=422)
    kept = passwords.hashed(new)
    with database.write() as connection:
        accounts.set_password(connection, row.id, kept)
        sessions.end_sessions(connection, row.id)
        insert_event(connection, at=at, account_id=row.id, action="password.set", subject=row.name, address=address)


def make_key(
    database: Database,
    row: AccountRow,
    name: str,
    at: datetime,
    *,
    role: str,
    scopes: Sequence[str],
    days: int | None = None,
    address: str,
) -> tuple[KeyRow, str]:
    """Make an API key. Returns its row, and the text that its owner holds: it is never shown again.

    Raises:
        UserError: it has no name, or would be allowed more than its account.
    """
    if not 0 < len(name) <= 80 or not name.isprintable():
        raise UserError(
            _("A key needs a name of 1 to 80 characters."), _("Say what it is for."), code="key.name", status=422
        )
    if not row.may(checked_role(role)):
        raise UserError(
            _("'{name}' isn't allowed what the role {role} is.", name=row.name, role=role),
            _("Take a lower role."),
            code="key.role",
            status=403,
        )
    if days == 0:
        raise UserError(
            _("A key that has expired already is of no use."), _("Give at least one day."), code="key.days", status=422
        )
    secret = tokens.new_token()
    until = None if days is None else at + timedelta(days=days)
    key = KeyRow(tokens.new_id(), row.id, name, tokens.digest(secret), role, tuple(sorted(set(scopes))), at, until)
    with database.write() as connection:
        apikeys.insert_key(connection, key)
        insert_event(connection, at=at, account_id=row.id, action="key.made", subject=name, address=address)
    return key, tokens.key_text(key.id, secret)
