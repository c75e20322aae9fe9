"""How quickly a studio answers while a hundred requests a second come, and whether it grows meanwhile.

    python benchmarks/studio.py [--works 10000] [--rate 100] [--seconds 60 | --minutes 10] [--verifies 5]
                                [--creates 3] [--model garments] [--seed 0] [--database URL] [--json]

A home of its own gets --works works with small pictures, in batches, and a studio serves it in a process of its own.
Requests come at --rate a second, whether or not earlier ones were answered (an open loop), in turns: the page Check, a
page of the library somewhere in the list, the page of a work, and a picture of the grid. A request's time counts from
the moment at which it was due, so that one slow answer can't hide those that wait behind it. Then, alone and one
after the other, --verifies works are checked and --creates pictures are created by a job. Times in milliseconds;
memory is the server's alone, in MiB: before the load, each tenth of it, and after all. The client runs on the same
machine and takes its share: keep it quiet. The database is the home's own file, or the empty one at --database,
whatever LUOKUAN_DATABASE says: that one may hold somebody's works.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
from PIL import Image

from luokuan import logs
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft, Recipe
from luokuan.files import sha256_bytes
from luokuan.media import Picture
from luokuan.store.accounts import AccountRow
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database, open_database
from luokuan.store.home import ELSEWHERE, Home, open_home
from luokuan.store.library import Mark
from luokuan.store.tables import work
from luokuan.studio import people
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.marks import text_of

BATCH = 1000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
COOKIE = "luokuan_session"
TENTHS = 10
"""How often memory is noted while requests come."""
KINDS = ("page", "list", "work", "thumbnail")


def fill(home: Home, database: Database, count: int, seed: int) -> list[tuple[str, datetime]]:
    """Insert ``count`` works of nobody's (so the administrators'), each with a picture of its own. Their ids and
    moments, the oldest first."""
    rng, blobs, made = np.random.default_rng(seed), Blobs(home), []
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            small = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
            out = io.BytesIO()
            Image.fromarray(small).resize((128, 128)).save(out, "PNG")
            data = out.getvalue() + number.to_bytes(4, "big")  # no two alike
            path = blobs.path(sha256_bytes(data))
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(data)  # without the fsync of ``put``: this home is thrown away
            at = BEGIN + timedelta(seconds=number)
            made.append((f"{number + 1:016x}", at))
            rows.append(
                {
                    "id": made[-1][0], "kind": "image", "blob_sha256": path.name, "blob_size": len(data),
                    "media_type": "image/png", "model_name": f"model-{number % 7}", "model_digest": "b" * 64,
                    "recipe": {"brief": f"a dress, number {number}", "seed": number}, "salt": bytes(32),
                    "commitment": "c" * 64, "licence": "CC0-1.0", "label": "AI", "schema_version": 1, "created_at": at,
                    "sidecars": {},
                }
            )  # fmt: skip
        with database.write() as connection:
            connection.execute(work.insert(), rows)
    return made


@contextmanager
def served(home: Home) -> Iterator[tuple[str, psutil.Process]]:
    """A studio of that home: its address and its process."""
    command = [sys.executable, "-m", "luokuan", "studio", "--port", "0", "--json", "--home", str(home.path)]
    environment = {**os.environ, "LUOKUAN_LOG": "error"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["address"], psutil.Process(server.pid)
        finally:
            server.terminate()


def paths(works: list[tuple[str, datetime]], seed: int) -> Iterator[tuple[str, str]]:
    """What is asked for, in turns: kind and path."""
    draw = random.Random(seed)
    while True:
        for kind in KINDS:
            work_id, at = draw.choice(works)
            yield (
                kind,
                {
                    "page": "/check",
                    "list": f"/library?after={text_of(Mark(at, work_id))}",
                    "work": f"/works/{work_id}",
                    "thumbnail": f"/works/{work_id}/file",
                }[kind],
            )


async def load(client: httpx2.AsyncClient, asked: Iterator[tuple[str, str]], rate: float, seconds: float) -> Any:
    """Ask at ``rate`` a second for so many ``seconds``. Times by kind, and errors by what they were."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    errors: dict[str, int] = {}

    async def one(kind: str, path: str, due: float) -> None:
        try:
            answer = await client.get(path)
            wrong = "" if answer.status_code == 200 else f"{kind} {answer.status_code}"
        except httpx2.HTTPError as error:
            wrong = f"{kind} {type(error).__name__}"
        if wrong:
            errors[wrong] = errors.get(wrong, 0) + 1
        else:
            times[kind].append(1000 * (time.perf_counter() - due))

    began, running = time.perf_counter(), set()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(*next(asked), due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return times, errors, time.perf_counter() - began


async def verify(client: httpx2.AsyncClient, home: Home, count: int) -> list[float]:
    """Check a work of this home so many times, one after the other."""
    if not count:
        return []
    recipe = Recipe(model="toy", model_digest="b" * 64, brief="a dress")
    finished = finish(Draft(Picture(np.full((512, 512, 3), 90, np.uint8)), recipe), home=home)
    data = export_work(finished, home.path / "checked.png").data
    token = re.search(r'name="csrf" value="(\w+)"', (await client.get("/check")).text)
    assert token is not None
    times = []
    for _ in range(count):
        began = time.perf_counter()
        answer = await client.post("/check", data={"csrf": token[1]}, files={"file": ("x.png", data)})
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200 and finished.id in answer.text, answer.text[:500]
    return times


def create(home: Home, database: Database, owner: AccountRow, count: int, model: str) -> list[float]:
    """Let so many pictures be created, one after the other; the first one loads the model."""
    queue, times = JobQueue(home, database), []
    for number in range(count):
        began = time.perf_counter()
        job = queue.submit(owner.id, "create.image", {"model": model, "seed": number})
        while (found := queue.get(job.id)).live:
            time.sleep(0.02)
        times.append(1000 * (time.perf_counter() - began))
        assert found.state == "done", found.error
    return times


def shown(times: list[float]) -> dict[str, float]:
    """Median, 99th percentile and the worst."""
    if not times:
        return {"count": 0}
    p50, p99 = np.percentile(times, (50, 99))
    return {"count": len(times), "p50": round(float(p50), 1), "p99": round(float(p99), 1), "max": round(max(times), 1)}


async def watch(server: psutil.Process, every: float, found: list[int]) -> None:
    """Note the server's memory, in bytes, every so many seconds."""
    while True:
        await asyncio.sleep(every)
        found.append(server.memory_info().rss)


def _mib(size: int) -> float:
    return round(size / 2**20, 1)


async def measure(arguments: argparse.Namespace, home: Home, database: Database) -> dict[str, Any]:
    """All of it."""
    began = time.perf_counter()
    owner = people.first_administrator(database, datetime.now(UTC))
    works = fill(home, database, arguments.works, arguments.seed)
    filled = time.perf_counter() - began
    cookie = people.begin_session(database, owner, datetime.now(UTC), timedelta(days=1))
    limits = httpx2.Limits(max_connections=300, max_keepalive_connections=100)
    with served(home) as (address, server):
        async with httpx2.AsyncClient(
            base_url=address, cookies={COOKIE: cookie}, timeout=30, limits=limits
        ) as client:  # fmt: skip
            asked = paths(works, arguments.seed)
            await load(client, asked, 10, 1)  # templates are read, connections opened
            memory = [server.memory_info().rss]
            watching = asyncio.create_task(watch(server, arguments.seconds / TENTHS, memory))
            times, errors, took = await load(client, asked, arguments.rate, arguments.seconds)
            watching.cancel()
            memory[TENTHS:] = [server.memory_info().rss]
            verified = await verify(client, home, arguments.verifies)
        created = await asyncio.to_thread(create, home, database, owner, arguments.creates, arguments.model)
        last = server.memory_info().rss
    return {
        "works": arguments.works,
        "fill_seconds": round(filled, 1),
        "rate": arguments.rate,
        "seconds": round(took, 1),
        "answered": {kind: shown(found) for kind, found in times.items()},
        "errors": errors,
        "memory": {
            "begin": _mib(memory[0]),
            "tenths": [_mib(one) for one in memory[1:]],
            "last": _mib(last),
        },
        "verify": shown(verified),
        "create": shown(created),
    }


@contextmanager
def kept_in(url: str | None) -> Iterator[None]:
    """Let homes, and processes that are started, have their database at ``url``, or in their own files."""
    before = os.environ.pop(ELSEWHERE, None)
    try:
        if url is not None:
            os.environ[ELSEWHERE] = url
        yield
    finally:
        os.environ.pop(ELSEWHERE, None)
        if before is not None:
            os.environ[ELSEWHERE] = before


def main(given: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--verifies", type=int, default=5)
    parser.add_argument("--creates", type=int, default=3)
    parser.add_argument("--model", default="garments")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(given)
    logs.configure(quiet=True)  # stdout is for the figures alone
    if arguments.minutes:
        arguments.seconds = 60 * arguments.minutes
    with kept_in(arguments.database), tempfile.TemporaryDirectory(prefix="luokuan-bench-") as folder:
        home = open_home(Path(folder) / "home")
        with open_database(home) as database:
            found = asyncio.run(measure(arguments, home, database))
    if arguments.json:
        print(json.dumps(found))
        return
    about = f"{found['works']} works; {found['rate']:g} requests a second for {found['seconds']} s"
    print(f"{about}; errors: {found['errors'] or 0}")
    for name, row in {**found["answered"], "verify": found["verify"], "create": found["create"]}.items():
        print(f"{name:>10}  {row}")
    print(f"    memory  {found['memory']} MiB")


if __name__ == "__main__":
    main()
