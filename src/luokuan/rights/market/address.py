"""Where the home's market stands on the net, for files that leave it: nobody but whoever runs it knows that."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from luokuan.errors import UserError
from luokuan.i18n import _

VARIABLE = "LUOKUAN_PUBLIC_ADDRESS"
"""Environment variable with the address, such as ``https://studio.example.org``."""
LONGEST = 200


def public_address() -> str:
    """The address without a slash at its end; empty: nobody has said one.

    Raises:
        UserError: it is none.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError as error:
        raise _no_address() from error
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \"'<>\\^`{|}") and len(text) <= LONGEST
    whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    if not plain or not whole or "?" in text or "#" in text:
        raise _no_address()
    return text.rstrip("/")


def page_of(listing_id: str) -> str:
    """Address of a listing's page; empty where the market's isn't known.

    Raises:
        UserError: see ``public_address``.
    """
    address = public_address()
    return f"{address}/market/{listing_id}" if address else ""


def _no_address() -> UserError:
    return UserError(
        _("The address in {variable} can't be used.", variable=VARIABLE),
        _("Give the studio's address, such as https://studio.example.org, or leave it out."),
        code="market.address",
    )
