"""Handing in a job once more."""

from __future__ import annotations

import pytest

from luokuan.errors import UserError
from luokuan.store.home import Home
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.retrying import retried


def test_the_same_once_more_and_no_oftener(queue: JobQueue) -> None:
    job = queue.submit("ann", "test.notes", {"count": 2})
    with pytest.raises(UserError) as caught:
        retried(queue, job)
    assert caught.value.status == 409
    job = queue.cancel(job.id)
    second = retried(queue, job)
    assert second.id != job.id and second.brief == job.brief and second.live
    assert retried(queue, job).id == second.id
    assert retried(queue, queue.cancel(second.id)).id != second.id


def test_a_training_goes_on_where_it_was(queue: JobQueue, home: Home) -> None:
    (home.corpora / "clothes").mkdir()
    brief = {"name": "mine", "corpora": ["clothes"], "choices": {"steps": 5}}
    job = queue.cancel(queue.submit("ann", "train.gan", brief).id)
    assert retried(queue, job).brief["resume"] is False
    (home.runs / "other").mkdir()
    (home.runs / "other" / "run.json").write_text("{}")
    with pytest.raises(UserError):
        queue.submit("ann", "train.gan", {**brief, "name": "other"})
    begun = queue.submit("ann", "train.gan", {"name": "other", "corpora": ["clothes"], "resume": True})
    again = retried(queue, queue.cancel(begun.id))
    assert again.brief["resume"] is True and again.brief["choices"] == {}
