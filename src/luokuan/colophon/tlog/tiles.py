"""The log as files that any server can hand out, and any reader of c2sp.org/tlog-tiles can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.tlog.note import parse_checkpoint
from luokuan.store import logbook

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.logbook import HeadRow

WIDTH = 256
"""Hashes or entries in a full tile."""
HEIGHT = 8
"""Levels of the tree that a tile spans."""

ENTRIES, CHECKPOINT = "entries", "checkpoint"


def tile_path(level: int | str, number: int, width: int = WIDTH) -> Path:
    """Where a tile lies below the folder: ``tile/LEVEL/x001/x234/067``, with ``.p/WIDTH`` when it isn't full."""
    text = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03d}/{text}"
    return Path("tile", str(level), text if width == WIDTH else f"{text}.p/{width}")


def write_tiles(connection: sa.Connection, head: HeadRow, folder: Path) -> int:
    """Write checkpoint, tiles and bundles of entries below ``folder``, which is empty. Returns how many files.

    Entries are public leaves; recipes, salts and what they commit to stay in the home.

    Raises:
        ValueError: rows are missing; ``audit`` finds which.
    """
    written = 1
    for start in range(0, head.size, WIDTH):
        stop = min(start + WIDTH, head.size)
        leaves = [found.entry.leaf for found in logbook.entries(connection, head.id, start, stop)]
        bundle = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
        _write(folder, ENTRIES, start // WIDTH, stop - start, len(leaves), bundle)
        written += 1
    level, count = 0, head.size
    while count:
        for start in range(0, count, WIDTH):
            stop = min(start + WIDTH, count)
            hashes = logbook.node_range(connection, head.id, HEIGHT * level, start, stop)
            _write(folder, str(level), start // WIDTH, stop - start, len(hashes), b"".join(hashes))
            written += 1
        level, count = level + 1, count // WIDTH
    (folder / CHECKPOINT).write_text(head.checkpoint, encoding="utf-8")
    return written


def is_export(folder: Path) -> bool:
    """Whether a folder holds what ``write_tiles`` wrote and nothing else: other programs have files called checkpoint,
    too."""
    try:
        parse_checkpoint((folder / CHECKPOINT).read_bytes())
        return {item.name for item in folder.iterdir()} <= {CHECKPOINT, "tile"}
    except (OSError, ValueError):
        return False


def _write(folder: Path, level: str, number: int, width: int, found: int, data: bytes) -> None:
    if found != width:
        raise ValueError(f"the tile {level}/{number} has {found} of {width} rows")
    path = folder / tile_path(level, number, width)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
