"""Values from JSON schemas, as far as ours go: what fits them, and what doesn't."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(max_size=40)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
"""Any JSON value."""


def fitting(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit ``schema``; ``parts``: what ``$ref`` leads to, by name."""
    if "$ref" in schema:
        return fitting(parts[schema["$ref"].rpartition("/")[2]], parts)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return st.one_of([fitting(one, parts) for one in schema[choice]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "string":
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) <= 60)
        least = schema.get("minLength", 0)
        return st.text(min_size=least, max_size=max(least, min(schema.get("maxLength", 40), 40)))
    if kind == "integer":
        unit = schema.get("multipleOf", 1)
        least, most = (schema.get(name) for name in ("minimum", "maximum"))
        least, most = least and -(-least // unit), most and most // unit
        return st.integers(least, most).map(lambda drawn: drawn * unit)
    if kind == "number":
        ends = {name: schema.get(name, schema.get(f"exclusive{name.title()}")) for name in ("minimum", "maximum")}
        more, less = ("exclusiveMinimum" in schema), ("exclusiveMaximum" in schema)
        return st.floats(*ends.values(), exclude_min=more, exclude_max=less, allow_nan=False, allow_infinity=False)
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    if kind == "array":
        if "prefixItems" in schema:
            return st.tuples(*[fitting(one, parts) for one in schema["prefixItems"]]).map(list)
        least = schema.get("minItems", 0)
        most = max(least, min(schema.get("maxItems", 3), 3))
        return st.lists(fitting(schema.get("items", {}), parts), min_size=least, max_size=most)
    if kind == "object":
        return _object(schema, parts)
    return JSON


def _object(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    named = {name: fitting(one, parts) for name, one in schema.get("properties", {}).items()}
    needed = set(schema.get("required", ()))
    known = st.fixed_dictionaries(
        {name: one for name, one in named.items() if name in needed},
        optional={name: one for name, one in named.items() if name not in needed},
    )
    if named or schema.get("additionalProperties") is False:
        return known
    more = schema.get("additionalProperties")
    return st.dictionaries(TEXT, fitting(more, parts) if isinstance(more, dict) else JSON, max_size=3)


def spoilt(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that nearly fit: one part of an object is something else, is missing, or is one too many."""

    @st.composite
    def made(draw: Any) -> Any:
        value = draw(fitting(schema, parts))
        place = value
        while isinstance(place, dict) and place:
            name = draw(st.sampled_from(sorted(place)))
            if isinstance(place[name], dict) and place[name] and draw(st.booleans()):
                place = place[name]
                continue
            what = draw(st.sampled_from(("other", "gone", "more")))
            if what == "gone":
                del place[name]
            else:
                place[name if what == "other" else draw(TEXT)] = draw(JSON)
            return value
        return draw(JSON)

    return made()
