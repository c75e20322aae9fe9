"""Figures of runs, from their metrics.jsonl: grouped into charts, cheap to ask for again and again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from luokuan.i18n import _
from luokuan.studio.training.charts import Point, chart

MOST = 16 << 20
"""Bytes of the newest figures that are read; of longer runs the beginning isn't drawn."""
_AXES = ("step", "items", "time")
_COUNTS = ("samples", "tokens", "sentences", "items")
"""What validation only counts."""
Rows = tuple[Mapping[str, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. ``first``: whether it is shown at once, and not only when one asks for all of them."""

    title: str
    svg: str
    first: bool


def rows_of(folder: Path) -> Rows:
    """Rows of a run's figures, the oldest first; none where there are none. Kept as long as the file stays the same."""
    path = folder / "metrics.jsonl"
    try:
        about = path.stat()
    except OSError:
        return ()
    return _read(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, size: int, _changed: int) -> Rows:
    try:
        with path.open("rb") as stream:
            if size > MOST:
                stream.seek(size - MOST)
                stream.readline()
            lines = stream.read(MOST).splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue  # half a line, which is being written
        if isinstance(row, dict) and all(isinstance(row.get(axis), int | float) for axis in _AXES):
            found.append({key: value for key, value in row.items() if isinstance(value, int | float)})
    return tuple(found)


def charts_of(rows: Rows) -> list[Chart]:
    """One run's charts: losses first, then what validation measured, then the rest."""
    found = []
    for group, names in _groups([rows]).items():
        series = {_within(name, group): _series(rows, name, "items") for name in names}
        found.append(Chart(group, chart(series, group, _("items")), _rank(group) < 2))
    return [one for one in found if one.svg]


def compared(runs: Mapping[str, Rows], by: str) -> list[Chart]:
    """Charts of several runs over each other, by ``items`` or ``time`` (minutes since each run's beginning)."""
    along = _("minutes") if by == "time" else _("items")
    found = []
    for group, names in _groups(runs.values()).items():
        for name in names:
            series = {run: _series(rows, name, by) for run, rows in runs.items()}
            shared = sum(bool(points) for points in series.values()) > 1
            found.append(Chart(name, chart(series, name, along, named=True), shared and _rank(group) < 2))
    return [one for one in found if one.svg]


def _series(rows: Rows, name: str, by: str) -> list[Point]:
    start = rows[0]["time"] if rows else 0.0
    scale = 60.0 if by == "time" else 1.0
    return [((row[by] - (start if by == "time" else 0)) / scale, row[name]) for row in rows if name in row]


def _groups(runs: Iterable[Rows]) -> dict[str, list[str]]:
    """Names of figures by the chart that they share: ``generator/loss`` and ``discriminator/loss`` are losses, each of
    what validation measured has its own."""
    names: dict[str, None] = {}
    for rows in runs:
        # The first and the last rows name all there is: validation comes seldom, but at the end.
        for row in (*rows[:50], *rows[-200:]):
            names |= dict.fromkeys(key for key in row if key not in _AXES)
    groups: dict[str, list[str]] = {}
    for name in names:
        head, _slash, tail = name.rpartition("/")
        groups.setdefault(name if head == "validation" else tail or name, []).append(name)
    return dict(sorted(groups.items(), key=lambda pair: (_rank(pair[0]), pair[0])))


def _rank(group: str) -> int:
    if group == "loss":
        return 0
    return 1 if group.startswith("validation/") and group.partition("/")[2] not in _COUNTS else 2


def _within(name: str, group: str) -> str:
    return name.removesuffix(f"/{group}") if name != group else name


def latest(rows: Rows, names: Sequence[str] = ("items_per_second",)) -> dict[str, float]:
    """The newest values of some figures."""
    found: dict[str, float] = {}
    for row in reversed(rows[-200:]):
        found |= {name: row[name] for name in names if name in row and name not in found}
    return found
