"""A PostgreSQL server of a test's own, on a socket in a folder of its own; where there is none, tests are skipped."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        pytest.skip("PostgreSQL isn't installed")
    return found


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL can't run as root, and there is nobody else")


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of an empty database."""
    pytest.importorskip("psycopg")
    initdb, postgres, owner = _program("initdb"), _program("postgres"), _owner()
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name:
        folder, who = Path(name), {}
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "luokuan", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **who,
        )  # fmt: skip
        process = subprocess.Popen(
            [postgres, "-D", data, "-k", folder, "-F", "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **who,
        )  # fmt: skip
        try:
            import psycopg

            until = time.monotonic() + 60
            while True:
                try:
                    psycopg.connect(host=str(folder), user="luokuan", dbname="postgres").close()
                    break
                except psycopg.OperationalError:
                    if process.poll() is not None or time.monotonic() > until:
                        raise
                    time.sleep(0.1)
            yield f"postgresql+psycopg://luokuan@/postgres?host={folder}"
        finally:
            process.terminate()
            process.wait()
