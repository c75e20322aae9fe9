"""A card that says that nobody agreed is told from one that says on what ground somebody did."""

from __future__ import annotations

import pytest

from luokuan.foundation.consent import clauses, denied


@pytest.mark.parametrize("said", ["none", " NONE. ", "n/a", "没有。", "a letter of 2024; none", "声明；未取得", "?"])
def test_a_denial_is_one_wherever_it_stands(said: str) -> None:
    assert denied(said)


@pytest.mark.parametrize("said", ["", " ; ", "none needed: a synthetic voice", "She signed a release.", "无需：合成的"])
def test_what_is_no_denial(said: str) -> None:
    assert not denied(said)


def test_clauses_are_plain() -> None:
    assert clauses("A letter.； No ;") == ["a letter", "no", ""]
