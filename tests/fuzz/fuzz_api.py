"""Ask a studio by Schemathesis and its own OpenAPI document, for as long as one likes: it never answers with our fault.

python tests/fuzz/fuzz_api.py SECONDS
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from asking_by_schema import ask
from people import Place

from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.studio.settings import Settings

EXAMPLES = 20
"""Requests to each operation a round."""


def main() -> None:
    """Ask until the time is over, each time a new studio something else."""
    until = time.monotonic() + float(sys.argv[1])
    while (left := until - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory() as folder:
            home = open_home(Path(folder))
            with open_database(home, patience=0.3) as database:
                place = Place(Settings(home, patience=0.3, requests=1e6), database)
                print(dict(ask(place, examples=EXAMPLES, seconds=left, derandomize=False)), flush=True)


if __name__ == "__main__":
    main()
