"""A real studio in a process of its own, for tests of what only a server shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from onpostgres import environment as of_home


@contextmanager
def served(
    *arguments: str, log: Path | None = None, **environment: str
) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """What it says when it listens, and its process, on a free port of this machine; it is killed at the end.

    With ``log`` what it logs goes there: who asks for much fills a pipe that nobody reads.
    """
    if "--home" in arguments:
        environment = {**of_home(Path(arguments[arguments.index("--home") + 1])), **environment}
    command = [sys.executable, "-m", "luokuan", "studio", "--port", "0", "--json", *arguments]
    with ExitStack() as stack:
        errors = subprocess.PIPE if log is None else stack.enter_context(log.open("w"))
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **environment}
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1] if log is None else log.read_text()
        yield json.loads(line), process
    finally:
        process.kill()
        process.communicate()
