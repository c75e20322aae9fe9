"""Bodies that are too large or too slow."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from people import Place

from luokuan.errors import UserError
from luokuan.studio.guard import bodies
from luokuan.studio.guard.bodies import Bodies


def test_a_form_that_is_too_large_is_refused_whatever_it_says_of_its_size(place: Place) -> None:
    browser = place.stranger()
    browser.get("/login")
    assert browser.post("/login", {"name": "x" * (64 << 10)}).status_code == 413

    def endless() -> Any:
        for _ in range(100):
            yield b"name=" + b"x" * 4096 + b"&"

    headers = {"content-type": "application/x-www-form-urlencoded", "x-csrf-token": browser.token}
    answer = browser.client.post("/login", content=endless(), headers=headers)
    assert answer.status_code == 413 and "64 KiB" in answer.text


def run(place: Place, messages: list[tuple[float, dict[str, Any]]], **changes: Any) -> int:
    """Bytes that came through; ``messages``: seconds to wait, and what comes then."""
    coming = iter(messages)
    got = 0

    async def receive() -> dict[str, Any]:
        wait, message = next(coming)
        await asyncio.sleep(wait)
        return message

    async def app(_scope: Any, inner: Any, _send: Any) -> None:
        nonlocal got
        more = True
        while more:
            message = await inner()
            got += len(message["body"])
            more = message["more_body"]

    settings = replace(place.settings, form_bytes=100, **changes)
    scope = {"type": "http", "path": "/x", "headers": []}
    asyncio.run(Bodies(app, settings=settings, larger={})(scope, receive, None))  # type: ignore[arg-type]
    return got


def piece(size: int, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def test_a_body_that_stops_or_drips_is_given_up(place: Place) -> None:
    assert run(place, [(0, piece(60)), (0, piece(40, False))]) == 100
    with pytest.raises(UserError) as caught:
        run(place, [(0, piece(60)), (0, piece(41, False))])
    assert (caught.value.code, caught.value.status) == ("body.large", 413)
    with pytest.raises(UserError) as caught:
        run(place, [(0, piece(1)), (5, piece(1))], body_idle=0.05)
    assert (caught.value.code, caught.value.status) == ("body.slow", 408)
    with pytest.raises(UserError) as caught:
        run(place, [(0.04, piece(1))] * 50, body_idle=1.0, body_total=0.2)
    assert caught.value.code == "body.slow"


def test_so_many_large_bodies_come_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "AT_ONCE", 2)
    refused = 0

    async def app(_scope: Any, inner: Any, _send: Any) -> None:
        nonlocal refused
        try:
            await inner()
        except UserError as error:
            assert error.code == "check.full"
            refused += 1

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return piece(1, False)

    guard = Bodies(app, settings=place.settings, larger={"/check": 1000})

    async def many() -> None:
        scope = {"type": "http", "path": "/check", "method": "POST", "headers": []}
        await asyncio.gather(*(guard(dict(scope), receive, None) for _ in range(5)))  # type: ignore[arg-type]

    asyncio.run(many())
    assert refused == 3
    asyncio.run(many())
    assert refused == 6, "places are given back"


def test_what_comes_to_a_path_or_below_it_may_be_larger_and_slower() -> None:
    larger, longer = {"/a": 10, "/a/": 20, "/a/b/c": 30}, {"/a/b/c": 9.0}
    found = {path: bodies._of_path(larger, path) for path in ("/a", "/a/x", "/a/b/c", "/a/b/c/d", "/ab", "/")}
    assert found == {"/a": 10, "/a/x": 20, "/a/b/c": 30, "/a/b/c/d": 20, "/ab": None, "/": None}
    assert bodies._of_path(longer, "/a/b/c") == 9.0 and bodies._of_path(longer, "/a/x") is None
