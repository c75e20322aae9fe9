"""A hundred changed files a format, through the child: no crash, no hang, and none is said to be as it was signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutations import MADE, Subject, check, parts, subjects

from luokuan.store.home import Home, open_home

COUNT, LOOKS, SEED = 100, 4, 20251127


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for all of these tests."""
    return open_home(tmp_path_factory.mktemp("mutations") / "home")


@pytest.fixture(scope="module")
def works(place: Home) -> dict[str, list[Subject]]:
    """Two works of each format."""
    return subjects(place)


def test_the_parts_of_a_file_are_all_of_it(works: dict[str, list[Subject]]) -> None:
    assert set(works) == {row.name for row in MADE}
    for (one, _twin), row in zip(works.values(), MADE, strict=True):
        found = parts(row, one.data)
        assert len(found) >= 3, row.name
        assert b"".join(one.data[start:end] for start, end in found) == one.data


@pytest.mark.parametrize("name", [row.name for row in MADE])
def test_no_changed_file_passes(place: Home, works: dict[str, list[Subject]], tmp_path: Path, name: str) -> None:
    words = check(place, works, name, COUNT, tmp_path, SEED, LOOKS)
    assert sum(words.values()) == COUNT
    assert len(words) > 1, words
