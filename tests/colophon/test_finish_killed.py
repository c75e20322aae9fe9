"""kill -9 anywhere inside finish(): the home stays whole, and the next work is finished."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from drafts import draft
from nursery import nursery
from onpostgres import CHOSEN, environment

from luokuan.colophon.finish import STEPS, finish
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.verification import verify_files
from luokuan.media import Picture
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs, with_recipe

# The child ends itself: after a step, or inside one (between writing and renaming; between insert and commit; while
# the authority is being made; in the log; between the commit and the copy of the checkpoint; while it is exported).
CHILD = """
import os, signal, sys
from pathlib import Path
from drafts import draft
from luokuan import files
from luokuan.colophon import finish as module
from luokuan.store import keys
from luokuan.store.home import open_home

def die(*_args, **_keywords):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(step):
    def wrapped(passage):
        step(passage)
        die()
    return wrapped

home, where = open_home(sys.argv[1]), sys.argv[2]
if where in ("inside keep", "inside keep_master"):
    folder = "blobs" if where == "inside keep" else "masters"
    keys.signing(home)
    rename = Path.replace
    Path.replace = lambda part, target: die() if folder in part.parts else rename(part, target)
elif where == "inside record":
    insert = module.insert_work
    module.insert_work = lambda *a: (insert(*a), die())
elif where in ("inside append", "inside remember"):
    # After the log's entries and before its nodes; after the commit and before the copy of the checkpoint.
    if where == "inside append":
        module.log.logbook.insert_nodes = die
    else:
        module.log.write_atomic = die
elif where == "inside export":
    work = module.finish(draft(), home=home)
    files.fsync_folder = die
    module.export_work(work, Path(sys.argv[1]).parent / "exported.png")
elif where == "inside authority":
    keys.fsync_folder = die
else:
    module.STEPS = tuple(then_die(s) if s.__name__ == where else s for s in module.STEPS)
module.finish(draft(), home=home)
"""
INSIDE = ("authority", "keep_master", "keep", "record", "append", "remember", "export")
PLACES = [*(step.__name__ for step in STEPS), *(f"inside {place}" for place in INSIDE)]
_DURABLE = {"record", "inside remember", "inside export"}
_NO_MASTER = {"identify", "inside authority", "inside keep_master"}
_BLOB_LEFT = {"keep", "inside record", "inside append"}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A home for each place, in which finish() was killed there."""
    base = tmp_path_factory.mktemp("killed")
    homes = {place: base / place.replace(" ", "-") for place in PLACES}
    read = ("drafts", "luokuan.colophon.finish", "luokuan.colophon.watermark.picture", "alembic.command", "scipy.fft")
    with nursery(*read) as children:
        for place, home in homes.items():
            child = children.start(CHILD, str(home), place, env={**os.environ, **environment(home)})
            assert child.wait(60) == -signal.SIGKILL, place
    return homes


@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_nothing_is_half_written(killed: dict[str, Path], place: str) -> None:
    home = open_home(killed[place])
    with open_database(home) as database, database.read() as connection:
        assert CHOSEN or connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        before = known_blobs(connection)
    assert len(before) == (1 if place in _DURABLE else 0)
    for sha256 in before:
        assert Blobs(home).get(sha256)
    whole = {path.name for path in home.blobs.glob("??/[0-9a-f]*")}
    assert len(whole - before) == (1 if place in _BLOB_LEFT else 0)
    for name in whole:
        assert Blobs(home).get(name), "a blob under its name is always whole"

    masters = {path.name for path in home.masters.glob("??/[0-9a-f]*")}
    assert len(masters) == (0 if place in _NO_MASTER else 1), "there before the row is"

    work = finish(draft(), home=home)
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == before | {work.sha256}
        head = logbook.newest_head(connection)
        assert audit(connection, home).problem is None
        assert head is not None and head.size == len(before) + 1, "an entry for each work, and none for what isn't"
    blobs = Blobs(home)
    blobs.sweep(lambda: before | {work.sha256}, older_than=-1)
    left = {path.name for path in home.blobs.rglob("*") if path.is_file()}
    assert left == before | {work.sha256}, "orphans and parts are swept, works stay"
    with open_database(home) as database, database.read() as connection:
        works = with_recipe(connection)
    Masters(home).sweep(lambda: works, older_than=-1)
    assert {path.name for path in home.masters.rglob("*") if path.is_file()} == works
    assert all(Masters(home).get(name, Picture) for name in works)
    paths = [blobs.path(name) for name in left]
    assert {verdict.verdict for verdict in verify_files(paths, home)} == {"ours"}
