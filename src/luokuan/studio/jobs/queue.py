"""The queue as a server calls it: hand in, look, follow, cancel, forget. Whose job it is, is the caller's to check, or
is checked where ``owner`` is given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from luokuan.errors import UserError
from luokuan.i18n import _, language
from luokuan.store import jobs
from luokuan.store.jobs import Event, Job, Order
from luokuan.studio.jobs.kinds import HOUSE, Kind, kind_named
from luokuan.studio.saying import here

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.database import Database
    from luokuan.store.home import Home

LAST_SEED = 2**53 - 1
"""Of a seed that is drawn: what JavaScript can say."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to hand in, as an ``Admission`` sees it."""

    owner: str
    kind: str
    brief: Mapping[str, Any]


Admission = Callable[["sa.Connection", Request], None]
"""Refuses a request (``UserError``): quotas, and whether the owner may use what the brief names. Called in the
transaction that hands it in, while nobody else hands in for this owner; ``store.jobs.usage`` counts."""


class JobQueue:
    """The jobs of a home.

    Args:
        home: Whose.
        database: Its database.
        may: Refuses briefs that name what their owner may not use; asked before the kind looks at what they name, so
            that no answer tells of what is another's. None: all may be used.
        admit: Refuses what may not be handed in; None: all may.
        wake: Called after a job was handed in, such as ``Supervisor.wake``.
    """

    def __init__(
        self,
        home: Home,
        database: Database,
        *,
        may: Admission | None = None,
        admit: Admission | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self.home, self.database, self.may, self.admit, self.wake = home, database, may, admit, wake

    def submit(
        self,
        owner: str,
        kind: str,
        brief: Mapping[str, Any],
        *,
        key: str | None = None,
        priority: int = 0,
        body: Mapping[str, Any] | None = None,
    ) -> Job:
        """Hand in a job; when it returns, the job will end, whatever becomes of this process.

        Args:
            owner: Id of the account, 1 to 64 characters.
            kind: See ``kinds()``.
            brief: What is asked for, as JSON values; a seed that isn't given is drawn now, so that attempts agree.
            key: Idempotency key: a repeat with the same kind and body is the same job, whatever became of it.
            priority: Higher ones go first, whoever waits. Never from a user's hand.
            body: What the key stands for, if not ``brief``.

        Raises:
            UserError: the kind is unknown, the brief can't be used or is too large, the key stands for something else,
                another live job makes the same, or ``admit`` refused it.
        """
        found = kind_named(kind, internal=owner == HOUSE)
        checked = self._checked(found, brief)
        values = checked.model_dump(mode="json")
        if values.get("seed", 0) is None:
            values["seed"] = secrets.randbelow(LAST_SEED - 1_000_000)
        order = Order(
            owner=owner,
            kind=kind,
            brief=values,
            outputs=found.outputs(checked),
            makes=found.makes(checked),
            needs=found.needs,
            tries=found.tries,
            priority=priority,
            language=language(),
            key=key,
            body=brief if body is None else body,
        )
        with self.database.read() as connection:
            if (before := jobs.repeated(connection, order)) is not None:
                return before
            if self.may is not None:
                self.may(connection, Request(owner, kind, values))
        try:
            found.check(checked, self.home)
        except UserError as error:
            raise here(error, kind) from error
        with self.database.write() as connection:
            jobs.hold_owner(connection, owner)
            if (before := jobs.repeated(connection, order)) is not None:  # handed in meanwhile
                return before
            if self.admit is not None:
                self.admit(connection, Request(owner, kind, values))
            job = jobs.insert(connection, order)
        if self.wake is not None:
            self.wake()
        return job

    def _checked(self, kind: Kind[Any], brief: Mapping[str, Any]) -> Any:
        try:
            # As JSON, where lists stand for tuples; and what is no JSON is refused here.
            text = json.dumps(dict(brief), allow_nan=False)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise _no_brief(_("it is no JSON")) from error
        try:
            return kind.brief.model_validate_json(text)
        except ValidationError as error:
            raise unfit(error) from error

    def get(self, job_id: str, owner: str | None = None) -> Job:
        """The job.

        Raises:
            UserError: there is none, or it is another's (one can't tell which).
        """
        with self.database.read() as connection:
            found = jobs.find(connection, job_id)
        if found is None or owner not in (None, found.owner):
            raise _unknown(job_id)
        return found

    def list(
        self,
        owner: str | None = None,
        *,
        states: Sequence[str] = (),
        kind: str = "",
        before: int | None = None,
        limit: int = 20,
    ) -> list[Job]:
        """Jobs, the newest first; see ``store.jobs.page``. The next page begins ``before`` the last one's number."""
        with self.database.read() as connection:
            return jobs.page(connection, owner=owner, states=states, kind=kind, before=before, limit=limit)

    def events(self, job_id: str, after: int = 0) -> Sequence[Event]:
        """What happened to it after event ``after``, at most ``store.jobs.PAGE`` at once. Progress isn't among it: see
        the job itself, whose ``revision`` tells whether anything changed."""
        with self.database.read() as connection:
            return jobs.events(connection, job_id, after)

    def works(self, job_id: str) -> Sequence[str]:
        """Ids of the works that it made so far."""
        with self.database.read() as connection:
            return tuple(jobs.works(connection, job_id).values())

    def preview(self, job_id: str) -> tuple[str, bytes] | None:
        """(media type, bytes) of how its result looks so far: unfinished, so that it is shown with a label beside it
        and never handed out."""
        with self.database.read() as connection:
            return jobs.preview(connection, job_id)

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """Cancel it: at once if it waits; within a second if it runs (``cancel_at`` is set until then). What has ended
        stays as it is; works that are finished stay.

        Raises:
            UserError: see ``get``.
        """
        self.get(job_id, owner)
        with self.database.write() as connection:
            found = jobs.cancel(connection, job_id)
        if found is None:
            raise _unknown(job_id)
        return found

    def forget(self, job_id: str, owner: str | None = None) -> None:
        """Delete an ended job with its brief, events, preview and exported file; its works stay.

        Raises:
            UserError: it hasn't ended; or see ``get``.
        """
        from luokuan.studio.jobs.handlers.export import remove

        self.get(job_id, owner)
        with self.database.write() as connection:
            jobs.forget(connection, job_id)
        remove(job_id, self.home)


def unfit(error: ValidationError) -> UserError:
    """What is said of a brief that doesn't fit its kind: the first thing that is wrong."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "-"
    return _no_brief(f"{place[:80]}: {first['msg'].removeprefix('Value error, ')[:300]}")


def _no_brief(why: str) -> UserError:
    return UserError(
        _("The brief can't be used: {why}.", why=why),
        _("Change that field; the kind's schema says what it takes."),
        code="job.brief",
        status=422,
    )


def _unknown(job_id: str) -> UserError:
    return UserError(
        _("There is no job '{id}'.", id=job_id[:40]), _("See the list of your jobs."), code="job.unknown", status=404
    )
