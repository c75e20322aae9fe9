"""The home's database: the one that is open already, or opened for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from luokuan.store.database import Database, open_database

if TYPE_CHECKING:
    from luokuan.store.home import Home


@contextmanager
def opened(home: Home, database: Database | None = None) -> Iterator[Database]:
    """``database``, which stays open, or the home's, which is closed again: opening one takes longer than a step."""
    if database is not None:
        yield database
        return
    with open_database(home) as found:
        yield found
