"""Ask a studio by Schemathesis and its own OpenAPI document, for as long as one likes: it never answers with our fault.

python tests/fuzz/fuzz_api.py SECONDS [--database postgresql]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import pytest
from asking_by_schema import ask
from people import Place
from postgres import Cluster, server

from luokuan.store.database import open_database
from luokuan.store.home import ELSEWHERE, open_home
from luokuan.studio.settings import Settings

EXAMPLES = 20
"""Requests to each operation a round."""


@contextmanager
def cluster(kind: str) -> Iterator[Cluster | None]:
    """A PostgreSQL server of its own, where one is asked for."""
    if kind == "sqlite":
        yield None
        return
    with server() as url, tempfile.TemporaryDirectory() as folder:
        yield Cluster(url, Path(folder))


@contextmanager
def new_database(there: Cluster | None) -> Iterator[None]:
    """Let the next home have a database of its own there."""
    if there is None:
        yield
        return
    with there.database() as url:
        os.environ[ELSEWHERE] = url
        yield


def main() -> None:
    """Ask until the time is over, each time a new studio something else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    with cluster(asked.database) as there:
        until = time.monotonic() + asked.seconds
        while (left := until - time.monotonic()) > 0:
            with tempfile.TemporaryDirectory() as folder, new_database(there):
                home = open_home(Path(folder))
                with open_database(home, patience=0.3) as database:
                    place = Place(Settings(home, patience=0.3, requests=1e6), database)
                    print(dict(ask(place, examples=EXAMPLES, seconds=left, derandomize=False)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except pytest.skip.Exception as reason:  # of ``server``
        print(reason)
