"""Builds a studio: its state, its routes, and what stands before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from luokuan import logs
from luokuan.rights.market.address import public_address
from luokuan.rights.market.reconcile import reconcile
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.studio.access import check_routes
from luokuan.studio.api import books as api_books
from luokuan.studio.api import jobs as api_jobs
from luokuan.studio.api import market as api_market
from luokuan.studio.api import native, records
from luokuan.studio.api import projects as api_projects
from luokuan.studio.api import sales as api_sales
from luokuan.studio.api import uploads as api_uploads
from luokuan.studio.checking import Checkers
from luokuan.studio.deliveries import ask
from luokuan.studio.erasing import EVERY, empty_by_age
from luokuan.studio.errors import Faults, add_handlers
from luokuan.studio.following import Streams
from luokuan.studio.guard.bodies import Bodies
from luokuan.studio.guard.buckets import Buckets
from luokuan.studio.guard.headers import Headers
from luokuan.studio.guard.hosts import Hosts
from luokuan.studio.guard.proxies import Proxies
from luokuan.studio.jobs.owners import admit, may_use
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.supervisor import Supervisor
from luokuan.studio.language import Speaking
from luokuan.studio.material.errands import Errands
from luokuan.studio.material.receiving import PIECE
from luokuan.studio.observed import Counters, Observed
from luokuan.studio.openai import routes as openai
from luokuan.studio.openai.stamp import Stamp
from luokuan.studio.pages import (
    appraisal,
    books,
    check,
    collections,
    corpora,
    create,
    entrance,
    exports,
    health,
    house,
    jobs,
    library,
    log,
    market,
    models,
    opinions,
    orders,
    own,
    portfolio,
    projects,
    rules,
    runs,
    selection,
    selling,
    train,
    uploads,
    users,
    work,
)
from luokuan.studio.projects import BODY
from luokuan.studio.rendering import STATIC
from luokuan.studio.settings import Settings
from luokuan.studio.state import Studio

ROUTERS: tuple[Any, ...] = (
    health,
    entrance,
    create,
    jobs,
    library,
    selection,
    collections,
    exports,
    work,
    opinions,
    train,
    runs,
    uploads,
    corpora,
    models,
    check,
    log,
    own,
    users,
    house,
    rules,
    market,
    orders,
    selling,
    books,
    appraisal,
    portfolio,
    projects,
    native,
    api_jobs,
    records,
    api_uploads,
    api_market,
    api_sales,
    api_books,
    api_projects,
    *openai.ROUTERS,
)
"""Modules with a ``router``. A new group of pages is a module and its name here."""
LARGER = (check.PATH, records.VERIFY)
"""Paths to which files are sent."""
PROJECTS = (
    *("/appraisal/projects", "/appraisal/projects/", "/api/appraisal/projects", "/api/appraisal/projects/"),
    *("/appraisal/prices", "/api/appraisal/prices"),
)
"""Paths to which projects, receipts and price tables are sent: the forms of others are shorter."""


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The studio as an ASGI application.

    Args:
        settings: How it is served.
        database: The open database; None: it is opened here, and closed when the application ends.

    Raises:
        UserError: the database can't be used, or the public address is none.
        RuntimeError: a route doesn't say who may use it; our fault.
    """
    public_address()  # before somebody pays for a copy that couldn't be made
    opened = database or open_database(settings.home, patience=settings.patience)
    supervisor = Supervisor(settings.home, opened, count=settings.workers)
    studio = Studio(
        settings=settings,
        database=opened,
        checkers=Checkers(settings.home, settings.checkers),
        counters=Counters(),
        logins=Buckets(10, 1 / 90),
        knocks=Buckets(30, 1 / 20),
        requests=Buckets(settings.requests * 10, settings.requests),
        checks=Buckets(settings.checks, settings.checks / 60),
        queue=JobQueue(settings.home, opened, may=may_use, admit=admit, wake=supervisor.wake),
        streams=Streams(),
        errands=Errands(settings.home, settings.errands),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if settings.workers:
            await run_in_threadpool(supervisor.start)
        emptying = asyncio.create_task(_look_after(settings.home, opened, studio.queue))
        yield
        emptying.cancel()
        studio.errands.stop()
        await run_in_threadpool(supervisor.stop)
        if database is None:
            opened.close()

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(Proxies, trusted=settings.proxies),
            Middleware(Observed, counters=studio.counters),
            Middleware(Headers, secure=settings.secure),
            Middleware(Stamp, requests=studio.requests, limit=settings.requests * 10),
            Middleware(Hosts, allowed=settings.hosts),
            Middleware(Speaking),
            Middleware(Faults),
            Middleware(
                Bodies,
                settings=settings,
                larger={
                    **dict.fromkeys((*LARGER, *openai.LARGER), settings.upload_bytes),
                    uploads.PIECES: PIECE,
                    api_uploads.PIECES: PIECE,
                    uploads.WHOLE: settings.corpus_bytes,
                    **dict.fromkeys(PROJECTS, BODY),
                },
                longer={uploads.WHOLE: settings.corpus_total},
            ),
        ],
    )
    app.state.studio = studio
    for module in ROUTERS:
        # As single routes, so that whoever looks through them sees each one.
        app.router.routes.extend(module.router.routes)
    app.router.routes.append(Mount("/static", _Assets(directory=STATIC), name="static"))
    check_routes(app.router.routes)
    add_handlers(app)
    return app


async def _look_after(home: Home, database: Database, queue: JobQueue) -> None:
    """Look into the trash and after orders that stopped halfway now and then, as long as the studio runs."""
    while True:
        try:
            await run_in_threadpool(empty_by_age, home, database)
        except Exception as error:
            logs.get("studio.trash").error("the trash couldn't be looked through", error=str(error))
        try:
            found = await run_in_threadpool(partial(reconcile, home, shared=database, deliver=partial(ask, queue)))
            for line in (*found.failed, *found.differences):
                logs.get("studio.market").error(line)
        except Exception as error:
            logs.get("studio.market").error("the market couldn't be reconciled", error=str(error))
        await asyncio.sleep(EVERY)


class _Assets(StaticFiles):
    """Our own files: named with their digest, so that they may be kept for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"].append((b"cache-control", b"public, max-age=31536000, immutable"))
            await send(message)

        await super().__call__(scope, receive, sending)
