"""The process that does an errand: whom it does it for."""

from __future__ import annotations

import fcntl
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bringing import pictures, zipped


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.part"
    path.write_bytes(zipped(pictures(2)))
    return path


def begin(archive: Path) -> subprocess.Popen[str]:
    """One that unpacks ``archive``."""
    target = archive.with_name(".target.part")
    asked = {
        "what": "unpack", "home": str(archive.parent), "language": "en", "kind": "corpus",
        "path": str(archive), "target": str(target), "most_bytes": 1 << 20, "most_files": 100,
    }  # fmt: skip
    child = [sys.executable, "-P", "-m", "luokuan.studio.material.errand_child"]
    process = subprocess.Popen(child, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked))
    process.stdin.close()
    process.stdin = None
    return process


def hang_up(process: subprocess.Popen[str]) -> None:
    """What happens to its line when the server is killed."""
    assert process.stdout is not None
    process.stdout.close()


def test_it_unpacks_for_the_server_that_asked(archive: Path) -> None:
    process = begin(archive)
    told, _errors = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(told.splitlines()[-1])["answer"]["files"] == 3
    assert len(list(archive.with_name(".target.part").rglob("*.png"))) == 2


def test_whose_server_is_gone_before_it_began_touches_nothing(archive: Path) -> None:
    """What lies there may be the next server's, which is about to give it its name."""
    target = archive.with_name(".target.part")
    target.mkdir()
    (target / "theirs.png").write_bytes(b"theirs")
    process = begin(archive)
    hang_up(process)
    assert process.wait(timeout=60) == 1
    assert [path.name for path in target.iterdir()] == ["theirs.png"]


def test_that_waits_for_an_archive_leaves_when_its_server_is_gone(archive: Path) -> None:
    with archive.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        process = begin(archive)
        # Its limit of memory is set just before it waits.
        until = time.monotonic() + 60
        while resource.prlimit(process.pid, resource.RLIMIT_AS)[0] < 0 and time.monotonic() < until:
            time.sleep(0.02)
        hang_up(process)
        assert process.wait(timeout=60) == 1
    assert not archive.with_name(".target.part").exists()
