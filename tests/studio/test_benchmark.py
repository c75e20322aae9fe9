"""The studio's benchmark still runs: what it asks for is answered, and what it says adds up."""

from __future__ import annotations

import json
import os

import pytest
from onpostgres import CHOSEN, another_database
from scripts_for_tests import loaded


def test_a_second_of_load(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = loaded("studio")
    monkeypatch.setattr(benchmark, "BATCH", 7)
    given = ["--works", "20", "--rate", "12", "--seconds", "1", "--verifies", "1", "--creates", "0", "--json"]
    with another_database():
        there = ["--database", os.environ["LUOKUAN_DATABASE"]] if CHOSEN else []
        benchmark.main([*given, *there])
    found = json.loads(capsys.readouterr().out)
    assert found["errors"] == {} and {row["count"] for row in found["answered"].values()} == {3}
    assert all(0 < row["p50"] <= row["p99"] <= row["max"] for row in found["answered"].values())
    assert found["memory"]["begin"] > 10 and found["verify"]["count"] == 1 and found["create"] == {"count": 0}
