"""Following a job without a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from people import Place

from luokuan.errors import UserError
from luokuan.store import claims
from luokuan.store.claims import Claim
from luokuan.studio import following
from luokuan.studio.following import Streams, changes, frame, look

pytestmark = pytest.mark.usefixtures("each_database")


def handed_in(place: Place) -> Any:
    studio = place.app.state.studio
    job = studio.queue.submit(place.account("ada").id, "create.image", {"model": "garments"})
    return studio, job


def running(place: Place, job: Any) -> Claim:
    with place.database.write() as connection:
        found = claims.claim(connection, "w", lease=600)
    assert found is not None and found.id == job.id
    return Claim.of(found)


async def gathered(studio: Any, job: Any, after: int = 0, life: float = 20.0) -> list[Any]:
    return [change async for change in changes(studio.queue, studio.streams, job.id, after, life=life)]


def test_every_change_comes_once_and_the_end_ends_it(place: Place) -> None:
    studio, job = handed_in(place)
    mine = running(place, job)

    def work() -> None:
        for number in range(3):
            time.sleep(0.4)
            with place.database.write() as connection:
                claims.tell(connection, mine, "text", {"place": 0, "text": str(number)})
        with place.database.write() as connection:
            claims.complete(connection, mine, {})

    thread = threading.Thread(target=work)
    thread.start()
    found = asyncio.run(gathered(studio, job))
    thread.join()
    events = [event for change in found if change is not None for event in change.events]
    assert [event.number for event in events] == list(range(1, len(events) + 1)), "without gaps or repeats"
    assert [event.data["text"] for event in events if event.kind == "text"] == ["0", "1", "2"]
    assert found[-1].job.state == "done"


def test_who_comes_again_gets_only_what_is_new(place: Place) -> None:
    studio, job = handed_in(place)
    studio.queue.cancel(job.id)
    (found,) = asyncio.run(gathered(studio, job, after=2))
    assert [event.number for event in found.events] == [3] and found.job.state == "cancelled"


def test_it_ends_when_its_life_is_over_and_when_the_server_stops(place: Place) -> None:
    studio, job = handed_in(place)
    began = time.monotonic()
    assert len(asyncio.run(gathered(studio, job, life=0.5))) == 1
    studio.streams.stopping = lambda: time.monotonic() > began + 1.5
    asyncio.run(gathered(studio, job))
    assert time.monotonic() - began < 10


def test_a_quiet_stream_says_that_it_is_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BEAT", 0.1)
    studio, job = handed_in(place)
    assert asyncio.run(gathered(studio, job, life=1.0))[1:].count(None) >= 1


def test_a_job_that_was_forgotten_meanwhile_is_told_so(place: Place) -> None:
    studio, job = handed_in(place)
    studio.queue.cancel(job.id)
    studio.queue.forget(job.id)
    with pytest.raises(UserError):
        look(studio.queue, job.id, 0, -1)


def test_many_events_come_in_one_change(place: Place) -> None:
    studio, job = handed_in(place)
    mine = running(place, job)
    with place.database.write() as connection:
        for number in range(230):
            claims.tell(connection, mine, "text", {"place": 0, "text": str(number)})
    found = look(studio.queue, job.id, 0, -1)
    assert found is not None and len(found.events) == 232
    assert look(studio.queue, job.id, 232, found.job.revision) is None


def test_an_account_has_so_many_streams_and_gets_them_back() -> None:
    streams = Streams(2)
    with streams.opened("ada"), streams.opened("ada"):
        with pytest.raises(UserError) as caught, streams.opened("ada"):
            pass
        assert caught.value.status == 429
        with streams.opened("bob"):
            pass
    streams.check("ada")


def test_a_message_is_one_message_whatever_is_in_it() -> None:
    text = frame("text", {"text": "a\n\ndata: b\r\nevent: end\u2028"}, 7).decode()
    assert text.startswith("id: 7\nevent: text\ndata: ") and text.count("\n") == 4 and text.endswith("\n\n")
