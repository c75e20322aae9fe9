"""What every answer under `/v1` says beside its body: an id, how long it took, how many requests are left."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luokuan.studio.guard.buckets import Buckets
from luokuan.studio.openai.errors import PREFIX


class Stamp:
    """Adds ``x-request-id``, ``openai-processing-ms`` (until the answer began) and ``x-ratelimit-…-requests``."""

    def __init__(self, app: ASGIApp, *, requests: Buckets, limit: float) -> None:
        self._app, self._requests, self._limit = app, requests, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == PREFIX or path.startswith(f"{PREFIX}/")):
            await self._app(scope, receive, send)
            return
        began, client = time.perf_counter(), scope.get("client")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._said(client, began).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)

    def _said(self, client: Any, began: float) -> dict[str, str]:
        left, wait = self._requests.state("" if client is None else client[0])
        return {
            "x-request-id": f"req_{secrets.token_hex(16)}",
            "openai-processing-ms": str(round((time.perf_counter() - began) * 1000)),
            "x-ratelimit-limit-requests": f"{self._limit:g}",
            "x-ratelimit-remaining-requests": str(int(left)),
            "x-ratelimit-reset-requests": f"{wait:.3f}s",
        }
