"""What went wrong, as a page, as a part of one, or as JSON: one sentence on it, and one on what to do."""

from __future__ import annotations

import contextlib
import traceback

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luokuan import logs
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.access import by_program, principal_of
from luokuan.studio.openai import errors as openai
from luokuan.studio.rendering import render
from luokuan.studio.saying import here
from luokuan.studio.state import studio_of

_UNAVAILABLE = ("database.busy", "check.full")
"""Codes of what passes by itself: 503."""
RETRY_AFTER = "5"
"""Seconds after which what passes by itself may have passed."""


def status_of(error: UserError) -> int:
    """The status of an answer to it."""
    return 503 if error.code in _UNAVAILABLE else error.status


def answer(request: Request, error: UserError) -> Response:
    """The answer to a request that something was wrong with."""
    if openai.under(request):
        return openai.answer(error)
    error, status = here(error), status_of(error)
    headers = {}
    if status == 401:
        headers["www-authenticate"] = "Bearer" if by_program(request) else "Cookie"
    if status in (429, 503):
        headers["retry-after"] = RETRY_AFTER
    made: Response
    if by_program(request):
        made = JSONResponse({"error": {"code": error.code, "what": error.what, "do": error.do}}, status)
    elif "hx-request" in request.headers:
        made = render(request, "_notice.html", {"error": error}, status=status)
        headers |= {"hx-retarget": "#notices", "hx-reswap": "innerHTML"}
    elif status == 401:
        values = {"next": request.url.path if request.method == "GET" else "/", "error": None, "name": ""}
        made = render(request, "login.html", values, status=status)
    else:
        made = render(request, "error.html", {"error": error, "status": status}, status=status)
    for name, value in headers.items():
        made.headers[name] = value
    return made


def add_handlers(app: FastAPI) -> None:
    """Answer everything that can go wrong."""

    @app.exception_handler(UserError)
    async def _user(request: Request, error: UserError) -> Response:
        if error.code == "database.unreachable":  # where it should be is nobody's business out there
            logs.get("studio").error("the database can't be reached", exc_info=error)
            what, do = _("The studio's database can't be reached."), _("Try again in a moment.")
            return answer(request, UserError(what, do, code=error.code, status=503))
        return answer(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if not by_program(request) and not hasattr(request.state, "principal"):
            # No route was found that would have asked: the menu shows who is logged in all the same.
            with contextlib.suppress(UserError):
                request.state.principal = await run_in_threadpool(principal_of, request, studio_of(request))
        made = answer(request, _from_status(error.status_code))
        for name, value in (error.headers or {}).items():
            made.headers[name] = value
        return made

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, _error: RequestValidationError) -> Response:
        return answer(request, _from_status(422))

    @app.exception_handler(sa.exc.TimeoutError)
    async def _pool(request: Request, _error: sa.exc.TimeoutError) -> Response:
        what, do = _("The studio is busy."), _("Try again in a moment.")
        return answer(request, UserError(what, do, code="database.busy", status=409))

    @app.exception_handler(ClientDisconnect)
    async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it


class Faults:
    """Answers where we failed. Starlette's own handler stands outside of all middleware: its answers lack headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            # As text: renderers of exceptions show variables, and among them may be a password.
            trace = "".join(traceback.format_exception(error))
            logs.get("studio").error("a request failed", kind=type(error).__name__, trace=trace)
            if begun or scope["type"] != "http":
                raise
            what = _("The studio failed, and it is our fault.")
            fault = UserError(what, _("Try again; the studio's log says more."), code="studio.fault", status=500)
            await answer(Request(scope), fault)(scope, receive, send)


def _from_status(status: int) -> UserError:
    if status == 404:
        return missing()
    if status == 405:
        return UserError(
            _("This can't be asked for in this way."), _("Go back, and try again from there."), code="http.method",
            status=405,
        )  # fmt: skip
    return UserError(
        _("The request can't be understood."),
        _("Go back, and try again from there."),
        code="http.request",
        status=status if 400 <= status < 500 else 400,
    )


def missing() -> UserError:
    """There is nothing there; or it is somebody else's, which nobody is told."""
    return UserError(
        _("There is no such page, or it isn't yours."),
        _("Look for it in the library."),
        code="http.missing",
        status=404,
    )
