"""The process that does one errand for the studio: the libraries that this takes stay out of the server.

One JSON object comes on standard input; lines of JSON go to standard output: how far it is, and the answer at the end.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import speaking
from luokuan.store.home import Home

MEMORY = 3 << 30
"""Bytes of addresses for unpacking: the list of a hostile archive's names fits into them or ends the process."""
LIBRARIES = 16 << 30
"""Bytes of addresses for loading a model, besides four times its size: PyTorch reserves many that it never uses."""
SECONDS = 1800
"""Of computing."""
EVERY = 0.3
"""Seconds between two words about how far it is."""


def main() -> None:
    """Do it."""
    asked = json.load(sys.stdin)
    # Only the answer may go there, whatever a library prints.
    out, sys.stdout = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"), sys.stderr
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    threading.Thread(target=_leave_with_the_server, args=(os.getppid(),), daemon=True).start()
    said = [0.0]

    def progress(done: int, total: int) -> None:
        if time.monotonic() - said[0] > EVERY:
            said[0] = time.monotonic()
            out.write(json.dumps({"progress": [done, total]}) + "\n")
            out.flush()

    with speaking(asked["language"]):
        try:
            answer: dict[str, Any] = {"answer": _DO[asked["what"]](asked, Home(Path(asked["home"])), progress)}
        except UserError as error:
            answer = {"error": [error.what, error.do, error.code, error.status]}
    # Texts of errors name folders of this machine, which is nobody's business in a browser.
    text = json.dumps(answer, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()
    for place in (asked.get("path"), asked.get("target"), *asked.get("corpora", ())):
        if place:
            text = text.replace(json.dumps(place, ensure_ascii=False)[1:-1], asked.get("name") or Path(place).name)
    out.write(text + "\n")
    out.close()


def _leave_with_the_server(server: int) -> None:
    while os.getppid() == server:
        time.sleep(1.0)
    os._exit(1)


def _unpack(asked: Mapping[str, Any], _home: Home, progress: Callable[[int, int], None]) -> dict[str, Any]:
    import shutil

    from luokuan.foundation.weightshards import INDEX
    from luokuan.studio.material.modelarchives import model_files, take_model
    from luokuan.studio.material.receiving import no_disk
    from luokuan.studio.material.unpacking import corpus_files, unpack

    is_model = asked.get("kind") == "model"
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard if is_model else MEMORY))
    target, archive = Path(asked["target"]), Path(asked["path"])
    # Held until this process ends: where the server was killed, the one that it had begun may still be writing.
    held = archive.open("rb")
    fcntl.flock(held, fcntl.LOCK_EX)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700, parents=True)
    try:
        done = unpack(
            archive, target, most_bytes=asked["most_bytes"], most_files=asked["most_files"],
            pick=model_files if is_model else corpus_files, progress=progress,
        )  # fmt: skip
        if is_model:
            if (target / INDEX).is_file() and 2 * done.size > asked["disk_bytes"]:
                raise no_disk()  # its weights become one file beside those that came
            # Its weights are read once more than they are large while they are checked; the libraries take the rest.
            most = LIBRARIES + 4 * done.size
            resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
            take_model(target, asked["licence"])
        os.sync()
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return {"files": done.files, "size": done.size, "left_out": done.left_out}


def _report(asked: Mapping[str, Any], _home: Home, _progress: Callable[[int, int], None]) -> dict[str, Any]:
    from luokuan.files import write_atomic
    from luokuan.studio.material.reports import report, sheet

    found = report(Path(asked["path"]))
    picture = sheet(found.pop("shown"))
    if picture is not None:
        write_atomic(Path(asked["sheet"]), picture, mode=0o600)
    found["sheet"] = picture is not None
    write_atomic(Path(asked["keep"]), json.dumps(found, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    return {}


def _plan(asked: Mapping[str, Any], home: Home, _progress: Callable[[int, int], None]) -> dict[str, Any]:
    from luokuan.studio.training.planning import plan

    return plan(asked["family"], [Path(place) for place in asked["corpora"]], asked["choices"], home)


_DO = {"unpack": _unpack, "report": _report, "plan": _plan}

if __name__ == "__main__":
    main()
