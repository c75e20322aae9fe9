"""`/api/jobs` and `/api/kinds`."""

from __future__ import annotations

import re
import sys
import threading
import time
from typing import Any

import pytest
from people import AT, Place

from luokuan.store import belongings, claims
from luokuan.studio.jobs.kinds import kinds

pytestmark = pytest.mark.usefixtures("each_database")

ORDER = {"kind": "create.image", "brief": {"model": "garments", "brief": "a dress"}}
TRAINING = {"kind": "train.gan", "brief": {"name": "mine", "corpora": ["clothes"]}}
ALL = ("create", "train")


class Program:
    """A program with a key."""

    def __init__(self, place: Place, name: str = "ada", scopes: tuple[str, ...] = ALL, **changes: Any) -> None:
        self.row = place.account(name, **changes)
        self.client, self.headers = place.stranger().client, place.key(self.row, scopes=scopes)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {**self.headers, **options.pop("headers", {})}
        return self.client.request(method, f"/api{path}", headers=headers, **options)


def test_kinds_tell_their_schemas(place: Place) -> None:
    found = Program(place).ask("GET", "/kinds").json()["kinds"]
    assert [one["name"] for one in found] == list(kinds())
    image = next(one for one in found if one["name"] == "create.image")
    assert image["scope"] == "create" and image["brief"]["properties"]["count"]["maximum"] == 64
    assert next(one for one in found if one["name"] == "train.gan")["scope"] == "train"
    music = next(one for one in found if one["name"] == "create.music")
    offered = set(music["brief"]["properties"]["format"]["enum"])
    assert {"image/svg+xml", "application/pdf", "application/vnd.recordare.musicxml+xml"} <= offered


def test_a_sheet_of_music_that_nothing_draws_here_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, brief = Program(place), {"bars": 2, "format": "application/pdf"}
    for name in ("verovio", "fpdf"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, name, None)
            answer = ada.ask("POST", "/jobs", json={"kind": "create.music", "brief": brief})
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "sheet.library", name
    brief["format"] = "application/vnd.recordare.musicxml+xml"
    answer = ada.ask("POST", "/jobs", json={"kind": "create.music", "brief": brief})
    assert answer.status_code == 201 and answer.json()["brief"]["format"] == brief["format"]


