"""Training in the browser: a real worker, paused and resumed, and what others may not."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bringing import bring, pictures, zipped
from people import AT, Browser, Place
from starlette.testclient import TestClient

from luokuan.errors import UserError
from luokuan.store.accounts import find_by_name
from luokuan.store.belongings import find_belonging, take
from luokuan.store.quotas import used_by
from luokuan.studio.state import now

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"
FORM = {"task": "gan", "corpus": "photos", "name": "mine", "length": "own", "size": "32", "minutes": "", "steps": "12"}


def until(look: Callable[[], Any], seconds: float = 600) -> Any:
    """What ``look`` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("it didn't come")


def state(browser: Browser, name: str) -> str:
    """Where a run is, as its page says."""
    text = browser.get(f"/train/runs/{name}/state").text
    found = re.search(r'<span class="state (\w+)">', text)
    assert found is not None, text
    return found[1]


def steps(browser: Browser, name: str) -> int:
    found = re.search(r"<dt>Steps</dt><dd>([\d,]+)", browser.get(f"/train/runs/{name}/state").text)
    return int(found[1].replace(",", "")) if found else 0


def test_train_pause_resume_finish_and_remove(place: Place) -> None:
    ann, bob = place.browser("ann"), place.browser("bob")
    shutil.copytree(EXAMPLE, place.home.corpora / "photos")
    with place.database.write() as connection:
        row = find_by_name(connection, "ann")
        assert row is not None
        take(connection, "corpus", "photos", row.id, AT)
    with TestClient(place.app):
        answer = ann.post("/train/runs", {**FORM, "name": "long", "steps": "100000"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/train/runs/long")
        assert ann.post("/train/runs", {**FORM, "name": "long"}).status_code == 409
        assert bob.get("/train/runs/long").status_code == 404
        until(lambda: steps(ann, "long") >= 10)
        assert "<svg" in ann.get("/train/runs/long/state").text
        assert ann.post("/train/runs/long/pause").status_code == 303
        until(lambda: state(ann, "long") == "paused")
        before = until(lambda: steps(ann, "long"))
        assert (place.home.runs / "long" / "checkpoints").is_dir()
        refreshed = ann.get("/train/runs/long/state?seen=running")
        assert (refreshed.status_code, refreshed.headers["hx-refresh"]) == (204, "true")

        assert bob.post("/train/runs/long/resume").status_code == 404
        assert ann.post("/train/runs/long/resume").status_code == 303
        until(lambda: state(ann, "long") == "running" and steps(ann, "long") > before)
        assert ann.post("/train/runs/long/remove", {"confirm": "wrong"}).status_code == 422
        assert ann.post("/train/runs/long/remove", {"confirm": "long"}).status_code == 303
        assert ann.get("/train/runs/long").status_code == 404
        assert [path.name for path in place.home.runs.iterdir() if path.is_dir()] == []

        assert ann.post("/train/runs", FORM).status_code == 303
        until(lambda: state(ann, "mine") in ("done", "failed"))
        page = ann.get("/train/runs/mine").text
        assert "finished" in page and "What it found out about itself" in page and "/train/runs/mine/preview" in page
        assert ann.get("/train/runs/mine/preview").content.startswith(b"\x89PNG")
        model = ann.get("/train/models/mine").text
        assert "CC0-1.0" in model and "Pictures by class, from pixels" in model
        assert ann.post("/train/models/mine/export", {"to": "hub-folder"}).status_code == 303
        file = until(
            lambda: re.search(r'href="(/train/models/mine/exports/\w+)"', ann.get("/train/models/mine/jobs").text)
        )
        assert ann.get(file[1]).content.startswith(b"PK")
        for path in (
            "/train/models/mine",
            file[1],
            "/train/runs/mine",
            "/train/runs/mine/preview",
            "/train/compare?run=mine",
        ):
            assert bob.get(path).status_code == 404, path
        listed = bob.get("/train/models")
        assert listed.status_code == 200 and "/train/models/mine" not in listed.text
    with place.database.read() as connection:
        found = find_belonging(connection, "model", "mine")
        assert found is not None and found.account_id == row.id and found.size > 100_000
        assert used_by(connection, row.id, now()).bytes == found.size
    assert ann.post("/train/models/mine/remove", {"confirm": "mine"}).status_code == 303
    assert not (place.home.models / "mine").exists() and ann.get("/train/models/mine").status_code == 404


def test_the_time_that_it_would_take(place: Place) -> None:
    ann = place.browser("ann")
    bring(ann, "photos", zipped(pictures(80)))
    answer = ann.post("/train/plan", {**FORM, "length": "try"}, headers={"hx-request": "true"})
    key = re.search(r'hx-get="/train/plan/(\w+)"', answer.text)
    assert key is not None, answer.text
    text = until(lambda: (found := ann.get(f"/train/plan/{key[1]}").text) and "hx-get" not in found and found)
    assert "About 2 min" in text and "CC0-1.0" in text and "cpu" in text
    assert place.browser("bob").get(f"/train/plan/{key[1]}").status_code == 404
    assert list(place.home.runs.iterdir()) == []
    small = ann.post("/train/plan", {**FORM, "size": "33"}, headers={"hx-request": "true"})
    assert small.status_code == 422


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "a\\b", "%2e%2e", "裙子", "", "x" * 65, ".x", "a\x00"])
def test_names_of_models_that_lead_elsewhere(place: Place, name: str) -> None:
    ann = place.browser("ann")
    answer = ann.post("/train/runs", {**FORM, "name": name})
    assert answer.status_code == 422 and list(place.home.runs.iterdir()) == []


