"""Pages of jobs: whose they are, what they show, and the stream behind them."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from drafts import draft, text_draft
from people import Place

from luokuan.media import Picture
from luokuan.store import claims
from luokuan.studio.following import SLOW
from luokuan.studio.jobs.context import Context, png_of
from luokuan.studio.jobs.queue import JobQueue

pytestmark = pytest.mark.usefixtures("each_database")

BRIEF = {"model": "garments", "brief": "a <b>dress</b>"}


def queue_of(place: Place) -> JobQueue:
    found: JobQueue = place.app.state.studio.queue
    return found


def attempt(place: Place, job: Any) -> Context:
    """As a worker has it."""
    with place.database.write() as connection:
        found = claims.claim(connection, "w", lease=600)
    assert found is not None and found.id == job.id
    return Context(found, place.home, place.database)


def events_of(text: str) -> list[tuple[str, str]]:
    return re.findall(r"event: (\w+)\ndata: (.*)\n", text)


def test_jobs_of_others_are_nowhere(place: Place) -> None:
    ada = place.account("ada")
    job = queue_of(place).submit(ada.id, "create.image", BRIEF)
    for name, role in (("bob", "maker"), ("chief", "admin")):
        browser = place.browser(name, role)
        for path in ("", "/events", "/preview", "/file"):
            assert browser.get(f"/jobs/{job.id}{path}").status_code == 404, path
        for action in ("cancel", "retry", "forget"):
            assert browser.post(f"/jobs/{job.id}/{action}").status_code == 404, action
        assert browser.get(f"/create/image?job={job.id}").status_code == 404
        assert job.id not in browser.get("/jobs").text
    assert queue_of(place).get(job.id).live


def test_a_job_is_listed_followed_cancelled_tried_again_and_forgotten(place: Place) -> None:
    browser = place.browser("ada")
    assert "Nothing was handed in yet" in browser.get("/jobs").text
    job = queue_of(place).submit(_id(place), "create.image", BRIEF)
    page = browser.get("/jobs").text
    assert "a &lt;b&gt;dress" in page and "<b>dress" not in page and "waiting" in page and "every 2s" in page
    whole = browser.get(f"/jobs/{job.id}").text
    assert f'data-follow="/jobs/{job.id}/events?after=1"' in whole and 'http-equiv="refresh"' in whole
    part = browser.get(f"/jobs/{job.id}", headers={"hx-request": "true"}).text
    assert "<html" not in part and 'id="job"' in part
    answer = browser.post(f"/jobs/{job.id}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job.id}")
    ended = browser.get(f"/jobs/{job.id}").text
    assert "cancelled" in ended and "data-follow" not in ended and "refresh" not in ended
    again = browser.post(f"/jobs/{job.id}/retry").headers["location"]
    assert again != f"/jobs/{job.id}" and browser.post(f"/jobs/{job.id}/retry").headers["location"] == again
    assert browser.post(f"{again}/forget").status_code == 409, "it waits"
    listed = browser.post(f"/jobs/{job.id}/forget", headers={"hx-request": "true", "hx-target": "jobs"}).text
    assert job.id not in listed and again in listed and "<html" not in listed
    assert browser.get(f"/jobs/{job.id}").status_code == 404


def test_every_change_needs_its_token_and_a_maker(place: Place) -> None:
    ada = place.account("ada", "viewer")
    job = queue_of(place).submit(ada.id, "create.image", BRIEF)
    browser = place.stranger().login("ada")
    page = browser.get(f"/jobs/{job.id}")
    assert page.status_code == 200 and "/cancel" not in page.text
    assert browser.post(f"/jobs/{job.id}/cancel").status_code == 403
    assert place.browser("bob").client.post(f"/jobs/{job.id}/cancel").status_code == 403


def test_pages_of_jobs_go_on(place: Place) -> None:
    browser = place.browser("ada")
    for number in range(33):
        queue_of(place).submit(_id(place), "create.image", {**BRIEF, "seed": number})
    page = browser.get("/jobs").text
    more = re.search(r"/jobs\?before=\d+", page)
    assert page.count('class="jobrow') == 30 and more is not None
    assert browser.get(more[0]).text.count('class="jobrow') == 3
    for odd in ("before=x", "before=99999999999999999999999999", "before=-5"):
        assert browser.get(f"/jobs?{odd}").status_code in (200, 422)


def test_the_stream_tells_texts_works_previews_and_the_end(place: Place) -> None:
    browser = place.browser("ada")
    job = queue_of(place).submit(_id(place), "create.image", {**BRIEF, "count": 2})
    context = attempt(place, job)
    context.text(0, "<i>Once")
    context.flush()
    shown = browser.get(f"/jobs/{job.id}").text
    assert "&lt;i&gt;Once" in shown, "who loads the page again sees what was written"

    def work() -> None:
        time.sleep(0.5)
        context.finish(text_draft("one"), home=place.home, media_type="text/plain")
        picture = draft()
        assert isinstance(picture.media, Picture)
        context.show("image/png", png_of(picture.media))
        time.sleep(2 * SLOW)  # a preview that a work follows at once is passed over
        context.finish(picture, home=place.home)

    thread = threading.Thread(target=work)
    thread.start()
    told = browser.get(f"/jobs/{job.id}/events")
    thread.join()
    assert told.headers["content-type"].startswith("text/event-stream") and told.headers["cache-control"] == "no-store"
    events = events_of(told.text)
    assert ("text", '{"place": 0, "text": "<i>Once"}') in events
    parts = [data for name, data in events if name == "part"]
    assert sum("card result" in data for data in parts) == 2 and any(
        "Unfinished AI-generated" in data for data in parts
    )
    assert any('"instead": "text-0"' in data for data in parts)
    assert events[-1] == ("end", "{}") and '"state": "done"' in events[-2][1]
    numbers = [int(number) for number in re.findall(r"id: (\d+)", told.text)]
    assert numbers == sorted(set(numbers))
    # Who was cut off goes on after what they had, whatever the address says.
    again = browser.get(f"/jobs/{job.id}/events?after=1", headers={"last-event-id": str(numbers[-1])})
    assert "card result" not in again.text and events_of(again.text)[-1][0] == "end"
    page = browser.get(f"/jobs/{job.id}").text
    assert page.count("card result") == 2 and "/opinion" in page
    preview = browser.get(f"/jobs/{job.id}/preview")
    assert preview.content.startswith(b"\x89PNG") and "sandbox" in preview.headers["content-security-policy"]


def test_an_account_has_so_many_streams(place: Place) -> None:
    browser = place.browser("ada")
    job = queue_of(place).submit(_id(place), "create.image", BRIEF)
    place.app.state.studio.streams._open[_id(place)] = 4
    answer = browser.get(f"/jobs/{job.id}/events")
    assert answer.status_code == 429 and "Close another tab" in answer.text
    place.app.state.studio.streams._open.clear()
    queue_of(place).cancel(job.id)
    assert browser.get(f"/jobs/{job.id}/events").status_code == 200


def test_what_went_wrong_is_told_in_words(place: Place) -> None:
    browser = place.browser("ada")
    job = queue_of(place).submit(_id(place), "create.image", BRIEF)
    context = attempt(place, job)
    error = {"what": "There is no <dress>.", "do": "Choose another.", "code": "create.class"}
    with place.database.write() as connection:
        claims.fail(connection, context.mine, error, again=False)
    page = browser.get(f"/jobs/{job.id}").text
    assert "There is no &lt;dress&gt;." in page and "Choose another." in page and "Try again" in page
    assert "There is no &lt;dress&gt;." in browser.get("/jobs").text


def test_an_exported_file_is_handed_to_its_owner(place: Place) -> None:
    from luokuan.studio.jobs.handlers.export import folder_of

    browser = place.browser("ada")
    job = queue_of(place).submit(_id(place), "export.model", {"model": "garments", "to": "hub-folder"})
    assert browser.get(f"/jobs/{job.id}/file").status_code == 404
    context = attempt(place, job)
    folder = folder_of(job.id, place.home)
    folder.mkdir(parents=True)
    (folder / "garments.zip").write_bytes(b"zip")
    with place.database.write() as connection:
        claims.complete(connection, context.mine, {"file": "garments.zip", "bytes": 3})
    assert f"/jobs/{job.id}/file" in browser.get(f"/jobs/{job.id}").text
    answer = browser.get(f"/jobs/{job.id}/file")
    assert answer.content == b"zip" and answer.headers["content-disposition"].startswith("attachment")


def _id(place: Place) -> str:
    from luokuan.store.accounts import find_by_name

    with place.database.read() as connection:
        row = find_by_name(connection, "ada")
    assert row is not None
    return row.id
