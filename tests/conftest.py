"""Every test has a home of its own and speaks English, whatever the machine is set to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each start a thread a core wait for one another: fifty times slower on two cores.
    # Set before anything imports torch; child processes inherit it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no fault of the code under test.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LUOKUAN_HOME in the test's own folder (made at first use)."""
    home = tmp_path / "home"
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    monkeypatch.setenv("LUOKUAN_LANG", "en")
    for name in ("LUOKUAN_DEBUG", "LUOKUAN_LOG", "LUOKUAN_LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(autouse=True)
def denormals_are_back() -> Iterator[None]:
    """Commands flush denormals for speed; Hypothesis, in the same process, refuses to draw floats without them."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
