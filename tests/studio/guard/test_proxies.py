"""What a proxy says of a request's origin."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from luokuan.errors import UserError
from luokuan.studio.guard.proxies import Proxies, parse_proxies


def seen(client: str, trusted: tuple[str, ...], *forwarded: str, proto: str = "") -> tuple[str, str]:
    """Address and scheme that the studio sees."""
    found: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.append((scope["client"][0], scope["scheme"]))

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scope = {"type": "http", "client": (client, 5), "scheme": "http", "headers": headers}
    asyncio.run(Proxies(app, trusted=parse_proxies(trusted))(scope, None, None))  # type: ignore[arg-type]
    return found[0]


def test_only_the_proxy_is_believed_and_only_what_it_saw() -> None:
    proxy = ("127.0.0.1", "10.0.0.0/8")
    assert seen("127.0.0.1", proxy, "203.0.113.7", proto="https") == ("203.0.113.7", "https")
    assert seen("198.51.100.1", proxy, "203.0.113.7", proto="https") == ("198.51.100.1", "http"), "no proxy of ours"
    assert seen("127.0.0.1", (), "203.0.113.7", proto="https") == ("127.0.0.1", "http"), "nobody is trusted by default"
    assert seen("127.0.0.1", proxy, "1.2.3.4, 203.0.113.7") == ("203.0.113.7", "http"), "before it, anybody wrote"
    assert seen("127.0.0.1", proxy, "1.2.3.4", "203.0.113.7, 10.1.2.3")[0] == "203.0.113.7", "two proxies, two headers"
    assert seen("::ffff:127.0.0.1", proxy, "[2001:db8::1]:443")[0] == "2001:db8::1"
    assert seen("127.0.0.1", proxy, "203.0.113.7:8080")[0] == "203.0.113.7"


@pytest.mark.parametrize(
    "text", ["", "unknown", "evil, <script>", "203.0.113.7, nonsense", "1.2.3.4.5", ",", "10.1.1.1"]
)
def test_nonsense_leaves_the_proxys_own_address(text: str) -> None:
    assert seen("127.0.0.1", ("127.0.0.1", "10.0.0.0/8"), text, proto="gopher") == ("127.0.0.1", "http")


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "10.0.0.1/8", "::g", "*"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_proxies([text])
    assert caught.value.code == "studio.proxy"
