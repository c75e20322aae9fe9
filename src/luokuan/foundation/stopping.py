"""Stopping politely: a signal asks the work to save and end instead of cutting it off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_running: list[Callable[[], None]] = []


def stop_running() -> None:
    """Ask all that runs inside ``stopping_signals`` to save and end, as a signal would; from any thread."""
    for stop in list(_running):
        stop()


@contextmanager
def stopping_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C or termination signal; the second one ends the process at once.

    ``stop_running`` calls it, too, and alone does so outside the main thread, where Python delivers no signals.
    """
    _running.append(stop)
    try:
        with _signals(stop):
            yield
    finally:
        _running.remove(stop)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: object) -> None:
        stop()
        signal.signal(number, before[number])

    before: dict[int, Any] = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