def test_what_another_has_is_neither_used_nor_told_of(place: Place) -> None:
    ann, row = place.browser("ann"), place.account("bob")
    (place.home.models / "secret").mkdir()
    (place.home.models / "secret" / "config.json").write_text('{"family": "gan"}')
    (place.home.models / "shared").mkdir()
    (place.home.runs / "secret").mkdir()
    (place.home.runs / "secret" / "run.json").write_text('{"family": "gan", "run": {}, "steps": 3}')
    with place.database.write() as connection:
        take(connection, "model", "secret", row.id, AT)
    queue = place.app.state.studio.queue
    with place.database.read() as connection:
        mine = find_by_name(connection, "ann")
    assert mine is not None
    bring(ann, "photos", zipped(pictures()))
    training = {"name": "new", "corpora": ["photos"]}
    asked = [
        ("create.image", {"model": "{}"}), ("create.image", {"model": "garments", "upscaler": "{}"}),
        ("evaluate.model", {"model": "{}", "corpus": "photos"}), ("export.model", {"model": "{}"}),
        ("train.gan", {**training, "choices": {"space": "latent", "codec": "{}"}}),
        ("train.plm", {**training, "choices": {"base": "{}"}}),
        ("train.plm", {**training, "choices": {"tokenizer": "{}"}}),
    ]  # fmt: skip
    for number, (kind, brief) in enumerate(asked):
        said = []
        for name in ("secret", "nowhere"):
            filled = json.loads(json.dumps(brief).replace("{}", name).replace("new", f"new{number}"))
            try:
                queue.submit(mine.id, kind, filled)
                said.append("accepted")
            except UserError as error:
                said.append(f"{error.code} {error.status} {error.what}".replace(name, "X"))
        assert said[0].startswith("model.unknown 404"), (kind, said)
        # What names nothing is told in the same words, or by the worker.
        assert said[1] in (said[0], "accepted"), (kind, said)
    assert queue.list(mine.id) == [] or all(job.brief.get("model") != "secret" for job in queue.list(mine.id))
    with pytest.raises(Exception, match="no run named 'secret'"):
        queue.submit(mine.id, "train.gan", {"name": "secret", "corpora": ["photos"], "resume": True})
    with pytest.raises(Exception, match="taken"):
        queue.submit(mine.id, "train.gan", {"name": "garments", "corpora": ["photos"]})
    chief = place.browser("chief", "admin")
    for browser in (ann, chief):
        for path in ("/train/models/secret", "/train/runs/secret", "/train/models/secret/samples"):
            assert browser.get(path).status_code == 404
        assert "secret" not in browser.get("/train/models").text + browser.get("/train").text
        assert "shared" in browser.get("/train/models").text
    assert ann.post("/train/models/shared/remove", {"confirm": "shared"}).status_code == 404
    assert ann.post("/train/models/garments/remove", {"confirm": "garments"}).status_code == 404
    assert chief.post("/train/models/shared/remove", {"confirm": "shared"}).status_code == 303
    assert not (place.home.models / "shared").exists()


def test_there_is_nothing_to_compare_yet(place: Place) -> None:
    page = place.browser("ann").get("/train/compare").text
    assert "no two runs" in page and 'class="filters"' not in page
