"""What a server calls: briefs are checked, keys are honoured, owners see their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.store import jobs
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.studio.jobs.kinds import kinds
from luokuan.studio.jobs.queue import JobQueue, Request
from luokuan.studio.jobs.references import file_path, keep_input, sweep_inputs


@pytest.mark.parametrize(
    ("kind", "brief", "code"),
    [
        ("create.sculpture", {}, "job.kind"),
        ("create.image", {}, "job.brief"),
        ("create.image", {"model": "garments", "size": 3}, "job.brief"),
        ("create.image", {"model": "garments", "count": "2"}, "job.brief"),
        ("create.image", {"model": "garments", "count": 65}, "job.brief"),
        ("create.image", {"model": "garments", "seed": -1}, "job.brief"),
        ("create.image", {"model": "garments", "truncation": float("nan")}, "job.brief"),
        ("create.image", {"model": "garments", "brief": "\ud800"}, "job.brief"),
        ("create.image", {"model": "nobody"}, "model.unknown"),
        ("create.image", {"model": "../models/x"}, "model.unknown"),
        ("create.image", {"model": "/etc"}, "model.unknown"),
        ("create.text", {"model": "http://127.0.0.1:1/v1#x"}, "model.unknown"),
        ("create.text", {"model": "owner/name"}, "model.unknown"),
        ("create.image", {"model": "garments", "like": "/etc/passwd"}, "input.unknown"),
        ("create.image", {"model": "garments", "like": "input:" + "0" * 64}, "input.unknown"),
        ("create.image", {"model": "garments", "label": "en", "policy": "both"}, "label.policy"),
        ("create.enlargement", {"file": "work:" + "0" * 16}, "input.unknown"),
        ("create.copy", {"product": " "}, "copy.brief"),
        ("train.gan", {"name": "mine", "corpora": ["../../etc"]}, "corpus.unknown"),
        ("train.gan", {"name": "../mine", "corpora": ["a"]}, "job.brief"),
        ("train.gan", {"name": "mine", "corpora": ["a"], "choices": {"codec": "/etc"}}, "job.brief"),
        ("train.gan", {"name": "mine", "corpora": ["a"], "choices": {"home": "x"}}, "job.brief"),
        ("train.gan", {"name": "mine", "corpora": []}, "job.brief"),
        ("train.gan", {"name": "mine", "corpora": ["a"], "resume": True, "choices": {"steps": 9}}, "job.brief"),
        ("evaluate.model", {"model": "garments", "corpus": "nothing"}, "corpus.unknown"),
        ("export.works", {"works": []}, "job.brief"),
    ],
)
def test_a_brief_that_cannot_be_used_is_refused_at_once(
    queue: JobQueue, kind: str, brief: dict[str, Any], code: str
) -> None:
    with pytest.raises(UserError) as caught:
        queue.submit("ann", kind, brief)
    assert caught.value.code == code
    assert queue.list() == []


def test_a_seed_is_drawn_once_so_that_attempts_agree(queue: JobQueue) -> None:
    first = queue.submit("ann", "create.image", {"model": "garments"}, key="k")
    again = queue.submit("ann", "create.image", {"model": "garments"}, key="k")
    other = queue.submit("ann", "create.image", {"model": "garments"})
    assert again.id == first.id and first.brief["seed"] == again.brief["seed"] != other.brief["seed"]
    given = queue.submit("ann", "create.image", {"model": "garments", "seed": 0})
    assert given.brief["seed"] == 0
    with pytest.raises(UserError, match="idempotency"):
        queue.submit("ann", "create.image", {"model": "garments", "seed": 1}, key="k")


def test_owners_see_their_own(queue: JobQueue) -> None:
    found = queue.submit("ann", "test.notes", {})
    for action in (queue.get, queue.cancel, queue.forget):
        with pytest.raises(UserError) as caught:
            action(found.id, "bob")
        assert caught.value.status == 404
    assert queue.list("bob") == [] and queue.get(found.id, "ann").state == "queued"
    assert queue.cancel(found.id, "ann").state == "cancelled"
    queue.forget(found.id, "ann")
    with pytest.raises(UserError):
        queue.get(found.id)


def test_an_admission_refuses_and_nothing_is_handed_in(home: Home, database: Database) -> None:
    def two_at_most(connection: sa.Connection, request: Request) -> None:
        from datetime import UTC, datetime

        if jobs.usage(connection, request.owner, datetime.now(UTC)).live >= 2:
            raise UserError("Two jobs wait already.", "Wait for one.", code="quota.jobs", status=429)

    woken: list[int] = []
    queue = JobQueue(home, database, admit=two_at_most, wake=lambda: woken.append(1))
    first = queue.submit("ann", "test.notes", {}, key="k")
    queue.submit("ann", "test.notes", {})
    with pytest.raises(UserError, match="Two jobs"):
        queue.submit("ann", "test.notes", {})
    assert queue.submit("ann", "test.notes", {}, key="k").id == first.id, "a repeat is no new job"
    assert queue.submit("bob", "test.notes", {}).owner == "bob"
    assert len(queue.list()) == 3 and len(woken) == 3


def test_inputs_are_named_by_their_bytes(home: Home) -> None:
    name = keep_input(b"a picture", home)
    assert file_path(name, home).read_bytes() == b"a picture"
    assert keep_input(b"a picture", home) == name


def test_inputs_stay_while_a_job_names_them(home: Home, database: Database, queue: JobQueue) -> None:
    name, other = keep_input(b"a picture", home), keep_input(b"another", home)
    found = queue.submit("ann", "create.enlargement", {"file": name})
    assert sweep_inputs(home, database) == 0, "both are young"
    assert sweep_inputs(home, database, older_than=-1) == 1
    with pytest.raises(UserError):
        file_path(other, home)
    queue.cancel(found.id)
    assert file_path(name, home) and sweep_inputs(home, database, older_than=-1) == 1


def test_every_kind_has_a_schema_for_forms_and_its_texts_are_data() -> None:
    found = kinds()
    groups = {name.partition(".")[0] for name in found}
    assert {"create", "train", "evaluate", "export"} <= groups
    for name, kind in found.items():
        schema = kind.brief.model_json_schema()
        assert schema["type"] == "object" and schema["additionalProperties"] is False, name
        json.dumps(schema)


def test_the_server_needs_no_heavy_library() -> None:
    program = (
        "import sys, luokuan.studio.jobs.supervisor, luokuan.studio.jobs.queue as q, luokuan.studio.jobs.kinds as k;"
        "k.kinds(); print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "scipy", "c2pa"} & set(done.stdout.split())
