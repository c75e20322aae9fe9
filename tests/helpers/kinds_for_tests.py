"""Kinds of jobs that need no model and go through the real ``finish``: to be named in a worker's ``modules``."""

from __future__ import annotations

import os
import time
from typing import Any

from drafts import text_draft

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.foundation.stopping import stopping_signals
from luokuan.studio.jobs.context import Context
from luokuan.studio.jobs.kinds import Brief, Kind, register


class Notes(Brief):
    """``count`` texts, with a pause before each; ``seed`` as in real kinds."""

    count: int = 1
    pause: float = 0.0
    seed: int | None = None


def notes(context: Context, brief: Notes) -> dict[str, Any]:
    """Write them."""
    from luokuan.colophon.label import LabelOptions

    for number in range(brief.count):
        until = time.monotonic() + brief.pause
        while time.monotonic() < until:
            context.text(number, ".")
            time.sleep(0.02)
        text = f"Note {number} of {brief.seed}"
        context.finish(text_draft(text, "en"), home=context.home, media_type="text/plain", label=LabelOptions())
    return {}


class Steps(Brief):
    """A run of ``steps`` in the home, which is saved after each and goes on from there."""

    name: str
    steps: int
    pause: float = 0.01


def steps(context: Context, brief: Steps) -> dict[str, Any] | None:
    """Count; what was counted is never counted twice."""
    path = context.home.runs / brief.name / "count"
    done = int(path.read_text()) if path.exists() else 0
    asked: list[int] = []
    with stopping_signals(lambda: asked.append(1)):
        while done < brief.steps and not asked:
            time.sleep(brief.pause)
            done += 1
            write_atomic(path, str(done).encode())
            if not context.dropped.is_set():
                context.progress(done / brief.steps)
    if done < brief.steps:
        context.check()
        return None
    return {"steps": done}


class Word(Brief):
    """What is to go wrong."""

    how: str = ""
    seconds: float = 60.0


def stuck(context: Context, brief: Word) -> dict[str, Any]:
    """Hear nothing for a while, as a long kernel does."""
    time.sleep(brief.seconds)
    return {"how": brief.how}


def wrong(context: Context, brief: Word) -> dict[str, Any]:
    """Go wrong."""
    if brief.how == "user":
        raise UserError("No such dress.", "Choose another.", code="test.dress")
    if brief.how == "crash":
        os._exit(3)
    if brief.how == "memory":
        held = bytearray(300 << 20)
        time.sleep(20)
        return {"held": len(held)}
    raise RuntimeError("a secret of the server")


LIGHT: dict[str, Any] = {"models": False}
register(Kind("test.notes", Notes, notes, outputs=lambda brief: brief.count, **LIGHT))
register(Kind("test.steps", Steps, steps, makes=lambda brief: f"model:{brief.name}", stops=True, tries=9, **LIGHT))
register(Kind("test.stuck", Word, stuck, **LIGHT))
register(Kind("test.short", Word, stuck, seconds=0.5, **LIGHT))
register(Kind("test.wrong", Word, wrong, tries=2, **LIGHT))
