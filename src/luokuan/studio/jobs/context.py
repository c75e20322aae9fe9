"""What a job's work may do: tell how far it is, show what it has, finish works, and learn that it is to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from luokuan.colophon.schema import Recipe, Work
from luokuan.store import claims, jobs
from luokuan.store.blobs import Blobs
from luokuan.store.claims import Claim, Stale
from luokuan.store.jobs import Job
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.jobs import owners

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.schema import Draft
    from luokuan.media import Picture
    from luokuan.store.database import Database
    from luokuan.store.home import Home

REPORT_SECONDS = 0.5
"""Least seconds between two rows about progress."""
TEXT_SECONDS = 0.25
PREVIEW_LIMIT = 512 << 10
"""Most bytes of a preview."""
_TEXT_LIMIT = 200_000
"""Characters of a job's text that are told while it is written; the finished work has all of it."""


class Dropped(Exception):
    """The work is to end now: the job was cancelled, or is another worker's."""


class Context:
    """One attempt at one job, in the worker's main thread."""

    def __init__(self, job: Job, home: Home, database: Database) -> None:
        self.job, self.home, self.database = job, home, database
        self.mine = Claim.of(job)
        self.dropped = threading.Event()
        """Set by the keeper: what is done from now on is for nothing."""
        self.ended = False
        """Whether the job is done: its last work was finished."""
        with database.read() as connection:
            self.works = jobs.works(connection, job.id)
        """Works of earlier attempts, by their place."""
        self._place = 0
        self._accounted = time.monotonic()
        self._owed = 0.0
        self._account = threading.Lock()
        self._reported = self._texted = -1e9
        self._pieces: dict[int, str] = {}
        self._told = 0

    @property
    def again(self) -> bool:
        """Whether somebody has begun with this job before."""
        return self.job.fence > 1

    def spent(self) -> float:
        """Seconds since they were last asked for."""
        with self._account:
            now = time.monotonic()
            seconds, self._accounted = now - self._accounted, now
        return seconds

    def charge(self, connection: sa.Connection) -> float:
        """``spent``, of which whole seconds are counted against the owner's quota."""
        seconds = self.spent()
        with self._account:
            self._owed += seconds
            whole = int(self._owed)
            self._owed -= whole
        owners.charge_seconds(connection, self.job.owner, whole)
        return seconds

    def check(self) -> None:
        """Go on, or end.

        Raises:
            Dropped: it is for nothing (so it is with all below).
        """
        if self.dropped.is_set():
            raise Dropped

    def _write(self, action: Callable[[sa.Connection], object]) -> None:
        self.check()
        try:
            with self.database.write() as connection:
                action(connection)
        except Stale as error:
            raise Dropped from error

    def progress(self, share: float, seconds_left: float | None = None, message: str = "") -> None:
        """Tell how much is done, 0 to 1; as often as one likes."""
        self.check()
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        self._write(partial(claims.report, mine=self.mine, share=share, seconds_left=seconds_left, message=message))

    def watch(self, title: str, done: int, total: int, seconds_left: float | None) -> None:
        """A watcher of ``foundation.progress``."""
        self.progress(done / max(total, 1), seconds_left, title)

    def measure(self, what: str, done: int, total: int) -> None:
        """As ``watch``, for work that doesn't know its time."""
        self.progress(done / max(total, 1), None, what)

    def text(self, place: int, piece: str) -> None:
        """Tell a piece of what is being written."""
        self.check()
        self._pieces[place] = self._pieces.get(place, "") + piece
        if time.monotonic() - self._texted >= TEXT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Tell the pieces that wait."""
        pieces, self._pieces = self._pieces, {}
        self._texted = time.monotonic()
        for place, text in pieces.items():
            if text and self._told < _TEXT_LIMIT:
                self._told += len(text)
                data = {"place": place, "text": text}
                self._write(partial(claims.tell, mine=self.mine, event="text", data=data))

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        """Tell something else that happened, after the pieces that wait, as an event of this kind (16 letters at
        most)."""
        self.flush()
        self._write(partial(claims.tell, mine=self.mine, event=event, data=data))

    def show(self, media_type: str, data: bytes) -> None:
        """Show how it looks so far, instead of what was shown before; what is too large isn't shown."""
        if 0 < len(data) <= PREVIEW_LIMIT:
            self._write(partial(claims.show, mine=self.mine, media_type=media_type, data=data))

    def finish(self, draft: Draft, **options: Any) -> Work:
        """``colophon.finish`` of the job's next work, in whose transaction the job's token is checked and its place
        taken. A work that an earlier attempt finished is that one, and nothing is finished again.

        Raises:
            Dropped: see above; the work doesn't exist then.
            UserError: see ``colophon.finish``.
        """
        from luokuan.colophon.finish import finish

        self.flush()
        self.check()
        place, self._place = self._place, self._place + 1
        if place in self.works:
            return self._finished(self.works[place])
        self._show_draft(draft)
        found: list[Job] = []

        def record(connection: sa.Connection, work_id: str) -> None:
            owners.own(connection, work_id, self.job.owner)
            found.append(claims.record_output(connection, self.mine, place, work_id, spent=self.charge(connection)))

        try:
            work = finish(draft, at_record=record, **options)
        except Stale as error:
            raise Dropped from error
        self.works[place] = work.id
        self.ended = found[-1].state == "done"
        return work

    def skip(self, count: int) -> None:
        """The next ``count`` works are there from earlier attempts, and won't be brought to ``finish``."""
        self._place += count

    @property
    def finished_first(self) -> int:
        """How many works are there without a gap, from the first on."""
        count = 0
        while count in self.works:
            count += 1
        return count

    def _show_draft(self, draft: Draft) -> None:
        from luokuan.media import Picture

        if isinstance(draft.media, Picture):
            self.show("image/png", png_of(draft.media))

    def _finished(self, work_id: str) -> Work:
        with self.database.read() as connection:
            row = find_work(connection, work_id)
        assert row is not None, "a row of job_output refers to it"
        return _work_of(row, Blobs(self.home))


def png_of(picture: Picture, most: int = 512) -> bytes:
    """A picture as PNG, with sides of at most ``most`` pixels."""
    import io

    from PIL import Image

    image = Image.fromarray(picture.pixels)
    image.thumbnail((most, most))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _work_of(row: WorkRow, blobs: Blobs) -> Work:
    recipe = Recipe(row.model_name, row.model_digest) if row.recipe is None else Recipe.from_dict(row.recipe)
    work = Work(
        id=row.id,
        kind=row.kind,
        data=b"" if row.erased else blobs.get(row.blob_sha256),
        media_type=row.media_type,
        sha256=row.blob_sha256,
        recipe=recipe,
        label=row.label,
        commitment=row.commitment,
        created_at=row.created_at,
    )
    if row.erased:
        return work
    return replace(work, sidecars={ending: blobs.get(sha256) for ending, sha256 in row.sidecars.items()})
