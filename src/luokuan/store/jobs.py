"""Jobs as their owners see them: handed in, looked at, cancelled, forgotten; ``claims`` is the workers' side."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.store.clock import DatabaseTime
from luokuan.store.tables import job, job_event, job_output, job_preview

State = Literal["queued", "running", "done", "failed", "cancelled"]
LIVE: tuple[State, ...] = ("queued", "running")
BRIEF_LIMIT = 64 << 10
"""Most bytes of a brief as JSON."""
KEY_LIMIT, OWNER_LIMIT = 200, 64
PAGE = 100
"""Most jobs, and events, that are read at once."""
_OWNERS_LOCK = 0x4A4F4253  # any number, as long as every process takes the same one


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table ``job``, without what only the queue needs.

    ``share``: how much is done, 0 to 1; ``seconds_left`` is None while unknown. ``outputs``: works that it makes.
    ``result`` and ``error`` are None until it ends; ``error`` has ``what``, ``do`` and ``code``. ``fence`` rises with
    each claim, ``revision`` with each change of the row.
    """

    number: int
    id: str
    owner: str
    kind: str
    brief: Mapping[str, Any] = field(repr=False)
    language: str
    state: State
    attempts: int
    tries: int
    run_after: datetime
    lease_until: datetime | None
    worker: str | None
    fence: int
    cancel_at: datetime | None
    share: float
    seconds_left: float | None
    message: str
    outputs: int
    result: Mapping[str, Any] | None
    error: Mapping[str, str] | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    compute_seconds: float
    revision: int

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in LIVE


COLUMNS = [job.c[name] for name in Job.__dataclass_fields__]


def job_of(row: Any) -> Job:
    """A row of ``COLUMNS`` as a job."""
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a job: ``state`` (of which ``data`` tells), ``text`` (a piece of what is written), ``work`` (one
    is finished), ``preview`` (there is a new one), ``retry`` (it is tried again)."""

    number: int
    kind: str
    data: Mapping[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """What is handed in.

    Args:
        owner: Id of the account.
        kind: What kind of work it is, such as ``create.image``.
        brief: What is asked for; at most ``BRIEF_LIMIT`` bytes as JSON.
        outputs: Works that it will make.
        makes: What only one live job may be making, such as ``model:mine``.
        needs: An ability that the worker must have, such as ``gpu``; empty: none.
        tries: Attempts before it fails for good.
        priority: Higher ones go first, whoever waits.
        language: Of what it says of itself.
        key: The client's idempotency key.
        body: What the key stands for, if not the brief: a repeat must bring the same.
    """

    owner: str
    kind: str
    brief: Mapping[str, Any]
    outputs: int = 0
    makes: str | None = None
    needs: str = ""
    tries: int = 3
    priority: int = 0
    language: str = "en"
    key: str | None = None
    body: Mapping[str, Any] | None = None


def change(
    connection: sa.Connection,
    *where: sa.ColumnElement[bool],
    event: str | None = None,
    data: Mapping[str, Any] | None = None,
    **values: Any,
) -> list[Job]:
    """The one way in which a job's row changes: the rows as they are now, with ``event`` noted for each of them."""
    noted = {"events": job.c.events + 1} if event else {}
    changed = job.update().where(*where).values(revision=job.c.revision + 1, **noted, **values)
    rows = connection.execute(changed.returning(*COLUMNS, job.c.events)).mappings().all()
    if event:
        for row in rows:
            connection.execute(
                job_event.insert().values(
                    job_id=row["id"], number=row["events"], kind=event, data=dict(data or {}), made_at=DatabaseTime()
                )
            )
    return [job_of(row) for row in rows]


