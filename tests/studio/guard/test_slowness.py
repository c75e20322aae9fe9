"""Headers that drip are cut; requests that come whole aren't, and neither are slow answers."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn

from luokuan.studio.guard.slowness import Prompt

CUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Hasty(Prompt):
    seconds = 2.0


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server whose answers take longer than headers may."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/slow":
                await asyncio.sleep(2.5)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})

    server = uvicorn.Server(
        uvicorn.Config(app, http=Hasty, ws="none", lifespan="off", log_config=None, timeout_keep_alive=20)
    )
    bound = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    yield bound.getsockname()[1]
    server.should_exit = True
    thread.join()
    bound.close()


def heard(wire: socket.socket) -> bytes:
    """An answer: up to its body, or to the end."""
    told = b""
    while not told.endswith((b"ok", CUT)) and (piece := wire.recv(200)):
        told += piece
    return told


def test_drips_are_cut_and_whole_requests_are_not(port: int) -> None:
    def open_wire() -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=30)

    whole = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    with closing(open_wire()) as dripping, closing(open_wire()) as silent, closing(open_wire()) as fine:
        began = time.monotonic()
        fine.sendall(whole.replace(b"/ ", b"/slow "))
        told = None
        dripping.settimeout(0.2)
        for letter in b"GET / HTTP/1.1\r\nx: " + b"a" * 400:
            try:
                dripping.sendall(bytes([letter]))
                told = dripping.recv(100)
                break
            except TimeoutError:
                continue
            except OSError:
                told = b""  # it was cut between two letters
                break
        assert told in (b"", CUT) and time.monotonic() - began < 60
        assert heard(silent) == CUT, "nor may a connection say nothing"
        assert heard(fine).endswith(b"ok"), "an answer may take its time"
        fine.sendall(whole)
        assert heard(fine).endswith(b"ok"), "and the same connection asks again"
        time.sleep(2.5)
        fine.sendall(whole)
        assert heard(fine).endswith(b"ok"), "a pause between requests is no drip"
        fine.sendall(b"GET ")
        assert heard(fine) == CUT
