"""Shorts and effects as jobs: what is refused at once, whose things they may use, and one of each that is made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import draft, picture
from people import AT, make_account
from PIL import Image
from soundmodels import save_sound_model
from speechmodels import save_speech_model, voices_as_before

from luokuan.colophon import ffmpeg
from luokuan.colophon.finish import finish
from luokuan.create.voices.trained import use_model
from luokuan.errors import UserError
from luokuan.store import belongings, claims
from luokuan.store.database import Database
from luokuan.store.home import Home, open_home
from luokuan.store.ownership import set_owner
from luokuan.store.tables import job
from luokuan.store.works import find_work
from luokuan.studio.jobs import owners
from luokuan.studio.jobs.kinds import kind_named
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.references import keep_input
from luokuan.studio.jobs.worker import Settings, Worker

HEAD = "aspect: 1:1\nsize: 96\nfps: 8\n"
GOOD = HEAD + "scenes: [{seconds: 0.5, background: navy}]\n"
NOBODYS = "work:" + "0" * 16


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    return open_home(own_home)


def board(scene: str) -> dict[str, Any]:
    return {"storyboard": f"{HEAD}scenes:\n- seconds: 0.5\n  background: navy\n  {scene}\n"}


def test_their_schemas_make_forms() -> None:
    schema = kind_named("create.video").brief.model_json_schema()
    assert schema["required"] == ["storyboard"] and not {"works", "base", "voices"} & schema["properties"].keys()
    assert kind_named("create.effect").brief.model_json_schema()["required"] == ["file"]


@pytest.mark.parametrize(
    ("kind", "brief", "code"),
    [
        ("create.video", {}, "job.brief"),
        ("create.video", {"storyboard": ""}, "job.brief"),
        ("create.video", {"storyboard": "x" * 20_001}, "job.brief"),
        ("create.video", {"storyboard": "scenes: ["}, "job.brief"),
        ("create.video", {"storyboard": GOOD, "size": 4}, "job.brief"),
        ("create.video", {"storyboard": GOOD, "label": "en", "policy": "cn"}, "label.policy"),
        ("create.video", board("characters: [{picture: /etc/passwd}]"), "video.storyboard"),
        ("create.video", board(f"characters: [{{picture: '{NOBODYS}'}}]"), "video.storyboard"),
        ("create.video", board("sounds: [{file: ../../x.wav}]"), "video.storyboard"),
        ("create.video", board("words: {text: {model: nosuch}}"), "video.storyboard"),
        ("create.video", board("words: {text: {model: /tmp/model}}"), "video.storyboard"),
        ("create.video", board("speech: {say: hi, voice: nobody}"), "video.storyboard"),
        ("create.effect", {}, "job.brief"),
        ("create.effect", {"file": "/etc/passwd"}, "input.unknown"),
        ("create.effect", {"file": NOBODYS}, "input.unknown"),
        ("create.effect", {"file": NOBODYS, "effect": "warp"}, "job.brief"),
        ("create.effect", {"file": NOBODYS, "seconds": 0}, "job.brief"),
        ("create.effect", {"file": NOBODYS, "effect": "background", "background": "sea"}, "input.unknown"),
    ],
)
def test_what_is_seen_to_be_wrong_is_refused_at_once(
    queue: JobQueue, kind: str, brief: dict[str, Any], code: str
) -> None:
    with pytest.raises(UserError) as caught:
        queue.submit("ann", kind, brief)
    assert caught.value.code == code
    if code == "video.storyboard":
        assert "line 7" in caught.value.what


def test_nobody_uses_what_is_anothers(home: Home, database: Database) -> None:
    queue = JobQueue(home, database, may=owners.may_use, admit=owners.admit)
    ann, bob = make_account(database, "ann"), make_account(database, "bob")
    work = finish(draft(), home=home)
    with database.write() as connection:
        set_owner(connection, work.id, ann.id)
    scene = board(f"characters: [{{picture: 'work:{work.id}'}}]")
    assert queue.submit(ann.id, "create.video", scene).state == "queued"
    for brief in (scene, {**scene, "works": []}):  # what is sent for it doesn't count
        with pytest.raises(UserError) as caught:
            queue.submit(bob.id, "create.video", brief)
        assert caught.value.code == "input.unknown"
    # Nor another's model of sounds, nor another's voice.
    save_sound_model(home.models / "noises")
    save_speech_model(home.models / "hers")
    with database.write() as connection:
        for name in ("noises", "hers"):
            belongings.take(connection, "model", name, ann.id, AT, 1)
    noisy = board("sounds: [{model: noises, brief: hiss}]")
    assert queue.submit(ann.id, "create.video", noisy).state == "queued"
    spoken = board("speech: {say: hi, voice: hers}")
    presented, said = {"text": "Hi.", "voices": ["hers"]}, {"text": "Hi.", "voices": ["hers", "mandarin"]}
    for kind, brief in (("create.video", spoken), ("create.presenter", presented), ("create.speech", said)):
        found = queue.submit(ann.id, kind, brief)
        assert found.state == "queued" and owners.models_in(found.brief) & {"hers", "mandarin"} == {"hers"}
    asked = [
        ("create.video", noisy), ("create.video", {**noisy, "base": []}), ("create.video", spoken),
        ("create.video", {**spoken, "voices": []}), ("create.presenter", presented), ("create.speech", said),
        ("create.speech", {"text": "Hi.", "model": "hers"}),
    ]  # fmt: skip
    with voices_as_before():
        for known in (False, True):
            if known:  # a job of its owner has made it known in this process
                use_model(str(home.models / "hers"))
            for kind, brief in asked:
                with pytest.raises(UserError) as caught:
                    queue.submit(bob.id, kind, brief)
                assert caught.value.status == 404, (kind, brief)
                assert "hers" not in caught.value.do, "suggestions name nobody's voices"
            # One that is another's, and one that isn't there.
            told = []
            for name in ("hers", "nobodys"):
                with pytest.raises(UserError) as caught:
                    queue.submit(bob.id, "create.presenter", {"text": "Hi.", "voices": [name]})
                told.append((caught.value.code, caught.value.status, caught.value.what.replace(name, "NAME")))
            assert told[0] == told[1]
    for field in ("file", "toward"):
        given = {"file": f"input:{'0' * 64}", "effect": "morph", field: f"work:{work.id}"}
        with pytest.raises(UserError) as caught:
            queue.submit(bob.id, "create.effect", {"toward": f"work:{work.id}", **given})
        assert caught.value.code == "input.unknown"


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_one_of_each_is_made(home: Home, queue: JobQueue, database: Database) -> None:
    out = io.BytesIO()
    Image.fromarray(picture().pixels).save(out, "PNG")
    given = keep_input(out.getvalue(), home)
    tiny = {"seconds": 0.5, "fps": 8.0, "size": 64}
    drawn = HEAD + f"scenes: [{{seconds: 0.5, background: {{picture: '{given}'}}}}]\n"
    style = {"effect": "style", "toward": given, "strength": 0.1, "size": 64}
    asked = [
        queue.submit("ann", "create.effect", {"file": given, **style}),
        queue.submit("ann", "create.video", {"storyboard": drawn, "format": "video/webm", "seed": 4}),
        queue.submit("ann", "create.effect", {"file": given, "effect": "glitch", "format": "video/webm", **tiny}),
    ]
    worker = Worker(home, database, Settings())
    for found in asked:
        with database.write() as connection:
            connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
            mine = claims.claim(connection, worker.name, lease=600)
        assert mine is not None
        worker.do(mine)
        ended = queue.get(found.id)
        assert ended.state == "done" and ended.result == {"works": list(queue.works(found.id))}, ended.error
    with database.read() as connection:
        made = [find_work(connection, queue.works(found.id)[0]) for found in asked]
    assert [row and row.media_type for row in made] == ["image/png", "video/webm", "video/webm"]
