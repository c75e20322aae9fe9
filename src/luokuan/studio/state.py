"""What one running studio consists of; every request finds it in ``request.app.state.studio``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.studio.checking import Checkers
from luokuan.studio.following import Streams
from luokuan.studio.guard.buckets import Buckets
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.material.errands import Errands
from luokuan.studio.observed import Counters
from luokuan.studio.settings import Settings


@dataclass(frozen=True, slots=True)
class Studio:
    """A studio. ``logins``, ``knocks``: attempts to log in by account and by address; ``requests``, ``checks``: of one
    address; ``queue``: everybody's jobs; ``streams``: who follows them; ``errands``: what is looked through for them
    meanwhile."""

    settings: Settings
    database: Database
    checkers: Checkers
    counters: Counters
    logins: Buckets
    knocks: Buckets
    requests: Buckets
    checks: Buckets
    queue: JobQueue
    streams: Streams
    errands: Errands

    @property
    def home(self) -> Home:
        """The home that is served."""
        return self.settings.home


def studio_of(request: Request) -> Studio:
    """The studio that a request came to."""
    found: Studio = request.app.state.studio
    return found


def address_of(request: Request) -> str:
    """Where a request came from. Headers that a proxy might add are believed from those of ``--proxy``
    alone, see ``guard.proxies``."""
    return request.client.host if request.client is not None else ""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
