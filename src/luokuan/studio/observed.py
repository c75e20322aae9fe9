"""What is seen of requests: one line each in the log, and counts for Prometheus.

Neither names what was asked for: only the pattern of the path, so that no link, search or id stands in them, and never
headers or bodies.
"""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luokuan import logs

UNKNOWN = "(none)"
"""Stands for paths that lead nowhere."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Counters:
    """Counts of one studio, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "luokuan_requests_total", "Requests answered.", ("method", "path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "luokuan_request_seconds",
            "Seconds until an answer was sent.",
            ("path",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.running = Gauge("luokuan_requests_running", "Requests that are being answered.", registry=self.registry)
        self.verdicts = Counter(
            "luokuan_checks_total", "Files checked, by verdict.", ("verdict",), registry=self.registry
        )

    def text(self) -> bytes:
        """All counts in Prometheus' text format."""
        return generate_latest(self.registry)


class Observed:
    """Logs and counts each request."""

    def __init__(self, app: ASGIApp, *, counters: Counters) -> None:
        self._app, self._counters = app, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._counters.running.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._counters.running.dec()
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        path = pattern(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._counters.requests.labels(method, path, str(status)).inc()
        self._counters.seconds.labels(path).observe(seconds)
        about: dict[str, Any] = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)}
        about["from"] = scope["client"][0] if scope.get("client") else ""
        about["account"] = scope.get("state", {}).get("account", "")
        logs.get("studio.access").info("request", **about)


def pattern(scope: Scope) -> str:
    """The path as the route has it, with names in the places of what was given."""
    found = getattr(scope.get("route"), "path", None)
    if isinstance(found, str):
        return found
    return "/static" if scope["path"].startswith("/static/") else UNKNOWN