def test_a_job_is_handed_in_once_looked_at_cancelled_and_forgotten(place: Place) -> None:
    ada, bob = Program(place), Program(place, "bob")
    made = ada.ask("POST", "/jobs", json=ORDER, headers={"Idempotency-Key": "k"})
    job = made.json()
    assert made.status_code == 201 and made.headers["location"] == f"/api/jobs/{job['id']}"
    assert (job["state"], job["works"], job["outputs"]) == ("queued", [], 1) and job["brief"]["seed"] > 0
    assert ada.ask("POST", "/jobs", json=ORDER, headers={"Idempotency-Key": "k"}).json()["id"] == job["id"]
    other = {**ORDER, "brief": {"model": "garments"}}
    refused = ada.ask("POST", "/jobs", json=other, headers={"Idempotency-Key": "k"})
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "job.key"
    assert bob.ask("POST", "/jobs", json=ORDER, headers={"Idempotency-Key": "k"}).json()["id"] != job["id"]
    second = ada.ask("POST", "/jobs", json=ORDER).json()
    page = ada.ask("GET", "/jobs?limit=1").json()
    assert [one["id"] for one in page["jobs"]] == [second["id"]]
    assert ada.ask("GET", f"/jobs?before={page['next']}").json() == {"jobs": [job], "next": None}
    assert ada.ask("DELETE", f"/jobs/{job['id']}").status_code == 409
    assert ada.ask("POST", f"/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    assert [one["id"] for one in ada.ask("GET", "/jobs?state=cancelled&kind=create").json()["jobs"]] == [job["id"]]
    assert ada.ask("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert ada.ask("GET", f"/jobs/{job['id']}").status_code == 404
    for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("DELETE", "")):
        answer = bob.ask(method, f"/jobs/{second['id']}{path}")
        assert answer.status_code == 404 and answer.json()["error"]["code"] == "job.unknown", (method, path)
    assert second["id"] not in bob.ask("GET", "/jobs").text


def test_a_key_makes_only_what_it_is_for(place: Place) -> None:
    (place.home.corpora / "clothes").mkdir()
    creator, trainer = Program(place, scopes=("create",)), Program(place, "bob", scopes=("train",))
    assert creator.ask("POST", "/jobs", json=ORDER).status_code == 201
    assert creator.ask("POST", "/jobs", json=TRAINING).status_code == 403
    assert trainer.ask("POST", "/jobs", json=ORDER).status_code == 403
    assert trainer.ask("POST", "/jobs", json=TRAINING).status_code == 404, "the corpus isn't bob's"
    with place.database.write() as connection:
        belongings.take(connection, "corpus", "clothes", trainer.row.id, AT)
    assert trainer.ask("POST", "/jobs", json=TRAINING).status_code == 201
    assert Program(place, "cy", scopes=("works:read",)).ask("GET", "/jobs").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"[" * 60_000, 422), (b"{}", 422), (b'{"kind": 5}', 422), (b"null", 422), (b"\xff", 422),
        (b'{"kind": "create.image", "brief": {}, "owner": "bob"}', 422), (b'{"kind": "none", "brief": {}}', 404),
        (b'{"kind": "create.image", "brief": {"model": "nobody"}}', 404), (b"x" * 70_000, 413),
        (b'{"kind": "create.image", "brief": {"model": "../../x"}}', 404), (b'{"kind": "create.image"}', 422),
        (b'{"kind": "create.image", "brief": {"model": "garments", "brief": "\\ud800"}}', 422),
        (b'{"kind": "create.image", "brief": {"model": "garments", "strength": NaN}}', 422),
    ],
)  # fmt: skip
def test_no_body_breaks_anything(place: Place, body: bytes, status: int) -> None:
    answer = Program(place).ask("POST", "/jobs", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status and set(answer.json()["error"]) == {"code", "what", "do"}


def test_quotas_refuse_with_words(place: Place) -> None:
    ada = Program(place, jobs_limit=1)
    assert ada.ask("POST", "/jobs", json=ORDER, headers={"Idempotency-Key": "k"}).status_code == 201
    answer = ada.ask("POST", "/jobs", json=ORDER)
    assert answer.status_code == 429 and answer.json()["error"]["code"] == "quota.jobs"
    assert ada.ask("POST", "/jobs", json=ORDER, headers={"Idempotency-Key": "k"}).status_code == 201, "a repeat is free"


def test_what_is_new_is_waited_for(place: Place) -> None:
    ada = Program(place)
    job = ada.ask("POST", "/jobs", json=ORDER).json()
    first = ada.ask("GET", f"/jobs/{job['id']}/events").json()
    assert [event["data"] for event in first["events"]] == [{"state": "queued"}] and first["next"] == 1
    began = time.monotonic()
    quiet = ada.ask("GET", f"/jobs/{job['id']}/events?after=1&wait=0.7").json()
    assert quiet["events"] == [] and quiet["next"] == 1 and time.monotonic() - began > 0.6
    thread = threading.Timer(0.5, place.app.state.studio.queue.cancel, [job["id"]])
    thread.start()
    news = ada.ask("GET", f"/jobs/{job['id']}/events?after=1&wait=20").json()
    thread.join()
    assert news["events"][0]["kind"] == "cancel" and news["job"]["state"] in ("queued", "cancelled")
    for wrong in ("after=-1", "wait=26", "wait=x", "after=9999999999999"):
        assert ada.ask("GET", f"/jobs/{job['id']}/events?{wrong}").status_code == 422


def test_the_stream_goes_on_after_the_last_event(place: Place) -> None:
    ada = Program(place)
    job = ada.ask("POST", "/jobs", json=ORDER).json()
    with place.database.write() as connection:
        mine = claims.Claim.of(claims.claim(connection, "w", lease=600))  # type: ignore[arg-type]
        claims.tell(connection, mine, "text", {"place": 0, "text": "Once"})
        claims.complete(connection, mine, {})
    accept = {"accept": "text/event-stream"}
    told = ada.ask("GET", f"/jobs/{job['id']}/events", headers=accept).text
    assert re.findall(r"id: (\d+)\nevent: (\w+)", told) == [
        ("1", "state"),
        ("2", "state"),
        ("3", "text"),
        ("4", "state"),
    ]
    assert '"state": "done"' in told.rpartition("event: job")[2]
    again = ada.ask("GET", f"/jobs/{job['id']}/events", headers={**accept, "last-event-id": "3"}).text
    assert re.findall(r"id: (\d+)", again) == ["4"]
    odd = ada.ask("GET", f"/jobs/{job['id']}/events", headers={**accept, "last-event-id": "x\u0661".encode()}).text
    assert len(re.findall(r"id: (\d+)", odd)) == 4
