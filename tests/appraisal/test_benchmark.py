"""The benchmark's plain loop comes to the same values as the arrays."""

from __future__ import annotations

from scripts_for_tests import loaded


def test_both_ways_come_to_the_same_values() -> None:
    found = loaded("appraisal").measure(1200, 40, 1)
    assert found["largest_difference"] < 1e-9
    assert found["ratio_per_path"] > 1 and found["months"] == 60
