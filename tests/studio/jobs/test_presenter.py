"""A presenter as a job: a form's schema, what is refused at once, and one that is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from soundmodels import save_sound_model
from speechmodels import save_speech_model, voices_as_before

from luokuan.colophon import ffmpeg
from luokuan.errors import UserError
from luokuan.store import claims
from luokuan.store.database import Database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import job
from luokuan.store.works import find_work
from luokuan.studio.jobs.kinds import kind_named
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    return open_home(own_home)


def test_its_schema_makes_a_form() -> None:
    schema = kind_named("create.presenter").brief.model_json_schema()
    fields = schema["properties"]
    assert schema["required"] == ["text"]
    assert fields["aspect"]["enum"] == ["16:9", "9:16", "1:1"] and fields["size"]["maximum"] == 1080
    assert fields["captions"]["type"] == "boolean"


@pytest.mark.parametrize(
    ("brief", "code"),
    [
        ({}, "job.brief"),
        ({"text": ""}, "job.brief"),
        ({"text": "x" * 6_001}, "job.brief"),
        ({"text": "Hi", "size": 4}, "job.brief"),
        ({"text": "Hi", "model": "garments"}, "job.brief"),
        ({"text": "Hi", "voices": ("nobody",)}, "voice.unknown"),
        ({"text": "Hi", "portrait": {"hat": "top"}}, "presenter.attribute"),
        ({"text": "Hi", "portrait_file": "/etc/passwd"}, "input.unknown"),
        ({"text": "Hi", "background_file": "work:" + "0" * 16}, "input.unknown"),
        ({"text": "Hi", "background": "/etc/passwd"}, "presenter.background"),
        ({"text": "Hi", "title": "🙂"}, "presenter.letters"),
        ({"text": "Hi", "mouth": (0.5, 0.5, 9.0)}, "presenter.mouth"),
        ({"text": "Hi", "mouth": (0.5, 0.5, 0.2)}, "presenter.mouth"),  # of no picture
        ({"text": "Hi", "label": "en", "policy": "cn"}, "label.policy"),
    ],
)
def test_what_is_seen_to_be_wrong_is_refused_at_once(queue: JobQueue, brief: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as caught:
        queue.submit("ann", "create.presenter", brief)
    assert caught.value.code == code


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_it_is_drawn(home: Home, queue: JobQueue, database: Database) -> None:
    brief = {"text": "Hi.", "aspect": "1:1", "size": 128, "fps": 8.0, "format": "video/webm", "seed": 4}
    found = queue.submit("ann", "create.presenter", brief)
    worker = Worker(home, database, Settings())
    with database.write() as connection:
        connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
        mine = claims.claim(connection, worker.name, lease=600)
    assert mine is not None
    worker.do(mine)
    ended = queue.get(found.id)
    assert ended.state == "done" and ended.result == {"works": list(queue.works(found.id))}


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_trained_voices_speak_in_presenters_and_shorts(home: Home, queue: JobQueue, database: Database) -> None:
    folder = save_speech_model(home.models / "mine")
    board = "aspect: 1:1\nsize: 96\nfps: 8\nscenes: [{background: navy, speech: {say: Hi., voice: mine}}]\n"
    small = {"aspect": "1:1", "size": 128, "fps": 8.0}
    asked = [
        ("create.presenter", {"text": "Hi.", "voices": ["mine"], **small, "format": "video/webm"}),
        ("create.video", {"storyboard": board, "format": "video/webm"}),
    ]
    worker = Worker(home, database, Settings())
    with voices_as_before():
        for kind, brief in asked:
            found = queue.submit("ann", kind, brief)
            with database.write() as connection:
                connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
                mine = claims.claim(connection, worker.name, lease=600)
            assert mine is not None
            worker.do(mine)
            assert queue.get(found.id).state == "done", queue.get(found.id).error
            (work_id,) = queue.works(found.id)
            with database.read() as connection:
                row = find_work(connection, work_id)
            assert row is not None and folder.digest in str(row.recipe)
            if kind == "create.presenter":
                assert row.recipe is not None and row.recipe["parameters"]["voices"][0]["name"] == "mine"
    with pytest.raises(UserError) as caught:
        queue.submit("ann", "create.presenter", {"text": "Hi.", "voices": ["mine", "heart"]})
    assert caught.value.code == "voice.twice"
    save_sound_model(home.models / "noises")
    with pytest.raises(UserError) as caught:
        queue.submit("ann", "create.presenter", {"text": "Hi.", "voices": ["noises"]})
    assert caught.value.code == "voice.unknown"
