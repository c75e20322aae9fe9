"""`/v1/models`."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import openai
import pytest
from openai import OpenAI
from openai_for_tests import V1, writer

from luokuan.foundation.modelfolder import read_folder
from luokuan.store import belongings


def test_what_there_is_and_what_it_serves(v1: V1, client: OpenAI) -> None:
    found = {one.id: one for one in client.models.list()}
    assert {"scribe", "talker", "tiny-prior", "lines", "garments", "sentences", "voices"} <= found.keys()
    assert found["garments"].owned_by == "luokuan" and found["scribe"].owned_by == "home"
    serves = {name: one.to_dict()["luokuan"]["serves"] for name, one in found.items()}
    assert "chat/completions" in serves["scribe"] and serves["tiny-prior"][0] == "images/generations"
    assert serves["tiny-codec"] == [] and serves["lines"] == ["embeddings"]
    one = client.models.retrieve("scribe")
    assert (one.object, one.created) == ("model", found["scribe"].created)
    assert v1.client("eve").models.retrieve("voices").to_dict()["luokuan"]["voices"]


def test_the_licence_is_what_the_pages_say(v1: V1, client: OpenAI) -> None:
    def licence(name: str) -> str:
        return str(client.models.retrieve(name).to_dict()["luokuan"]["licence"])

    folder = writer(v1.home.models / "brought")
    for text, wanted in (("---\nlicense: apache-2.0\n---\n# A\n", "Apache-2.0"), ("# A\n", "unknown")):
        (folder / "README.md").write_text(text)
        (folder / "training.json").unlink(missing_ok=True)
        assert licence("brought") == read_folder(folder).licence == wanted
    (folder / "training.json").write_text('{"corpus": {"licence": "MIT"}}')
    assert licence("brought") == read_folder(folder).licence == "MIT"
    (folder / "training.json").write_text("{")
    assert licence("brought") == "unknown"
    shutil.rmtree(folder)


def test_an_unknown_model_is_404_with_suggestions(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("garmets")
    error = raised.value
    assert error.code == "model_not_found" and error.param == "model" and "garments" in error.message
    assert error.request_id is not None and error.request_id.startswith("req_")
    with pytest.raises(openai.NotFoundError, match="scribe"):
        client.chat.completions.create(model="../../etc", messages=[{"role": "user", "content": "hi"}])
    with pytest.raises(openai.BadRequestError, match="Those that can"):
        client.chat.completions.create(model="tiny-prior", messages=[{"role": "user", "content": "hi"}])


def test_one_deletes_ones_own_and_nobody_elses(v1: V1, client: OpenAI) -> None:
    writer(v1.home.models / "mine")
    with v1.database.write() as connection:
        belongings.take(connection, "model", "mine", v1.accounts["ada"].id, datetime.now(UTC))
    bob = v1.client("bob")
    assert client.models.retrieve("mine").owned_by == "ada"
    assert "mine" not in {one.id for one in bob.models.list()}
    for call in (bob.models.retrieve, bob.models.delete):
        with pytest.raises(openai.NotFoundError):
            call("mine")
    for name in ("garments", "scribe", "voices"):
        with pytest.raises(openai.PermissionDeniedError):
            client.models.delete(name)
    assert client.models.delete("mine").deleted and not (v1.home.models / "mine").exists()
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("mine")
