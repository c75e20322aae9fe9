"""What pages and programs are told of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from luokuan.i18n import _
from luokuan.store import jobs, library
from luokuan.store.accounts import AccountRow
from luokuan.store.feedback import opinions
from luokuan.store.jobs import Event, Job
from luokuan.store.works import WorkRow
from luokuan.studio.cards import Card, card
from luokuan.studio.following import look
from luokuan.studio.modelcards import visible_model
from luokuan.studio.state import Studio
from luokuan.studio.words import job_word, state_word

VARYING = {"image/": ("image", ("prior",)), "audio/midi": ("music", ("vae/music",))}
"""What the media type of a work begins with from which one can start: the tab, and the families whose models do so."""
_NAMES = ("brief", "prompt", "title", "product", "text", "sentence", "name", "class_name", "model", "file")
"""What a brief is known by, the first that it has."""


def to_json(job: Job, works: Iterable[str]) -> dict[str, Any]:
    """A job for programs."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "cancelling": is_cancelling(job),
        "brief": dict(job.brief),
        "share": job.share,
        "seconds_left": job.seconds_left,
        "message": job.message,
        "attempts": job.attempts,
        "tries": job.tries,
        "outputs": job.outputs,
        "works": list(works),
        "result": None if job.result is None else dict(job.result),
        "error": None if job.error is None else dict(job.error),
        "compute_seconds": round(job.compute_seconds, 3),
        "created": job.created_at.isoformat(),
        "started": None if job.started_at is None else job.started_at.isoformat(),
        "ended": None if job.ended_at is None else job.ended_at.isoformat(),
        "revision": job.revision,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event for programs."""
    return {"number": event.number, "kind": event.kind, "data": dict(event.data), "time": event.made_at.isoformat()}


def is_cancelling(job: Job) -> bool:
    """Whether it runs, and is to end."""
    return job.live and job.cancel_at is not None


@dataclass(frozen=True, slots=True)
class Result:
    """A work that a job made. ``liked``: what is thought of it; ``varies``: the tab where variations
    of it can be made; empty: none."""

    card: Card
    liked: bool | None
    varies: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job for a page.

    Args:
        job: The job.
        results: Works that it made and that are its owner's still.
        texts: What is being written, by place, as far as it isn't among the results.
        preview: Media type of how it looks so far; empty: nothing to see.
        words: Such a preview, if it is a text.
        last: Number of the last event that is told here.
    """

    job: Job
    results: tuple[Result, ...] = ()
    texts: Mapping[int, str] | None = None
    preview: str = ""
    words: str = ""
    last: int = 0

    @property
    def title(self) -> str:
        """What it is about, in a line."""
        return title_of(self.job)

    @property
    def word(self) -> str:
        """What kind it is."""
        return job_word(self.job.kind)

    @property
    def progress(self) -> dict[str, Any]:
        """What changes while it runs."""
        return progress_of(self.job)


def title_of(job: Job) -> str:
    """What a job is about, in a line; empty where its brief says nothing."""
    named = (job.brief.get(name) for name in _NAMES)
    found = next((value for value in named if isinstance(value, str) and value.strip()), "")
    return " ".join(found.split())[:80]


def progress_of(job: Job) -> dict[str, Any]:
    """How far it is, in numbers and in words."""
    state = "cancelling" if is_cancelling(job) else job.state
    return {
        "state": state,
        "says": state_word(state),
        "percent": round(100 * job.share),
        "left": left_word(job.seconds_left) if job.state == "running" else "",
        "message": job.message if job.live else "",
    }


def left_word(seconds: float | None) -> str:
    """How long it will take, for people."""
    if seconds is None:
        return ""
    if seconds < 90:
        return _("{count} seconds left", count=max(1, round(seconds)))
    if seconds < 5400:
        return _("{count} minutes left", count=round(seconds / 60))
    return _("{count} hours left", count=f"{seconds / 3600:.1f}")


def view_of(studio: Studio, job_id: str, person: AccountRow) -> JobView:
    """A job with all that there is to see of it.

    Raises:
        UserError: there is none, or it is another's.
    """
    studio.queue.get(job_id, person.id)
    found = look(studio.queue, job_id, 0, -1)
    assert found is not None
    job, events = found.job, found.events
    with studio.database.read() as connection:
        places = jobs.works(connection, job_id)
    texts = texts_of(events) if job.live else {}
    # Once a work is there, what was shown of it before is of no use.
    last = next((event.kind for event in reversed(events) if event.kind in ("work", "preview")), "")
    shown = studio.queue.preview(job_id) if job.live and last == "preview" else None
    return JobView(
        job=job,
        results=results_of(studio, list(places.values()), person),
        texts={place: text for place, text in texts.items() if place not in places},
        preview="" if shown is None else shown[0],
        words=shown[1].decode("utf-8", "replace") if shown is not None and shown[0].startswith("text/") else "",
        last=events[-1].number if events else 0,
    )


def texts_of(events: Iterable[Event]) -> dict[int, str]:
    """What has been written so far, by place: an attempt begins anew."""
    found: dict[int, str] = {}
    for event in events:
        if event.kind == "text":
            place = int(event.data.get("place", 0))
            found[place] = found.get(place, "") + str(event.data.get("text", ""))
        elif event.kind in ("state", "retry"):
            found.clear()
    return found


def results_of(studio: Studio, work_ids: list[str], person: AccountRow) -> tuple[Result, ...]:
    """Those of these works that are ``person``'s and not thrown away, in this order."""
    with studio.database.read() as connection:
        rows = {row.id: row for row in library.own_works(connection, work_ids, person)}
        liked = opinions(connection, rows)
    varies = VaryingTabs(studio, person)
    return tuple(
        Result(card(rows[work_id], studio.home), liked.get(work_id), varies.tab(rows[work_id]))
        for work_id in work_ids
        if work_id in rows
    )


class VaryingTabs:
    """Where variations of works can be made by the models that made them, as far as ``person`` may use these."""

    def __init__(self, studio: Studio, person: AccountRow) -> None:
        self._studio, self._person = studio, person
        self._families: dict[str, str] = {}

    def tab(self, row: WorkRow) -> str:
        """The tab of one work; empty: none."""
        for begin, (tab, able) in VARYING.items():
            if row.kind == tab and row.media_type.startswith(begin) and self._family(row.model_name) in able:
                return tab
        return ""

    def _family(self, name: str) -> str:
        if name not in self._families:
            found = visible_model(self._studio, self._person, name)
            self._families[name] = "" if found is None else found.family
        return self._families[name]
