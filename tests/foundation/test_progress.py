"""Progress says how much time is left, on stderr, and is silent when asked."""

from __future__ import annotations

import pytest

from luokuan.foundation.progress import Progress, duration, watched


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (-3, "00:00"), (59.6, "01:00"), (3599, "59:59"), (3723, "1:02:03")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_time_left_follows_the_pace(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr("luokuan.foundation.progress.time.monotonic", lambda: now[0])
    with Progress("Work", 50, done=10, every=5) as progress:
        assert progress.seconds_left() is None
        now[0] += 20
        progress.update(20, "loss 1")  # ten steps in twenty seconds, counted from where the run was resumed
        assert progress.seconds_left() == pytest.approx(60)
        now[0] += 1
        progress.update(21)  # too soon for another line
        progress.update(50)
    captured = capfd.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "Work: 20/50  01:00 left  loss 1" and len(lines) == 2 and lines[1].startswith("Work: 50/50")


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress("Work", 2, quiet=True, every=0) as progress:
        progress.update(2)
    assert capfd.readouterr() == ("", "")


def test_whoever_watches_is_told_also_when_it_is_quiet_and_may_end_the_work(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, int, int, bool]] = []

    def watch(title: str, done: int, total: int, seconds_left: float | None) -> None:
        told.append((title, done, total, seconds_left is not None))
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError), watched(watch), Progress("Work", 9, quiet=True) as progress:
        for done in range(1, 9):
            progress.update(done)
    with Progress("Other", 2, quiet=True) as progress:
        progress.update(1)
    assert told == [("Work", done, 9, True) for done in (1, 2, 3)]
    assert capfd.readouterr() == ("", "")
