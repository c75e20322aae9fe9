"""Rows about people, on both databases."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from people import AT, keep_row, make_account

from luokuan.errors import UserError
from luokuan.store import accounts, apikeys, events, sessions
from luokuan.store.account_tables import event, usage
from luokuan.store.apikeys import KeyRow
from luokuan.store.database import Database
from luokuan.store.ownership import throw_away
from luokuan.store.quotas import charge, check_quotas, used_by
from luokuan.store.sessions import SessionRow

HOUR = timedelta(hours=1)


def test_an_account_comes_back_and_its_name_is_taken(database: Database) -> None:
    row = make_account(database, "Ada")
    with database.read() as connection:
        found = accounts.find_by_name(connection, "ada")
        assert found is not None and (found.id, found.role, found.active) == (row.id, "maker", True)
        assert accounts.find_account(connection, "0" * 16) is None
    with pytest.raises(UserError) as caught:
        make_account(database, "ADA")
    assert (caught.value.code, caught.value.status) == ("account.taken", 409)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "a\0", "a b", "-a", "_a", "a" * 41, "a..b", "%2e"]
)
def test_names_that_could_be_anything_else_are_refused(name: str) -> None:
    with pytest.raises(UserError) as caught:
        accounts.account_name(name)
    assert caught.value.code == "account.name"


@given(st.text(max_size=50))
def test_a_name_is_harmless_or_refused(text: str) -> None:
    try:
        name = accounts.account_name(text)
    except UserError:
        return
    assert name == name.lower() and not set(name) & set("/\\\0\r\n\t <>\"'&") and accounts.account_name(name) == name


def test_of_two_who_change_an_account_the_second_is_told(database: Database) -> None:
    make_account(database, "chief", "admin")
    row = make_account(database, "ada")
    with database.read() as connection:
        seen = accounts.find_account(connection, row.id)
    assert seen is not None
    with database.write() as connection:
        accounts.update_account(connection, seen, role="viewer")
    with pytest.raises(UserError) as caught, database.write() as connection:
        accounts.update_account(connection, seen, role="admin")
    assert (caught.value.code, caught.value.status) == ("account.changed", 409)
    with database.read() as connection:
        found = accounts.find_account(connection, row.id)
    assert found is not None and found.role == "viewer", "the first change stays"


def test_the_last_administrator_stays(database: Database) -> None:
    row = make_account(database, "chief", "admin")
    with database.read() as connection:
        seen = accounts.find_account(connection, row.id)
    assert seen is not None
    for changes in ({"role": "maker"}, {"active": False}):
        with pytest.raises(UserError) as caught, database.write() as connection:
            accounts.update_account(connection, seen, **changes)
        assert caught.value.code == "account.last"
    with database.read() as connection:
        assert [one.id for one in accounts.administrators(connection)] == [row.id]


@pytest.mark.parametrize("change", [{"role": "king"}, {"name": "ADA"}, {"jobs_limit": -1}, {"id": "short"}])
def test_the_database_refuses_what_no_account_is(database: Database, change: dict[str, object]) -> None:
    with pytest.raises(sa.exc.DatabaseError):
        make_account(database, "ada", **change)


def test_a_session_sleeps_ends_and_is_ended(database: Database) -> None:
    row = make_account(database, "ada")
    with database.write() as connection:
        sessions.insert_session(connection, SessionRow("a" * 64, row.id, AT, AT, AT + 10 * HOUR))
    with database.read() as connection:

        def found(moment: timedelta) -> bool:
            return sessions.find_session(connection, "a" * 64, AT + moment, 2 * HOUR) is not None

        assert found(HOUR) and not found(2 * HOUR), "it slept for too long"
        assert not found(-HOUR), "the clock jumped back to before it was made"
        assert sessions.find_session(connection, "b" * 64, AT, HOUR) is None
    with database.write() as connection:
        sessions.touch_session(connection, "a" * 64, AT + 9.5 * HOUR)
    with database.read() as connection:
        assert sessions.count_sessions(connection, row.id, AT) == 1
        assert sessions.find_session(connection, "a" * 64, AT + 9.9 * HOUR, 2 * HOUR) is not None
        assert sessions.find_session(connection, "a" * 64, AT + 10 * HOUR, 2 * HOUR) is None, "whatever happens"
    with database.write() as connection:
        assert sessions.end_sessions(connection, row.id) == 1
    with database.read() as connection:
        assert sessions.find_session(connection, "a" * 64, AT, HOUR) is None


def test_a_session_of_a_closed_account_opens_nothing(database: Database) -> None:
    row = make_account(database, "ada", active=False)
    with database.write() as connection:
        sessions.insert_session(connection, SessionRow("a" * 64, row.id, AT, AT, AT + HOUR))
    with database.read() as connection:
        assert sessions.find_session(connection, "a" * 64, AT, HOUR) is None


def test_a_link_works_once_and_takes_its_brothers_with_it(database: Database) -> None:
    row = make_account(database, "ada")
    with database.write() as connection:
        for letter in "abc":
            sessions.insert_link(connection, letter * 64, row.id, AT, AT + HOUR)
    with database.read() as connection:
        found = sessions.find_link(connection, "a" * 64, AT)
        assert found is not None and found.id == row.id, "to look at it doesn't use it up"
        assert sessions.find_link(connection, "a" * 64, AT + HOUR) is None, "it has expired"
    with database.write() as connection:
        assert sessions.use_link(connection, "b" * 64, AT) is not None
        for letter in "abc":
            assert sessions.use_link(connection, letter * 64, AT) is None


def test_a_key_expires_and_is_revoked_by_its_owner_alone(database: Database) -> None:
    row, other = make_account(database, "ada"), make_account(database, "bob")
    key = KeyRow("1" * 16, row.id, "backup", "d" * 64, "viewer", ("works:read",), AT, AT + HOUR)
    with database.write() as connection:
        apikeys.insert_key(connection, key)
        apikeys.touch_key(connection, key.id, AT)
    with database.read() as connection:
        found = apikeys.find_key(connection, key.id)
        assert found is not None and list(found.scopes) == ["works:read"] and found.used_at == AT
        assert found.valid(AT) and not found.valid(AT + HOUR)
    with database.write() as connection:
        assert not apikeys.revoke_key(connection, key.id, other.id, AT)
        assert apikeys.revoke_key(connection, key.id, row.id, AT)
        assert not apikeys.revoke_key(connection, key.id, row.id, AT)
    with database.read() as connection:
        found = apikeys.find_key(connection, key.id)
        assert found is not None and not found.valid(AT) and apikeys.keys_of(connection, row.id) == []


def test_events_can_only_be_added(database: Database) -> None:
    row = make_account(database, "ada")
    with database.write() as connection:
        for number in range(3):
            events.insert_event(connection, at=AT, account_id=row.id, action="login", subject=f"{number}")
        events.insert_event(connection, at=AT, account_id=None, action="login.refused", subject="x" * 999)
    with database.read() as connection:
        found = events.recent_events(connection, 2)
        assert [(one.action, one.name) for one in found] == [("login.refused", None), ("login", "ada")]
        assert len(found[0].subject) == 200
        assert len(events.recent_events(connection, 9, found[-1].id)) == 2
    for statement in (event.delete(), event.update().values(action="nothing")):
        with pytest.raises(sa.exc.DatabaseError), database.write() as connection:
            connection.execute(statement)
    if database.engine.dialect.name == "sqlite":
        with pytest.raises(sa.exc.DatabaseError), database.write() as connection:
            connection.exec_driver_sql("INSERT OR REPLACE INTO event VALUES (1, '2026-01-01', NULL, 'x', '', '')")
    with database.read() as connection:
        assert len(events.recent_events(connection, 9)) == 4


def test_quotas_are_counted_by_the_month_and_refused_when_used_up(database: Database) -> None:
    row = make_account(database, "ada", jobs_limit=2, seconds_limit=100, storage_limit=10)
    with database.write() as connection:
        check_quotas(connection, row, AT, jobs=2, size=10)
        charge(connection, row.id, AT, jobs=1, seconds=60)
        charge(connection, row.id, AT, seconds=30)
        assert used_by(connection, row.id, AT) == used_by(connection, row.id, AT + HOUR)
        assert (used_by(connection, row.id, AT).jobs, used_by(connection, row.id, AT).seconds) == (1, 90)
        for wanted, code, status in (
            ({"jobs": 2}, "quota.jobs", 429), ({"size": 11}, "quota.storage", 413),
        ):  # fmt: skip
            with pytest.raises(UserError) as caught:
                check_quotas(connection, row, AT, **wanted)
            assert (caught.value.code, caught.value.status) == (code, status)
        charge(connection, row.id, AT, seconds=10)
        with pytest.raises(UserError, match="100 seconds"):
            check_quotas(connection, row, AT, jobs=1)
        check_quotas(connection, row, AT + timedelta(days=31), jobs=2)
        assert connection.execute(sa.select(sa.func.count()).select_from(usage)).scalar() == 1


def test_what_many_do_at_once_is_done_as_often_as_is_allowed(database: Database) -> None:
    row = make_account(database, "ada", jobs_limit=3)
    work = keep_row(database, row)
    with database.write() as connection:
        sessions.insert_link(connection, "a" * 64, row.id, AT, AT + HOUR)
    done: list[str] = []

    def everything(_number: int) -> None:
        with contextlib.suppress(UserError), database.write() as connection:
            check_quotas(connection, row, AT, jobs=1)
            charge(connection, row.id, AT, jobs=1, seconds=2)
            done.append("job")
        with database.write() as connection:
            if sessions.use_link(connection, "a" * 64, AT) is not None:
                done.append("link")
        with database.write() as connection:
            throw_away(connection, work.id, AT)
        with contextlib.suppress(UserError):
            make_account(database, "bob")
            done.append("bob")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(everything, range(6)))
    assert (done.count("job"), done.count("link"), done.count("bob")) == (3, 1, 1)
    with database.read() as connection:
        used = used_by(connection, row.id, AT)
    assert (used.jobs, used.seconds) == (3, 6)
