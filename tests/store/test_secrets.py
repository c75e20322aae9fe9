from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.store.home import Home, open_home
from luokuan.store.secrets import find_watermark_key, log_key, masters_key, watermark_key


def test_made_once_and_private(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    assert find_watermark_key(home) is None
    assert not (home.path / "keys").exists()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _i: watermark_key(home), range(16)))
    assert len(found) == 1
    assert found == {find_watermark_key(home)}
    path = home.keys / "watermark.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in home.keys.iterdir()] == ["watermark.key"]
    assert watermark_key(open_home(tmp_path / "other")) not in found


def test_a_damaged_one_is_never_replaced(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    path = home.keys / "watermark.key"
    path.write_bytes(b"short")
    for action in (find_watermark_key, watermark_key):
        with pytest.raises(UserError) as caught:
            action(home)
        assert caught.value.code == "store.secret"
    assert path.read_bytes() == b"short"


@pytest.mark.skipif(os.name != "posix", reason="access lists rule elsewhere")
@pytest.mark.parametrize("use", [watermark_key, masters_key, log_key])
def test_one_that_others_may_read_signs_and_marks_nothing(tmp_path: Path, use: Callable[[Home], bytes]) -> None:
    home = open_home(tmp_path / "home")
    made = use(home)
    (path,) = home.keys.iterdir()
    path.chmod(0o640)
    with pytest.raises(UserError) as caught:
        use(home)
    assert caught.value.code == "keys.permissions"
    path.chmod(0o600)
    assert use(home) == made
