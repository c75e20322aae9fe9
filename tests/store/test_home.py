from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.store.home import ELSEWHERE, find_home, open_home


def test_open_home_makes_a_private_folder_and_find_home_makes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "a" / "home"
    assert find_home(place) is None
    assert not place.exists()
    home = open_home(place)
    assert find_home(place) == home
    assert home.keys.stat().st_mode & 0o777 == 0o700


def test_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UserError) as caught:
        open_home(file)
    assert caught.value.code == "home.not_folder"
    assert find_home(file) is None


def test_a_home_in_a_folder_that_cant_be_entered_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path, **_options: bool) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    for action in (find_home, open_home):
        with pytest.raises(UserError) as caught:
            action(tmp_path / "home")
        assert caught.value.code == "disk.denied"


def test_a_database_elsewhere_is_there_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home(tmp_path / "home")
    assert not home.has_database
    monkeypatch.setenv(ELSEWHERE, "postgresql+psycopg://somebody@/luokuan")
    assert home.has_database
