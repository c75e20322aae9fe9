"""Reading what clients send: JSON that every part of the studio can hold, and forms."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from luokuan.i18n import _
from luokuan.studio.openai.errors import ApiError

DEEPEST = 32
"""Lists and objects inside one another."""
FIELDS = 60
"""Fields of a form, of 64 KiB at most."""


async def json_body(request: Request) -> dict[str, Any]:
    """The object in the body.

    Raises:
        ApiError: it isn't JSON in UTF-8 as RFC 8259 has it, names a field twice, or is no object.
        UserError: it is too large or too slow.
    """
    data = await request.body()
    try:
        found = json.loads(
            data.decode("utf-8"), parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once
        )
        # Half a character (\ud800) passes as JSON, but no table or file can hold it.
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise _unreadable(_("it isn't UTF-8")) from error
    except RecursionError as error:
        raise _unreadable(_("it is too deep")) from error
    except ValueError as error:
        raise _unreadable(str(error)[:200]) from error
    if not isinstance(found, dict):
        raise _unreadable(_("it is no object"))
    if _depth(found) > DEEPEST:
        raise _unreadable(_("it is too deep"))
    return found


async def form_body(request: Request, *, files: int) -> tuple[dict[str, Any], FormData]:
    """Fields and files of a form, and what must be closed when they were read. A field that came several times, or as
    ``name[]``, is a list.

    Raises:
        ApiError: it is no form, or not a whole one.
        UserError: it is too large or too slow.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(_("This takes a form with a file."), _("Send multipart/form-data."), code="invalid_content_type")
    try:
        form = await request.form(max_files=files, max_fields=FIELDS, max_part_size=64 << 10)
    except (MultiPartException, HTTPException) as error:
        raise ApiError(
            _("The form can't be read: {why}.", why=str(getattr(error, "message", "") or error)[:200].rstrip(".")),
            _("Send multipart/form-data with one file a field."),
            code="invalid_form",
        ) from error
    found: dict[str, Any] = {}
    for name in dict.fromkeys(form.keys()):
        values = form.getlist(name)
        plain = name.removesuffix("[]")
        found[plain] = list(values) if plain != name or len(values) > 1 else values[0]
    try:
        json.dumps(list(_texts(found)), ensure_ascii=False).encode()
    except UnicodeError as error:
        await form.close()
        raise _unreadable(_("it isn't UTF-8")) from error
    return found, form


def _texts(values: dict[str, Any]) -> list[str]:
    found = [*values]
    for value in values.values():
        found += [one for one in (value if isinstance(value, list) else [value]) if not isinstance(one, UploadFile)]
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(_("'{text}' is no number", text=text))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _no_number(text[:40])
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_("a field is there twice"))
    return found


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _unreadable(why: str) -> ApiError:
    return ApiError(
        _("The body of the request can't be used: {why}.", why=why.rstrip(".")),
        _("Send one JSON object in UTF-8."),
        code="invalid_json",
    )
