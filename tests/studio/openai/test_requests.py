"""What is refused, repeated and cancelled."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai_for_tests import V1

from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.openai.asking import GRACE

CHAT: dict[str, Any] = {"model": "talker", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", CHAT),
    "completions": ("/v1/completions", {"model": "scribe", "prompt": "the", "max_tokens": 4}),
    "embeddings": ("/v1/embeddings", {"model": "lines", "input": "the cat sees snow."}),
    "images": ("/v1/images/generations", {"model": "tiny-prior", "prompt": "cat"}),
    "speech": ("/v1/audio/speech", {"model": "voices", "voice": "heart", "input": "hi"}),
    "tuning": ("/v1/fine_tuning/jobs", {"model": "scribe", "training_file": "file-" + "0" * 24}),
}
REFUSED: dict[str, dict[str, Any]] = {
    "chat": {
        "audio": {"voice": "alloy", "format": "wav"}, "frequency_penalty": 0.5, "function_call": "auto",
        "functions": [{"name": "f"}], "logit_bias": {"5": 1}, "modalities": ["audio"],
        "moderation": {"model": "m"}, "parallel_tool_calls": True, "prediction": {"type": "content", "content": "x"},
        "presence_penalty": -1, "reasoning_effort": "low", "response_format": {"type": "grammar"},
        "service_tier": "flex", "store": True, "tool_choice": "auto", "tools": [{"type": "function"}],
        "verbosity": "low", "web_search_options": {}, "n": 0, "seed": -1, "temperature": 3, "top_p": 0,
        "max_tokens": 0, "stop": ["a"] * 5, "top_logprobs": 5, "stream_options": {"include_usage": True},
        "logprobs": 1, "stream": "yes", "new_in_2031": 1, "messages": [], "model": 7,
    },
    "completions": {
        "best_of": 3, "frequency_penalty": 0.1, "logit_bias": {"1": 1}, "logprobs": 6, "presence_penalty": 1,
        "suffix": "end", "prompt": [1, 2, 3], "n": 17, "echo": 1,
    },
    "embeddings": {"dimensions": 2, "encoding_format": "int8", "input": [[1, 2]], "model": "talkerr-none"},
    "images": {
        "background": "transparent", "moderation": "low", "output_compression": 50, "quality": "hd",
        "size": "1024x1792", "style": "vivid", "partial_images": 4, "output_format": "gif", "n": 11,
    },
    "speech": {"instructions": "slow", "response_format": "pcm", "speed": 0.25, "stream_format": "tape"},
    "tuning": {
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}], "method": {"type": "reinforcement"},
        "hyperparameters": {"n_epochs": 0}, "suffix": "a/b", "seed": "one", "validation_file": 3,
    },
}  # fmt: skip
"""One field each that the client's types have and we don't do, or a value that none has."""


@pytest.mark.parametrize(("what", "field"), [(what, field) for what, given in REFUSED.items() for field in given])
def test_what_is_not_supported_is_named(v1: V1, what: str, field: str) -> None:
    path, body = PATHS[what]
    answer = v1.send("POST", path, json={**body, field: REFUSED[what][field]})
    error = answer.json()["error"]
    assert answer.status_code == (404 if what == "embeddings" and field == "model" else 400), answer.text
    assert error.keys() == {"message", "type", "param", "code"} and error["type"] == "invalid_request_error"
    assert str(error["param"]).partition(".")[0].partition("[")[0] == field.partition("[")[0], error
    assert answer.headers["x-request-id"].startswith("req_")


MESSAGES: list[Any] = [
    {"role": "tool", "content": "x"}, {"role": "user"}, {"role": "user", "content": 5}, "hello",
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/"}}]},
    {"role": "user", "content": "x", "name": "ada"}, {"role": "assistant", "content": "x", "tool_calls": [{}]},
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_that_cannot_be_answered(v1: V1, message: Any) -> None:
    answer = v1.send("POST", "/v1/chat/completions", json={**CHAT, "messages": [message]})
    assert answer.status_code == 400 and answer.json()["error"]["param"].startswith("messages")


BODIES: list[tuple[bytes, int]] = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b'"x"', 400), (b"\xff\xfe", 400), (b'{"model": "\\ud800"}', 400),
    (b'{"a": 1, "a": 2}', 400), (b'{"temperature": NaN}', 400), (b'{"temperature": 1e999}', 400),
    (b'{"a":' * 9_000, 400), (b"[" * 60_000, 400), (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
    (b'{"n": ' + b"9" * 5_000 + b"}", 400), (b'{"a": "' + b"x" * (80 << 10) + b'"}', 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES, ids=range(len(BODIES)))
def test_bodies_that_are_no_json(v1: V1, body: bytes, status: int) -> None:
    answer = v1.send("POST", "/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status and answer.json()["error"]["code"] in ("invalid_json", "request_too_large")


def test_errors_are_openais_everywhere(v1: V1) -> None:
    for method, path, status, code in (
        ("GET", "/v1/responses", 404, "not_found"),
        ("POST", "/v1/moderations", 404, "not_found"),
        ("POST", "/v1/audio/transcriptions", 404, "not_found"),
        ("POST", "/v1/batches", 404, "not_found"),
        ("PUT", "/v1/models", 405, "method_not_allowed"),
        ("POST", "/v1/files", 400, "invalid_content_type"),
    ):
        answer = v1.send(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), path
    bad = httpx2.get(f"{v1.address}/v1/models", headers={"Authorization": "Bearer lk-x"})
    none = httpx2.get(f"{v1.address}/v1/models", headers={"cookie": "luokuan_session=x"})
    for answer in (bad, none):
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        OpenAI(base_url=f"{v1.address}/v1", api_key="sk-nothing", max_retries=0).models.list()
    with pytest.raises(openai.PermissionDeniedError):
        v1.client("eve").chat.completions.create(**CHAT)
    assert v1.send("POST", "/v1/files", name="eve").json()["error"]["code"] == "insufficient_permissions"


def test_nothing_that_was_sent_becomes_a_header(v1: V1, client: OpenAI) -> None:
    answer = v1.send("POST", "/v1/chat/completions", json={**CHAT, "model": "x\r\nset-cookie: a=b"})
    assert answer.status_code == 404 and "set-cookie" not in answer.headers
    data = b'{"prompt": "a", "completion": "b"}\n'
    made = client.files.create(file=('a"\r\nx: y\u202e/../b.jsonl', data), purpose="fine-tune")
    got = v1.send("GET", f"/v1/files/{made.id}/content")
    assert got.content == data and "x" not in got.headers and "/" not in made.filename


def jobs_of(v1: V1) -> list[Any]:
    return JobQueue(v1.home, v1.database).list(v1.accounts["ada"].id, kind="chat.answer", limit=100)


def test_only_a_repeat_is_the_same_job(v1: V1) -> None:
    body = {**CHAT, "max_tokens": 3, "messages": [{"role": "user", "content": "once more"}]}

    def ask(**headers: str) -> httpx2.Response:
        return v1.send("POST", "/v1/chat/completions", json=body, headers=headers)

    first = ask(**{"x-stainless-retry-count": "0"}).json()
    again = ask(**{"x-stainless-retry-count": "1"}).json()
    # But for the links, which are signed anew.
    assert again["id"] == first["id"] and again["usage"] == first["usage"]
    works = [[choice["luokuan"]["work"] for choice in one["choices"]] for one in (first, again)]
    assert works[0] == works[1]
    assert ask().json()["id"] != first["id"], "equal requests are different jobs"
    other = {**body, "max_tokens": 4}
    new = v1.send("POST", "/v1/chat/completions", json=other, headers={"x-stainless-retry-count": "2"}).json()
    assert new["id"] != first["id"], "another body is another job"
    strange = v1.send("POST", "/v1/chat/completions", "bob", json=body, headers={"x-stainless-retry-count": "1"})
    assert strange.json()["id"] != first["id"], "another's job is never repeated"
    keyed = ask(**{"idempotency-key": "monday"}).json()
    assert ask(**{"idempotency-key": "monday"}).json()["id"] == keyed["id"]
    wrong = v1.send("POST", "/v1/chat/completions", json=other, headers={"idempotency-key": "monday"})
    assert wrong.status_code == 409 and wrong.headers["x-should-retry"] == "false"
    assert ask(**{"idempotency-key": "x" * 300}).status_code == 400


def test_who_goes_away_has_the_job_cancelled(v1: V1) -> None:
    body = {**CHAT, "model": "scribe", "max_tokens": 230, "n": 16, "stream": True}
    headers = {"Authorization": f"Bearer {v1.keys['ada']}"}
    before = {job.id for job in jobs_of(v1)}
    asking = (True, *(False,) * 7)  # so many that the last can't be done before it is known that nobody waits
    for stream in asking:
        with httpx2.Client(timeout=httpx2.Timeout(60, read=300 if stream else 0.4)) as leaving:
            asked = {"json": {**body, "stream": stream}, "headers": headers}
            if stream:
                with leaving.stream("POST", f"{v1.address}/v1/chat/completions", **asked) as answer:
                    assert next(answer.iter_lines()).startswith("data:")
            else:
                with pytest.raises(httpx2.ReadTimeout):
                    leaving.post(f"{v1.address}/v1/chat/completions", **asked)
    until = time.monotonic() + GRACE + 60
    while time.monotonic() < until:
        new = [job for job in jobs_of(v1) if job.id not in before]
        if len(new) == len(asking) and not any(job.live for job in new):
            break
        time.sleep(0.2)
    # One that was quicker than its client's leaving is done.
    assert {job.state for job in new} <= {"cancelled", "done"} and len(new) == len(asking)
    assert any(job.state == "cancelled" for job in new)


def test_the_list_of_fields_is_that_of_the_client() -> None:
    """Whoever updates the client sees which fields are new."""
    from typing import get_type_hints

    from openai.types.chat import completion_create_params

    names = set(get_type_hints(completion_create_params.CompletionCreateParamsBase))
    ours = {"messages", "model", "logprobs", "max_completion_tokens", "max_tokens", "metadata", "n",
            "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "seed", "stop",
            "temperature", "top_logprobs", "top_p", "user", "stream_options"}  # fmt: skip
    assert names - ours <= REFUSED["chat"].keys(), sorted(names - ours - REFUSED["chat"].keys())
