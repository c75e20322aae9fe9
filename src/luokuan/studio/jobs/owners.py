"""Whose jobs, works and seconds of computing these are: where the queue meets the studio's accounts.

An owner that is no account (a program that uses the queue by itself) has no quotas, and its works are the home's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.accounts import find_account
from luokuan.store.ownership import own_among, set_owner
from luokuan.store.quotas import charge, check_quotas

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.studio.jobs.queue import Request

_WORK = re.compile(r"(?:work:)?([0-9a-f]{16})")


def admit(connection: sa.Connection, request: Request) -> None:
    """An ``Admission``: the month's quotas, and works that a brief names; counts the job.

    Raises:
        UserError: a quota is used up, or a work is somebody else's (one can't tell that from one that isn't there).
    """
    person = find_account(connection, request.owner)
    if person is None:
        return
    now = datetime.now(UTC)
    check_quotas(connection, person, now, jobs=1)
    named = set(_works_in(request.brief))
    if strange := named - own_among(connection, named, person):
        raise UserError(
            _("There is no file '{name}'.", name=sorted(strange)[0]),
            _("Upload it first, or name a work as work:ID."),
            code="input.unknown",
            status=404,
        )
    charge(connection, person.id, now, jobs=1)


def _works_in(brief: Any) -> Iterator[str]:
    """Ids of works that a brief names: a file as ``work:ID``, and all in a list ``works``."""
    for name, value in brief.items():
        texts = value if name == "works" else [value] if name in ("like", "file") else []
        for text in texts:
            if isinstance(text, str) and (match := _WORK.fullmatch(text)):
                yield match[1]


def own(connection: sa.Connection, work_id: str, owner: str) -> None:
    """Say whose a finished work is, in the transaction that finishes it."""
    if find_account(connection, owner) is not None:
        set_owner(connection, work_id, owner)


def charge_seconds(connection: sa.Connection, owner: str, seconds: int) -> None:
    """Count seconds of computing against the owner's month."""
    if seconds > 0 and find_account(connection, owner) is not None:
        charge(connection, owner, datetime.now(UTC), seconds=seconds)
