"""What Schemathesis makes of the OpenAPI document is answered without a fault of ours; more of it by `make fuzz`."""

from __future__ import annotations

import pytest
from people import Place

SECONDS = 8.0
"""After which no more is asked: on a slow machine that is less than all."""


def test_schemathesis_finds_no_fault_of_ours(place: Place) -> None:
    pytest.importorskip("schemathesis")
    from asking_by_schema import ask

    counts = ask(place, examples=6, seconds=SECONDS)
    assert counts["positive 2xx"] > 0 and counts["negative 4xx"] > 0, counts
