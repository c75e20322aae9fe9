"""Figures of a run: metrics.jsonl always, TensorBoard where it is installed; a resumed run repeats nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from luokuan.foundation.metrics import MetricsFile


def write(folder: Path, steps: range, *, from_step: int = 0) -> MetricsFile:
    with MetricsFile(folder, from_step=from_step) as metrics:
        for step in steps:
            metrics.write(step, step * 8, {"generator/loss": float(step)})
    return metrics


def test_tensorboard_gets_the_same_figures(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    metrics = write(tmp_path, range(1, 4))
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    found = [(event.step, event.value) for event in board.Scalars("generator/loss")]
    assert found == [(record["items"], record["generator/loss"]) for record in metrics.read()]
    assert len(found) == 3


def test_without_tensorboard_the_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert [record["step"] for record in write(tmp_path, range(1, 4)).read()] == [1, 2, 3]
    assert not (tmp_path / "tensorboard").exists()


def test_what_lies_after_the_checkpoint_is_written_anew(tmp_path: Path) -> None:
    write(tmp_path, range(1, 6))
    metrics = write(tmp_path, range(3, 5), from_step=2)
    assert [record["step"] for record in metrics.read()] == [1, 2, 3, 4]


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    with MetricsFile(tmp_path, write=False) as metrics:
        metrics.write(1, 8, {"loss": 1.0})
    assert not list(tmp_path.iterdir())
