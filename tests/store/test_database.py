from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from onpostgres import about_sqlite, hold

from luokuan.errors import UserError
from luokuan.store import database as module
from luokuan.store.database import HEAD, open_database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import metadata
from luokuan.store.tables import work as table
from luokuan.store.works import WorkRow, find_work, find_work_by_sha256, insert_work, known_blobs


def row(**changes: object) -> WorkRow:
    values: dict[str, object] = {
        "id": "0123456789abcdef",
        "kind": "image",
        "blob_sha256": "a" * 64,
        "blob_size": 3,
        "media_type": "image/png",
        "model_name": "模型",
        "model_digest": "b" * 64,
        "recipe": {"brief": "红裙"},
        "salt": b"s" * 32,
        "commitment": "c" * 64,
        "licence": "CC0-1.0",
        "label": "人工智能生成",
        "schema_version": 1,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "sidecars": {".c2pa": "d" * 64},
    }
    return WorkRow(**{**values, **changes})  # type: ignore[arg-type]


def test_a_row_comes_back_as_it_went_in(home: Home) -> None:
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, row())
        with database.read() as connection:
            assert find_work(connection, row().id) == row()
            assert find_work_by_sha256(connection, "a" * 64) == row()
            assert find_work(connection, "f" * 16) is None
            assert known_blobs(connection) == {"a" * 64, "d" * 64}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "short"},
        {"id": "0123456789ABCDEF"},
        {"blob_sha256": "A" * 64},
        {"blob_size": 0},
        {"kind": ""},
        {"model_digest": "b"},
        {"commitment": ""},
        {"salt": None},
        {"recipe": None},
        {"salt": b"short"},
        {"schema_version": 0},
        {"licence": None},
    ],
)
def test_the_database_refuses_what_must_not_be(home: Home, changes: dict[str, object]) -> None:
    with open_database(home) as database:
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_work(connection, row(**changes))
        with database.read() as connection:
            assert known_blobs(connection) == set()


def test_ids_and_bytes_are_unique_and_recipe_and_salt_can_be_erased_together(home: Home) -> None:
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, row(recipe=None, salt=None))
        for changes in ({"blob_sha256": "e" * 64}, {"id": "f" * 16}):
            with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
                insert_work(connection, row(**changes))


def test_an_error_shows_no_recipe_and_no_salt(home: Home) -> None:
    secret = row(recipe={"brief": "a secret brief"})
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, secret)
        with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as connection:
            insert_work(connection, secret)
    assert "secret brief" not in str(caught.value) and "ssss" not in str(caught.value)


def test_times_without_a_zone_are_refused(home: Home) -> None:
    with (
        open_database(home) as database,
        pytest.raises(sa.exc.StatementError, match="zone"),
        database.write() as connection,
    ):
        insert_work(connection, row(created_at=datetime(2026, 1, 1)))


@about_sqlite("its settings")
def test_sqlite_is_set_for_durable_writes(home: Home) -> None:
    with open_database(home) as database, database.read() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
    assert home.database.stat().st_mode & 0o777 == 0o600


