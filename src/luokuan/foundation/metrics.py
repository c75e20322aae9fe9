"""Figures of a run: metrics.jsonl (one object a line) and, where installed, TensorBoard."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from luokuan.files import disk_errors, write_atomic


class MetricsFile:
    """Appends to ``folder/metrics.jsonl``; a resumed run first drops what lies after its checkpoint.

    Args:
        folder: The run's folder.
        from_step: Steps done; later lines are cut off.
        write: False in all processes but the main one.
    """

    def __init__(self, folder: Path, *, from_step: int = 0, write: bool = True) -> None:
        self.path = folder / "metrics.jsonl"
        self._write = write
        self._board: Any = None
        self._start = time.time()
        if write:
            self.truncate(from_step)
            self._open_board(folder / "tensorboard", from_step)

    def _open_board(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return  # the extra `tensorboard` isn't installed: metrics.jsonl holds the same figures
        self._board = SummaryWriter(folder, purge_step=step or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        if self._board is not None:
            self._board.close()

    def read(self) -> list[dict[str, Any]]:
        """All records, oldest first. A half-written last line (a power cut) is left out."""
        if not self.path.exists():
            return []
        records = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        return records

    def truncate(self, step: int) -> None:
        """Drop records after ``step``."""
        if not self._write:
            return
        kept = [record for record in self.read() if record["step"] <= step]
        text = "".join(json.dumps(record) + "\n" for record in kept)
        write_atomic(self.path, text.encode())

    def write(self, step: int, items: int, figures: Mapping[str, float]) -> None:
        """Append one record after ``step`` steps and ``items`` items."""
        if not self._write:
            return
        record = {"step": step, "items": items, "time": round(time.time(), 3), **figures}
        with disk_errors(self.path), self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, items)

    def flush(self) -> None:
        """Hand TensorBoard's figures to the disk."""
        if self._board is not None:
            self._board.flush()
