"""The log of waivers: neither code nor database let a row change, or go before its time."""

from __future__ import annotations

import importlib
import io
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from postgres import Cluster

from luokuan.errors import UserError
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.tables import waiver, waiver_permission, work
from luokuan.store.waivers import (
    KEPT,
    WaiverRow,
    allow_waivers,
    forbid_waivers,
    forget_waiver,
    insert_waiver,
    list_waivers,
    permission,
)
from luokuan.store.works import WorkRow, insert_work

pytestmark = pytest.mark.usefixtures("each_database")

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
WORK = "0123456789abcdef"
MIGRATION = importlib.import_module("luokuan.store.migrations.versions.0006_waiver")


def work_row(work_id: str = WORK) -> WorkRow:
    digests = work_id.rjust(64, "a"), "b" * 64, "c" * 64
    return WorkRow(
        work_id, "text", digests[0], 1, "text/plain", "m", digests[1], None, None, digests[2], "CC0-1.0", "", 1, NOW
    )


def row(at: datetime | None = None, **changes: object) -> WaiverRow:
    at = at or datetime.now(UTC).replace(microsecond=0)
    values = {"work_id": WORK, "who": "Ann", "reason": "a film", "acknowledged_at": at, "kept_until": at + KEPT}
    return WaiverRow(**{**values, **changes})  # type: ignore[arg-type]


def test_no_six_months_are_longer_than_what_is_kept() -> None:
    days = [datetime(2023, 1, 1) + timedelta(days=n) for n in range(1500)]
    for day in days:
        months = day.month + 6
        later = (day.year + (months - 1) // 12, (months - 1) % 12 + 1)
        last = (datetime(later[0] + later[1] // 12, later[1] % 12 + 1, 1) - timedelta(days=1)).day
        assert day + KEPT >= datetime(*later, min(day.day, last))


def test_permission_is_one_name_or_none(home: Home) -> None:
    with open_database(home) as database, database.write() as connection:
        assert permission(connection) is None
        allow_waivers(connection, "Ann", NOW)
        allow_waivers(connection, "Bo", NOW)
        found = permission(connection)
        assert found is not None
        assert (found.who, found.allowed_at) == ("Bo", NOW)
        forbid_waivers(connection)
        forbid_waivers(connection)
        assert permission(connection) is None
    with (
        pytest.raises(sa.exc.IntegrityError),
        open_database(home) as database,
        database.write() as connection,
    ):
        connection.execute(waiver_permission.insert().values(id=2, who="Cy", allowed_at=NOW))


@pytest.mark.parametrize(
    "changes",
    [
        {"who": ""},
        {"who": "a" * 201},
        {"reason": ""},
        {"reason": "a" * 501},
        {"work_id": "f" * 16},
        {"kept_until": datetime.now(UTC) + KEPT - timedelta(days=1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_database_refuses_a_row_that_says_too_little(home: Home, changes: dict[str, object]) -> None:
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, work_row())
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_waiver(connection, row(**changes))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM waiver",
        "UPDATE waiver SET reason = 'none'",
        "UPDATE waiver SET kept_until = '2020-01-01 00:00:00'",
        "UPDATE OR REPLACE waiver SET who = 'Bo'",
        "INSERT OR REPLACE INTO waiver SELECT work_id, 'Bo', reason, acknowledged_at, kept_until FROM waiver",
        "DELETE FROM work",
    ],
)
def test_no_statement_gets_rid_of_a_row(home: Home, each_database: str, statement: str) -> None:
    if each_database == "postgresql" and "OR REPLACE" in statement:
        pytest.skip("words of SQLite alone; see below for those of PostgreSQL")
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, work_row())
            insert_waiver(connection, row())
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            connection.exec_driver_sql(statement)
        with database.read() as connection:
            assert [one.who for one in list_waivers(connection)] == ["Ann"]


def test_a_row_is_forgotten_after_its_time_and_not_before(home: Home) -> None:
    old = datetime.now(UTC) - KEPT - timedelta(days=1)
    other = "f" * 16
    with open_database(home) as database, database.write() as connection:
        for work_id, at in ((WORK, old), (other, datetime.now(UTC))):
            insert_work(connection, work_row(work_id))
            insert_waiver(connection, row(at, work_id=work_id))
        for work_id, code in ((other, "waiver.kept"), ("0" * 16, "waiver.missing")):
            with pytest.raises(UserError) as caught:
                forget_waiver(connection, work_id, datetime.now(UTC))
            assert caught.value.code == code
        forget_waiver(connection, WORK, datetime.now(UTC))
        assert [one.work_id for one in list_waivers(connection)] == [other]


def test_a_wrong_clock_in_the_code_doesnt_help(home: Home) -> None:
    with open_database(home) as database:
        with database.write() as connection:
            insert_work(connection, work_row())
            insert_waiver(connection, row())
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            forget_waiver(connection, WORK, datetime.now(UTC) + 2 * KEPT)


def migration_sql() -> str:
    """What the migration runs on PostgreSQL."""
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    with Operations.context(context):
        MIGRATION.upgrade()
    return buffer.getvalue()


def test_postgresql_guards_the_rows_too(postgres: Cluster) -> None:
    import psycopg

    stamp = "'2026-01-01 00:00:00'"
    values = f"VALUES ('{WORK}', 'Ann', 'a film'"
    kept = f"INSERT INTO waiver {values}, now() AT TIME ZONE 'UTC', (now() AT TIME ZONE 'UTC') + interval '184 days')"
    with (
        postgres.database(empty=True) as url,
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection,
    ):
        sql = connection.execute
        sql(f"CREATE TABLE work (id varchar(16) PRIMARY KEY); INSERT INTO work VALUES ('{WORK}'), ('ffff');")
        sql(migration_sql() + ";" + kept)
        for statement in (
            "DELETE FROM waiver",
            "UPDATE waiver SET reason = 'none'",
            f"UPDATE waiver SET kept_until = {stamp}",
            "TRUNCATE waiver",
            "TRUNCATE work CASCADE",
            "DELETE FROM work",
            f"{kept} ON CONFLICT (work_id) DO UPDATE SET who = 'Bo'",
            f"INSERT INTO waiver VALUES ('ffff', 'Ann', 'x', {stamp}, {stamp}::timestamp + interval '183 days')",
            f"INSERT INTO waiver VALUES ('ffff', 'Ann', '', {stamp}, {stamp}::timestamp + interval '184 days')",
        ):
            with pytest.raises(psycopg.errors.IntegrityError):
                sql(statement)
        assert sql("SELECT who, reason FROM waiver").fetchall() == [("Ann", "a film")]
        sql(f"INSERT INTO waiver VALUES ('ffff', 'Ann', 'x', {stamp}::timestamp - interval '1 year', {stamp})")
        assert sql("DELETE FROM waiver WHERE work_id = 'ffff'").rowcount == 1


def test_tables_of_code_and_migration_agree(home: Home) -> None:
    with open_database(home) as database, database.read() as connection:
        for table in (waiver, waiver_permission):
            found = {one["name"] for one in sa.inspect(connection).get_check_constraints(table.name)}
            assert found == {one.name for one in table.constraints if isinstance(one, sa.CheckConstraint)}
        assert sa.inspect(connection).get_foreign_keys("waiver")[0]["referred_table"] == work.name
