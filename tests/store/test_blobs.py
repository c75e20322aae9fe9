from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.store.blobs import DAY, Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.sweep import sweep_daily


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_what_is_put_comes_back(home: Home, data: bytes) -> None:
    blobs = Blobs(home)
    assert blobs.get(blobs.put(data)) == data


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "g" * 64])
def test_no_name_leaves_the_folder(home: Home, name: str) -> None:
    with pytest.raises(ValueError, match="64"):
        Blobs(home).path(name)


def test_changed_and_missing_bytes_are_noticed(home: Home) -> None:
    blobs = Blobs(home)
    sha256 = blobs.put(b"work")
    blobs.path(sha256).write_bytes(b"w0rk")
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            blobs.get(sha256)
        assert caught.value.code == "store.damaged"
        blobs.path(sha256).unlink(missing_ok=True)


def test_a_full_disk_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError) as caught:
        Blobs(home).put(b"work")
    assert caught.value.code == "disk.full"
    assert [path for path in home.blobs.rglob("*") if path.is_file()] == []


def test_the_sweep_takes_old_orphans_and_old_parts_only(home: Home) -> None:
    blobs = Blobs(home)
    kept, orphan, young = (blobs.put(data) for data in (b"kept", b"orphan", b"young"))
    part = blobs.path(orphan).parent / ".x.part"
    foreign = blobs.path(orphan).parent / "notes.txt"
    for path in (part, foreign):
        path.write_bytes(b"")
    for path in (blobs.path(kept), blobs.path(orphan), part, foreign):
        age(path, DAY + 60)
    assert blobs.sweep(lambda: {kept}) == 2
    assert not blobs.path(orphan).exists()
    assert not part.exists()
    assert blobs.get(kept) == b"kept"
    assert blobs.get(young) == b"young"
    assert foreign.exists()


def test_an_orphan_that_is_put_again_is_young(home: Home) -> None:
    blobs = Blobs(home)
    sha256 = blobs.put(b"twice")
    age(blobs.path(sha256), 2 * DAY)
    blobs.put(b"twice")
    assert blobs.sweep(set) == 0
    assert blobs.get(sha256) == b"twice"


def test_the_daily_sweep_runs_once_a_day(home: Home) -> None:
    blobs = Blobs(home)
    with open_database(home) as database:
        for count in (1, 0):
            age(blobs.path(blobs.put(b"orphan")), 2 * DAY)
            assert sweep_daily(home, database) == count
        age(home.cache / "swept", 2 * DAY)
        assert sweep_daily(home, database) == 1
    assert sha256_bytes(b"orphan") not in [path.name for path in home.blobs.rglob("*")]
