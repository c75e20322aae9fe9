"""Every test has a home of its own and speaks English, whatever the machine is set to."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LUOKUAN_HOME in the test's own folder (made at first use)."""
    home = tmp_path / "home"
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    monkeypatch.setenv("LUOKUAN_LANG", "en")
    for name in ("LUOKUAN_DEBUG", "LUOKUAN_LOG", "LUOKUAN_LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    return home
