"""The pages about rights hold the table of rules as the code has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules_table import PAGES, placed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", sorted(PAGES))
def test_the_table_is_that_of_the_code(language: str) -> None:
    page = (ROOT / PAGES[language]).read_text(encoding="utf-8")
    assert placed(page, language) == page, "run `python scripts/rules_table.py --write`"
