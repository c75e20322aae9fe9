"""Jobs of accounts: quotas, whose the works are, and what is charged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from drafts import text_draft
from people import make_account

from luokuan.errors import UserError
from luokuan.store import claims
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.ownership import owner_of
from luokuan.store.quotas import used_by
from luokuan.studio.jobs import owners
from luokuan.studio.jobs.context import Context
from luokuan.studio.jobs.queue import JobQueue


def test_works_and_seconds_are_the_owners(home: Home, database: Database) -> None:
    queue = JobQueue(home, database, admit=owners.admit)
    ann, bob = make_account(database, "ann"), make_account(database, "bob")
    found = queue.submit(ann.id, "test.notes", {"count": 1})
    with database.write() as connection:
        job = claims.claim(connection, "w", lease=600)
    assert job is not None
    context = Context(job, home, database)
    context._accounted -= 2.5  # as if it had taken so long
    work = context.finish(text_draft("one"), home=home, media_type="text/plain")
    with database.read() as connection:
        assert owner_of(connection, work.id) == ann.id
        used = used_by(connection, ann.id, datetime.now(UTC))
    assert (used.jobs, used.bytes) == (1, len(work.data)) and used.seconds >= 2
    assert queue.get(found.id).compute_seconds >= 2.5

    assert queue.submit(ann.id, "export.works", {"works": [work.id]}).state == "queued"
    for kind, brief in (
        ("export.works", {"works": [work.id]}),
        ("create.enlargement", {"file": f"work:{work.id}"}),
        ("create.presenter", {"text": "hello", "portrait_file": f"work:{work.id}"}),
        ("create.presenter", {"text": "hello", "background_file": f"work:{work.id}"}),
    ):
        with pytest.raises(UserError) as caught:
            queue.submit(bob.id, kind, brief)
        assert caught.value.code == "input.unknown"


def test_quotas_refuse_and_repeats_are_not_counted(home: Home, database: Database) -> None:
    queue = JobQueue(home, database, admit=owners.admit)
    ann = make_account(database, "ann", jobs_limit=1)
    first = queue.submit(ann.id, "test.notes", {}, key="k")
    assert queue.submit(ann.id, "test.notes", {}, key="k").id == first.id
    with pytest.raises(UserError) as caught:
        queue.submit(ann.id, "test.notes", {})
    assert (caught.value.code, caught.value.status) == ("quota.jobs", 429)
    assert queue.submit("somebody", "test.notes", {}).owner == "somebody", "no account, no quota"
