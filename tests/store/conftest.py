"""Each test has a home and a language of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from bothdatabases import database  # noqa: F401 - a fixture

from luokuan.store.home import Home, open_home


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LUOKUAN_LANG", "en")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home, the default one of this test."""
    return open_home(tmp_path / "home")
