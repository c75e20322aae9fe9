"""Security headers on every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip
"""Content Security Policy of pages: nothing inline, nothing from elsewhere."""

FILES = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Policy of what people have made: whatever it holds, nothing in it runs, and it belongs to no origin."""

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Headers:
    """Adds them. What an answer has of them already stays."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._added = {**_ALWAYS, "content-security-policy": PAGES, "cache-control": "no-store"}
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        added = self._added
        # Behind a proxy that speaks TLS the scheme is what ``Proxies`` believed.
        if self._secure or scope.get("scheme") == "https":
            added = {**added, "strict-transport-security": "max-age=31536000"}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
