"""Following a job: what changed since, as a stream that no thread waits for.

Each look takes a thread of the pool for as long as the database answers. A stream ends with its job, after a while
(whoever reads it comes again, and is asked again who they are), and when the server is about to stop.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.jobs import PAGE, Event, Job
from luokuan.studio.jobs.queue import JobQueue

MOST = 4
"""Streams that an account may have open. Browsers hold six connections to a server, and need some for the rest."""
LIFE = 60.0
"""Seconds after which a stream ends, so that it doesn't outlive a session by long."""
QUICK, SLOW = 0.25, 1.0
"""Seconds between two looks while something goes on, and while nothing does."""
BEAT = 15.0
"""Seconds without a word after which one is said, so that a dead connection is noticed."""
RETRY = 1000
"""Milliseconds after which a browser comes again."""


class Streams:
    """Counts the streams that are open, by account."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._open = most, Counter[str]()
        self.stopping: Callable[[], bool] = lambda: False
        """Whether all are to end now, because the server waits for them."""

    @contextmanager
    def opened(self, account_id: str) -> Iterator[None]:
        """Count one.

        Raises:
            UserError: there are too many.
        """
        self.check(account_id)
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]

    def check(self, account_id: str) -> None:
        """Refuse one more than there may be.

        Raises:
            UserError: so it is.
        """
        if self._open[account_id] >= self._most:
            raise UserError(
                _("You follow {most} jobs already.", most=self._most),
                _("Close another tab, or load this page again later."),
                code="jobs.streams",
                status=429,
            )


@dataclass(frozen=True, slots=True)
class Change:
    """A job as it stands now, and what happened since the last change."""

    job: Job
    events: Sequence[Event]


def look(queue: JobQueue, job_id: str, after: int, revision: int) -> Change | None:
    """What changed after event ``after`` and revision ``revision``; None: nothing.

    Raises:
        UserError: the job is gone.
    """
    job = queue.get(job_id)
    if job.revision == revision:
        return None
    found: list[Event] = []
    while True:
        more = queue.events(job_id, after)
        found += more
        if len(more) < PAGE:
            return Change(job, found)
        after = more[-1].number


async def changes(
    queue: JobQueue, streams: Streams, job_id: str, after: int, *, life: float = LIFE
) -> AsyncIterator[Change | None]:
    """Each change, the first at once; None now and then when there is none. The last one has a job that has ended,
    unless ``life`` is over or the server stops."""
    clock = asyncio.get_running_loop().time
    until, said, revision = clock() + life, clock(), -1
    while clock() < until and not streams.stopping():
        found = await run_in_threadpool(look, queue, job_id, after, revision)
        if found is not None:
            revision = found.job.revision
            after = found.events[-1].number if found.events else after
            yield found
            said = clock()
            if not found.job.live:
                return
        elif clock() - said > BEAT:
            yield None
            said = clock()
        await asyncio.sleep(QUICK if clock() - said < 3 else SLOW)


def frame(event: str, data: Any, number: int | None = None) -> bytes:
    """One message of a stream (WHATWG HTML, 9.2). With a number, a browser that comes again says which was its last."""
    first = "" if number is None else f"id: {number}\n"
    return f"{first}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def last_seen(request: Request, after: int = 0) -> int:
    """The number of the last event that whoever comes again has seen; what can't be read counts for nothing."""
    given = request.headers.get("last-event-id", "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else after
    return min(max(number, 0), 2**31 - 1)


def streamed(frames: AsyncIterator[bytes], streams: Streams, account_id: str) -> StreamingResponse:
    """The answer that sends ``frames``, counted as the account's.

    Raises:
        UserError: it has too many already.
    """
    streams.check(account_id)

    async def counted() -> AsyncIterator[bytes]:
        try:
            with streams.opened(account_id):
                yield f"retry: {RETRY}\n\n".encode()
                async for one in frames:
                    yield one
        except UserError:
            return  # one too many after all, or the job was forgotten meanwhile

    # Compression and buffers of proxies would hold back what is to be seen now.
    headers: Mapping[str, str] = {"x-accel-buffering": "no"}
    return StreamingResponse(counted(), media_type="text/event-stream", headers=headers)
