"""Errors as clients of OpenAI's API read them: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from luokuan.errors import UserError

PREFIX = "/v1"
_BUSY = ("database.busy", "check.full")
_CODES = {
    "access.login": "invalid_api_key",
    "access.key": "invalid_api_key",
    "access.forbidden": "insufficient_permissions",
    "access.often": "rate_limit_exceeded",
    "quota.jobs": "insufficient_quota",
    "quota.seconds": "insufficient_quota",
    "quota.storage": "insufficient_quota",
    "model.unknown": "model_not_found",
    "prompt.too_long": "context_length_exceeded",
    "body.large": "request_too_large",
    "http.missing": "not_found",
    "http.method": "method_not_allowed",
    "job.key": "idempotency_key_in_use",
}
"""Our codes to those that OpenAI's clients know; others stay as they are."""
_NEVER_AGAIN = ("insufficient_quota", "idempotency_key_in_use", "conflict")
"""Codes of errors that clients would try again by their status, for nothing."""


class ApiError(UserError):
    """What is wrong with a field of a request.

    Args:
        what: See ``UserError``.
        do: See ``UserError``.
        code: One of OpenAI's codes.
        status: See ``UserError``.
        param: The field.
    """

    def __init__(self, what: str, do: str, *, code: str, status: int = 400, param: str | None = None) -> None:
        super().__init__(what, do, code=code, status=status)
        self.param = param


def under(request: Request) -> bool:
    """Whether a request goes to this interface."""
    path = request.url.path
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def status_of(error: UserError) -> int:
    """The status with which ``error`` is answered: what doesn't fit is 400 here, as OpenAI has it."""
    if error.code in _BUSY:
        return 503
    return 400 if error.status == 422 else error.status


def body_of(error: UserError) -> dict[str, Any]:
    """The body that tells of ``error``."""
    status, code = status_of(error), _CODES.get(error.code, error.code)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    if status == 429:
        kind = "insufficient_quota" if code == "insufficient_quota" else "rate_limit_error"
    param = error.param if isinstance(error, ApiError) else "model" if code == "model_not_found" else None
    return {"error": {"message": f"{error.what} {error.do}", "type": kind, "param": param, "code": code}}


def answer(error: UserError) -> JSONResponse:
    """The answer to a request that something was wrong with."""
    made, body = JSONResponse(body_of(error), status_of(error)), body_of(error)
    if made.status_code == 401:
        made.headers["www-authenticate"] = "Bearer"
    if body["error"]["code"] in _NEVER_AGAIN:
        made.headers["x-should-retry"] = "false"
    elif made.status_code in (429, 503):
        made.headers["retry-after"] = "5"
    return made
