from __future__ import annotations

from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.store.home import find_home, open_home


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
