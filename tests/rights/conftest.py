"""Each test has a home and a language of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from luokuan.store.home import Home, open_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home, the default one of this test."""
    return open_home(tmp_path / "home")
