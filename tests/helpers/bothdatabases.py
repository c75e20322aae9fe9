"""A database for each test, on SQLite and on PostgreSQL (where it is installed): import the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from luokuan.store.database import Database, open_database
from luokuan.store.home import open_home


@pytest.fixture
def database(each_database: str, tmp_path: Path) -> Iterator[Database]:
    """An empty, open database, of the home in the test's folder."""
    with open_database(open_home(tmp_path / "home")) as opened:
        yield opened
