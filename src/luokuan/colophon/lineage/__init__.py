"""Lineage: corpus → model → work → derived works, from the home's records or from what a file's manifest says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.lineage import claims, records
from luokuan.colophon.lineage.graph import Edge, Lineage, Node
from luokuan.colophon.lineage.svg import draw
from luokuan.colophon.lineage.text import lines
from luokuan.colophon.reference import locate

if TYPE_CHECKING:
    from luokuan.store.home import Home

__all__ = ["Edge", "Lineage", "Node", "draw", "lineage_of", "lines"]


def lineage_of(reference: Path | str, home: Home | None) -> Lineage:
    """The lineage of a work.

    Args:
        reference: A file of anybody, or the id of a work of this home.
        home: Whose records are asked; None: only the file is.

    Returns:
        What is known. ``known`` is False where neither records nor a manifest say anything.

    Raises:
        UserError: there is no such file or work, or the file can't be read.
    """
    found = locate(reference, home)
    if found.row is not None:
        assert home is not None
        lineage = records.read(found.row, home)
        lineage.vouched = found.vouched
        return lineage
    assert found.facts is not None and found.path is not None
    return claims.read(found.path, found.facts)
