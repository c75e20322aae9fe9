"""`/v1/chat/completions` and `/v1/completions`."""

from __future__ import annotations

import math
from typing import Any, Literal

import httpx2
import openai
import pydantic
import pytest
from openai import OpenAI
from openai_for_tests import V1

from luokuan.store.blobs import Blobs
from luokuan.store.works import find_work

ASK: Any = [{"role": "system", "content": "be quick"}, {"role": "user", "content": "hello fox"}]


def test_an_answer_is_a_work(v1: V1, client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="talker", messages=ASK, max_completion_tokens=20, n=2, seed=5, user="x", metadata={"a": "b"},
        safety_identifier="s", prompt_cache_key="k", service_tier="auto", store=False, top_p=None,
    )  # fmt: skip
    found = raw.parse()
    assert found.object == "chat.completion" and found.model == "talker" and len(found.choices) == 2
    assert [one.finish_reason for one in found.choices] == ["length", "length"]
    assert found.usage is not None and found.usage.completion_tokens == 40
    assert found.usage.total_tokens == found.usage.prompt_tokens + 40
    texts = [one.message.content for one in found.choices]
    assert all(texts) and texts[0] != texts[1]
    works = [one.to_dict()["luokuan"]["work"] for one in found.choices]
    assert raw.headers["x-luokuan-work"] == ",".join(works) and raw.headers["x-luokuan-label"] == "AI-generated"
    assert raw.headers["openai-processing-ms"].isdigit() and int(raw.headers["x-ratelimit-remaining-requests"]) > 0
    assert all(v1.own(work) for work in works) and not v1.own(works[0], "bob")
    link = found.choices[0].to_dict()["luokuan"]["file"]
    text = httpx2.get(link, timeout=60).text
    assert text.startswith(str(texts[0])) and "AI" in text
    with v1.database.read() as connection:
        row = find_work(connection, works[0])
    assert row is not None and row.recipe is not None and row.recipe["brief"] == "hello fox"
    assert Blobs(v1.home).path(row.blob_sha256).is_file()
    again = client.chat.completions.create(model="talker", messages=ASK, max_completion_tokens=20, n=2, seed=5)
    assert [one.message.content for one in again.choices] == texts and again.id != found.id


def test_pieces_come_as_they_are_written(client: OpenAI) -> None:
    asked: Any = {"model": "talker", "messages": ASK, "max_tokens": 30, "seed": 5, "n": 2}
    whole = client.chat.completions.create(**asked)
    stream = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    assert stream.response.headers["x-luokuan-label"] == "AI-generated"
    texts, ends, last = {0: "", 1: ""}, {}, None
    for chunk in stream:
        last = chunk
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                ends[choice.index] = (choice.finish_reason, chunk.to_dict()["luokuan"]["work"])
    assert list(texts.values()) == [one.message.content for one in whole.choices]
    assert {reason for reason, _work in ends.values()} == {"length"} and last is not None
    assert last.usage is not None and last.usage.completion_tokens == 60
    told = last.to_dict()["luokuan"]["works"]
    assert [one["work"] for one in told] == [ends[place][1] for place in (0, 1)] and told[0]["label"]


def test_how_likely_each_token_was(client: OpenAI) -> None:
    asked: Any = {"model": "scribe", "messages": ASK, "max_tokens": 8, "seed": 1, "logprobs": True, "top_logprobs": 3}
    found = client.chat.completions.create(**asked).choices[0]
    assert found.logprobs is not None and found.logprobs.content is not None
    tokens = found.logprobs.content
    assert len(tokens) == 8 and all(one.logprob <= 0 and len(one.top_logprobs) == 3 for one in tokens)
    assert "".join(one.token for one in tokens).strip() == (found.message.content or "").strip()
    assert tokens[0].bytes == list(tokens[0].token.encode())
    assert sum(math.exp(one.logprob) for one in tokens[0].top_logprobs) <= 1.0001
    streamed = [chunk.choices[0].logprobs for chunk in client.chat.completions.create(**asked, stream=True)]
    (last,) = [one for one in streamed if one is not None]
    assert last.content is not None and [one.token for one in last.content] == [one.token for one in tokens]


def test_a_model_without_template_gets_a_plain_conversation(v1: V1, client: OpenAI) -> None:
    found = client.chat.completions.create(
        model="scribe", messages=[{"role": "user", "content": [{"type": "text", "text": "hello"}]}], max_tokens=5
    )
    assert found.choices[0].message.content and not found.choices[0].message.content.startswith(" ")
    with v1.database.read() as connection:
        row = find_work(connection, found.choices[0].to_dict()["luokuan"]["work"])
    assert row is not None and row.recipe is not None and row.recipe["parameters"]["chat"] is False


def test_an_answer_fits_a_schema(client: OpenAI) -> None:
    class Animal(pydantic.BaseModel):
        kind: Literal["fox", "dog"]
        lazy: bool

    # Its letters are those that the model knows.
    said = client.chat.completions.parse(model="ender", messages=ASK, response_format=Animal, max_tokens=60)
    assert isinstance(said.choices[0].message.parsed, Animal) and said.choices[0].finish_reason == "stop"
    with pytest.raises(openai.BadRequestError, match="characters"):
        client.chat.completions.create(model="scribe", messages=ASK, response_format={"type": "json_object"})
    odd: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string", "format": "date"}}}
    with pytest.raises(openai.BadRequestError, match="'format' isn't supported"):
        client.chat.completions.create(model="ender", messages=ASK, response_format=odd)


def test_completions_go_on_from_each_prompt(client: OpenAI) -> None:
    asked: Any = {"model": "scribe", "prompt": ["the fox ", "a dog "], "max_tokens": 12, "seed": 3, "n": 2}
    found = client.completions.create(**asked, echo=True, logprobs=2)
    assert [one.index for one in found.choices] == [0, 1, 2, 3] and found.object == "text_completion"
    assert [one.text.startswith("the fox ") for one in found.choices] == [True, True, False, False]
    first = found.choices[0].logprobs
    assert first is not None and first.tokens is not None and first.text_offset is not None
    assert "the fox " + "".join(first.tokens) == found.choices[0].text and first.text_offset[0] == 8
    assert first.top_logprobs is not None and len(first.top_logprobs[0]) == 2
    assert found.usage is not None and found.usage.completion_tokens == 48
    texts = dict.fromkeys(range(4), "")
    for chunk in client.completions.create(**asked, echo=True, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert list(texts.values()) == [one.text for one in found.choices]
    letter = found.choices[0].text[12]
    stopped = client.completions.create(model="scribe", prompt="the fox ", max_tokens=12, seed=3, stop=letter)
    plain = found.choices[0].text[8:]
    assert stopped.choices[0].text == plain[: plain.index(letter)] and stopped.choices[0].finish_reason == "stop"


def test_what_fails_later_is_told_as_an_error(client: OpenAI) -> None:
    long: Any = [{"role": "user", "content": "fox " * 200}]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as raised:
            client.chat.completions.create(model="talker", messages=long, stream=stream)
        assert raised.value.code == "context_length_exceeded"
