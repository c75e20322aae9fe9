"""The OpenAPI document, and the interface held against it: whatever is sent, no answer is our fault, and each is what
the document says and has the shape that it says. Schemathesis asks besides, see ``test_schemathesis.py``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import Place, keep_order, keep_row
from schemas_for_tests import JSON, fitting, spoilt

from luokuan.studio.access import PROGRAMS, SCOPES
from luokuan.studio.api import project_shapes, shapes, trade_shapes
from luokuan.studio.jobs.kinds import kinds

EXAMPLES = 8
METHODS = ("get", "post", "delete", "put", "patch")


def key(place: Place) -> dict[str, str]:
    return place.key(place.account("ada", "admin"), scopes=tuple(SCOPES))


def document(place: Place, headers: dict[str, str]) -> dict[str, Any]:
    answer = place.stranger().client.get("/api/openapi.json", headers=headers)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_whole(place: Place) -> None:
    made = document(place, key(place))
    asked = {
        (route.path, method.lower())
        for route in place.app.router.routes
        for method in getattr(route, "methods", None) or ()
        if route.path.startswith(PROGRAMS) and method != "HEAD"
    }
    told = {(path, method) for path, about in made["paths"].items() for method in about if method in METHODS}
    assert told == asked and made["openapi"].startswith("3.1")
    for path, method in told:
        about = made["paths"][path][method]
        assert about["security"] == [{"key": []}] and about["description"], (path, method)
        assert set(about["x-luokuan-scopes"]) <= set(SCOPES)
        assert about["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Fault")
    names = {kind["properties"]["kind"]["const"] for kind in _body(made, "/api/jobs")["oneOf"]}
    assert names == set(kinds())
    parts = made["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/([\w-]+)", str(made)))
    assert references <= set(parts), "every reference leads somewhere"


def _body(made: dict[str, Any], path: str) -> Any:
    return made["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("part", ["jobs", "rest"])
def test_no_request_is_answered_with_a_fault_of_ours(place: Place, part: str) -> None:
    headers = key(place)
    made, client = document(place, headers), place.stranger().client
    parts = made["components"]["schemas"]
    queue = place.app.state.studio.queue
    job = client.post("/api/jobs", json={"kind": "create.image", "brief": {"model": "garments"}}, headers=headers)
    queue.cancel(job.json()["id"])  # it has ended: nobody waits for what comes
    order = {"kind": "model", "name": "mine", "size": 10}
    upload = client.post("/api/uploads", json=order, headers=headers).json()["id"]
    known = {
        "job_id": job.json()["id"],
        "work_id": keep_row(place.database).id,
        "upload_id": upload,
        "name": "garments",
        "project_id": "f" * 16,  # none: each appraisal of one is a process
        **keep_order(place.database, place.account("bo"), place.account("cy")),
    }
    asked = [(path, method) for path, about in made["paths"].items() for method in about
             if path.startswith("/api") and path.startswith("/api/jobs") == (part == "jobs")]  # fmt: skip

    def names(name: str) -> st.SearchStrategy[str]:
        # Dots alone lead elsewhere: the client takes them out of the path before it asks.
        text = st.text(min_size=1, max_size=20).filter(lambda drawn: drawn not in (".", ".."))
        return st.sampled_from([known[name], "0" * 16]) | text

    @settings(max_examples=EXAMPLES * len(asked), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        path, method = data.draw(st.sampled_from(asked))
        about = made["paths"][path][method]
        query, url = {}, path
        for one in about.get("parameters", ()):
            value = data.draw(fitting(one["schema"], parts) | st.text(max_size=20))
            if one["in"] == "query" and (one.get("required") or data.draw(st.booleans())) and value is not None:
                query[one["name"]] = str(value)
        for name in re.findall(r"\{(\w+)\}", path):
            url = url.replace(f"{{{name}}}", quote(data.draw(names(name)), safe=""))
        options: dict[str, Any] = {}
        content = about.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            schema = content["application/json"]["schema"]
            options["json"] = data.draw(st.one_of(fitting(schema, parts), spoilt(schema, parts), JSON))
        elif content:
            options["data"] = data.draw(st.dictionaries(st.sampled_from(["file", "x"]), st.text(max_size=20)))
        answer = client.request(method, url, params=query, headers=headers, **options)
        assert str(answer.status_code) in about["responses"], (method, url, query, options, answer.text)
        _check(about["responses"][str(answer.status_code)], answer)

    ask()


def test_what_counts_as_fitting_fits(place: Place) -> None:
    """The generator of requests itself: a list that must hold four once broke it now and then."""
    made = document(place, key(place))
    parts = made["components"]["schemas"]
    asked = [about.get("requestBody", {}).get("content", {}) for found in made["paths"].values()
             for method, about in found.items() if method in METHODS]  # fmt: skip
    bodies = [content["application/json"]["schema"] for content in asked if "application/json" in content]
    whole = [choice for body in bodies for choice in body.get("oneOf", [body])]
    assert len(whole) > len(kinds())
    for schema in [*whole, {"type": "array", "minItems": 4}, {"type": "array", "maxItems": 1}]:
        _holds(schema, parts)


def _holds(schema: dict[str, Any], parts: dict[str, Any]) -> None:
    valid = jsonschema_rs.validator_for({**schema, "components": {"schemas": parts}}).is_valid

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(fitting(schema, parts))
    def fits(value: Any) -> None:
        assert valid(value), (schema, value)

    fits()


def _shape(name: str) -> Any:
    return getattr(shapes, name, None) or getattr(project_shapes, name, None) or getattr(trade_shapes, name)


def _check(said: dict[str, Any], answer: Any) -> None:
    schema = said.get("content", {}).get("application/json", {}).get("schema", {})
    if answer.headers.get("content-type") == "application/json" and "$ref" in schema:
        _shape(schema["$ref"].rpartition("/")[2]).model_validate_json(answer.content)
