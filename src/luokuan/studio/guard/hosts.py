"""The list of allowed hosts: whoever leads a browser here under another name (DNS rebinding) gets nothing."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from luokuan.studio.settings import LOCAL_NAMES


def host_name(text: str) -> str:
    """The name in a Host header, without its port and brackets, lower case."""
    text = text.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")


class Hosts:
    """Lets through what names an allowed host, and nothing that isn't HTTP."""

    def __init__(self, app: ASGIApp, *, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = {*LOCAL_NAMES, *(host_name(name) for name in allowed)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        named = Headers(scope=scope).getlist("host")
        if scope["type"] == "http" and len(named) == 1 and host_name(named[0]) in self._allowed:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            await PlainTextResponse("This studio isn't served under that name.", 421)(scope, receive, send)
