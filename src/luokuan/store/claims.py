"""Jobs as workers see them: claimed with a lease and a fencing token, kept, finished, put back.

A lease is a time of the database's clock until which a job is its worker's; the token (``fence``) rises with each
claim. Whoever was too slow, was thought dead or was cancelled holds an old token: what he writes changes nothing, and
tells him so (``Stale``).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _, speaking
from luokuan.store.clock import DatabaseTime
from luokuan.store.jobs import COLUMNS, Job, change, find, job_of
from luokuan.store.tables import job, job_output, job_preview

FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
"""Seconds before a second attempt, doubled with each further one; and at most."""
_HIGHEST = 64  # no name of a worker, ability or kind sorts out more of them


class Stale(Exception):
    """The job isn't this worker's any more: its lease ran out, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is this worker's as long as its fence is ``fence``."""

    id: str
    fence: int

    @classmethod
    def of(cls, found: Job) -> Claim:
        """That of a job which was just claimed."""
        return cls(found.id, found.fence)

    @property
    def holds(self) -> sa.ColumnElement[bool]:
        """Whether a row is this job's, and still claimed with this token."""
        return sa.and_(job.c.id == self.id, job.c.fence == self.fence, job.c.state == "running")


def _waiting(kinds: Sequence[str] | None, abilities: Sequence[str], table: Any = job) -> sa.ColumnElement[bool]:
    fit = [table.c.state == "queued", table.c.run_after <= DatabaseTime(), table.c.needs.in_(("", *abilities))]
    if kinds is not None:
        fit.append(table.c.kind.in_(kinds))
    return sa.and_(*fit)


def has_waiting(connection: sa.Connection, *, kinds: Sequence[str] | None = None, abilities: Sequence[str] = ()) -> int:
    """How many jobs could be claimed now (counted up to 64)."""
    some = sa.select(job.c.number).where(_waiting(kinds, abilities)).limit(_HIGHEST).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def claim(
    connection: sa.Connection,
    worker: str,
    *,
    lease: float,
    kinds: Sequence[str] | None = None,
    abilities: Sequence[str] = (),
) -> Job | None:
    """Take the next job that waits, for ``lease`` seconds; None: there is none.

    Next is, of the highest priority, a job of whoever has the fewest running ones, of these of whoever was served
    longest ago, of his the oldest.

    Args:
        worker: A name that no other process has.
        kinds: Only of these; None: of any.
        abilities: What the worker can do, such as ``gpu``.
    """
    queue, other = job.alias("queue"), job.alias("other")
    of_owner = sa.select(sa.func.count()).where(other.c.owner == queue.c.owner, other.c.state == "running")
    served = sa.select(sa.func.max(other.c.claimed_at)).where(other.c.owner == queue.c.owner)
    order = (
        queue.c.priority.desc(),
        of_owner.correlate(queue).scalar_subquery(),
        served.correlate(queue).scalar_subquery().asc().nulls_first(),
        queue.c.number,
    )
    chosen = (
        sa.select(queue.c.number)
        .where(_waiting(kinds, abilities, queue))
        .order_by(*order)
        .limit(1)
        .with_for_update(skip_locked=True, of=queue)  # SQLite has one writer at a time, and no such clause
        .scalar_subquery()
    )
    found = change(
        connection,
        job.c.number == chosen,
        job.c.state == "queued",  # asked again: on PostgreSQL another may have been quicker
        event="state",
        data={"state": "running"},
        state="running",
        worker=worker,
        fence=job.c.fence + 1,
        attempts=job.c.attempts + 1,
        lease_until=DatabaseTime(lease),
        claimed_at=DatabaseTime(),
        started_at=sa.func.coalesce(job.c.started_at, DatabaseTime()),
    )
    return found[0] if found else None


def _held(changed: list[Job]) -> Job:
    if not changed:
        raise Stale
    return changed[0]


def renew(connection: sa.Connection, mine: Claim, *, lease: float, spent: float = 0.0) -> Job:
    """Keep the job for ``lease`` seconds from now; ``spent``: seconds of computing since they were last told.

    Raises:
        Stale: it isn't this worker's any more (so it is with all below).
    """
    total = job.c.compute_seconds + spent
    return _held(change(connection, mine.holds, lease_until=DatabaseTime(lease), compute_seconds=total))


def look(connection: sa.Connection, mine: Claim) -> Job:
    """The job as it stands: ``cancel_at`` says whether it is to be cancelled."""
    row = connection.execute(sa.select(*COLUMNS).where(mine.holds)).mappings().first()
    if row is None:
        raise Stale
    return job_of(row)


def report(
    connection: sa.Connection, mine: Claim, *, share: float, seconds_left: float | None = None, message: str = ""
) -> None:
    """Tell how far it has come."""
    share = min(max(share, 0.0), 1.0)
    _held(change(connection, mine.holds, share=share, seconds_left=seconds_left, message=message))


def tell(connection: sa.Connection, mine: Claim, event: str, data: Mapping[str, Any]) -> None:
    """Note an event, such as a piece of text."""
    _held(change(connection, mine.holds, event=event, data=data))


def show(connection: sa.Connection, mine: Claim, media_type: str, data: bytes) -> None:
    """Keep how the result looks so far, in the place of what was kept before."""
    _held(change(connection, mine.holds, event="preview", data={"media_type": media_type, "bytes": len(data)}))
    connection.execute(job_preview.delete().where(job_preview.c.job_id == mine.id))
    connection.execute(job_preview.insert().values(job_id=mine.id, media_type=media_type, data=data))


