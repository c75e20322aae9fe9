"""`/v1/videos` with the official client: a short that is made, looked at, fetched and removed; and what is refused."""

from __future__ import annotations

import time
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai_for_tests import V1

from luokuan.colophon import ffmpeg

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
BOARD = "aspect: 1:1\nsize: 128\nfps: 8\nscenes: [{seconds: 0.5, background: {scenery: sea}, words: {text: Hi}}]\n"


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_a_short_is_made_listed_fetched_and_removed(v1: V1, client: OpenAI) -> None:
    asked: Any = {"model": "storyboard", "prompt": BOARD, "extra_body": {"seed": "7"}}
    made = client.videos.create(**asked)
    assert made.object == "video" and made.id.startswith("video_") and made.model == "storyboard"
    assert made.status in ("queued", "in_progress") and made.size == "128x128" and made.prompt == BOARD
    with pytest.raises(openai.ConflictError):
        client.videos.download_content(made.id)
    for _try in range(1200):
        found = client.videos.retrieve(made.id)
        if found.status not in ("queued", "in_progress"):
            break
        time.sleep(0.2)
    assert found.status == "completed" and found.progress == 100 and found.error is None, found.error
    assert float(found.seconds) == 0.5 and found.completed_at is not None
    told = found.to_dict()["luokuan"]
    assert v1.own(told["work"]) and told["media_type"] == "video/mp4"
    answer = client.videos.with_raw_response.download_content(made.id)
    assert answer.content[4:8] == b"ftyp" and answer.headers["x-luokuan-work"] == told["work"]
    checked = client.content_provenance_checks.create(file=("x.mp4", answer.content))
    assert checked.results[0].outcome == "detected"
    with pytest.raises(openai.BadRequestError):
        client.videos.download_content(made.id, variant="thumbnail")

    other = client.videos.create(prompt="Hi.", size="128x128", extra_body={"fps": "8", "title": "Bob"})
    assert other.model == "presenter" and other.size == "128x128"
    assert [one.id for one in client.videos.list()] == [other.id, made.id]
    assert [one.id for one in client.videos.list(order="asc", limit=1)] == [made.id, other.id]
    bob = v1.client("bob")
    assert not list(bob.videos.list())
    for call in (bob.videos.retrieve, bob.videos.delete, bob.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            call(made.id)
    for one in (other, made):  # the first may be at work just now: it is cancelled
        gone = client.videos.delete(one.id)
        assert gone.deleted and gone.object == "video.deleted" and gone.id == one.id
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(made.id)
    assert not list(client.videos.list())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"prompt": ""}, "prompt"),
        ({"model": "sora-2"}, "storyboard"),
        ({"model": "voices"}, "presenter"),
        ({"size": "100x100000"}, "size"),
        ({"size": "0x0"}, "size"),
        ({"size": "1024x1792"}, "size"),
        ({"size": "wide"}, "size"),
        ({"seconds": "8"}, "seconds"),
        ({"model": "storyboard", "prompt": "scenes: ["}, "line 1"),
        ({"model": "storyboard", "prompt": "scenes: [{seconds: 0, background: navy}]"}, "scenes.1.seconds"),
        ({"model": "storyboard", "prompt": BOARD, "input_reference": ("x.png", b"x")}, "input_reference"),
        ({"extra_body": {"fps": "1000"}}, "fps"),
        ({"extra_body": {"new_in_2031": "1"}}, "new_in_2031"),
    ],
)
def test_what_cannot_be_made_is_said(client: OpenAI, given: dict[str, Any], says: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.videos.create(**{"prompt": "Hello.", **given})
    assert 400 <= caught.value.status_code < 500 and says in str(caught.value)


def test_who_may_not(v1: V1) -> None:
    assert v1.send("POST", "/v1/videos", "eve", json={"prompt": "hi"}).status_code == 403
    assert v1.send("GET", "/v1/videos/video_x").status_code == 404
    body = v1.send("POST", "/v1/videos", json={"prompt": 3}).json()
    assert body["error"]["param"] == "prompt"
