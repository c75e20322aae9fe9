"""Progress of long work on stderr: a bar with time left in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

from luokuan.i18n import _


def duration(seconds: float) -> str:
    """Seconds as ``1:02:03`` or ``02:03``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes:02d}:{left:02d}"


Watcher = Callable[[str, int, int, float | None], None]
"""Called with what is being done, how much of it is done, of how much, and the seconds left, None if unknown."""
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(by: Watcher) -> Iterator[None]:
    """Tell ``by`` of all progress inside the block, quiet or not; what it raises ends the work."""
    token = _watcher.set(by)
    try:
        yield
    finally:
        _watcher.reset(token)


class Progress:
    """Shows (done, total) with a note. Use as a context manager; silent when ``quiet``.

    Args:
        title: What is being done.
        total: Steps in all.
        done: Steps done before (a resumed run).
        every: Seconds between lines where stderr is no terminal.
    """

    def __init__(self, title: str, total: int, *, done: int = 0, quiet: bool = False, every: float = 30) -> None:
        self.title, self.total, self.quiet, self.every = title, total, quiet, every
        self._first = self._done = done
        self._start = self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=self.total, completed=self._first, note="")
        return self

    def __exit__(self, *_details: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def seconds_left(self) -> float | None:
        """Time left at the pace so far, in seconds; None before the first step."""
        steps = self._done - self._first
        if steps <= 0:
            return None
        return (time.monotonic() - self._start) / steps * (self.total - self._done)

    def update(self, done: int, note: str = "") -> None:
        """``done`` steps of ``total`` are done."""
        self._done = done
        left = self.seconds_left()
        if (watcher := _watcher.get()) is not None:
            watcher(self.title, done, self.total, left)
        text = _("{time} left", time=duration(left)) if left is not None else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=f"{text}  {note}")
        elif not self.quiet and (time.monotonic() - self._said >= self.every or done == self.total):
            self._said = time.monotonic()
            sys.stderr.write(f"{self.title}: {done}/{self.total}  {text}  {note}\n")
            sys.stderr.flush()
