"""Answers piece by piece, whichever attempt tells them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from luokuan.store.jobs import Event
from luokuan.studio.openai import answers
from luokuan.studio.openai.answers import Told, usage


def events(*given: tuple[str, dict[str, Any]]) -> list[Event]:
    return [Event(number, kind, data, datetime.now(UTC)) for number, (kind, data) in enumerate(given, 1)]


def test_another_attempt_tells_nothing_twice(monkeypatch: Any) -> None:
    monkeypatch.setattr(answers, "_work", lambda _request, work: {"work": work})
    running = ("state", {"state": "running"})
    said = {"ended": "length", "prompt_tokens": 3, "tokens": 4}
    given = events(
        running, ("text", {"place": 0, "text": "one t"}), ("text", {"place": 1, "text": "a"}),
        ("retry", {}), running, ("text", {"place": 0, "text": "one"}), ("text", {"place": 0, "text": " two"}),
        ("answer", {"place": 0, "text": "one two!", **said}), ("work", {"place": 0, "work": "w0"}),
        ("answer", {"place": 1, "text": " ", **said}), ("state", {"state": "done"}),
    )  # fmt: skip
    told, texts, ended = Told(None), {0: "", 1: ""}, list[int]()  # type: ignore[arg-type]

    async def follow() -> None:
        for event in given:
            for place, piece in told.pieces(event):
                texts[place] += piece
            ended.extend(await told.finished(event))

    asyncio.run(follow())
    assert texts[0] == "one two!" and ended == [0, 1], "of a blank text there is no work to wait for"
    assert told.ended[0].work == {"work": "w0"} and told.ended[1].work is None
    assert usage(list(told.ended.values()), 2) == {"prompt_tokens": 3, "completion_tokens": 8, "total_tokens": 11}
