"""Bodies of requests: not too large, not too slow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.settings import Settings

Amount = TypeVar("Amount", int, float)
AT_ONCE = 12
"""Larger bodies that come at once: they lie on the disk meanwhile."""


class Bodies:
    """Counts what comes, and looks at the clock. What is wrong is raised where the body is read.

    Args:
        larger: Most bytes of what comes to a path, or, where it ends in ``/``, to those below it.
        longer: Seconds within which it must come, likewise.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        larger: Mapping[str, int],
        longer: Mapping[str, float] | None = None,
    ) -> None:
        self._app, self._settings, self._larger, self._longer = app, settings, larger, longer or {}
        self._coming = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        larger = _of_path(self._larger, scope["path"])
        most = self._settings.form_bytes if larger is None else larger
        declared = Headers(scope=scope).get("content-length", "")
        too_large = declared.isdigit() and int(declared[:20]) > most
        longer = _of_path(self._longer, scope["path"])
        until = asyncio.get_running_loop().time() + (self._settings.body_total if longer is None else longer)
        had, whole = 0, False
        is_large = larger is not None and scope.get("method") not in ("GET", "HEAD")
        full = is_large and self._coming >= AT_ONCE

        async def receiving() -> Message:
            nonlocal had, whole
            if too_large:
                raise _large(most)
            if full:
                raise UserError(
                    _("Many files are coming in just now."), _("Try again in a moment."), code="check.full", status=429
                )
            if whole:  # what comes now is only that the other side went away, whenever that may be
                return await receive()
            left = until - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), min(self._settings.body_idle, max(left, 0.001)))
            except TimeoutError as error:
                raise UserError(
                    _("The request came too slowly."), _("Try again with a better connection."), code="body.slow",
                    status=408,
                ) from error  # fmt: skip
            had += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if had > most:
                raise _large(most)
            return message

        self._coming += is_large
        try:
            await self._app(scope, receiving, send)
        finally:
            self._coming -= is_large


def _of_path(values: Mapping[str, Amount], path: str) -> Amount | None:
    """What is said of a path, or of the nearest one above it."""
    if path in values:
        return values[path]
    above = [start for start in values if start.endswith("/") and path.startswith(start)]
    return values[max(above, key=len)] if above else None


def _large(most: int) -> UserError:
    size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
    return UserError(
        _("This is larger than {size}, the most that is taken here.", size=size),
        _("Send something smaller."),
        code="body.large",
        status=413,
    )
