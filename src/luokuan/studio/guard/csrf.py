"""Forged requests from other sites: every form and every HTMX request carries a token that only our pages know.

The token is made from the cookie that the browser sends with it, which is random and which no other page can read.
What browsers themselves say of a request's origin is asked as well, because a neighbour on the same domain may be able
to set cookies.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

HEADER = "x-csrf-token"
FIELD = "csrf"


def token_for(cookie: str) -> str:
    """The token that belongs to a cookie's value, 64 hexadecimal digits."""
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"luokuan csrf", hashlib.sha256).hexdigest()


def is_ours(request: Request, cookie: str | None, given: str) -> bool:
    """Whether a request comes from one of our pages."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        return False
    return bool(cookie) and hmac.compare_digest(token_for(cookie or "").encode(), given.encode("utf-8", "replace"))
