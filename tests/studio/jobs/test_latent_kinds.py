"""Music and sentences as jobs: what is refused at once, and works of tiny models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scores_for_tests import save_music
from textvaes import save_text_vae

from luokuan.colophon import ffmpeg
from luokuan.colophon.collection import export, name_of
from luokuan.colophon.tlog.log import entry_of
from luokuan.colophon.verification import verify_files
from luokuan.errors import UserError
from luokuan.i18n import speaking
from luokuan.media import Score
from luokuan.store import claims
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database
from luokuan.store.home import Home, open_home
from luokuan.store.jobs import Job
from luokuan.store.masters import Masters
from luokuan.store.tables import job
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    return open_home(own_home)


def done(
    home: Home, database: Database, queue: JobQueue, kind: str, brief: dict[str, Any]
) -> tuple[Job, list[WorkRow]]:
    """A job that was done, and its works."""
    found = queue.submit("ann", kind, brief)
    worker = Worker(home, database, Settings())
    with database.write() as connection:
        connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
        mine = claims.claim(connection, worker.name, lease=600)
    assert mine is not None
    worker.do(mine)
    ended = queue.get(found.id)
    assert ended.state == "done", ended.error
    with database.read() as connection:
        rows = [find_work(connection, work_id) for work_id in queue.works(found.id)]
    return ended, [row for row in rows if row is not None]


WORK = "work:" + "0" * 16


@pytest.mark.parametrize(
    ("kind", "brief", "code"),
    [
        ("create.music", {"bars": 0}, "job.brief"),
        ("create.music", {"tempo": 5.0}, "job.brief"),
        ("create.music", {"format": "video/mp4"}, "job.brief"),
        ("create.music", {"model": "nobody"}, "model.unknown"),
        ("create.music", {"like": "/etc/passwd"}, "input.unknown"),
        ("create.music", {"like": WORK}, "input.unknown"),
        ("create.music", {"noise": 0.5}, "create.option"),
        ("create.music", {"start": WORK}, "create.option"),
        ("create.music", {"to": WORK}, "create.option"),
        ("create.music", {"strip": True}, "create.option"),
        ("create.music", {"start": WORK, "to": WORK, "mode": "minor"}, "create.option"),
        ("create.music", {"start": WORK, "to": WORK, "like": WORK}, "create.option"),
        ("create.music", {"start": WORK, "to": WORK, "count": 2}, "create.option"),
        ("create.sentences", {"steps": 1}, "job.brief"),
        ("create.sentences", {"attributes": {"length": 99.0}}, "job.brief"),
        ("create.sentences", {"sentence": "x" * 2_001}, "job.brief"),
        ("create.sentences", {"toward": "a cat"}, "create.option"),
        ("create.sentences", {"noise": 1.0}, "create.option"),
        ("create.sentences", {"sentence": "a", "toward": "b", "noise": 1.0}, "create.option"),
        ("create.sentences", {"sentence": "a", "toward": "b", "count": 2}, "create.option"),
        ("create.sentences", {"model": "../verse"}, "model.unknown"),
    ],
)
def test_what_is_seen_to_be_wrong_is_refused_at_once(
    queue: JobQueue, kind: str, brief: dict[str, Any], code: str
) -> None:
    with pytest.raises(UserError) as caught:
        queue.submit("ann", kind, brief)
    assert caught.value.code == code and "--" not in caught.value.what + caught.value.do, "no words of the command line"


def test_refusals_name_the_fields_of_the_form_in_the_readers_language(queue: JobQueue) -> None:
    with speaking("zh_CN"), pytest.raises(UserError) as caught:
        queue.submit("ann", "create.music", {"noise": 0.5})
    assert "noise" not in caught.value.what


def test_pieces_variations_and_ways(home: Home, queue: JobQueue, database: Database) -> None:
    save_music(home.models / "tune")
    brief = {"model": "tune", "bars": 1, "seed": 7, "count": 2}
    ended, rows = done(home, database, queue, "create.music", brief)
    assert [row.media_type for row in rows] == ["audio/midi"] * 2 and {row.kind for row in rows} == {"music"}
    assert [(row.recipe or {}).get("seed") for row in rows] == [7, 8]
    preview = queue.preview(ended.id)
    assert preview is not None and preview[1].startswith(b"\x89PNG"), "the piano-roll is shown meanwhile"

    first, second = (f"work:{row.id}" for row in rows)
    _ended, (roll,) = done(home, database, queue, "create.music",
                           {"model": "tune", "like": first, "noise": 0.2, "format": "image/png"})  # fmt: skip
    assert [one.verdict for one in verify_files([Blobs(home).path(roll.blob_sha256)], home)] == ["ours"]
    assert roll.media_type == "image/png" and (roll.recipe or {})["parameters"]["like"] == rows[0].blob_sha256
    if ffmpeg.encodes("aac"):
        brief = {"model": "tune", "bars": 1, "format": "audio/mp4", "synthesiser": "built-in"}
        _ended, (heard,) = done(home, database, queue, "create.music", brief)
        assert heard.media_type == "audio/mp4" and heard.kind == "music"
    way = {"model": "tune", "start": first, "to": second, "steps": 3}
    ended, steps = done(home, database, queue, "create.music", way)
    assert ended.outputs == 3 and [(row.recipe or {})["parameters"]["step"] for row in steps] == [1, 2, 3]
    ended, strip = done(home, database, queue, "create.music", {**way, "strip": True})
    assert ended.outputs == len(strip) == 1


SHEETS = {
    "image/svg+xml": ("verovio",),
    "application/pdf": ("verovio", "fpdf"),
    "application/vnd.recordare.musicxml+xml": (),
}
"""Media types of sheets, and the modules that draw them."""


@pytest.mark.parametrize(("media_type", "needed"), SHEETS.items())
def test_a_sheet_is_a_work_of_its_own(
    home: Home, queue: JobQueue, database: Database, tmp_path: Path, media_type: str, needed: tuple[str, ...]
) -> None:
    for name in needed:
        pytest.importorskip(name)
    save_music(home.models / "tune")
    ended, (row,) = done(home, database, queue, "create.music",
                         {"model": "tune", "bars": 1, "seed": 7, "format": media_type, "label": "en"})  # fmt: skip
    assert row.media_type == media_type and row.kind == "music" and row.label == "AI generated"
    export([row], tmp_path / "out", home=home)
    assert [one.verdict for one in verify_files([tmp_path / "out" / name_of(row)], home)] == ["ours"]
    with database.read() as connection:
        assert entry_of(connection, row.id) is not None, "it stands in the log"
    preview = queue.preview(ended.id)
    assert preview is not None and preview[1].startswith(b"\x89PNG"), "the piano-roll is shown meanwhile"
    kept = Masters(home).get(row.id, Score)
    _ended, (piece,) = done(home, database, queue, "create.music", {"model": "tune", "bars": 1, "seed": 7})
    assert Masters(home).get(piece.id, Score) == kept, "the same brief in another format is the same piece"


@pytest.mark.parametrize(
    ("media_type", "name"), [(media_type, name) for media_type, needed in SHEETS.items() for name in needed]
)
def test_a_sheet_that_nothing_draws_is_refused_at_once(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch, media_type: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=name) as caught:
        queue.submit("ann", "create.music", {"format": media_type})
    assert caught.value.code == "sheet.library" and "--" not in caught.value.do
    assert queue.submit("ann", "create.music", {"format": "application/vnd.recordare.musicxml+xml"}).live


def test_sentences_and_ways_between_them(home: Home, queue: JobQueue, database: Database) -> None:
    save_text_vae(home.models / "lines")
    ended, rows = done(home, database, queue, "create.sentences", {"model": "lines", "seed": 3, "count": 2})
    assert len(rows) == 2 and [(row.recipe or {})["parameters"]["first_seed"] for row in rows] == [3, 3]
    told = [event.data["place"] for event in queue.events(ended.id) if event.kind == "text"]
    assert set(told) == {0, 1}, "they are shown before they are finished"
    way = {"model": "lines", "sentence": "the cat sees the dog", "toward": "a bird sings", "steps": 3}
    _ended, (row,) = done(home, database, queue, "create.sentences", way)
    assert (row.recipe or {})["parameters"]["steps"] == 3 and row.kind == "text"
