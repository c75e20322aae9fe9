"""What runs is asked to save and end by a signal, or from another thread."""

from __future__ import annotations

import os
import signal
import threading

from luokuan.foundation.stopping import stop_running, stopping_signals


def test_a_signal_stops_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked: list[int] = []
    with stopping_signals(lambda: asked.append(1)):
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == [1] and signal.getsignal(signal.SIGTERM) is before


def test_all_that_runs_can_be_stopped_from_any_thread() -> None:
    asked: list[str] = []
    stop_running()
    with stopping_signals(lambda: asked.append("outer")), stopping_signals(lambda: asked.append("inner")):
        thread = threading.Thread(target=stop_running)
        thread.start()
        thread.join()
    stop_running()
    assert asked == ["outer", "inner"], "and nothing outside the block"


def test_outside_the_main_thread_no_signal_is_touched() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked: list[int] = []

    def work() -> None:
        with stopping_signals(lambda: asked.append(1)):
            assert signal.getsignal(signal.SIGTERM) is before
            stop_running()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert asked == [1]
