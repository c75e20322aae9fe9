"""A proxy before the studio: what it says of a request's origin is believed from its own address, and from no other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from luokuan.errors import UserError
from luokuan.i18n import _

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 2000
"""Characters of a header that are read."""


def parse_proxies(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks of proxies.

    Raises:
        UserError: one is no address.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError as error:
            raise UserError(
                _("'{text}' is no address of a proxy.", text=text[:60]),
                _("Give an address such as 127.0.0.1, or a network such as 10.0.0.0/8."),
                code="studio.proxy",
            ) from error
    return tuple(found)


class Proxies:
    """Puts the address of who asked in the place of the proxy's.

    ``X-Forwarded-For`` is read from its end: each proxy adds whom it saw, and what stands before the first address that
    is no proxy of ours may have been written by anybody. ``X-Forwarded-Proto`` says how the browser came.
    """

    def __init__(self, app: ASGIApp, *, trusted: Iterable[Network]) -> None:
        self._app, self._trusted = app, tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        client = scope.get("client")
        if scope["type"] == "http" and client and self._trusts(client[0]):
            headers = Headers(scope=scope)
            if (found := self._asker(",".join(headers.getlist("x-forwarded-for")))) is not None:
                scope["client"] = (found, 0)
            if (scheme := headers.get("x-forwarded-proto", "").strip().lower()) in ("http", "https"):
                scope["scheme"] = scheme
        await self._app(scope, receive, send)

    def _asker(self, text: str) -> str | None:
        for part in reversed(text[-LONGEST:].split(",")):
            address = _address(part.strip())
            if address is None:
                return None  # whoever wrote this, it tells nothing
            if not self._trusts(address):
                return address
        return None

    def _trusts(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)  # a socket for both kinds shows IPv4 so
        return any((mapped or address) in network for network in self._trusted)


def _address(text: str) -> str | None:
    """The address in one entry, which may have a port; None: there is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
