"""Bodies of requests by programs: read once it is known who asks, never before."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _

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


def _unread(why: str) -> UserError:
    return UserError(
        _("The body can't be used: {why}.", why=why),
        _("See /api/openapi.json for its form."),
        code="http.body",
        status=422,
    )
