"""The OpenAPI document of what programs may ask for, from the routes themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from luokuan import __version__
from luokuan.studio.access import PROGRAMS, needs_of
from luokuan.studio.api.shapes import Fault
from luokuan.studio.asking.fields import schema_of
from luokuan.studio.jobs.kinds import kinds

_ERRORS = {
    "400": "The request can't be understood.",
    "401": "No key, or one that opens nothing.",
    "403": "The key isn't for this.",
    "404": "There is no such thing, or it is somebody else's.",
    "409": "Something stands against it: a name that is taken, a key that was used, a job that runs.",
    "410": "It is gone: the file is missing, or the log is damaged.",
    "413": "It is too large.",
    "422": "A value is wrong.",
    "429": "Too often, or a quota is used up.",
    "503": "The database is held by another process.",
}


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document: every route for programs, with the role and the scopes that a key needs for it."""
    asked = [route for route in routes if str(getattr(route, "path", "")).startswith(PROGRAMS)]
    made = get_openapi(
        title="Luokuan studio",
        version=__version__,
        description='Show an API key as a bearer token. Errors are `{"error": {"code", "what", "do"}}`.',
        routes=asked,
    )
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "lk-…"}}
    shapes = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)  # what is wrong is told in our own form
    for name, shape in Fault.model_json_schema(ref_template="#/components/schemas/{model}").pop("$defs").items():
        shapes[name] = shape
    shapes["Fault"] = {k: v for k, v in Fault.model_json_schema(ref_template="#/components/schemas/{model}").items()
                       if k != "$defs"}  # fmt: skip
    fault = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    for route in asked:
        needs, path = needs_of(route), str(getattr(route, "path", ""))
        for method, about in made["paths"].get(path, {}).items():
            if method.upper() not in (getattr(route, "methods", None) or ()):
                continue
            about["security"] = [{"key": []}]
            about["x-luokuan-role"] = needs.role if needs is not None else ""
            about["x-luokuan-scopes"] = list(needs.scopes) if needs is not None else []
            answers = about["responses"]
            answers.pop("422", None)
            answers |= {status: {"description": says, "content": fault} for status, says in _ERRORS.items()}
    _with_briefs(made)
    return made


def _with_briefs(made: dict[str, Any]) -> None:
    """Write the brief of each kind into the body that hands in a job."""
    shapes, choices = made["components"]["schemas"], []
    for kind in kinds().values():
        schema = dict(schema_of(kind.brief))
        prefix = kind.name.replace(".", "-")
        for name, part in schema.pop("$defs", {}).items():
            shapes[f"{prefix}-{name}"] = _moved(part, prefix)
        shapes[f"{prefix}-brief"] = _moved(schema, prefix)
        choices.append({
            "type": "object",
            "required": ["kind", "brief"],
            "properties": {
                "kind": {"const": kind.name},
                "brief": {"$ref": f"#/components/schemas/{prefix}-brief"},
            },
            "additionalProperties": False,
        })  # fmt: skip
    body = made["paths"].get("/api/jobs", {}).get("post", {}).get("requestBody")
    if body is not None:
        body["content"]["application/json"]["schema"] = {"oneOf": choices}


def _moved(part: Any, prefix: str) -> Any:
    """A schema whose references lead to where its parts lie now."""
    if isinstance(part, dict):
        return {
            name: f"#/components/schemas/{prefix}-{value.rpartition('/')[2]}"
            if name == "$ref" and isinstance(value, str)
            else _moved(value, prefix)
            for name, value in part.items()
        }
    return [_moved(one, prefix) for one in part] if isinstance(part, list) else part
