"""Licences join so that every one of them binds and a choice stays a choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.foundation.licences import joint_licence, stated


@pytest.mark.parametrize(
    ("licences", "joint"),
    [
        (["CC0-1.0", "CC0-1.0"], "CC0-1.0"),
        (["MIT", "CC0-1.0 AND MIT"], "CC0-1.0 AND MIT"),
        (["unknown", "CC0-1.0"], "unknown"),
        (["CC0-1.0 AND unknown"], "unknown"),
        (["MIT OR Apache-2.0", "CC0-1.0"], "(MIT OR Apache-2.0) AND CC0-1.0"),
        (["MIT AND ISC OR Apache-2.0"], "(MIT AND ISC OR Apache-2.0)"),
        (["CC0-1.0 AND (MIT OR Apache-2.0)", "(CC0-1.0 AND ISC)"], "(MIT OR Apache-2.0) AND CC0-1.0 AND ISC"),
        (["a shop's own terms (2026)"], "a shop's own terms (2026)"),
        (["((CC0-1.0 AND unknown))"], "unknown"),
        (["(unknown AND (MIT OR ISC))"], "unknown"),
        (["(MIT OR unknown)"], "(MIT OR unknown)"),
        (["(CC0-1.0 AND (MIT OR ISC))", "CC0-1.0"], "(MIT OR ISC) AND CC0-1.0"),
        (["((MIT OR ISC))"], "(MIT OR ISC)"),
        (["()", "MIT"], "MIT"),
        (["((", "))"], "(( AND ))"),
        ([], ""),
    ],
)
def test_by_hand(licences: list[str], joint: str) -> None:
    assert joint_licence(licences) == joint


def test_what_names_no_terms_states_no_licence() -> None:
    assert [stated(one) for one in ("", " \n", "()", "AND", " MIT ", "(MIT OR ISC)")] == [
        "",
        "",
        "",
        "",
        "MIT",
        "(MIT OR ISC)",
    ]


ATOMS = st.sampled_from(["MIT", "ISC", "CC0-1.0", "OFL-1.1"])
CHOICES = st.lists(ATOMS, min_size=1, max_size=3, unique=True).map(" OR ".join)


@given(st.lists(CHOICES, min_size=1, max_size=4))
def test_joining_again_changes_nothing(licences: list[str]) -> None:
    joint = joint_licence(licences)
    assert joint_licence([joint]) == joint
    assert joint_licence([*licences, joint]) == joint
    assert joint_licence(reversed(licences)) == joint
