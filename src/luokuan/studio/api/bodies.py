"""Bodies of requests by programs: read once it is known who asks, never before."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.errors import missing

ModelT = TypeVar("ModelT", bound=BaseModel)


async def json_body(request: Request, shape: type[ModelT]) -> ModelT:
    """The body, which must be JSON of this shape.

    Raises:
        UserError: it isn't (422).
    """
    try:
        return shape.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "-"
        raise _unread(f"{place[:80]}: {first['msg'][:200]}") from error
    except (ValueError, RecursionError) as error:
        raise _unread(_("it is no JSON")) from error


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """What a route tells the OpenAPI document of the body that it reads itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": shape.model_json_schema()}}}}


def id_in(text: str) -> str:
    """An id as it may stand in a row; anything else is nobody's.

    Raises:
        UserError: it is none (404).
    """
    if re.fullmatch("[0-9a-f]{16}", text) is None:
        raise missing()
    return text


def _unread(why: str) -> UserError:
    return UserError(
        _("The body can't be used: {why}.", why=why),
        _("See /api/openapi.json for its form."),
        code="http.body",
        status=422,
    )