@about_sqlite("BEGIN IMMEDIATE lets one writer in at a time; PostgreSQL locks rows")
def test_a_writer_waits_for_the_other_at_the_start(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_database(home) as database:
        entered = threading.Event()
        order: list[str] = []

        def other() -> None:
            entered.wait()
            with database.write() as connection:
                order.append("second")
                assert find_work(connection, row().id) == row()

        thread = threading.Thread(target=other)
        thread.start()
        with database.write() as connection:
            entered.set()
            insert_work(connection, row())
            thread.join(timeout=0.2)
            order.append("first")
        thread.join()
        assert order == ["first", "second"]


def test_a_database_held_for_too_long_is_the_users_matter(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(home).close()
    monkeypatch.setattr(module, "BUSY_SECONDS", 0)
    with open_database(home) as one, open_database(home) as two, one.write() as held:
        hold(held)
        with pytest.raises(UserError) as caught, two.write() as connection:
            insert_work(connection, row())
        assert caught.value.code == "database.busy"
        with two.read() as connection:
            assert find_work(connection, row().id) is None, "readers aren't held up"


def test_head_is_the_newest_migration_and_makes_the_tables_of_the_code(home: Home) -> None:
    scripts = ScriptDirectory(str(Path(module.__file__).parent / "migrations"))
    assert scripts.get_current_head() == HEAD
    with open_database(home) as database, database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = sa.inspect(connection).get_check_constraints("work")
        wanted = {c.name for c in metadata.tables["work"].constraints if isinstance(c, sa.CheckConstraint)}
        assert {constraint["name"] for constraint in found} == wanted


@about_sqlite("it looks into the file")
def test_opening_again_changes_nothing_and_a_newer_database_is_refused(home: Home) -> None:
    open_database(home).close()
    before = home.database.read_bytes()
    with open_database(home) as database:
        assert home.database.read_bytes() == before
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError) as caught:
        open_database(home)
    assert caught.value.code == "database.newer"


@pytest.mark.parametrize(
    "url", ["nonsense", "mongodb://me:s3cret@host/x", "postgresql+nothing://me:s3cret@host/x", "://"]
)
def test_an_address_that_is_none_is_told_without_its_password(
    home: Home, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_DATABASE", url)
    with pytest.raises(UserError) as caught:
        open_database(home)
    assert caught.value.code == "database.url" and "s3cret" not in str(caught.value)
    assert home.has_database and not home.database.exists()


@pytest.mark.parametrize("place", ["?host=/nowhere/at/all", "@127.0.0.1:1/name"])
def test_a_server_that_is_away_is_told_without_the_password(
    home: Home, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg://me:s3cret" + (place if place.startswith("@") else f"@/name{place}")
    monkeypatch.setenv("LUOKUAN_DATABASE", url)
    with pytest.raises(UserError, match="can't be reached") as caught:
        open_database(home)
    assert caught.value.code == "database.unreachable" and caught.value.status == 503
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("state", "code"),
    [("53100", "disk.full"), ("55P03", "database.busy"), ("57P01", "database.unreachable"), ("42P01", None)],
)
def test_states_of_postgresql_become_sentences(home: Home, state: str, code: str | None) -> None:
    class Told(Exception):
        sqlstate = state

    told = sa.exc.OperationalError("INSERT", {}, Told("it can't be done"))
    with (
        open_database(home) as database,
        pytest.raises((UserError, sa.exc.OperationalError)) as caught,
        database.write(),
    ):
        raise told
    if code is None:
        assert caught.value is told, "what is no user's matter stays as it is"
    else:
        assert isinstance(caught.value, UserError) and caught.value.code == code


@about_sqlite("the file is the home's own")
def test_a_database_elsewhere_takes_the_place_of_the_homes_own(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not home.has_database
    monkeypatch.setenv("LUOKUAN_DATABASE", f"sqlite:///{tmp_path}/elsewhere.db")
    with open_database(home) as database, database.write() as connection:
        insert_work(connection, row())
    assert not home.database.exists() and (tmp_path / "elsewhere.db").exists()


@about_sqlite("it damages the file")
def test_a_file_that_is_no_database_is_named(home: Home) -> None:
    home.database.write_bytes(b"not a database, certainly not" * 50)
    with pytest.raises(UserError, match=r"luokuan\.db") as caught:
        open_database(home)
    assert caught.value.code == "database.unusable"


@about_sqlite("the file's name")
@pytest.mark.parametrize("name", ["a?b", "a?mode=ro", "a%20b", "a#b", "a@b:c"])
def test_a_home_of_any_name_keeps_its_database_inside(tmp_path: Path, name: str) -> None:
    home = open_home(tmp_path / name)
    with open_database(home) as database:
        assert database.engine.url.database == str(home.database)
        with database.write() as connection:
            insert_work(connection, row())
    assert home.database.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name], "nothing lies beside the home"


def test_processes_that_open_a_new_home_at_once_all_succeed(home: Home) -> None:
    code = (
        "import sys; from luokuan.store.home import open_home; from luokuan.store.database import open_database;"
        "from luokuan.store.keys import signing; h = open_home(sys.argv[1]); sys.stdin.readline();"
        "open_database(h).close(); print(signing(h).root.decode())"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(home.path)], stdin=-1, stdout=-1, stderr=-1, text=True)
        for _ in range(4)
    ]
    answers = [child.communicate("\n") for child in children]
    assert [child.returncode for child in children] == [0] * 4, answers
    assert len({out for out, _err in answers}) == 1, "each process must see the same authority"
    assert [path.name for path in home.keys.iterdir()] == ["ca"]


@about_sqlite("it makes an old file")
def test_a_home_from_before_sidecars_is_brought_up_to_date(home: Home) -> None:
    from alembic import command
    from alembic.config import Config

    old = {key: value for key, value in asdict(row()).items() if key != "sidecars"}
    engine = sa.create_engine(f"sqlite:///{home.database}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        columns = [sa.column(column.name, column.type) for column in table.columns if column.name != "sidecars"]
        connection.execute(sa.table("work", *columns).insert().values(**old))
    engine.dispose()
    with open_database(home) as database, database.read() as connection:
        assert find_work(connection, row().id) == row(sidecars={})
        assert known_blobs(connection) == {"a" * 64}
