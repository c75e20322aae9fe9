"""Projects on the value chain, for programs: one's own, and nothing of others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from market_for_tests import errands_here, offered, priced, unchecked
from people import AT, Place, keep_row
from projects_for_tests import stated, values, write

from luokuan.rights.market import orders
from luokuan.store.feedback import put_feedback
from luokuan.store.tables import job
from luokuan.studio.api.project_shapes import AppraisalTold, ProjectList, ProjectTold

PATH = "/api/appraisal/projects"


def test_a_project_from_making_to_deleting(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("luokuan.studio.projects.PATIENCE", 240.0)  # of a machine that does much else
    text = write(tmp_path / "p.yaml", values(limits={"budget": stated(4000, "EUR")})).read_text(encoding="utf-8")
    chief, other, ann = (
        place.account(name, role) for name, role in (("chief", "admin"), ("other", "admin"), ("ann", "maker"))
    )
    mine, theirs, maker = (place.key(one, scopes=("works:read", "books")) for one in (chief, other, ann))
    client = place.stranger().client
    assert client.get(PATH, headers=maker).status_code == 403
    assert client.get(PATH, headers=place.key(chief)).status_code == 403, "a key for something else"
    refused: tuple[dict[str, Any], ...] = (
        {}, {"text": ""}, {"text": "x" * 50_001}, {"text": 1}, {"text": text, "more": 1}, {"text": "a: \x00"},
        {"text": "a: \ud800"}, {"text": text.replace("EUR", "XXQ")},
    )  # fmt: skip
    for wrong in refused:
        answer = client.post(PATH, content=json.dumps(wrong), headers=mine)
        assert answer.status_code == 422 and set(answer.json()["error"]) == {"code", "what", "do"}, wrong
    made = client.post(PATH, json={"text": text}, headers=mine)
    assert made.status_code == 201, made.text
    found = ProjectTold.model_validate(made.json())
    assert (found.name, found.layer, found.stage, found.version, found.text) == (
        "Test", "application", "platform", 1, text,
    )  # fmt: skip
    one = made.headers["location"]
    assert one == f"{PATH}/{found.id}" and client.get(one, headers=mine).json() == made.json()
    (line,) = ProjectList.model_validate(client.get(PATH, headers=mine).json()).projects
    assert line.id == found.id and client.get(PATH, headers=theirs).json() == {"projects": []}
    changed = text.replace("platform", "research")
    strange = place.key(ann, scopes=("market",))
    calls: tuple[tuple[str, str, Any], ...] = (
        ("PUT", one, {"text": changed, "version": 1}), ("PUT", one, {}), ("DELETE", f"{one}?version=1", None),
        ("GET", f"{PATH}/x", None),
    )  # fmt: skip
    for method, path, body in calls:
        for headers in (theirs, strange):
            assert client.request(method, path, json=body, headers=headers).status_code == 404, (method, path)
    for path in (one, f"{one}/appraisal"):
        assert client.get(path, headers=strange).status_code == 404
    assert client.get(one, headers=theirs).json() == made.json(), "administrators look at everybody's"
    told = client.put(one, json={"text": changed, "version": 1}, headers=mine)
    assert told.status_code == 200 and (told.json()["stage"], told.json()["version"]) == ("research", 2)
    again = client.put(one, json={"text": text, "version": 1}, headers=mine)
    assert again.status_code == 409 and again.json()["error"]["code"] == "project.changed"
    assert client.put(one, json={"text": "layer: x", "version": 2}, headers=mine).status_code == 422
    answer = client.get(f"{one}/appraisal?paths=400&seed=5", headers=mine)
    appraisal = AppraisalTold.model_validate(answer.json())
    assert (appraisal.stage, appraisal.simulated["paths"], appraisal.simulated["seed"]) == ("research", 400, 5)
    assert appraisal.limits[0]["state"] == "broken" and appraisal.advice
    for query in ("paths=0", "paths=1000000", "seed=-1", "seed=x"):
        assert client.get(f"{one}/appraisal?{query}", headers=mine).status_code == 422, query
    for version, status in (("", 422), ("?version=0", 422), ("?version=1", 409), ("?version=2", 204)):
        assert client.delete(f"{one}{version}", headers=mine).status_code == status, version
    assert client.get(one, headers=mine).status_code == 404


def test_a_makers_project_counts_records_of_their_own_works_alone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked(monkeypatch)
    errands_here(monkeypatch)
    ann, cy, chief = place.account("ann"), place.account("cy"), place.account("chief", "admin")
    bo, sold = place.account("bo", "viewer"), {}
    for seller, minor in ((ann, 1100), (cy, 7700)):
        work = sold[seller.name] = keep_row(place.database, seller, model_name="garments").id
        with place.database.write() as connection:
            put_feedback(connection, work, seller is ann, datetime.now(UTC))
        listing = offered(place.home, work, person=seller, terms=priced(minor=minor), title=seller.name)
        orders.pay(orders.place(listing.id, bo, place.home).id, place.home)
    with place.database.write() as connection:
        for number, (owner, state) in enumerate(((ann, "done"), (cy, "failed"), (cy, "failed"), (cy, "failed"))):
            connection.execute(job.insert().values(**job_values(number, owner.id, state)))
    month = f"{datetime.now(UTC):%Y-%m}"
    found = values(
        models=["garments"], start=month, actuals=[{"month": month, "cost": 5, "invested": 1, "source": "ledger"}],
        limits={name: stated(10, unit) for name, unit in (
            ("disliked_works", "%"), ("failed_jobs", "%"), ("unit_cost", "EUR/unit"),
        )},
    )  # fmt: skip
    text = write(tmp_path / "p.yaml", found).read_text(encoding="utf-8")
    key = {one.name: place.key(one, scopes=("market",)) for one in (ann, cy)}
    key["chief"] = place.key(chief, scopes=("books",))
    client, told = place.stranger().client, {}
    for name, headers in key.items():
        one = client.post(PATH, json={"text": text}, headers=headers).headers["location"]
        answer = told[name] = client.get(f"{one}/appraisal?paths=400", headers=headers).json()
        again = client.get(f"{one}/appraisal?paths=400", headers=key["chief"]).json()
        assert again["revenue"] == answer["revenue"], "whoever reads it"
    for name, amount, bad in (("ann", 1100, 0.0), ("cy", 7700, 100.0)):
        assert [(one["work"], one["amount"]) for one in told[name]["revenue"]] == [(sold[name], amount)]
        limits = {one["metric"]: one for one in told[name]["limits"]}
        assert limits["disliked_works"]["value"] == limits["failed_jobs"]["value"] == bad
        assert "1 works" in limits["unit_cost"]["source"]
    assert {one["work"] for one in told["chief"]["revenue"]} == set(sold.values())
    lines = client.get(f"{PATH}?everybodys=true", headers=key["chief"]).json()["projects"]
    assert [one["owner"] for one in lines] == ["ann", "chief", "cy"]
    assert client.get(f"{PATH}?everybodys=true", headers=key["ann"]).status_code == 403
    less = place.key(chief, scopes=("market",))
    for path in (PATH, f"{PATH}/{lines[0]['id']}", f"{PATH}/{lines[0]['id']}/appraisal"):
        assert client.get(path, headers=less).status_code == 403, "it would tell of the books"
    lower = place.key(chief, role="maker", scopes=("market",))
    assert client.get(f"{PATH}/{lines[0]['id']}", headers=lower).status_code == 404
    answer = client.get(f"{PATH}/{lines[1]['id']}/appraisal?paths=400", headers=lower).json()
    assert answer["revenue"] == [], "a key that is for less sees no records of others"


def job_values(number: int, owner: str, state: str) -> dict[str, Any]:
    """A job's row, ended."""
    return {
        "id": f"{number:024d}", "owner": owner, "kind": "create.text", "brief": {}, "language": "en",
        "body_digest": "", "state": state, "priority": 0, "needs": "", "attempts": 1, "tries": 3,
        "run_after": AT, "fence": 1, "share": 1.0, "message": "", "outputs": 0, "created_at": AT, "ended_at": AT,
        "compute_seconds": 60.0, "revision": 1, "events": 0, "error": {"what": "w"} if state == "failed" else None,
    }  # fmt: skip


