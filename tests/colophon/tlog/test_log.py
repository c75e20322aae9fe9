from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_for_tests import SECRET, add_notices, add_work, add_works, forked, work_row
from onpostgres import about_sqlite, keep

from luokuan.colophon.tlog import log, note, tree
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.leaf import parse_leaf
from luokuan.errors import UserError
from luokuan.files import locked
from luokuan.store import logbook
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home, open_home
from luokuan.store.logbook import HeadRow
from luokuan.store.secrets import find_log_key, replace_log_key
from luokuan.store.works import WorkRow, insert_work


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    with open_database(home) as found:
        yield found


def head_of(database: Database) -> HeadRow:
    with database.read() as connection:
        head = logbook.newest_head(connection)
    assert head is not None
    return head


def problem(database: Database, home: Home) -> str | None:
    with database.read() as connection:
        return audit(connection, home).problem


def test_entries_follow_one_another_and_the_tree_is_the_standards(home: Home, database: Database) -> None:
    rows = add_works(database, home, 5)
    head = add_notices(database, home, rows[0].id, 300)
    assert head.size == 305 and head.origin.startswith("luokuan/")
    with database.read() as connection:
        found = logbook.entries(connection, head.id, 0, 400)
        assert [one.index for one in found] == list(range(305))
        assert [one.entry.work_id for one in found[:5]] == [row.id for row in rows]
        frontier = tree.Frontier()
        for one in found:
            frontier.push(tree.leaf_hash(one.entry.leaf))
            assert log.root_at(connection, head, frontier.size) == frontier.root
        assert logbook.count_nodes(connection, head.id) == 610 - (305).bit_count()
    assert head.root == frontier.root
    checkpoint = note.parse_checkpoint(head.checkpoint)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (head.origin, 305, head.root)
    assert checkpoint.signed_by(log.key_of(head))
    assert home.checkpoint.read_text() == head.checkpoint
    for path in (home.checkpoint, home.keys / "log.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert problem(database, home) is None


def test_every_proof_of_a_log_holds(home: Home, database: Database) -> None:
    (row,) = add_works(database, home, 1)
    head = add_notices(database, home, row.id, 99)
    with database.read() as connection:
        leaves = [tree.leaf_hash(one.entry.leaf) for one in logbook.entries(connection, head.id, 0, 100)]
        roots = [log.root_at(connection, head, size) for size in range(101)]

        @given(st.integers(1, 100), st.data())
        @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
        def check(size: int, data: st.DataObject) -> None:
            index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
            path = log.inclusion(connection, head, index, size)
            assert tree.includes(leaves[index], index, size, path, roots[size])
            assert tree.extends(old, roots[old], size, roots[size], log.consistency(connection, head, old, size))

        check()
        for index, size in ((100, None), (5, 5), (-1, None)):
            with pytest.raises(ValueError):
                log.inclusion(connection, head, index, size)


@about_sqlite("it counts the steps of its machine")
def test_a_read_and_an_append_touch_few_rows(home: Home, database: Database) -> None:
    """No query reads more than a few times log₂ n rows, by SQLite's own count of what it steps over."""
    (row,) = add_works(database, home, 1)
    add_notices(database, home, row.id, 4000)
    with database.read() as connection:
        head = logbook.newest_head(connection)
        assert head is not None
        raw = connection.connection.driver_connection
        assert raw is not None
        steps = []
        raw.set_progress_handler(lambda: steps.append(1), 100)  # called each 100 steps of SQLite's machine
        log.inclusion(connection, head, 1234)
        log.consistency(connection, head, 1111)
        logbook.entries(connection, head.id, 77, 78)
        raw.set_progress_handler(None, 0)
    assert len(steps) < 40, "a look at all 4,001 entries would take more than 200"


def test_an_exception_takes_the_entry_back_with_the_work(home: Home, database: Database) -> None:
    add_works(database, home, 2)
    before = head_of(database)
    with pytest.raises(RuntimeError), database.write() as connection:
        add_work(connection, home)
        raise RuntimeError
    assert head_of(database) == before
    assert problem(database, home) is None
    add_works(database, home, 1)
    assert head_of(database).size == 3
    assert problem(database, home) is None


def test_works_from_before_the_log_come_first_in_the_order_of_their_making(home: Home, database: Database) -> None:
    old = [work_row(home, number) for number in (3, 1, 2)]
    with database.write() as connection:
        for row in old:
            insert_work(connection, row)
    with database.read() as connection:
        found = audit(connection, home)
        assert found.problem is None and found.notes == (
            "There are works, but no log yet: they are entered when it is first used.",
        )
    (new,) = add_works(database, home, 1)
    with database.read() as connection:
        found = logbook.entries(connection, 1, 0, 9)
    assert [one.entry.work_id for one in found] == [old[1].id, old[2].id, old[0].id, new.id]
    assert problem(database, home) is None


def test_a_work_is_entered_once(home: Home, database: Database) -> None:
    from luokuan.colophon.tlog.entries import work_entry

    (row,) = add_works(database, home, 1)
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        log.writer(connection, home).append([work_entry(row)])


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("log_entry", {"leaf": b""}),
        ("log_entry", {"salt": None}),
        ("log_entry", {"salt": b"short"}),
        ("log_entry", {"leaf_index": -1}),
        ("log_node", {"hash": b"short"}),
        ("log_node", {"level": 64}),
        ("log_head", {"size": -1}),
        ("log_head", {"root": b""}),
        ("log_head", {"checkpoint": ""}),
    ],
)
def test_the_database_refuses_what_must_not_be(
    home: Home, database: Database, table: str, changes: dict[str, object]
) -> None:
    add_works(database, home, 1)
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(sa.table(table, *map(sa.column, changes)).update().values(**changes))