def record_output(connection: sa.Connection, mine: Claim, place: int, work_id: str, *, spent: float = 0.0) -> Job:
    """Note that the work at ``place`` is finished, in the transaction that makes it exist. With the last one the job is
    done.

    Raises:
        Stale: the job isn't this worker's any more; the work must not exist then.
        sqlalchemy.exc.IntegrityError: the place has its work already.
    """
    found = _held(change(connection, mine.holds, event="work", data={"place": place, "work": work_id}))
    connection.execute(job_output.insert().values(job_id=mine.id, place=place, work_id=work_id))
    made = sa.select(job_output.c.work_id).where(job_output.c.job_id == mine.id).order_by(job_output.c.place)
    ids = list(connection.execute(made).scalars())
    if len(ids) < found.outputs:
        share = len(ids) / found.outputs
        total = job.c.compute_seconds + spent
        return _held(change(connection, mine.holds, share=sa.case((job.c.share < share, share), else_=job.c.share),
                            compute_seconds=total))  # fmt: skip
    return complete(connection, mine, {"works": ids}, spent=spent)


def complete(connection: sa.Connection, mine: Claim, result: Mapping[str, Any], *, spent: float = 0.0) -> Job:
    """The job is done."""
    done = change(
        connection,
        mine.holds,
        event="state",
        data={"state": "done"},
        result=dict(result),
        share=1.0,
        **_ending("done", spent),
    )
    return _held(done)


def fail(connection: sa.Connection, mine: Claim, error: Mapping[str, str], *, again: bool, spent: float = 0.0) -> Job:
    """The attempt failed: with ``again`` it is tried once more later, if any try is left; without, or if it was to be
    cancelled anyway, it ends.

    Args:
        error: ``what``, ``do`` and ``code``, as those of ``UserError``.
    """
    return _put_back(connection, mine, error, again=again, spent=spent)


def release(connection: sa.Connection, mine: Claim, *, spent: float = 0.0) -> Job:
    """Put the job back at once; the attempt doesn't count, because nothing was wrong with it."""
    found = look(connection, mine)
    if found.cancel_at is not None:
        return cancelled(connection, mine, spent=spent)
    back = change(
        connection,
        mine.holds,
        event="state",
        data={"state": "queued"},
        run_after=DatabaseTime(),
        attempts=job.c.attempts - 1,
        **_ending("queued", spent),
    )
    return _held(back)


def cancelled(connection: sa.Connection, mine: Claim, *, spent: float = 0.0) -> Job:
    """End a running job that was to be cancelled; from then on its worker holds an old token."""
    ended = change(connection, mine.holds, event="state", data={"state": "cancelled"}, **_ending("cancelled", spent))
    return _held(ended)


def sweep(connection: sa.Connection) -> int:
    """Put back, or end, the jobs whose lease has run out. Returns how many."""
    return _orphans(connection, job.c.lease_until < DatabaseTime())


def abandon(connection: sa.Connection, worker: str, *, counted: bool = True) -> int:
    """Put back, or end, the jobs of a worker that is known to be dead. Returns how many.

    Args:
        counted: Whether the attempt counts; not if the worker was ended on purpose.
    """
    return _orphans(connection, job.c.worker == worker, counted=counted)


def _orphans(connection: sa.Connection, which: sa.ColumnElement[bool], *, counted: bool = True) -> int:
    lost = sa.select(job.c.id, job.c.fence, job.c.language).where(job.c.state == "running", which)
    count = 0
    for job_id, fence, language in connection.execute(lost.with_for_update(skip_locked=True)).all():
        mine = Claim(job_id, fence)
        if counted:
            with speaking(language):
                error = {
                    "what": _("The worker ended in the middle of it, several times."),
                    "do": _("Ask for less at once, or look into the server's log."),
                    "code": "job.crashed",
                }
            _put_back(connection, mine, error, again=True)
        else:
            release(connection, mine)
        count += 1
    return count


def _put_back(
    connection: sa.Connection, mine: Claim, error: Mapping[str, str], *, again: bool, spent: float = 0.0
) -> Job:
    found = find(connection, mine.id)
    if found is None or found.fence != mine.fence or found.state != "running":
        raise Stale
    if found.cancel_at is not None:
        return cancelled(connection, mine, spent=spent)
    if again and found.attempts < found.tries:
        wait = min(FIRST_WAIT * 2 ** (found.attempts - 1), LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311
        back = change(
            connection,
            mine.holds,
            event="retry",
            data={"state": "queued", "code": error["code"], "attempt": found.attempts, "seconds": round(wait, 1)},
            run_after=DatabaseTime(wait),
            **_ending("queued", spent),
        )
        return _held(back)
    ended = change(
        connection,
        mine.holds,
        event="state",
        data={"state": "failed", "error": dict(error)},
        error=dict(error),
        **_ending("failed", spent),
    )
    return _held(ended)


def _ending(state: str, spent: float) -> dict[str, Any]:
    return {
        "state": state,
        "lease_until": None,
        "worker": None,
        "seconds_left": None,
        "ended_at": None if state == "queued" else DatabaseTime(),
        "compute_seconds": job.c.compute_seconds + spent,
    }


def error_of(error: UserError) -> dict[str, str]:
    """A user's error as a job keeps it."""
    return {"what": error.what, "do": error.do, "code": error.code}
