"""Attempts at jobs: real kinds with tiny models, and what goes wrong."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import torch
from plms import kept_in, plm

from luokuan.colophon.verification import verify_files
from luokuan.foundation.modelfolder import save_folder
from luokuan.foundation.stopping import stop_running
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.model import weights_of
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.store import claims
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.jobs import Job
from luokuan.store.tables import job
from luokuan.studio.jobs.handlers.export import folder_of
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    from luokuan.store.home import open_home

    return open_home(own_home)


@pytest.fixture
def worker(home: Home, database: Database) -> Worker:
    return Worker(home, database, Settings())


def do(worker: Worker, queue: JobQueue, found: Job) -> Job:
    """One attempt at the job that waits."""
    with worker.database.write() as connection:
        connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
        mine = claims.claim(connection, worker.name, lease=600)
    assert mine is not None and mine.id == found.id
    worker.do(mine)
    return queue.get(found.id)


def tiny_gan(home: Home) -> None:
    config = GanConfig(size=8, widths=(16, 16), style=16, latent=8, classes=("a", "b", "c"), class_counts=(6, 3, 1))
    torch.manual_seed(0)
    weights = weights_of(Generator(config), Discriminator(config))
    save_folder(home.models / "tiny", config=config.to_json(), tensors=weights, training={}, card="# Test\n")


def test_pictures_of_a_model(home: Home, queue: JobQueue, worker: Worker) -> None:
    tiny_gan(home)
    found = queue.submit("ann", "create.image", {"model": "tiny", "brief": "b", "seed": 7, "count": 2})
    ended = do(worker, queue, found)
    assert ended.state == "done" and ended.share == 1 and ended.compute_seconds > 0
    works = queue.works(found.id)
    assert ended.result == {"works": list(works)} and len(works) == 2
    with worker.database.read() as connection:
        from luokuan.store.works import find_work

        rows = [find_work(connection, work_id) for work_id in works]
    assert [row.recipe["seed"] for row in rows if row and row.recipe] == [7, 8]
    paths = [Blobs(home).path(row.blob_sha256) for row in rows if row]
    assert {verdict.verdict for verdict in verify_files(paths, home)} == {"ours"}
    preview = queue.preview(found.id)
    assert preview is not None and preview[0] == "image/png" and preview[1].startswith(b"\x89PNG")
    assert [event.kind for event in queue.events(found.id)].count("work") == 2


def test_a_retry_draws_only_the_pictures_that_lack(home: Home, queue: JobQueue, worker: Worker) -> None:
    from luokuan.studio.jobs.context import Context
    from luokuan.studio.jobs.handlers import image

    tiny_gan(home)
    found = queue.submit("ann", "create.image", {"model": "tiny", "seed": 3, "count": 2})
    with worker.database.write() as connection:
        mine = claims.claim(connection, worker.name, lease=600)
    assert mine is not None
    context = Context(mine, home, worker.database)
    finish, calls = context.finish, []

    def once(*arguments: Any, **options: Any) -> Any:
        if calls:
            raise RuntimeError("the lamp goes out")
        calls.append(1)
        return finish(*arguments, **options)

    context.finish = once  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        image.run(context, image.ImageBrief(model="tiny", seed=3, count=2))
    with worker.database.write() as connection:
        claims.abandon(connection, worker.name)
    ended = do(worker, queue, found)
    assert ended.state == "done" and ended.attempts == 2 and len(set(queue.works(found.id))) == 2
    with worker.database.read() as connection:
        from luokuan.store.works import recent_works

        assert sorted(row.recipe["seed"] for row in recent_works(connection) if row.recipe) == [3, 4]


def test_texts_are_told_while_they_are_written(home: Home, queue: JobQueue, worker: Worker) -> None:
    (home.models / "scribe").mkdir()
    kept_in(home.models / "scribe", plm())
    brief = {"model": "scribe", "prompt": "hello", "count": 2, "drawing": {"max_tokens": 12, "stop": ["zzz"]}}
    ended = do(worker, queue, queue.submit("ann", "create.text", brief))
    assert ended.state == "done" and len(queue.works(ended.id)) == 2
    told: dict[int, str] = {}
    for event in queue.events(ended.id):
        if event.kind == "text":
            told[event.data["place"]] = told.get(event.data["place"], "") + event.data["text"]
    assert set(told) == {0, 1} and all(text.startswith("hello") for text in told.values())

    # A model that was loaded stays; its works can be taken out together.
    exported = do(worker, queue, queue.submit("ann", "export.works", {"works": list(queue.works(ended.id))}))
    assert exported.state == "done" and exported.result is not None and exported.result["works"] == 2
    file = folder_of(exported.id, home) / exported.result["file"]
    assert file.stat().st_size == exported.result["bytes"]
    queue.forget(exported.id)
    assert not file.exists()


def test_a_training_that_is_stopped_goes_on_where_it_was(home: Home, queue: JobQueue, worker: Worker) -> None:
    shutil.copytree(EXAMPLE, home.corpora / "clothes")
    choices = {"size": 32, "steps": 8, "batch": 4}
    found = queue.submit("ann", "train.gan", {"name": "mine", "corpora": ["clothes"], "choices": choices})

    def stop() -> None:
        until = time.monotonic() + 120
        while queue.get(found.id).share == 0 and time.monotonic() < until:
            time.sleep(0.01)
        stop_running()

    thread = threading.Thread(target=stop)
    thread.start()
    stopped = do(worker, queue, found)
    thread.join()
    assert (stopped.state, stopped.attempts) == ("queued", 0) and worker.draining.is_set()
    assert not (home.models / "mine").exists()
    ended = do(worker, queue, found)
    assert ended.state == "done" and ended.error is None and ended.result is not None
    assert (ended.result["model"], ended.result["steps"], ended.result["licence"]) == ("mine", 8, "CC0-1.0")
    assert queue.preview(found.id) is not None
    with pytest.raises(Exception, match="taken"):
        queue.submit("bob", "train.gan", {"name": "mine", "corpora": ["clothes"]})

    # An attempt that ended between the model and the row: nothing is trained again.
    with worker.database.write() as connection:
        connection.execute(job.update().values(state="queued", ended_at=None, result=None))
    assert do(worker, queue, found).result == ended.result


def test_a_choice_that_there_is_not_is_the_users(home: Home, queue: JobQueue, worker: Worker) -> None:
    shutil.copytree(EXAMPLE, home.corpora / "clothes")
    for choices, code in (({"colour": 3}, "training.option"), ({"size": 33}, "training.option")):
        brief = {"name": "mine", "corpora": ["clothes"], "choices": choices}
        ended = do(worker, queue, queue.submit("ann", "train.gan", brief))
        assert ended.state == "failed" and ended.error is not None and ended.error["code"] == code


def test_a_model_is_measured_and_exported(home: Home, queue: JobQueue, worker: Worker) -> None:
    tiny_gan(home)
    shutil.copytree(EXAMPLE, home.corpora / "clothes")
    brief = {"model": "tiny", "corpus": "clothes", "count": 20, "resolution": 32}
    ended = do(worker, queue, queue.submit("ann", "evaluate.model", brief))
    assert ended.error is None and ended.result is not None and ended.result["samples"] == 20
    exported = do(worker, queue, queue.submit("ann", "export.model", {"model": "tiny", "to": "hub-folder"}))
    assert exported.result is not None and exported.result["file"] == "tiny.zip"
    refused = do(worker, queue, queue.submit("ann", "export.model", {"model": "tiny", "to": "gguf"}))
    assert refused.error is not None and refused.error["code"] == "export.format"


def test_a_users_error_is_not_tried_again(queue: JobQueue, worker: Worker) -> None:
    ended = do(worker, queue, queue.submit("ann", "test.wrong", {"how": "user"}))
    assert ended.state == "failed" and ended.attempts == 1
    assert ended.error == {"what": "No such dress.", "do": "Choose another.", "code": "test.dress"}


def test_a_fault_is_tried_again_and_tells_nothing_of_the_server(queue: JobQueue, worker: Worker) -> None:
    found = queue.submit("ann", "test.wrong", {"how": "fault"})
    first = do(worker, queue, found)
    assert first.state == "queued" and first.error is None
    ended = do(worker, queue, found)
    assert ended.state == "failed" and ended.error is not None and ended.error["code"] == "job.fault"
    assert "secret" not in str(ended) and "secret" not in str(queue.events(found.id))


def test_a_row_that_no_longer_fits_its_kind_is_told_so(queue: JobQueue, worker: Worker) -> None:
    found = queue.submit("ann", "test.notes", {"count": 1})
    with worker.database.write() as connection:
        connection.execute(job.update().values(brief={"count": "many"}))
    ended = do(worker, queue, found)
    assert ended.state == "failed" and ended.error is not None and ended.error["code"] == "job.brief"