def restored(home: Home, database: Database, kept: int, lost: int) -> tuple[list[WorkRow], note.Checkpoint]:
    """The database as it was after ``kept`` works, of ``kept + lost``. Returns the kept ones, the last checkpoint."""
    rows = add_works(database, home, kept)
    database.engine.dispose()
    put_back = keep(home)
    add_works(database, home, lost)
    last = log.kept_checkpoint(home)
    assert last is not None
    database.engine.dispose()
    put_back()
    return rows, last


def test_after_a_restore_a_new_log_names_the_last_known_checkpoint(
    home: Home, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    _rows, last = restored(home, database, 2, 3)
    assert last.size == 5
    found = problem(database, home)
    assert found is not None and "2 entries, but 5 were signed" in found
    add_works(database, home, 1)
    assert "older than the last checkpoint" in (out := capfd.readouterr()).out + out.err
    head = head_of(database)
    assert head.id == 2 and head.origin != last.origin and head.size == 2
    with database.read() as connection:
        first = parse_leaf(logbook.entries(connection, 2, 0, 1)[0].entry.leaf)
        assert first.checkpoint == last.text
        found_audit = audit(connection, home)
    assert found_audit.problem is None
    assert any(f"begins with a checkpoint of {last.origin} at 5 entries; 2 of these" in n for n in found_audit.notes)
    home.checkpoint.write_text(last.text)  # as if the process had died before it could write the new one
    add_works(database, home, 1)
    assert head_of(database).id == 2, "once is enough"


@about_sqlite("it takes the file away")
def test_a_lost_database_is_noticed(home: Home, database: Database) -> None:
    add_works(database, home, 3)
    last = log.kept_checkpoint(home)
    database.engine.dispose()
    for path in home.path.glob("luokuan.db*"):
        path.unlink()
    with open_database(home) as fresh:
        add_works(fresh, home, 1)
        head = head_of(fresh)
        assert last is not None and head.origin != last.origin and head.size == 2
        assert problem(fresh, home) is None


def test_another_history_of_the_same_length_is_refused_until_told_otherwise(home: Home, database: Database) -> None:
    _rows, last = restored(home, database, 2, 2)
    home.checkpoint.unlink()
    add_works(database, home, 3)
    fork = head_of(database)
    assert fork.origin == last.origin and fork.size == 5
    home.checkpoint.write_text(last.text)
    with pytest.raises(UserError) as caught, database.write() as connection:
        add_work(connection, home)
    assert caught.value.code == "log.contradicted"
    assert "aren't those that were signed" in (problem(database, home) or "")
    with database.write() as connection:
        head = log.begin(connection, home)
    log.remember(home, head)
    add_works(database, home, 1)
    assert head_of(database).id == 2
    assert "contradicts" in (problem(database, home) or ""), "what happened stays visible"


def test_without_a_copy_or_with_a_damaged_one_the_log_goes_on(home: Home, database: Database) -> None:
    add_works(database, home, 2)
    for damage in (home.checkpoint.unlink, lambda: home.checkpoint.write_bytes(b"\xff" * 99)):
        damage()
        add_works(database, home, 1)
        assert head_of(database).id == 1
        assert home.checkpoint.read_text() == head_of(database).checkpoint
    home.checkpoint.write_text("nonsense")
    assert "can't be read" in (problem(database, home) or "")


def test_a_missing_copy_is_an_inconsistency_and_the_next_entry_says_so(
    home: Home, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    assert problem(database, home) is None, "no log, no copy"
    add_works(database, home, 2)
    home.checkpoint.unlink()
    assert "beside the database is missing" in (problem(database, home) or "")
    capfd.readouterr()
    add_works(database, home, 1)
    assert "copy of the log's last checkpoint" in "".join(capfd.readouterr())
    assert problem(database, home) is None


def test_who_comes_late_takes_no_copy_back(home: Home, database: Database) -> None:
    add_works(database, home, 2)
    old = head_of(database)
    with database.write() as connection:
        new = log.begin(connection, home)
    log.remember(home, new)
    log.remember(home, old)
    kept = log.kept_checkpoint(home)
    assert kept is not None and kept.origin == new.origin, "the old log's last writer was slow"
    done = threading.Event()
    with locked(home.path / log.LOCK):
        waiting = threading.Thread(target=lambda: (log.remember(home, new), done.set()))
        waiting.start()
        assert not done.wait(0.3), "one writes at a time"
    waiting.join()
    assert done.is_set()


def test_a_copy_that_is_behind_is_no_alarm(home: Home, database: Database) -> None:
    add_works(database, home, 2)
    add_works(database, home, 2, remember=False)
    assert problem(database, home) is None
    add_works(database, home, 1)
    assert head_of(database).size == 5
    old = log.kept_checkpoint(home)
    with database.write() as connection:
        log.begin(connection, home)  # and the process dies before it copies the checkpoint
    assert old == log.kept_checkpoint(home)
    add_works(database, home, 1)
    assert head_of(database).id == 2


def test_a_new_key_begins_a_new_log(home: Home, database: Database) -> None:
    add_works(database, home, 2)
    old = head_of(database)
    replace_log_key(home)
    assert "key isn't the one" in (problem(database, home) or "")
    add_works(database, home, 1)
    new = head_of(database)
    assert new.id == 2 and new.public_key != old.public_key
    with database.read() as connection:
        assert parse_leaf(logbook.entries(connection, 2, 0, 1)[0].entry.leaf).checkpoint == old.checkpoint
    assert problem(database, home) is None
    (home.keys / "log.key").write_bytes(b"short")
    with pytest.raises(UserError), database.write() as connection:
        add_work(connection, home)
    (home.keys / "log.key").unlink()
    assert problem(database, home) == "The log's key is missing."


def test_a_checkpoint_from_elsewhere_begins_a_new_log_only_if_it_was_signed(home: Home, database: Database) -> None:
    _rows, last = restored(home, database, 2, 2)
    home.checkpoint.unlink()  # the whole home was restored: only the copy elsewhere knows better
    wrong = note.parse_checkpoint(last.text.replace("\n4\n", "\n5\n"))
    with pytest.raises(UserError) as caught, database.write() as connection:
        log.begin(connection, home, wrong)
    assert caught.value.code == "log.checkpoint"
    with database.read() as connection:
        assert "2 entries, but 4 were signed" in (audit(connection, home, last).problem or "")
    with database.write() as connection:
        head = log.begin(connection, home, last)
    log.remember(home, head)
    assert problem(database, home) is None
    with database.read() as connection:
        assert parse_leaf(logbook.entries(connection, 2, 0, 1)[0].entry.leaf).checkpoint == last.text


def test_logs_of_two_homes_have_nothing_in_common(home: Home, database: Database, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    with open_database(other) as second:
        add_works(database, home, 1)
        add_works(second, other, 1)
        one, two = head_of(database), head_of(second)
    assert one.origin != two.origin and one.public_key != two.public_key
    shutil.copy(other.checkpoint, home.checkpoint)
    assert "no such log" in (problem(database, home) or "")


@about_sqlite("it copies the file")
def test_a_database_of_another_home_isnt_signed_on(home: Home, database: Database, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    add_works(database, home, 2)
    database.engine.dispose()
    shutil.copy(home.database, other.database)
    assert find_log_key(other) is None
    with open_database(other) as second:
        add_works(second, other, 1)
        assert head_of(second).id == 2 and head_of(second).origin != head_of(database).origin
        assert problem(second, other) is None


def test_processes_that_append_at_once_share_one_log(home: Home) -> None:
    def append() -> None:
        with open_database(home) as database:
            add_works(database, home, 12)

    assert forked(append, append, append) == [0] * 3
    with open_database(home) as database:
        assert head_of(database).size == 36 and head_of(database).id == 1
        assert problem(database, home) is None
        add_works(database, home, 1)
        assert head_of(database).size == 37
    assert [path.name for path in home.keys.iterdir()] == ["log.key"]


def test_leaves_and_checkpoints_hold_nothing_private(home: Home, database: Database) -> None:
    (row,) = add_works(database, home, 1)
    with database.read() as connection:
        (found,) = logbook.entries(connection, 1, 0, 9)
    for data in (found.entry.leaf, home.checkpoint.read_bytes()):
        assert SECRET.encode() not in data and row.id.encode() not in data