def test_receipts_take_the_place_of_the_books(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    errands_here(monkeypatch)
    found = values(actuals=[{"month": "2027-01", "cost": 5, "revenue": 1, "source": "ledger"}])
    text = write(tmp_path / "p.yaml", found).read_text(encoding="utf-8")
    mine, strange = (place.key(place.account(name), scopes=("market",)) for name in ("ann", "cy"))
    client = place.stranger().client
    one = client.post(PATH, json={"text": text}, headers=mine).headers["location"] + "/appraisal"
    rows = "date,amount,currency,reference\n2027-01-05,1000,EUR,A-1\n"
    plain = client.get(f"{one}?paths=400", headers=mine).json()["stated"]["npv"]
    answer = client.post(one, json={"receipts": rows, "paths": 400}, headers=mine)
    assert AppraisalTold.model_validate(answer.json()).stated["npv"] == pytest.approx(plain + 999)
    for wrong in ({}, {"receipts": ""}, {"receipts": rows, "paths": 1}, {"receipts": rows, "more": 1}):
        assert client.post(one, json=wrong, headers=mine).status_code == 422, wrong
    answer = client.post(one, json={"receipts": rows.replace("EUR", "USD"), "paths": 400}, headers=mine)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "appraisal.currency"
    assert client.post(one, json={"receipts": rows}, headers=strange).status_code == 404
    assert client.get(f"{one}?paths=400", headers=mine).json()["stated"]["npv"] == plain, "nothing is kept"
