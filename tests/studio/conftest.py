"""A studio for each test, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from bothdatabases import database  # noqa: F401 - a fixture
from nursery import Nursery, standing_in
from people import Place

from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.studio.settings import Settings

WORKER = (
    "luokuan.studio.jobs.worker", "luokuan.studio.material.errand_child", "luokuan.colophon.finish", "alembic.command",
)  # fmt: skip
"""What a worker or an errand reads before it does anything. Not torch: its memory would count against their limits."""


@pytest.fixture
def home(own_home: object) -> Home:
    """The home of this test."""
    return open_home()


@pytest.fixture
def place(home: Home) -> Iterator[Place]:
    """The studio of this test, on SQLite."""
    with open_database(home, patience=0.3) as opened:
        yield Place(Settings(home, patience=0.3), opened)


@pytest.fixture(autouse=True)
def workers_start_quickly(nurseries: Callable[..., Nursery], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in this process forks its workers and errands from one that has read their modules, which takes longer
    than most of their jobs. ``chaos`` and the tests with a server of its own start them as users do."""
    from luokuan.studio.jobs import supervisor
    from luokuan.studio.material import errands

    def start(command: Sequence[str], **choices: Any) -> Any:
        assert list(command[1:3]) == ["-P", "-m"]
        return nurseries(*WORKER).start(f"import {command[3]} as it; raise SystemExit(it.main())", **choices)

    for module in (supervisor, errands):
        monkeypatch.setattr(module, "subprocess", standing_in(start))


@pytest.fixture(autouse=True)
def passwords_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as usual takes a quarter of a second of two cores at each login; ``test_passwords`` has it so."""
    from argon2 import PasswordHasher

    from luokuan.studio.guard import passwords

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobody", [])
