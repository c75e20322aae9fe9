"""In which language a request is answered: what its reader chose, else what the browser asks for."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from luokuan.i18n import LANGUAGES, speaking

COOKIE = "luokuan_language"


def wanted(accept: str) -> str:
    """The best of ``LANGUAGES`` for an Accept-Language header (RFC 9110, 12.5.4); English where it names none."""
    best, found = 0.0, "en"
    for part in accept[:1000].split(","):
        tag, _semicolon, quality = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if name in ("zh", "en") and weight > best:
            best, found = weight, "zh_CN" if name == "zh" else "en"
    return found


class Speaking:
    """Speaks that language while a request is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        chosen = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        with speaking(chosen if chosen in LANGUAGES else wanted(headers.get("accept-language", ""))):
            await self._app(scope, receive, send)
