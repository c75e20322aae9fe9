"""A database for each test, on SQLite and on PostgreSQL (where it is installed): import both fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from postgres import server

from luokuan.store.database import Database, open_database
from luokuan.store.home import open_home

_numbers = count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def dialect_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for SQLite, else the URL of a server of the module's own."""
    if request.param == "sqlite":
        yield None
        return
    with server() as url:
        yield url


@pytest.fixture
def database(dialect_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty, open database; on PostgreSQL every other part of the program uses it too."""
    if dialect_url is not None:
        import psycopg

        name = f"t{next(_numbers)}"
        with psycopg.connect(dialect_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        monkeypatch.setenv("LUOKUAN_DATABASE", dialect_url.replace("/postgres?", f"/{name}?"))
    with open_database(open_home(tmp_path / "home")) as opened:
        yield opened
