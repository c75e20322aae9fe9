"""Quiet structured logs on stderr: warnings for people, key=value or JSON lines for machines."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import structlog


def configure(*, quiet: bool = False, level: str = "warning") -> None:
    """Send logs to stderr. LUOKUAN_LOG sets the level (debug, info, warning, error; default ``level``) and
    LUOKUAN_LOG_FORMAT=json writes one JSON object a line. ``quiet`` keeps errors only."""
    name = os.environ.get("LUOKUAN_LOG", level).upper()
    least = logging.ERROR if quiet else logging.getLevelNamesMapping().get(name, logging.WARNING)
    as_json = os.environ.get("LUOKUAN_LOG_FORMAT") == "json"
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        # Asked for anew with each logger: who redirects stderr for a while and closes it must not break later logs.
        logger_factory=lambda *_arguments: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get(room: str) -> Any:
    """The logger of a room, such as ``foundation.training``. Never log keys, passwords or salts."""
    return structlog.get_logger(room=room)
