"""A PostgreSQL server of the tests' own, on a socket in a folder of its own; where there is none, tests are skipped."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from luokuan.store.database import open_database
from luokuan.store.home import Home


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        pytest.skip("PostgreSQL isn't installed")
    return found


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL can't run as root, and there is nobody else")


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of an empty database."""
    pytest.importorskip("psycopg")
    initdb, postgres, owner = _program("initdb"), _program("postgres"), _owner()
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name:
        folder, who = Path(name), {}
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "luokuan", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **who,
        )  # fmt: skip
        process = subprocess.Popen(
            [postgres, "-D", data, "-k", folder, "-F", "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **who,
            start_new_session=True,  # whoever interrupts the tests leaves it to the end
        )  # fmt: skip
        try:
            import psycopg

            until = time.monotonic() + 60
            while True:
                try:
                    psycopg.connect(host=str(folder), user="luokuan", dbname="postgres").close()
                    break
                except psycopg.OperationalError:
                    if process.poll() is not None or time.monotonic() > until:
                        raise
                    time.sleep(0.1)
            yield f"postgresql+psycopg://luokuan@/postgres?host={folder}"
        finally:
            process.send_signal(signal.SIGINT)  # at once, whoever is still connected
            process.wait()


class Cluster:
    """Databases on one server, each a copy of one that the migrations have made: that takes no more than a copy of its
    files."""

    def __init__(self, url: str, folder: Path) -> None:
        """Make the one that is copied.

        Args:
            url: Of the server, as ``server`` yields it.
            folder: An empty one, for a home that only stands for the database.
        """
        import psycopg

        self._url, self._numbers = url, count()
        with psycopg.connect(self._url.replace("+psycopg", "")) as connection:
            self._by_files = "STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
        self._sql("CREATE DATABASE whole")
        open_database(Home(folder), self.address("whole")).close()

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """Yield the URL of a new database, which is gone afterwards, whoever is still connected to it."""
        name = self.name()
        self.make(name, empty=empty)
        try:
            yield self.address(name)
        finally:
            self.drop(name)

    def name(self) -> str:
        """A name that no other database has."""
        return f"t{next(self._numbers)}"

    def make(self, name: str, *, empty: bool = False, like: str = "whole") -> None:
        """Make the database ``name``, as ``like`` is, to which nobody is connected."""
        # As files: by the log, as PostgreSQL does it otherwise, a copy costs twice the work.
        self._sql(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else like} {self._by_files}")

    def drop(self, name: str) -> None:
        """Drop the database ``name``, whoever is still connected to it."""
        self._sql(f"DROP DATABASE {name} WITH (FORCE)")

    def address(self, name: str) -> str:
        """The URL of the database ``name``."""
        return self._url.replace("/postgres?", f"/{name}?")

    def _sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)
