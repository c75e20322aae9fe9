"""A studio for each test, without a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bothdatabases import database  # noqa: F401 - a fixture
from people import Place

from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.studio.settings import Settings


@pytest.fixture
def home(own_home: object) -> Home:
    """The home of this test."""
    return open_home()


@pytest.fixture
def place(home: Home) -> Iterator[Place]:
    """The studio of this test, on SQLite."""
    with open_database(home, patience=0.3) as opened:
        yield Place(Settings(home, patience=0.3), opened)
