"""Works as they are asked for, one by its id or many by filters; for pages and programs alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import ownership
from luokuan.store.library import Wanted
from luokuan.store.rights import is_withdrawn
from luokuan.store.works import WorkRow
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.state import studio_of


def own_work(request: Request, work_id: str) -> WorkRow:
    """The work, if it is the reader's.

    Raises:
        UserError: there is none, or it is somebody else's: nobody is told which (404).
    """
    with studio_of(request).database.read() as connection:
        row = ownership.find_own_work(connection, work_id, principal(request).person)
    if row is None:
        raise missing()
    return row


def served_work(request: Request, work_id: str) -> WorkRow:
    """As ``own_work``, for whoever hands out its bytes.

    Raises:
        UserError: see there; or it was withdrawn (410).
    """
    with studio_of(request).database.read() as connection:
        row = ownership.find_own_work(connection, work_id, principal(request).person)
        withdrawn = row is not None and is_withdrawn(connection, row.id)
    if row is None:
        raise missing()
    if withdrawn:
        raise UserError(
            _("The work {id} was withdrawn and isn't served any more.", id=row.id),
            _("That it was made stays provable by the log."),
            code="work.withdrawn",
            status=410,
        )
    return row


def wanted_of(asked: Mapping[str, str], *, thrown: bool = False) -> Wanted:
    """Filters as they stand in an address; what can't be read filters nothing."""
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    return Wanted(
        kind=asked.get("kind", ""),
        model=asked.get("model", ""),
        since=since,
        until=None if until is None else until + timedelta(days=1),
        text=asked.get("q", ""),
        thrown=thrown,
        collection=asked.get("collection", ""),
    )


def _day(text: str) -> datetime | None:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    # Room for a day more, and years that every database holds.
    return found if 1900 <= found.year < 3000 else None
