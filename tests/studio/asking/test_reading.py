"""From what was typed to a brief."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from luokuan.studio.asking.fields import fields_of
from luokuan.studio.asking.reading import brief_of, faults_of, typed_from, typed_in
from luokuan.studio.jobs.kinds import kind_named

IMAGE, COPY, TEXT = (fields_of(kind_named(f"create.{word}")) for word in ("image", "copy", "text"))


def read(fields: Any, **form: str) -> tuple[dict[str, Any], dict[str, str]]:
    return brief_of(fields, typed_in(fields, form))


def test_what_was_typed_becomes_values_of_their_types() -> None:
    brief, wrong = read(IMAGE, model="m", brief=" a dress ", count="3", strength=".5".replace(".", "0."), upscale="2",
                        strip="yes", attributes="hair: black\r\n\nshirt＝红".replace("＝", "="))  # fmt: skip
    assert not wrong
    assert brief == {
        "model": "m", "brief": " a dress ", "count": 3, "strength": 0.5, "upscale": 2, "strip": True,
        "attributes": {"hair": "black", "shirt": "红"},
    }  # fmt: skip
    brief, _wrong = read(TEXT, model="m", prompt="a\r\nb", **{"drawing.top_k": "5", "drawing.stop": "x\ny\n"})
    assert brief["drawing"] == {"top_k": 5, "stop": ["x", "y"]} and brief["prompt"] == "a\nb"
    assert brief["watermark"] is False, "a tick that isn't sent is taken away"


def test_what_is_wrong_is_told_where_it_is() -> None:
    brief, wrong = read(COPY, count="many", length="1.5", form="ode", attributes="just words")
    assert set(wrong) == {"product", "count", "length", "form", "attributes"} and "count" not in brief
    kind = kind_named("create.image")
    bad = {"model": "m" * 70, "brief": "x" * 30_000, "count": 0, "strength": 2, "truncation": -1, "like": 5}
    with pytest.raises(ValidationError) as caught:
        kind.brief.model_validate_json(json.dumps(bad))
    told = faults_of(caught.value, IMAGE)
    assert set(told) == set(bad) and "64" in told["model"] and "1" in told["count"]
    with pytest.raises(ValidationError) as caught:
        kind.brief.model_validate_json('{"model": "m", "secret": 1}')
    assert set(faults_of(caught.value, IMAGE)) == {""}, "what has no field is told above the form"
    with pytest.raises(ValidationError) as caught:
        kind_named("create.text").brief.model_validate_json('{"model": "m", "drawing": {"temperature": 9}}')
    assert set(faults_of(caught.value, TEXT)) == {"drawing.temperature"}


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from([field.name for field in (*IMAGE, *TEXT)]), st.text(max_size=30)))
def test_whatever_is_typed_gives_a_brief_or_a_sentence(form: dict[str, str]) -> None:
    for fields in (IMAGE, TEXT):
        brief, wrong = read(fields, **form)
        json.dumps(brief, allow_nan=False)
        assert set(wrong) <= {field.name for field in fields} and all(wrong.values())


def test_a_file_in_the_place_of_a_text_is_nothing() -> None:
    assert typed_in(IMAGE, {"brief": object()})["brief"] == ""


def test_a_brief_can_be_typed_again() -> None:
    brief = {"model": "m", "attributes": {"a": "b"}, "count": 2, "upscale": 4, "strip": True, "like": None}
    typed = typed_from(IMAGE, brief)
    assert (typed["attributes"], typed["count"], typed["upscale"], typed["like"]) == ("a: b", "2", "4", "")
    again, wrong = brief_of(IMAGE, typed)
    assert not wrong and again == {name: value for name, value in brief.items() if value is not None}
