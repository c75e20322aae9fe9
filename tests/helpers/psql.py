"""A PostgreSQL of its own for a test, by the binaries of the system; tests skip where there are none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = ("initdb", "pg_ctl", "psql")


def available() -> bool:
    """Whether the system has a PostgreSQL."""
    return all(shutil.which(name) for name in BINARIES)


@contextmanager
def server() -> Iterator[Callable[[str], subprocess.CompletedProcess[str]]]:
    """Start one that listens on a socket alone, and yield what runs SQL on it; ``returncode`` 3: it was refused."""
    # PostgreSQL refuses to run as root. A short path: a socket's name has 107 characters at most.
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        shutil.chown(folder, "nobody")

    def run(*command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        out = subprocess.DEVNULL if command[0] == "pg_ctl" else subprocess.PIPE  # the server would keep a pipe open
        return subprocess.run(
            command, input=given, stdout=out, stderr=out, text=True, check=False, cwd=folder, env=os.environ, **user
        )

    data, options = str(folder / "data"), f"-c listen_addresses= -c fsync=off -k {folder}"
    try:
        run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync").check_returncode()
        run("pg_ctl", "-D", data, "-w", "-o", options, "start").check_returncode()
        psql = ("psql", "-h", str(folder), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-")
        yield lambda sql: run(*psql, given=sql)
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
