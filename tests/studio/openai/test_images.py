"""`/v1/images`, `/v1/audio/speech`, `/media` and `/v1/content_provenance_checks`."""

from __future__ import annotations

import base64
import io
import shutil
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from openai import OpenAI
from openai_for_tests import V1
from PIL import Image
from speechmodels import save_speech_model

from luokuan.store import belongings
from luokuan.studio.openai.links import token


def picture(side: int = 40) -> io.BytesIO:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)).save(out, "PNG")
    out.name = "picture.png"
    out.seek(0)
    return out


def opened(data: str | bytes) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data) if isinstance(data, str) else data))


def test_pictures_by_link_and_inside_the_answer(v1: V1, client: OpenAI) -> None:
    asked: Any = {"model": "tiny-prior", "prompt": "cat", "n": 2, "extra_body": {"seed": 7, "among": 1}}
    found = client.images.generate(**asked, size="512x512", output_format="webp", user="x", quality="auto")
    assert found.data is not None and len(found.data) == 2 and found.output_format == "webp"
    first = opened(found.data[0].b64_json or "")
    assert (first.format, first.size) == ("WEBP", (512, 512))
    told = found.data[0].to_dict()["luokuan"]
    assert v1.own(told["work"]) and "AI" in told["label"]

    linked = client.images.generate(**asked, response_format="url")
    assert linked.data is not None
    with httpx2.Client() as stranger:
        answer = stranger.get(str(linked.data[0].url))
        assert answer.status_code == 200 and opened(answer.content).format == "PNG"
        assert answer.headers["content-disposition"].startswith("attachment")
        zipped = stranger.get(linked.data[0].to_dict()["luokuan"]["archive"])
        assert zipped.content.startswith(b"PK")
    checked = client.content_provenance_checks.create(file=("x.png", answer.content))
    (result,) = checked.results
    assert (result.type, result.outcome) == ("c2pa", "detected") and checked.object == "content_provenance_check"
    assert result.to_dict()["validation_state"] == "trusted" and result.model == "tiny-prior"
    assert checked.to_dict()["luokuan"]["work"] == linked.data[0].to_dict()["luokuan"]["work"]
    others = v1.client("bob").content_provenance_checks.create(file=("x.png", answer.content))
    assert others.to_dict()["luokuan"]["verdict"] == "made" and "work" not in others.to_dict()["luokuan"]
    plain = client.content_provenance_checks.create(file=("x.png", picture().read()))
    assert plain.results[0].outcome == "not_detected" and plain.to_dict()["luokuan"]["verdict"] == "nothing"


def test_a_link_opens_one_work_for_a_while(v1: V1, client: OpenAI) -> None:
    found = client.images.generate(model="tiny-prior", prompt="", response_format="url", extra_body={"among": 1})
    assert found.data is not None
    work, url = found.data[0].to_dict()["luokuan"]["work"], str(found.data[0].url)
    assert url == f"{v1.address}/media/{url.rpartition('/')[2]}"
    old = token(work, v1.home, until=int(time.time()) - 1)
    other = url.replace(work, "0" * 16)
    longer = url.rpartition("/")[2].split("-")
    longer[1] = f"{int(longer[1], 16) + 100:x}"
    wrong = [f"{v1.address}/media/{old}", other, url[:-1] + ("0" if url[-1] != "0" else "1"), url + "0",
             f"{v1.address}/media/{'-'.join(longer)}", url.replace("-f-", "-a-"), f"{v1.address}/media/x"]  # fmt: skip
    assert [httpx2.get(one).status_code for one in wrong] == [404] * len(wrong)
    assert httpx2.get(url, headers={"cookie": "luokuan_session=x"}).status_code == 200


def test_finished_pictures_stream(client: OpenAI) -> None:
    stream = client.images.generate(
        model="tiny-prior", prompt="dog", stream=True, partial_images=2, n=2, extra_body={"among": 1}
    )
    events = list(stream)
    assert [one.type for one in events] == ["image_generation.completed"] * 2, "what isn't finished isn't handed out"
    assert opened(events[0].b64_json).size == (512, 512) and events[1].to_dict()["luokuan"]["work"]


