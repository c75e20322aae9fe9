"""Projects on the value chain, for programs: one's own, and nothing of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from people import Place
from projects_for_tests import stated, values, write

from luokuan.studio.api.project_shapes import AppraisalTold, ProjectList, ProjectTold

PATH = "/api/appraisal/projects"


def test_a_project_from_making_to_deleting(place: Place, tmp_path: Path) -> None:
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
    for method, path, body in (
        ("GET", one, None), ("PUT", one, {"text": changed, "version": 1}), ("PUT", one, {}),
        ("DELETE", f"{one}?version=1", None), ("GET", f"{one}/appraisal", None), ("GET", f"{PATH}/x", None),
    ):  # fmt: skip
        assert client.request(method, path, json=body, headers=theirs).status_code == 404, (method, path)
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
