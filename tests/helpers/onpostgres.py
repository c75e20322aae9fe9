"""All tests on PostgreSQL: with LUOKUAN_TEST_DATABASE=postgresql each home of the tests has its own database there.

In the tests' process a home finds its database by its path. A child process is told by LUOKUAN_DATABASE, which names
that of the test's own home; who starts one for another home passes ``environment(home)`` on.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from postgres import Cluster

from luokuan.store import database
from luokuan.store.home import ELSEWHERE, Home

CHOSEN = os.environ.get("LUOKUAN_TEST_DATABASE", "sqlite") == "postgresql"
"""Whether all tests run on PostgreSQL."""


def about_sqlite(reason: str) -> pytest.MarkDecorator:
    """For a test that is about SQLite itself, or its file.

    Args:
        reason: Why it says nothing of PostgreSQL.
    """
    return pytest.mark.skipif(CHOSEN, reason=f"about SQLite: {reason}")


class Homes:
    """The database of each home that the tests open. It is made when the home is first opened, or before the first
    process of ours is started that could open it: most tests never ask for one."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._names: dict[Path, str] = {}
        self._made: set[Path] = set()
        self._opened: set[Path] = set()
        self.nowhere = cluster.address("nowhere")

    def url(self, place: Path) -> str:
        """Where the home at ``place`` has its database, or will have it."""
        if place not in self._names:
            self._names[place] = self._cluster.name()
        return self._cluster.address(self._names[place])

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without tables, which no home finds by its path."""
        with self._cluster.database(empty=True) as url:
            yield url

    def make(self, place: Path) -> str:
        """Make that database, unless it is there. Returns its URL."""
        url = self.url(place)
        if place not in self._made:
            self._cluster.make(self._names[place])
            self._made.add(place)
        return url

    def keep(self, place: Path) -> Callable[[], None]:
        """Keep the database of the home at ``place`` as it is, to which nobody is connected. Returns what puts it
        back, once."""
        kept = self._cluster.name()
        self._cluster.make(kept, like=self._names[place])

        def put_back() -> None:
            self._cluster.drop(self._names[place])
            self._cluster.make(self._names[place], like=kept)
            self._cluster.drop(kept)

        return put_back

    def forget(self, folder: Path) -> None:
        """Drop the databases of all homes under ``folder``."""
        for place in [place for place in self._names if place.is_relative_to(folder)]:
            name = self._names.pop(place)
            if place in self._made:
                self._cluster.drop(name)
            self._made.discard(place)
            self._opened.discard(place)

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """Let homes find their databases here, unless a test gives an address, or takes LUOKUAN_DATABASE away."""
        whole, has = database._connected, Home.has_database.fget
        assert has is not None
        patch.setenv(ELSEWHERE, self.nowhere)

        def ours() -> bool:
            named = os.environ.get(ELSEWHERE)
            return named == self.nowhere or named in map(self._cluster.address, self._names.values())

        def connected(home: Home, url: str | None, patience: float) -> database.Database:
            if url is None and ours():
                url = self.make(home.path)
                self._opened.add(home.path)
            return whole(home, url, patience)

        def started(event: str, arguments: tuple[Any, ...]) -> None:
            ours = event == "subprocess.Popen" and str(arguments[0]).startswith(sys.prefix)
            if ours or event == "os.fork":
                named = ((arguments[3] if ours else None) or os.environ).get(ELSEWHERE)
                for place in [place for place in self._names if self.url(place) == named]:
                    self.make(place)

        sys.addaudithook(started)  # for good: there is one of these in a process
        patch.setattr(database, "_connected", connected)
        patch.setattr(Home, "has_database", property(lambda home: home.path in self._opened if ours() else has(home)))


_homes: list[Homes] = []


def use(homes: Homes) -> None:
    """What ``environment`` asks."""
    _homes[:] = [homes]


def take_away(home: Path) -> None:
    """Let the database of the home at ``home`` be gone."""
    _homes[0].forget(home)


@contextmanager
def another_database() -> Iterator[None]:
    """Let LUOKUAN_DATABASE name an empty database meanwhile, as who restores a home has to; on SQLite nobody does."""
    if not _homes:
        yield
        return
    with _homes[0].empty() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv(ELSEWHERE, url)
        yield


def hold(connection: sa.Connection) -> None:
    """Let nobody else write until the transaction of ``connection`` ends, though all may read, as SQLite does by
    itself where one writes."""
    if connection.dialect.name == "postgresql":
        for table in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")


def keep(home: Home) -> Callable[[], None]:
    """Keep the database of ``home``, which nobody has open, as it is. Returns what puts it back, once, as who restores
    an older copy does."""
    if _homes:
        return _homes[0].keep(home.path)
    kept = home.path.with_name("kept.db")
    shutil.copy(home.database, kept)

    def put_back() -> None:
        for extra in home.path.glob("luokuan.db-*"):
            extra.unlink()
        shutil.copy(kept, home.database)

    return put_back


def environment(home: Path) -> dict[str, str]:
    """What a child process must be told so that it finds the database of the home at ``home``."""
    return {ELSEWHERE: _homes[0].make(home)} if _homes else {}
