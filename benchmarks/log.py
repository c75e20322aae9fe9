"""What an entry and a proof of the transparency log cost, at a million entries.

    python benchmarks/log.py [--entries 1000000] [--repeats 300] [--batch 10000] [--seed 0] [--json]

A home on this disk is filled with --entries entries in batches. Then, in turns, --repeats times each: a bare commit of
one row (an UPDATE of one integer, same database and settings: WAL, synchronous=FULL), one appended entry, and the same
with the copy of the checkpoint outside the database. Proofs are of entries drawn by --seed; each is parsed again and
checked. Medians, milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from luokuan import logs
from luokuan.colophon.tlog import log, tree
from luokuan.colophon.tlog.entries import notice
from luokuan.colophon.tlog.proof import parse_proof, prove
from luokuan.store import logbook
from luokuan.store.database import Database, open_database
from luokuan.store.home import ELSEWHERE, Home, open_home
from luokuan.store.works import WorkRow, insert_work

WORK = "0123456789abcdef"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def fill(home: Home, database: Database, count: int, batch: int) -> float:
    """Append ``count`` entries about one work. Returns the seconds that it took."""
    row = WorkRow(
        WORK, "image", "a" * 64, 1, "image/png", "toy", "b" * 64, None, None, "c" * 64, "own", "AI", 1, NOW
    )  # fmt: skip
    start = time.perf_counter()
    with database.write() as connection:
        insert_work(connection, row)
        log.writer(connection, home)  # the work is the first entry
    done = 1
    while done < count:
        rows = [notice("correction", WORK, {"number": n}, NOW) for n in range(done, min(done + batch, count))]
        with database.write() as connection:
            log.writer(connection, home).append(rows)
        done += len(rows)
    return time.perf_counter() - start


def measure(home: Home, database: Database, repeats: int, seed: int) -> dict[str, Any]:
    """Time commits, appends and proofs, in turns, so that a busy moment strikes all of them."""

    def bare() -> None:
        with database.write() as connection:
            connection.execute(bare_row.update().values(value=bare_row.c.value + 1))

    def append() -> None:
        with database.write() as connection:
            log.writer(connection, home).append([notice("correction", WORK, {"number": 0}, NOW)])

    def append_and_copy() -> None:
        with database.write() as connection:
            book = log.writer(connection, home)
            book.append([notice("correction", WORK, {"number": 0}, NOW)])
        log.remember(home, book.head)

    def proof() -> None:
        index = chance.randrange(size)
        with database.read() as connection:
            head = logbook.newest_head(connection)
            assert head is not None
            (found,) = logbook.entries(connection, head.id, index, index + 1)
            data = prove(connection, head, found).to_bytes()
        proofs.append((index, data))

    chance, proofs = random.Random(seed), list[tuple[int, bytes]]()
    bare_row = sa.Table("benchmark", sa.MetaData(), sa.Column("value", sa.Integer))
    with database.write() as connection:
        bare_row.create(connection)
        connection.execute(bare_row.insert().values(value=0))
    with database.read() as connection:
        head = logbook.newest_head(connection)
        assert head is not None
        size = head.size
    kinds: dict[str, Callable[[], None]] = {
        "commit": bare, "append": append, "append_and_copy": append_and_copy, "proof": proof
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _turn in range(repeats):
        for name, action in kinds.items():
            start = time.perf_counter()
            action()
            times[name].append(1e3 * (time.perf_counter() - start))
    for index, data in proofs:
        found = parse_proof(data)
        assert found.sound and found.index == index and len(found.path) <= size.bit_length() + 1
    middle = {f"{name}_ms": median(found) for name, found in times.items()}
    return middle | {
        "append_to_commit": middle["commit_ms"] / middle["append_ms"],
        "proof_p95_ms": sorted(times["proof"])[int(0.95 * repeats)],
        "proof_bytes": max(len(data) for _index, data in proofs),
    }


def main() -> None:
    """Measure and print."""
    logs.configure(quiet=True)  # stdout is for the figures alone
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        home = open_home(Path(folder) / "home")
        with open_database(home) as database:
            seconds = fill(home, database, options.entries, options.batch)
            found = measure(home, database, options.repeats, options.seed)
            with database.read() as connection:
                head = logbook.newest_head(connection)
                assert head is not None
                rows = logbook.count_nodes(connection, head.id)
            assert rows == 2 * head.size - len(tree.parts(0, head.size))
        found |= {
            "entries": options.entries,
            "repeats": options.repeats,
            "fill_per_second": options.entries / seconds,
            "database_bytes": home.database.stat().st_size,
        }
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {value:,.3f}" if isinstance(value, float) else f"{name:20} {value:,}")


if __name__ == "__main__":
    main()
