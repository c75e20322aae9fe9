"""Addresses and paths in the place of names: no brief reaches another folder or another machine."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from luokuan.errors import UserError
from luokuan.store.home import Home, open_home
from luokuan.studio.jobs.kinds import Kind, kinds
from luokuan.studio.jobs.queue import JobQueue

HOSTILE = (
    "http://169.254.169.254/latest/meta-data", "https://[::1]:8790/v1#x", "http://2130706433/", "http://0x7f.1/",
    "//evil.example/x", "file:///etc/passwd", "s3://bucket/x", "user/model", "../garments", "..\\..\\garments",
    "%2e%2e/garments", "/etc/passwd", "garments\x00", "ｇarments／..", "work:../../x", "input:" + "/" * 64, ".", "",
)  # fmt: skip
NAMES = ("model", "upscaler", "codec", "base", "tokenizer", "corpus", "corpora")
NEEDED: dict[str, Any] = {
    "model": "garments", "product": "tea", "to": "zh", "text": "tea", "name": "mine", "corpora": ["x"], "corpus": "x",
    "works": ["0" * 16], "messages": [{"role": "user", "content": "x"}], "input": ["x"], "texts": ["x"],
}  # fmt: skip


@pytest.fixture
def home(own_home: Path) -> Home:
    """On SQLite alone: what is done here is the same on both databases."""
    return open_home(own_home)


def named(kind: Kind[Any]) -> list[str]:
    """Fields of a kind's brief that name a model, a corpus or a file."""
    fields = kind.brief.model_json_schema()["properties"]
    return [name for name, about in fields.items() if name in NAMES or "file" in about]


REACHING = [(kind, field) for kind in kinds().values() for field in named(kind) if "const" not in
            kind.brief.model_json_schema()["properties"][field]]  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), REACHING, ids=lambda one: getattr(one, "name", one))
def test_they_name_nothing(queue: JobQueue, monkeypatch: pytest.MonkeyPatch, kind: Kind[Any], field: str) -> None:
    def reach(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("somebody else was asked")

    monkeypatch.setattr(socket, "getaddrinfo", reach)
    monkeypatch.setattr(socket.socket, "connect", reach)
    about = kind.brief.model_json_schema()
    brief = {name: NEEDED[name] for name in about.get("required", ()) if name in NEEDED}
    several = about["properties"][field].get("type") == "array"
    for value in HOSTILE:
        with pytest.raises(UserError) as caught:
            queue.submit("ann", kind.name, {**brief, field: [value] if several else value})
        assert caught.value.status in (400, 404, 422), (value, caught.value)


def test_there_are_such_fields() -> None:
    assert {"model", "like", "file", "start", "corpora", "upscaler"} <= {field for _kind, field in REACHING}
