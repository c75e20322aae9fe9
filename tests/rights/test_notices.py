"""Notice, counter-notice, withdrawal: states, deadlines, and what stays provable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import text_draft

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.verification import verify_file
from luokuan.errors import UserError
from luokuan.rights import notices
from luokuan.rights.notices import COUNTER_WITHIN, DECIDE_WITHIN, SUE_WITHIN, Claim
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.rights import NoticeRow, insert_notice, is_withdrawn, list_notices

pytestmark = pytest.mark.usefixtures("each_database")

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLAIM = Claim("Bo", "bo@example.org", "copyright", "This is my poem.\nHere is the book.")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, **more: int) -> None:
        self.now += timedelta(**more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(home: Home) -> str:
    return finish(text_draft(), home=home, media_type="text/plain").id


def served(home: Home, work: str) -> bool:
    with open_database(home) as database, database.read() as connection:
        return not is_withdrawn(connection, work)


def kinds(home: Home, work: str) -> list[str]:
    with open_database(home) as database, database.read() as connection:
        assert audit(connection, home).problem is None
        return [one.entry.kind for one in logbook.entries_of_work(connection, work)]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value.code


def test_the_whole_way_with_its_deadlines(home: Home, work: str, clock: Clock) -> None:
    row = notices.file_notice(work, CLAIM, home, now=clock)
    assert (row.state, row.due_at) == ("open", START + DECIDE_WITHIN)
    assert served(home, work)  # a claim alone takes nothing away
    assert refused(lambda: notices.counter(row.id, home, who="Ann", statement="No.", now=clock)) == "notice.state"
    clock.on(days=2)
    out = notices.withdraw(work, home, who="Ann", reason="to be looked at", notice_id=row.id, now=clock)
    assert (out.notice_id, out.withdrawn_at) == (row.id, clock.now)
    assert not served(home, work)
    (found,) = notices.all_notices(home, work_id=work)
    assert (found.state, found.due_at, found.decided_at) == ("withdrawn", clock.now + COUNTER_WITHIN, clock.now)
    clock.on(days=14)
    found = notices.counter(row.id, home, who="Cy", statement="I wrote it.", now=clock)
    assert (found.state, found.due_at, found.counter_by) == ("countered", clock.now + SUE_WITHIN, "Cy")
    assert not served(home, work)
    assert notices.overdue([found], clock.now) == []
    clock.on(days=15, seconds=1)
    assert notices.overdue(notices.all_notices(home), clock.now) == [found]
    assert refused(lambda: notices.decide(row.id, "rejected", home, who="Ann", reason="r", now=clock)) == "notice.state"
    found = notices.decide(row.id, "restored", home, who="Ann", reason="nobody sued", now=clock)
    assert (found.state, found.due_at, found.closed_at) == ("restored", None, clock.now)
    assert served(home, work)
    assert kinds(home, work) == ["work", "withdrawal", "correction"]
    assert refused(lambda: notices.decide(row.id, "upheld", home, who="Ann", reason="r", now=clock)) == "notice.state"


def test_a_notice_that_is_rejected_changes_nothing(home: Home, work: str, clock: Clock) -> None:
    row = notices.file_notice(work, CLAIM, home, now=clock)
    found = notices.decide(row.id, "rejected", home, who="Ann", reason="no proof", now=clock)
    assert (found.state, found.decision, found.due_at) == ("rejected", "no proof", None)
    assert served(home, work) and kinds(home, work) == ["work"]


def test_one_that_is_upheld_stays_withdrawn(home: Home, work: str, clock: Clock) -> None:
    row = notices.file_notice(work, CLAIM, home, now=clock)
    notices.withdraw(work, home, who="Ann", reason="clear", notice_id=row.id, now=clock)
    clock.on(days=16)
    assert refused(lambda: notices.counter(row.id, home, who="Cy", statement="Late.", now=clock)) == "notice.late"
    assert notices.decide(row.id, "upheld", home, who="Ann", reason="nobody objected", now=clock).state == "upheld"
    assert not served(home, work)


def test_a_withdrawn_work_stays_provable(home: Home, tmp_path: Path) -> None:
    work = export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "w.txt")
    notices.withdraw(work.id, home, who="Ann", reason="not good enough")
    assert refused(lambda: notices.withdraw(work.id, home, who="Ann", reason="again")) == "withdrawal.there"
    verdict = verify_file(work.path or "", home)
    assert (verdict.verdict, verdict.work) == ("ours", work.id)
    with open_database(home) as database, database.read() as connection:
        (entry,) = (one.entry for one in logbook.entries_of_work(connection, work.id) if one.entry.kind == "withdrawal")
    assert entry.private is not None and entry.private["reason"] == "not good enough"
    assert b"good" not in entry.leaf and b"Ann" not in entry.leaf


def test_what_isnt_there(home: Home, work: str, clock: Clock) -> None:
    nobody = "f" * 16
    other = finish(text_draft("Another text, of another night."), home=home, media_type="text/plain").id
    row = notices.file_notice(other, CLAIM, home, now=clock)
    say = {"who": "Ann", "reason": "r"}
    assert refused(lambda: notices.file_notice(nobody, CLAIM, home)) == "work.unknown"
    assert refused(lambda: notices.withdraw(nobody, home, **say)) == "work.unknown"
    assert refused(lambda: notices.withdraw(work, home, **say, notice_id=nobody)) == "notice.missing"
    assert refused(lambda: notices.withdraw(work, home, **say, notice_id=row.id)) == "notice.missing"
    assert refused(lambda: notices.counter(nobody, home, who="A", statement="s")) == "notice.missing"
    assert refused(lambda: notices.decide(nobody, "upheld", home, **say)) == "notice.missing"
    assert served(home, work) and kinds(home, work) == ["work"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"claimant": ""}, "waiver.name"),
        ({"contact": "a\nb"}, "waiver.name"),
        ({"ground": "taste"}, "notice.ground"),
        ({"statement": " "}, "notice.statement"),
        ({"statement": "x" * 4001}, "notice.statement"),
        ({"statement": "a\x1b[31m"}, "notice.statement"),
    ],
)
def test_claims_that_say_too_little(values: dict[str, str], code: str) -> None:
    fields = {"claimant": "Bo", "contact": "b", "ground": "person", "statement": "s", **values}
    assert refused(lambda: Claim(**fields)) == code


@pytest.mark.parametrize("reason", ["", "a\nb", "x" * 501])
def test_reasons_are_lines(home: Home, reason: str) -> None:
    assert refused(lambda: notices.withdraw("f" * 16, home, who="Ann", reason=reason)) == "notice.reason"


@pytest.mark.parametrize(
    "changes",
    [{"state": "lost"}, {"ground": "taste"}, {"closed_at": START}, {"state": "rejected"}, {"counter_by": "Cy"},
     {"statement": ""}, {"id": "x"}, {"decided_at": START}],
    ids=str,
)  # fmt: skip
def test_the_database_refuses_what_must_not_be(home: Home, work: str, changes: dict[str, Any]) -> None:
    values = {"id": "a" * 16, "work_id": work, "state": "open", "ground": "other", "claimant": "Bo", "contact": "b",
              "statement": "s", "received_at": START, "due_at": START}  # fmt: skip
    with open_database(home) as database:
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_notice(connection, NoticeRow(**{**values, **changes}))
        with database.read() as connection:
            assert list_notices(connection) == []
