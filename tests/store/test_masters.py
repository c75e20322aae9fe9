from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from luokuan.errors import UserError
from luokuan.media import Picture, Text
from luokuan.store import masters as module
from luokuan.store.home import Home
from luokuan.store.masters import MAGIC, Masters

ID, OTHER = "0123456789abcdef", "f" * 16
PICTURE = Picture(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3))


def code(error: pytest.ExceptionInfo[UserError]) -> str:
    assert error.value.what.count(".") >= 1
    return error.value.code


def test_a_master_comes_back_and_is_private(home: Home) -> None:
    masters = Masters(home)
    masters.put(ID, PICTURE)
    masters.put(OTHER, Text("一个秘密 secret", "zh-CN"))
    found = masters.get(ID, Picture)
    assert isinstance(found, Picture)
    assert np.array_equal(found.pixels, PICTURE.pixels)
    assert masters.get(OTHER, Text) == Text("一个秘密 secret", "zh-CN")
    path = masters.path(OTHER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.masters.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.keys / "masters.key").stat().st_mode) == 0o600
    data = path.read_bytes()
    assert data.startswith(MAGIC)
    assert b"secret" not in data
    assert b"text" not in data
    masters.put(OTHER, Text("一个秘密 secret", "zh-CN"))
    assert path.read_bytes() != data, "a nonce is never used twice"
    assert [item.name for item in path.parent.iterdir()] == [OTHER]


def test_one_changed_bit_anywhere_is_noticed(home: Home) -> None:
    masters = Masters(home)
    masters.put(ID, Text("short"))
    path = masters.path(ID)
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(UserError) as error:
            masters.get(ID, Text)
        assert code(error) == "master.damaged"
    for length in (0, 5, len(MAGIC), len(MAGIC) + 12, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(UserError) as error:
            masters.get(ID, Text)
        assert code(error) == "master.damaged"


def test_none_takes_the_place_of_another(home: Home) -> None:
    masters = Masters(home)
    masters.put(ID, Text("one"))
    masters.put(OTHER, Text("two"))
    masters.path(ID).write_bytes(masters.path(OTHER).read_bytes())
    for work, kind in ((ID, Text), (OTHER, Picture)):
        with pytest.raises(UserError) as error:
            masters.get(work, kind)
        assert code(error) == "master.damaged"


def test_what_is_lost_is_said(home: Home) -> None:
    masters = Masters(home)
    with pytest.raises(UserError) as error:
        masters.get(ID, Text)
    assert code(error) == "master.missing"
    masters.put(ID, Text("one"))
    key = home.keys / "masters.key"
    key.unlink()
    with pytest.raises(UserError) as error:
        masters.get(ID, Text)
    assert code(error) == "master.key"
    key.write_bytes(os.urandom(32))
    with pytest.raises(UserError) as error:
        masters.get(ID, Text)
    assert code(error) == "master.damaged"
    key.write_bytes(b"short")
    for action in (lambda: masters.get(ID, Text), lambda: masters.put(OTHER, Text("two"))):
        with pytest.raises(UserError) as error:
            action()
        assert code(error) == "store.secret"
    masters.remove(ID)
    masters.remove(ID)
    assert not masters.path(ID).exists()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 16, "0" * 15, "0123456789abcdef\n"])
def test_no_name_leaves_the_folder(home: Home, name: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        Masters(home).path(name)


def test_a_full_disk_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    masters = Masters(home)
    masters.put(OTHER, Text("there before"))
    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(UserError) as error:
        masters.put(ID, Text("one"))
    assert code(error) == "disk.full"
    assert [path.name for path in home.masters.rglob("*") if path.is_file()] == [OTHER]


def test_too_large_for_one_encryption(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    with pytest.raises(UserError) as error:
        Masters(home).put(ID, Text("more than ten bytes"))
    assert code(error) == "master.size"


def test_the_sweep_takes_old_orphans_and_parts_alone(home: Home) -> None:
    masters = Masters(home)
    for work in (ID, OTHER):
        masters.put(work, Text("one"))
    part = masters.path(ID).parent / f".{ID}.x.part"
    part.write_bytes(b"half")
    note = Path(masters.path(ID).parent / "README")
    note.write_bytes(b"by a person")
    assert masters.sweep(lambda: {ID}) == 0, "they are young"
    assert masters.sweep(lambda: {ID}, older_than=-1) == 2
    assert masters.path(ID).exists()
    assert note.exists()
    assert not masters.path(OTHER).exists()
    assert not part.exists()
