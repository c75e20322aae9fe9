"""Models, lineages, the log and checks, for programs."""

from __future__ import annotations

import pytest
from drafts import draft
from people import Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.colophon.tlog.proof import parse_proof

pytestmark = pytest.mark.usefixtures("each_database")

SCOPES = ("works:read", "models:read")


def test_models_say_what_they_are_for(place: Place) -> None:
    headers = place.key(place.account("ada", "viewer"), scopes=SCOPES)
    found = {one["name"]: one for one in place.stranger().client.get("/api/models", headers=headers).json()["models"]}
    assert found["garments"]["kinds"] == ["create.image"] and "dress" in found["garments"]["words"]
    assert set(found["verse"]["kinds"]) == {"create.copy", "create.text", "create.translation", "create.verse"}
    assert "path" not in found["garments"], "where the home lies is nobody's business"


def test_a_work_its_lineage_its_proof_and_its_check(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    client, own, other = place.stranger().client, place.key(ada, scopes=SCOPES), place.key(bob, scopes=SCOPES)
    assert client.get("/api/log", headers=own).status_code == 404
    work = finish(draft(), home=place.home, owner=ada.id)
    lineage = client.get(f"/api/lineage/{work.id}", headers=own).json()
    assert lineage["this"] == f"work:{work.id}" and {"from", "to", "how"} == set(lineage["edges"][0])
    book = client.get("/api/log?limit=5", headers=own).json()
    assert book["size"] == 1 and [entry["work"] for entry in book["entries"]] == [work.id]
    assert client.get("/api/log", headers=other).json()["entries"][0]["work"] is None
    proof = client.get(f"/api/log/{work.id}/proof", headers=own)
    assert parse_proof(proof.content).sound and proof.headers["content-type"].startswith("text/plain")
    for path in (f"/api/lineage/{work.id}", f"/api/log/{work.id}/proof"):
        assert client.get(path, headers=other).status_code == 404
    files = {"file": ("x.png", work.data)}
    told = client.post("/api/verify", files=files, headers=own).json()
    assert (told["verdict"], told["work"]) == ("ours", work.id)
    coarse = client.post("/api/verify", files=files, headers=other).json()
    assert coarse["work"] is None and coarse["verdict"] == "made"
    assert {line["about"] for line in coarse["evidence"]} < {line["about"] for line in told["evidence"]}


def test_works_of_others_have_no_names_in_a_lineage(place: Place) -> None:
    from luokuan.store.ingredients import IngredientRow, insert_ingredients

    ada, bob = place.account("ada"), place.account("bob")
    parent, child = keep_row(place.database, bob), keep_row(place.database, ada)
    given = IngredientRow(
        work_id=child.id, place=0, role="inputTo", purpose="reference", parent_id=parent.id,
        sha256=parent.blob_sha256, title="x",
    )  # fmt: skip
    with place.database.write() as connection:
        insert_ingredients(connection, [given])
    headers = place.key(ada, scopes=SCOPES)
    told = place.stranger().client.get(f"/api/lineage/{child.id}", headers=headers)
    assert parent.id not in told.text and any("somebody else" in node["title"] for node in told.json()["nodes"])
    keys = {node["key"] for node in told.json()["nodes"]}
    assert {edge[end] for edge in told.json()["edges"] for end in ("from", "to")} <= keys


def test_bodies_that_are_no_file_break_nothing(place: Place) -> None:
    client, headers = place.stranger().client, place.key(place.account("ada"), scopes=SCOPES)
    for content, kind in (
        (b"", ""),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
    ):
        answer = client.post("/api/verify", content=content, headers={**headers, "content-type": kind})
        assert answer.status_code in (400, 422), answer.text
    assert client.post("/api/verify", files={"file": ("x", b"")}, headers=headers).status_code == 422
    assert client.post("/api/verify", files={"file": ("x", b"data")}).status_code == 401