def test_pictures_that_start_from_one(client: OpenAI) -> None:
    edited = client.images.edit(
        model="tiny-prior", image=picture(), prompt="cat", n=1, output_format="jpeg", extra_body={"strength": "0.3"}
    )
    assert edited.data is not None and opened(edited.data[0].b64_json or "").format == "JPEG"
    varied = client.images.create_variation(model="tiny-prior", image=picture(), response_format="b64_json")
    assert varied.data is not None and varied.data[0].to_dict()["luokuan"]["work"]
    again = client.images.edit(model="tiny-prior", image=[picture()], prompt="cat")
    assert again.data is not None
    for change in ({"mask": picture()}, {"image": [picture(), picture(41)]}, {"image": b""}, {"n": 11},
                   {"size": "1x1"}, {"background": "transparent"}, {"input_fidelity": "high"}):  # fmt: skip
        with pytest.raises(openai.BadRequestError):
            client.images.edit(**{"model": "tiny-prior", "image": picture(), "prompt": "cat", **change})
    with pytest.raises(openai.BadRequestError, match="picture"):
        client.images.edit(model="tiny-prior", image=("x.png", b"no picture"), prompt="cat")
    with pytest.raises(openai.BadRequestError, match=r"Those that can: .*tiny-prior"):
        client.images.edit(model="garments-32", image=picture(), prompt="dress")


def test_sizes_that_a_model_cannot_make_are_refused_with_those_it_can(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="auto, 512x512") as raised:
        client.images.generate(model="tiny-prior", prompt="cat", size="1024x1024")
    assert raised.value.param == "size"


def test_trained_voices_are_listed_and_speak_for_whoever_may_use_them(v1: V1, client: OpenAI) -> None:
    for name in ("hers", "everybodys"):
        save_speech_model(v1.home.models / name)
    with v1.database.write() as connection:
        belongings.take(connection, "model", "hers", v1.accounts["ada"].id, datetime.now(UTC))

    def voices(name: str) -> set[str]:
        return {one["id"] for one in v1.send("GET", "/v1/audio/voices", name).json()["data"]}

    assert voices("ada") - voices("bob") == {"hers"} and {"mandarin", "heart", "everybodys"} <= voices("bob")
    asked: Any = {"model": "voices", "voice": "hers", "input": "Hi.", "response_format": "wav"}
    assert client.audio.speech.create(**asked).read().startswith(b"RIFF")
    assert voices("ada") - voices("bob") == {"hers"}, "also when the server has loaded it"
    with pytest.raises(openai.BadRequestError, match="everybodys") as raised:
        v1.client("bob").audio.speech.create(**asked)
    assert raised.value.param == "voice" and "hers" not in raised.value.message
    presenter = {"model": "presenter", "prompt": "Hi.", "voice": "hers", "size": "1280x720"}
    refused = v1.send("POST", "/v1/videos", "bob", json=presenter)
    assert refused.status_code in (400, 404) and "no voice called" in refused.text
    for name in ("hers", "everybodys"):
        shutil.rmtree(v1.home.models / name)


def test_a_text_is_spoken(v1: V1, client: OpenAI) -> None:
    asked: Any = {"model": "voices", "voice": "mandarin", "input": "你好"}
    with client.audio.speech.with_streaming_response.create(**asked, response_format="wav") as answer:
        assert answer.headers["content-type"].startswith("audio/") and v1.own(answer.headers["x-luokuan-work"])
        data = answer.read()
    assert data.startswith(b"RIFF")
    events = v1.send("POST", "/v1/audio/speech", json={**asked, "response_format": "flac", "stream_format": "sse"})
    lines = [line for line in events.text.split("\n\n") if line]
    assert len(lines) >= 2 and "speech.audio.delta" in lines[0] and '"work"' in lines[-1]
    for change in ({"voice": "alloy"}, {"response_format": "pcm"}, {"speed": 4}, {"instructions": "whisper"},
                   {"input": ""}, {"voice": {"id": "nobody"}}):  # fmt: skip
        with pytest.raises(openai.BadRequestError):
            client.audio.speech.create(**{**asked, **change})
