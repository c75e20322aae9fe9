"""Homes on both databases; workers that know the kinds of ``kinds_for_tests``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kinds_for_tests
import pytest

from luokuan.store.database import Database, open_database
from luokuan.store.home import Home, open_home
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings

HELPERS = Path(kinds_for_tests.__file__).parent


@pytest.fixture
def home(each_database: str, own_home: Path) -> Home:
    """An empty home, the default one of this test."""
    return open_home(own_home)


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    with open_database(home) as found:
        yield found


@pytest.fixture
def queue(home: Home, database: Database) -> JobQueue:
    return JobQueue(home, database)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of workers in processes of their own."""
    import os

    source = Path(__file__).parents[3] / "src"
    paths = [str(HELPERS), str(source), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return Settings(idle=30, modules=("kinds_for_tests",))
