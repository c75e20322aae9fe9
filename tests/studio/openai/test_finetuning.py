"""`/v1/files`, `/v1/fine_tuning/jobs` and `/v1/embeddings`."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai_for_tests import V1

from luokuan.models.plm.finetune import RATES
from luokuan.studio.openai import tuning


def examples(count: int = 24) -> bytes:
    talks = [
        [{"role": "user", "content": f"hello {'fox ' * (number % 5 + 1)}"}, {"role": "assistant", "content": "the dog"}]
        for number in range(count)
    ]
    return b"".join(json.dumps({"messages": talk}).encode() + b"\n" for talk in talks)


def pairs(count: int = 12) -> bytes:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": f"hello {'fox ' * number}"}]},
            "preferred_output": [{"role": "assistant", "content": "the dog"}],
            "non_preferred_output": [{"role": "assistant", "content": "a fox"}],
        }
        for number in range(count)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_files_come_and_go(v1: V1, client: OpenAI) -> None:
    made = client.files.create(
        file=("talk.jsonl", examples()), purpose="fine-tune", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (made.filename, made.bytes, made.status) == ("talk.jsonl", len(examples()), "processed")
    assert made.expires_at == made.created_at + 3600
    assert client.files.content(made.id).read() == examples()
    assert made.id in {one.id for one in client.files.list(purpose="fine-tune")}
    other = client.files.create(file=("b.jsonl", examples(3)), purpose="fine-tune")
    page = client.files.list(limit=1)
    assert page.data[0].id == other.id and page.has_more and page.get_next_page().data
    bob = v1.client("bob")
    for call in (bob.files.retrieve, bob.files.delete, bob.files.content):
        with pytest.raises(openai.NotFoundError):
            call(made.id)
    assert client.files.delete(made.id).deleted and client.files.delete(other.id).deleted
    for name in (made.id, "file-..%2F..%2Fx", "%2E%2E", "file-" + "0" * 24, "x" * 300):
        assert v1.send("GET", f"/v1/files/{name}").status_code == 404


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"[1]\n", b"\xff\n", b'{"text": "x"}\n', b'{"messages": [{"role": "user", "content": "x"}]}\n',
     b'{"prompt": "a", "completion": " "}\n', b"[" * 9000, examples(2) + b'{"messages": "\\ud800"}\n'],
)  # fmt: skip
def test_files_that_nothing_can_be_learnt_from(client: OpenAI, data: bytes) -> None:
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("a.jsonl", data), purpose="fine-tune")


def test_what_else_is_wrong_with_a_file(v1: V1, client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=("a.jsonl", examples(2)), purpose="batch")
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("a.jsonl", examples(2)), purpose="fine-tune",
                            expires_after={"anchor": "created_at", "seconds": 5})  # fmt: skip
    for data in (b"--x\r\nbroken", b""):
        answer = v1.send("POST", "/v1/files", content=data, headers={"content-type": "multipart/form-data; boundary=x"})
        assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"


def until_it_ends(client: OpenAI, job_id: str) -> Any:
    until = time.monotonic() + 240
    while time.monotonic() < until:
        job = client.fine_tuning.jobs.retrieve(job_id)
        if job.status not in ("queued", "running"):
            return job
        time.sleep(0.3)
    raise AssertionError(job)


def test_a_model_learns_from_a_file_and_answers(v1: V1, client: OpenAI) -> None:
    file = client.files.create(file=("talk.jsonl", examples()), purpose="fine-tune")
    held = client.files.create(file=("held.jsonl", examples(4)), purpose="fine-tune")
    begun = client.fine_tuning.jobs.create(
        model="scribe", training_file=file.id, validation_file=held.id, suffix="kind", seed=3, metadata={"a": "b"},
        method={"type": "supervised", "supervised": {"hyperparameters":
                {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 2.0}}},
    )  # fmt: skip
    assert begun.status in ("queued", "running") and begun.training_file == file.id and begun.seed == 3
    assert begun.validation_file == held.id and begun.fine_tuned_model is None
    numbers = begun.hyperparameters
    assert (numbers.n_epochs, numbers.batch_size, numbers.learning_rate_multiplier) == (1, 4, 2.0)
    with pytest.raises(openai.ConflictError):
        client.files.delete(file.id)
    job = until_it_ends(client, begun.id)
    assert job.status == "succeeded", job
    model = job.fine_tuned_model
    assert model.startswith("ft-scribe-kind-") and job.finished_at >= job.created_at
    assert client.models.retrieve(model).owned_by == "ada"
    events = client.fine_tuning.jobs.list_events(begun.id, limit=100).data
    assert events[-1].message == "The job waits." and any(one.type == "metrics" for one in events)
    assert {one.level for one in events} == {"info"}
    saved = client.fine_tuning.jobs.checkpoints.list(begun.id).data
    assert saved[0].fine_tuned_model_checkpoint == model and saved[0].fine_tuning_job_id == begun.id
    assert begun.id in {one.id for one in client.fine_tuning.jobs.list(limit=5)}
    said = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=6, temperature=0
    )
    assert said.choices[0].message.content
    bob = v1.client("bob")
    calls: tuple[Any, ...] = (bob.fine_tuning.jobs.retrieve, bob.fine_tuning.jobs.cancel,
                              bob.fine_tuning.jobs.list_events, bob.fine_tuning.jobs.checkpoints.list)  # fmt: skip
    for call in calls:
        with pytest.raises(openai.NotFoundError):
            call(begun.id)
    with pytest.raises(openai.NotFoundError):
        bob.fine_tuning.jobs.create(model="scribe", training_file=file.id)
    with pytest.raises(openai.NotFoundError):
        bob.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}])
    assert client.files.delete(file.id).deleted, "the corpus that was made from it goes with it"
    assert not list(v1.home.corpora.glob(f"{file.id}*"))
    assert client.models.delete(model).deleted


def test_pairs_and_cancelling(client: OpenAI) -> None:
    file = client.files.create(file=("pairs.jsonl", pairs()), purpose="fine-tune")
    begun = client.fine_tuning.jobs.create(
        model="talker", training_file=file.id,
        method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 50, "batch_size": 2, "beta": 0.2}}},
    )  # fmt: skip
    assert begun.method is not None and begun.method.type == "dpo"
    ended = client.fine_tuning.jobs.cancel(begun.id)
    assert ended.status in ("cancelled", "running")
    assert until_it_ends(client, begun.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.fine_tuning.jobs.create(model="talker", training_file=file.id)  # no examples to answer by
    with pytest.raises(openai.BadRequestError, match="Those that can"):
        client.fine_tuning.jobs.create(model="tiny-prior", training_file=file.id)


def test_epochs_become_steps_and_come_back() -> None:
    material = tuning.Material("c", "file-x", None, 100)
    choices = tuning.choices_of(material, "sft", tuning.Wanted(epochs=4, batch=8, multiplier=0.5), "base", 7)
    assert choices == {"base": "base", "method": "sft", "seed": 7, "batch": 8, "steps": 50, "rate": 5e-5}
    numbers = tuning.hyperparameters(material, choices)
    assert numbers == {"n_epochs": 4, "batch_size": 8, "learning_rate_multiplier": 0.5}
    assert {name: RATES[name] for name in tuning.RATES} == tuning.RATES


def test_vectors(client: OpenAI) -> None:
    texts = ["the cat sees snow.", "the cat sees snow?", "a dog finds the river."]
    found = client.embeddings.create(model="lines", input=texts)
    assert [one.index for one in found.data] == [0, 1, 2] and len(found.data[0].embedding) == 4
    raw: Any = client.embeddings.with_raw_response.create(model="lines", input=texts, encoding_format="float")
    assert raw.parse().data[1].embedding == pytest.approx(found.data[1].embedding)
    assert found.usage.prompt_tokens == found.usage.total_tokens > 0
    deep = client.embeddings.create(model="scribe", input="the quick fox", dimensions=32).data[0].embedding
    assert len(deep) == 32 and math.isclose(sum(x * x for x in deep), 1, rel_tol=1e-4)
    same = client.embeddings.create(model="scribe", input=["hello", "the quick fox"]).data[1].embedding
    assert same == pytest.approx(deep, abs=1e-6)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="scribe", input="x" * 5000)
    with pytest.raises(openai.BadRequestError, match="32"):
        client.embeddings.create(model="scribe", input="fox", dimensions=16)