def hold_owner(connection: sa.Connection, owner: str) -> None:
    """Let nobody else hand in jobs of ``owner`` until the transaction ends, so that what was counted stays true."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        held = sa.func.pg_advisory_xact_lock(sa.literal(_OWNERS_LOCK), sa.func.hashtext(owner))
        connection.execute(sa.select(held))


def repeated(connection: sa.Connection, order: Order) -> Job | None:
    """The job that was handed in with this key and body before.

    Raises:
        UserError: the key stands for another body.
    """
    if order.key is None:
        return None
    query = sa.select(*COLUMNS, job.c.body_digest).where(job.c.owner == order.owner, job.c.idempotency_key == order.key)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if row["body_digest"] != _digest(order):
        raise UserError(
            _("This idempotency key was used for another request."),
            _("Use a new key for a new request."),
            code="job.key",
            status=409,
        )
    return job_of(row)


def newest_keyed(connection: sa.Connection, owner: str, start: str, since: datetime) -> Job | None:
    """The newest of ``owner``'s jobs whose key begins with ``start`` and that was handed in after ``since``."""
    query = (
        sa.select(*COLUMNS)
        .where(job.c.owner == owner, job.c.idempotency_key.startswith(start, autoescape=True))
        .where(job.c.created_at >= since)
        .order_by(job.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else job_of(row)


def newest_making(connection: sa.Connection, makes: str) -> Job | None:
    """The newest job that makes this, whatever became of it."""
    query = sa.select(*COLUMNS).where(job.c.makes == makes).order_by(job.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else job_of(row)


def insert(connection: sa.Connection, order: Order) -> Job:
    """Hand in a job. Call ``hold_owner`` and ``repeated`` before, in the same transaction.

    Raises:
        UserError: the brief, the key or the owner's id is too long, or another live job makes the same thing.
    """
    _check(order)
    if order.makes is not None:
        taken = sa.select(job.c.id).where(job.c.makes == order.makes, job.c.state.in_(LIVE))
        if connection.execute(taken).first() is not None:
            raise _made_already(order.makes)
    values = {
        "id": secrets.token_hex(12),
        "owner": order.owner,
        "kind": order.kind,
        "brief": dict(order.brief),
        "language": order.language,
        "idempotency_key": order.key,
        "body_digest": _digest(order),
        "makes": order.makes,
        "state": "queued",
        "priority": order.priority,
        "needs": order.needs,
        "attempts": 0,
        "tries": order.tries,
        "run_after": DatabaseTime(),
        "fence": 0,
        "share": 0.0,
        "message": "",
        "outputs": order.outputs,
        "created_at": DatabaseTime(),
        "compute_seconds": 0.0,
        "revision": 0,
        "events": 0,
    }
    try:
        connection.execute(job.insert().values(**values))
    except sa.exc.IntegrityError as error:
        if order.makes is not None and "makes" in str(error.orig):
            raise _made_already(order.makes) from error
        raise
    (found,) = change(connection, job.c.id == values["id"], event="state", data={"state": "queued"})
    return found


def _check(order: Order) -> None:
    size = len(json.dumps(order.brief, ensure_ascii=False).encode(errors="replace"))
    faults = (
        (size > BRIEF_LIMIT, _("The brief is too large: {size:,} of {most:,} bytes.", size=size, most=BRIEF_LIMIT)),
        (
            order.key is not None and not (0 < len(order.key) <= KEY_LIMIT and order.key.isprintable()),
            _("The idempotency key isn't 1 to {most} characters that can be printed.", most=KEY_LIMIT),
        ),
        (not 0 < len(order.owner) <= OWNER_LIMIT, _("The owner's id isn't 1 to {most} characters.", most=OWNER_LIMIT)),
    )
    for wrong, what in faults:
        if wrong:
            raise UserError(what, _("Shorten it."), code="job.size")


def _made_already(makes: str) -> UserError:
    return UserError(
        _("Another job is making '{name}'.", name=makes.partition(":")[2]),
        _("Wait for it, cancel it, or choose another name."),
        code="job.makes",
        status=409,
    )


def _digest(order: Order) -> str:
    body = {"kind": order.kind, "body": dict(order.brief if order.body is None else order.body)}
    return sha256_bytes(json.dumps(body, sort_keys=True).encode())


def find(connection: sa.Connection, job_id: str) -> Job | None:
    """The job with this id."""
    row = connection.execute(sa.select(*COLUMNS).where(job.c.id == job_id)).mappings().first()
    return None if row is None else job_of(row)


def page(
    connection: sa.Connection,
    *,
    owner: str | None = None,
    states: Sequence[str] = (),
    kind: str = "",
    before: int | None = None,
    limit: int = PAGE,
) -> list[Job]:
    """Jobs, the newest first, of one owner or of all.

    Args:
        states: Only of these; empty: of any.
        kind: A kind, or a group of them such as ``create``; empty: of any.
        before: Only those with a smaller number: that of the last one of the page before.
        limit: 1 to ``PAGE``.
    """
    query = sa.select(*COLUMNS).order_by(job.c.number.desc()).limit(min(max(limit, 1), PAGE))
    if owner is not None:
        query = query.where(job.c.owner == owner)
    if states:
        query = query.where(job.c.state.in_(states))
    if kind:
        query = query.where(job.c.kind.startswith(f"{kind}.", autoescape=True) | (job.c.kind == kind))
    if before is not None:
        query = query.where(job.c.number < before)
    return [job_of(row) for row in connection.execute(query).mappings()]


def events(connection: sa.Connection, job_id: str, after: int = 0, limit: int = PAGE) -> list[Event]:
    """What happened to a job after event ``after``, in order."""
    query = (
        sa.select(job_event.c.number, job_event.c.kind, job_event.c.data, job_event.c.made_at)
        .where(job_event.c.job_id == job_id, job_event.c.number > after)
        .order_by(job_event.c.number)
        .limit(limit)
    )
    return [Event(**row) for row in connection.execute(query).mappings()]


def preview(connection: sa.Connection, job_id: str) -> tuple[str, bytes] | None:
    """(media type, bytes) of how a job's result looks so far."""
    query = sa.select(job_preview.c.media_type, job_preview.c.data).where(job_preview.c.job_id == job_id)
    row = connection.execute(query).first()
    return None if row is None else (row[0], bytes(row[1]))


def works(connection: sa.Connection, job_id: str) -> dict[int, str]:
    """Ids of a job's works, by their place."""
    query = sa.select(job_output.c.place, job_output.c.work_id).where(job_output.c.job_id == job_id)
    return {row.place: row.work_id for row in connection.execute(query.order_by(job_output.c.place))}


def works_of(connection: sa.Connection, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the works of several jobs, in their order."""
    query = sa.select(job_output.c.job_id, job_output.c.work_id).where(job_output.c.job_id.in_(job_ids))
    found: dict[str, list[str]] = {job_id: [] for job_id in job_ids}
    for row in connection.execute(query.order_by(job_output.c.job_id, job_output.c.place)):
        found[row.job_id].append(row.work_id)
    return found


def made_by(connection: sa.Connection, work_id: str) -> tuple[Job, int] | None:
    """The job that made a work, and the work's place in it; None: no job did, or it was forgotten."""
    query = (
        sa.select(*COLUMNS, job_output.c.place)
        .join(job_output, job_output.c.job_id == job.c.id)
        .where(job_output.c.work_id == work_id)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else (job_of(row), int(row["place"]))


def live_briefs() -> sa.Select[Any]:
    """The briefs of all jobs that wait or run."""
    return sa.select(job.c.brief).where(job.c.state.in_(LIVE))


def cancel(connection: sa.Connection, job_id: str) -> Job | None:
    """Cancel a job: at once if it waits; if it runs its worker ends it as soon as it looks. None: there is none.

    What has ended stays as it is.
    """
    waits = job.c.state == "queued"
    now = DatabaseTime()
    changed = change(
        connection,
        job.c.id == job_id,
        job.c.state.in_(LIVE),
        job.c.cancel_at.is_(None),
        event="cancel",
        state=sa.case((waits, "cancelled"), else_=job.c.state),
        ended_at=sa.case((waits, now), else_=None),
        cancel_at=now,
    )
    if changed and changed[0].state == "cancelled":
        changed = change(connection, job.c.id == job_id, event="state", data={"state": "cancelled"})
    return changed[0] if changed else find(connection, job_id)


def forget(connection: sa.Connection, job_id: str) -> bool:
    """Delete an ended job with its events and preview; its works stay. Whether there was one.

    Raises:
        UserError: it waits or runs.
    """
    # The rows below go with it (ON DELETE CASCADE).
    gone = connection.execute(job.delete().where(job.c.id == job_id, job.c.state.not_in(LIVE)))
    if gone.rowcount == 0 and find(connection, job_id) is not None:
        raise UserError(_("The job {id} hasn't ended.", id=job_id), _("Cancel it first."), code="job.live", status=409)
    return gone.rowcount > 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account's jobs take: how many wait or run, and seconds of computing since a moment."""

    live: int
    compute_seconds: float


def usage(connection: sa.Connection, owner: str, since: datetime) -> Usage:
    """For quotas. Jobs that were created before ``since`` count as far as they are live."""
    own = job.c.owner == owner
    live = connection.execute(sa.select(sa.func.count()).where(own, job.c.state.in_(LIVE))).scalar_one()
    recent = (job.c.created_at >= since) | job.c.state.in_(LIVE)
    spent = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(job.c.compute_seconds), 0.0)).where(own, recent))
    return Usage(int(live), float(spent.scalar_one()))
