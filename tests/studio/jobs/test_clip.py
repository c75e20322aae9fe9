"""Clips as a job: a form's schema, what is refused at once, and one that is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clipmodels import save_clip_model, write_corpus

from luokuan.errors import UserError
from luokuan.store import claims
from luokuan.store.database import Database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import job
from luokuan.studio.asking.fields import fields_of
from luokuan.studio.jobs.kinds import kind_named
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker
from luokuan.studio.material.reports import report


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    save_clip_model(own_home / "models/mine")
    return open_home(own_home)


def test_a_corpus_of_clips_is_told_as_such(tmp_path: Path) -> None:
    found = report(write_corpus(tmp_path / "c", characters=12))
    assert found["kind"] == "clips" and found["items"] == 24 and found["trainable"]
    assert ["Attributes", "action, colour"] in found["facts"]


def test_its_schema_makes_a_form() -> None:
    fields = {field.name: field for field in fields_of(kind_named("create.clip"))}
    assert fields["fps"].least == 1 and fields["fps"].most == 60
    assert [name for name, field in fields.items() if field.main] == ["model", "brief", "fps", "loops", "count"]
    assert fields["model"].of == ("clip",)


@pytest.mark.parametrize(
    ("brief", "code"),
    [
        ({}, "job.brief"),
        ({"model": "mine", "loops": 0}, "job.brief"),
        ({"model": "mine", "size": 10**9}, "job.brief"),
        ({"model": "mine", "brief": "fly"}, "create.attribute"),
        ({"model": "mine", "attributes": {"action": "fly"}}, "create.attribute"),
        ({"model": "nobody"}, "model.unknown"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_seen_to_be_wrong_is_refused_at_once(queue: JobQueue, brief: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as caught:
        queue.submit("ann", "create.clip", brief)
    assert caught.value.code == code


def test_it_is_made(home: Home, queue: JobQueue, database: Database) -> None:
    brief = {"model": "mine", "brief": "跳", "loops": 1, "seed": 4}
    found = queue.submit("ann", "create.clip", brief)
    worker = Worker(home, database, Settings())
    with database.write() as connection:
        connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
        mine = claims.claim(connection, worker.name, lease=600)
    assert mine is not None
    worker.do(mine)
    ended = queue.get(found.id)
    assert ended.state == "done" and ended.result is not None and len(ended.result["works"]) == 1
