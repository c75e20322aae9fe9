"""Once a day, what dead processes left in the home is removed, and what was put off is done."""

from __future__ import annotations

import time
from collections.abc import Callable

from luokuan import logs
from luokuan.store.blobs import DAY, Blobs
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs, with_recipe


def sweep_daily(home: Home, database: Database, also: Callable[[Home, Database], object] | None = None) -> int:
    """Sweep orphan blobs and masters and unfinished files, unless it was done within the last day. Returns how many it
    removed.

    Args:
        also: What else is to be done once a day, after that.
    """
    marker = home.cache / "swept"
    if marker.exists() and time.time() - marker.stat().st_mtime < DAY:
        return 0
    marker.touch(mode=0o600)

    def known() -> set[str]:
        with database.read() as connection:
            return known_blobs(connection)

    def whole() -> set[str]:
        with database.read() as connection:
            return with_recipe(connection)

    removed = Blobs(home).sweep(known) + Masters(home).sweep(whole)
    if removed:
        logs.get("store.sweep").info("removed what unfinished runs had left", files=removed)
    if also is not None:
        also(home, database)
    return removed
