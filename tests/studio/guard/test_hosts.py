"""The list of allowed hosts."""

from __future__ import annotations

import pytest
from people import Place

from luokuan.studio.guard.hosts import host_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Localhost:80", "localhost"),
        ("[::1]:8790", "::1"),
        ("a.example.", "a.example"),
        ("", ""),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_names_are_taken_out(text: str, name: str) -> None:
    assert host_name(text) == name


def test_other_names_get_nothing(place: Place) -> None:
    client = place.stranger().client
    for name in ("localhost", "127.0.0.1:8790", "[::1]:1", "LOCALHOST"):
        assert client.get("/healthz", headers={"host": name}).status_code == 200
    for name in ("evil.example", "localhost.evil.example", "localhost@evil.example", "", "2130706433", "0x7f.1"):
        answer = client.get("/check", headers={"host": name})
        assert answer.status_code == 421 and "csrf" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff", "headers are on every answer"
