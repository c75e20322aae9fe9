"""Every test has a home of its own and speaks English, whatever the machine is set to."""

from __future__ import annotations

import compileall
import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from nursery import Nursery, nursery, standing_in
from onpostgres import CHOSEN, Homes, use
from postgres import Cluster, server

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each start a thread a core wait for one another: fifty times slower on two cores.
    # Set before anything imports torch; child processes inherit it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
else:
    # Where PYTHONDONTWRITEBYTECODE is set, each of a thousand child processes would compile the source anew.
    for folder in ("src/luokuan", "tests/helpers"):
        compileall.compile_dir(Path(__file__).parents[1] / folder, quiet=2)

DEPTH = sys.getrecursionlimit()
CHILDREN = ("luokuan.colophon.inspector", "luokuan.models.plm.tokenizing", "luokuan.create.decoding_child")
"""Programs that look at files, and what they read for it."""
READ = (
    "luokuan.colophon.fingerprint.picture", "luokuan.colophon.fingerprint.sound", "luokuan.colophon.fingerprint.text",
    "luokuan.colophon.footage", "luokuan.colophon.watermark.clip", "luokuan.colophon.watermark.picture",
    "luokuan.colophon.watermark.sound", "luokuan.colophon.watermark.soundmarker",
    "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.WebPImagePlugin", "imageio_ffmpeg", "numpy", "pdqhash",
    "scipy.fft", "scipy.ndimage", "scipy.signal", "soundfile", "tokenizers",
    "cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.x509",
)  # fmt: skip

# A busy machine is no fault of the code under test.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LUOKUAN_HOME in the test's own folder (made at first use)."""
    home = tmp_path / "home"
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    monkeypatch.setenv("LUOKUAN_LANG", "en")
    for name in ("LUOKUAN_DEBUG", "LUOKUAN_LOG", "LUOKUAN_LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session", autouse=CHOSEN)
def homes_on_postgres(request: pytest.FixtureRequest) -> Iterator[Homes]:
    """With LUOKUAN_TEST_DATABASE=postgresql: every home's database is one on the tests' server."""
    homes = Homes(request.getfixturevalue("postgres"))
    with pytest.MonkeyPatch.context() as patch:
        homes.patch(patch)
        use(homes)
        yield homes


@pytest.fixture(autouse=CHOSEN)
def own_database(homes_on_postgres: Homes, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Child processes of a test find the database of its own home; those of all its homes are gone afterwards."""
    monkeypatch.setenv("LUOKUAN_DATABASE", homes_on_postgres.url(own_home))
    yield
    homes_on_postgres.forget(own_home.parent)


@pytest.fixture(scope="session")
def _tables(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What all migrations leave in a new SQLite database, as SQL."""
    import sqlite3

    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LUOKUAN_DATABASE", raising=False)
        home = open_home(tmp_path_factory.mktemp("tables") / "home")
        with open_database(home):
            pass
    with contextlib.closing(sqlite3.connect(home.database)) as connection:
        return list(connection.iterdump())


@pytest.fixture(autouse=True)
def new_databases_are_quick(_tables: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of tests open a new database: they get in one go what the migrations, tested for themselves, would
    make one after the other."""
    from luokuan.store import database

    whole = database.migrate

    def migrate(connection: sa.Connection, to: str = "head") -> None:
        new = connection.dialect.name == "sqlite" and not sa.inspect(connection).get_table_names()
        if not (new and to == "head"):
            return whole(connection, to)
        for statement in _tables:
            if not statement.startswith(("BEGIN", "COMMIT")):
                connection.exec_driver_sql(statement)

    monkeypatch.setattr(database, "migrate", migrate)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server for all tests of a process, started when the first one asks for a database."""
    with server() as url:
        yield Cluster(url, tmp_path_factory.mktemp("postgres"))


@pytest.fixture(params=["postgresql"] if CHOSEN else ["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The kind of database: who asks for it runs on both. On PostgreSQL every part of the program uses an empty one of
    the test's own, processes too."""
    if request.param == "sqlite" or CHOSEN:  # then every test has one
        yield request.param
        return
    with request.getfixturevalue("postgres").database() as url:
        monkeypatch.setenv("LUOKUAN_DATABASE", url)
        yield "postgresql"


@pytest.fixture(autouse=True)
def denormals_are_back() -> Iterator[None]:
    """Commands flush denormals for speed; Hypothesis, in the same process, refuses to draw floats without them."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def no_model_is_kept() -> Iterator[None]:
    """A worker of the studio that a test runs in this process asks to keep its models in memory: a later test would
    find one whose files are gone by then."""
    yield
    if registry := sys.modules.get("luokuan.models.registry"):
        registry.keep_models(0)


@pytest.fixture(autouse=True)
def recursion_has_its_usual_depth() -> None:
    """py-evm raises the limit when it is imported: deep JSON in another test would then end the process."""
    sys.setrecursionlimit(DEPTH)


@pytest.fixture(scope="session")
def nurseries() -> Iterator[Callable[..., Nursery]]:
    """A nursery for the names of modules; the same for the same ones, until the session ends."""
    with contextlib.ExitStack() as held:
        yield functools.cache(lambda *modules: held.enter_context(nursery(*modules)))


@pytest.fixture(autouse=True)
def children_start_quickly(nurseries: Callable[..., Nursery], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand tests let a process look at a file: it is forked from one that has read its modules, which takes ten
    times as long as the look. The tests of these programs, and all that runs ours whole, start them as users do."""
    from luokuan.foundation import child

    def start(command: Sequence[str], **choices: Any) -> Any:
        if command[1:3] != ["-P", "-m"] or command[3] not in CHILDREN:
            return subprocess.Popen(command, **choices)
        return nurseries(*CHILDREN, *READ).start(f"from {command[3]} import main; main()", **choices)

    monkeypatch.setattr(child, "subprocess", standing_in(start))
