"""Each test has a home, or a database of either kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from bothdatabases import database  # noqa: F401 - a fixture

from luokuan.store.home import Home, open_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home, the default one of this test, and that of ``database``."""
    return open_home(tmp_path / "home")
