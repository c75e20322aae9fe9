"""Rows about projects on the value chain: each is one account's, which alone changes it; administrators see all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.account_tables import account
from luokuan.store.accounts import AccountRow
from luokuan.store.conflicts import changed_meanwhile
from luokuan.store.project_tables import project

MOST = 200
"""Projects of one account."""


@dataclass(frozen=True, slots=True)
class ProjectHead:
    """What lists of projects show. ``account_id``: whose it is, called ``owner``; ``version`` rises with each
    change."""

    id: str
    account_id: str
    owner: str
    name: str
    layer: str
    stage: str
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ProjectRow(ProjectHead):
    """A project with its text, which is a project file."""

    text: str


@dataclass(frozen=True, slots=True)
class ProjectText:
    """A text that was found to be a project, and what it says of its place."""

    text: str
    name: str
    layer: str
    stage: str


_HEAD = (
    *(project.c[name] for name in ("id", "account_id", "name", "layer", "stage", "changed_at", "version")),
    account.c.name.label("owner"),
)
_WITH_OWNER = project.join(account, account.c.id == project.c.account_id)


def projects_of(connection: sa.Connection, person: AccountRow) -> list[ProjectHead]:
    """Somebody's projects, in the order of names."""
    query = sa.select(*_HEAD).select_from(_WITH_OWNER).where(project.c.account_id == person.id)
    return [ProjectHead(**row) for row in connection.execute(query.order_by(project.c.name, project.c.id)).mappings()]


def all_projects(connection: sa.Connection) -> list[ProjectHead]:
    """Everybody's projects, in the order of people and names."""
    query = sa.select(*_HEAD).select_from(_WITH_OWNER).order_by(account.c.name, project.c.name, project.c.id)
    return [ProjectHead(**row) for row in connection.execute(query).mappings()]


def find_project(connection: sa.Connection, project_id: str, person: AccountRow | None) -> ProjectRow | None:
    """The project with this id, if it is ``person``'s; None: whosever it is."""
    where = project.c.id == project_id if person is None else _own(project_id, person)
    query = sa.select(*_HEAD, project.c.text).select_from(_WITH_OWNER).where(where)
    row = connection.execute(query).mappings().first()
    return None if row is None else ProjectRow(**row)


def insert_project(
    connection: sa.Connection, project_id: str, wanted: ProjectText, person: AccountRow, at: datetime
) -> None:
    """Keep a new one.

    Raises:
        UserError: there are too many (409).
    """
    count = sa.select(sa.func.count()).select_from(project).where(project.c.account_id == person.id)
    if connection.execute(count).scalar_one() >= MOST:
        raise UserError(
            _("There are {most} projects already.", most=MOST), _("Delete one first."), code="project.many", status=409
        )
    values = {"id": project_id, "account_id": person.id, "made_at": at, **_changed(wanted, at, 1)}
    connection.execute(project.insert().values(**values))


def change_project(
    connection: sa.Connection, project_id: str, wanted: ProjectText, person: AccountRow, at: datetime, *, version: int
) -> None:
    """Put another text in its place, where it is still as ``version`` saw it.

    Raises:
        UserError: it was changed since (409).
    """
    where = sa.and_(_own(project_id, person), project.c.version == version)
    if not connection.execute(project.update().where(where).values(**_changed(wanted, at, version + 1))).rowcount:
        raise changed_meanwhile("project.changed")


def delete_project(connection: sa.Connection, project_id: str, person: AccountRow, *, version: int) -> None:
    """Delete it, where it is still as ``version`` saw it.

    Raises:
        UserError: it was changed since (409).
    """
    where = sa.and_(_own(project_id, person), project.c.version == version)
    if not connection.execute(project.delete().where(where)).rowcount:
        raise changed_meanwhile("project.changed")


def _own(project_id: str, person: AccountRow) -> sa.ColumnElement[bool]:
    return sa.and_(project.c.id == project_id, project.c.account_id == person.id)


def _changed(wanted: ProjectText, at: datetime, version: int) -> dict[str, object]:
    return {
        "text": wanted.text, "name": wanted.name, "layer": wanted.layer, "stage": wanted.stage, "changed_at": at,
        "version": version,
    }  # fmt: skip
