"""What masters, histories and lineages cost.

    python benchmarks/lineage.py [--copies 5] [--works 300] [--seed 0] [--json]

Times are CPU milliseconds, which a busy machine and a slow disk don't change much.

``master``: milliseconds to encrypt and write the samples of a picture (median of 9), and bytes on the disk, for
smooth pictures with noise (standard deviation 3) of 256² and 1024² pixels and for 2,000 characters of text.
``manifest``: bytes of the manifest of a work and of its copies, each a copy of the one before (text, where the manifest
lies beside). ``lineage``: milliseconds to show a work with ``--works`` copies of it in the home's records.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import finish
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.lineage import lineage_of, lines
from luokuan.colophon.schema import Draft, Recipe
from luokuan.media import Media, Picture, Text
from luokuan.store.database import open_database
from luokuan.store.home import ELSEWHERE, Home, open_home
from luokuan.store.ingredients import IngredientRow, insert_ingredients
from luokuan.store.masters import Masters
from luokuan.store.works import find_work, insert_work


def picture(side: int, seed: int) -> Picture:
    """A ramp each way with noise, uint8 (side, side, 3)."""
    rows, columns = np.mgrid[0:side, 0:side] * (255 / side)
    noise = np.random.default_rng(seed).normal(0, 3, (side, side, 3))
    return Picture(np.clip(np.stack([rows, columns, rows * 0 + 90], -1) + noise, 0, 255).astype(np.uint8))


def milliseconds(action: Callable[[], Any], times: int) -> float:
    """CPU milliseconds, median of ``times`` calls."""
    found = []
    for _ in range(times):
        start = time.process_time()
        action()
        found.append(1000 * (time.process_time() - start))
    return statistics.median(found)


def masters(home: Home, seed: int) -> dict[str, dict[str, float]]:
    """Time and size of masters."""
    kept = Masters(home)
    things: dict[str, Media] = {
        "256²": picture(256, seed),
        "1024²": picture(1024, seed),
        "2000 characters": Text("山高月小" * 500, "zh"),
    }
    found = {}
    for place, (name, media) in enumerate(things.items()):
        work = f"{place:016x}"
        spent = milliseconds(lambda work=work, media=media: kept.put(work, media), 9)  # type: ignore[misc]
        found[name] = {"ms": round(spent, 1), "bytes": kept.path(work).stat().st_size}
    return found


def manifests(home: Home, copies: int) -> list[int]:
    """Bytes of the manifests of a text and its copies."""
    work = finish(Draft(Text("山高月小", "zh"), Recipe("toy", "a" * 64), "text"), home=home, media_type="text/plain")
    found = [len(work.sidecars[MANIFEST])]
    for _ in range(copies):
        work = finish_again(work.id, home=home)
        found.append(len(work.sidecars[MANIFEST]))
    return found


def lineage(home: Home, works: int) -> float:
    """Milliseconds to show a work with many copies; their rows are written without finishing them."""
    work = finish(Draft(picture(64, 0), Recipe("toy", "a" * 64)), home=home)
    with open_database(home) as database, database.write() as connection:
        row = find_work(connection, work.id)
        assert row is not None
        for number in range(works):
            new = {"id": f"{number:016x}", "blob_sha256": f"{number:064x}", "created_at": datetime.now(UTC)}
            insert_work(connection, type(row)(**{**asdict(row), **new}))
            given = IngredientRow(new["id"], 0, "parentOf", "derived", work.id, work.sha256, work.id)  # type: ignore[arg-type]
            insert_ingredients(connection, [given])
    return milliseconds(lambda: lines(lineage_of(work.id, home)), 3)


def main() -> None:
    """Measure and print."""
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--works", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder) / "home")
        found = {
            "master": masters(home, chosen.seed),
            "manifest": manifests(home, chosen.copies),
            "lineage_ms": round(lineage(home, chosen.works)),
        }
    if chosen.json:
        print(json.dumps(found))
        return
    for name, value in found["master"].items():  # type: ignore[union-attr]
        print(f"master of {name}: {value['ms']} CPU ms, {value['bytes']} bytes")
    print("manifest, bytes, of a text and its copies:", *found["manifest"])  # type: ignore[misc]
    print(f"lineage of a work with {chosen.works} copies: {found['lineage_ms']} CPU ms")


if __name__ == "__main__":
    main()
