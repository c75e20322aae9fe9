"""JSON that fits a schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from plms import plm

from luokuan.errors import UserError
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.structured import Automaton, Guide, _Reader, check_schema
from luokuan.models.plm.writing import write

CARD: dict[str, Any] = {
    "type": "object",
    "title": "Card",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "kind": {"enum": ["dress", "裙"]},
        "price": {"type": ["number", "null"]},
        "sizes": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "made": {"$ref": "#/$defs/place"},
    },
    "required": ["name", "sizes"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "object", "properties": {"in": {"const": "CN"}}, "required": ["in"]}},
}


def fits(schema: Any, text: str) -> bool:
    machine = Automaton()
    end = _Reader(schema).piece(schema)(machine, 0)
    states = machine.closure([0])
    for letter in text:
        states = machine.after(states, letter)
    return end in states


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ('{"name": "a", "sizes": []}', True),
        ('{"name": "a\\n\\"", "kind": "裙", "price": -0.5, "sizes": [1, 22], "made": {"in": "CN"}}', True),
        ('{"name": "a", "price": null, "sizes": [0]}', True),
        ('{"sizes": [], "name": "a"}', False),
        ('{"name": "a"}', False),
        ('{"name": "abcdefg", "sizes": []}', False),
        ('{"name": "a", "kind": "hat", "sizes": []}', False),
        ('{"name": "a", "sizes": [1, 2, 3]}', False),
        ('{"name": "a", "sizes": [01]}', False),
        ('{"name": "\\ud800", "sizes": []}', False),
        ('{"name": "a", "sizes": []', False),
    ],
)
def test_what_fits(text: str, good: bool) -> None:
    assert fits(CARD, text) == good
    if good:
        json.loads(text)


def test_any_object_and_no_object() -> None:
    free = {"type": "object"}
    assert fits(free, "{}") and fits(free, '{"a": [1, {"b": null}], "c": "d"}') and not fits(free, "[]")
    optional = {"properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}}}
    found = [text for text in ("{}", '{"a": 1}', '{"b": true}', '{"a": 1, "b": false}', '{, "b": true}', '{"a": 1, }')
             if fits(optional, text)]  # fmt: skip
    assert found == ["{}", '{"a": 1}', '{"b": true}', '{"a": 1, "b": false}']


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"}, {"type": "date"}, {"type": "array", "minItems": 3, "maxItems": 2},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}},
        {"$ref": "http://x/"}, {"type": "object", "properties": {"a": {}}, "required": ["b"]}, {"anyOf": [7]},
        {"type": "string", "maxLength": 10**9}, {"type": "array", "maxItems": 400, "items": {"type": "array",
         "maxItems": 400, "items": {"type": "string", "maxLength": 400}}},
    ],
)  # fmt: skip
def test_schemas_that_cannot_be_followed(schema: Any) -> None:
    with pytest.raises(UserError, match="JSON schema"):
        check_schema(schema)


def test_a_model_that_knows_nothing_writes_what_fits() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "n": {"type": "array", "maxItems": 2,
              "items": {"type": "boolean"}}}, "required": ["a", "n"]}  # fmt: skip
    model = plm(context=160)
    found = write(model, ["go", "on"], seed=4, manner=Manner(max_tokens=100), allowed=Guide(model, schema))
    for one in found:
        value = json.loads(one.text)
        assert value["a"] in ("x", "y") and len(value["n"]) <= 2 and one.ended == "end"
    assert found[0].text != found[1].text or found[0].tokens == found[1].tokens
    letters = plm("chars", "abc")
    with pytest.raises(UserError, match="characters"):
        write(letters, ["a"], manner=Manner(max_tokens=5), allowed=Guide(letters, schema))
