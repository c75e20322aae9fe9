"""kill -9 at random moments: every accepted job ends exactly once, every finished work is whole, logged once, and
verifies. ``make chaos`` does it at fifty moments with models."""

from __future__ import annotations

import pytest
from chaos import chaos

from luokuan.store.home import Home


@pytest.mark.parametrize("each_database", ["sqlite"], indirect=True)
def test_on_sqlite(home: Home) -> None:
    report = chaos(home, moments=5, seed=1, gap=0.4, patience=150)
    assert report.wrong == [] and report.works > 0 and sum(report.killed.values()) == 5


@pytest.mark.parametrize("each_database", ["postgresql"], indirect=True)
def test_on_postgresql(home: Home) -> None:
    report = chaos(home, moments=3, seed=2, gap=0.4, patience=150)
    assert report.wrong == [] and report.works > 0 and sum(report.killed.values()) == 3
