"""Runs as their owner sees them: what the queue, the run's folder and the model's folder say together."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import TRAINING as TRAINING_RECORD
from luokuan.foundation.modelfolder import is_name
from luokuan.i18n import LANGUAGES, language
from luokuan.store import belongings
from luokuan.store.accounts import AccountRow
from luokuan.store.database import Database
from luokuan.store.events import insert_event
from luokuan.store.home import Home
from luokuan.store.jobs import COLUMNS, Job, job_of
from luokuan.store.tables import job as jobs
from luokuan.studio.errors import missing

State = Literal["waiting", "running", "stopping", "paused", "failed", "done", "gone"]
PATIENCE = 12.0
"""Seconds that a training is given to save, when its run is to be removed."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run. ``job``: the newest one that trains it; None: it was trained on the command line. ``record``: run.json;
    ``model``: whether the model is there."""

    name: str
    folder: Path
    job: Job | None
    record: Mapping[str, Any]
    model: bool
    at: datetime

    @property
    def state(self) -> State:
        """Where it is: ``gone`` is one that never began, or was removed by hand."""
        found = self.job
        if found is not None and found.state == "queued":
            return "waiting"
        if found is not None and found.state == "running":
            return "running" if found.cancel_at is None else "stopping"
        if self.model:
            return "done"
        if found is not None and found.state == "failed":
            return "failed"
        return "paused" if self.record else "gone"

    @property
    def family(self) -> str:
        """Such as ``gan``."""
        if self.job is not None:
            return self.job.kind.partition(".")[2]
        return str(self.record.get("family") or "")

    @property
    def choices(self) -> Mapping[str, Any]:
        """What was chosen: as the run has it, or as it was asked for."""
        found = self.record.get("run")
        if isinstance(found, dict):
            return found
        return {} if self.job is None else self.job.brief.get("choices") or {}

    @property
    def corpora(self) -> list[str]:
        """Names of its corpora, as far as they are known."""
        if self.job is not None:
            return list(self.job.brief.get("corpora") or ())
        path = (self.record.get("corpus") or {}).get("path")
        return [Path(part).name for part in str(path).split(", ")] if path else []

    @property
    def resumable(self) -> bool:
        """Whether it can go on where it was."""
        return self.state in ("paused", "failed") and bool(self.record) and bool(self.corpora)

    @property
    def preview(self) -> Path | None:
        """The newest preview: a .png or .txt file."""
        found = sorted(path for path in (self.folder / "previews").glob("step-*") if path.suffix in (".png", ".txt"))
        return found[-1] if found else None


def find_run(database: Database, home: Home, name: str, person: AccountRow) -> Run:
    """The run ``name``, if it is ``person``'s.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    if not is_name(name):
        raise missing()
    with database.read() as connection:
        row = belongings.find_belonging(connection, "model", name)
        own = belongings.is_own(connection, "model", name, person)
        newest = _newest(connection, [name], person.id).get(name)
    if not own or (row is None and not (home.runs / name).is_dir()):
        raise missing()
    return _run(home, name, newest, None if row is None else row.made_at)


def runs_of(database: Database, home: Home, person: AccountRow) -> list[Run]:
    """All of ``person``'s, the newest first; of administrators also those of the command line."""
    with database.read() as connection:
        rows = {row.name: row.made_at for row in belongings.rows_of(connection, "model", person)}
        folders = [path.name for path in home.runs.iterdir() if is_name(path.name) and path.is_dir()]
        names = {*rows, *belongings.own(connection, "model", folders, person)}
        newest = _newest(connection, names, person.id)
    found = [_run(home, name, newest.get(name), rows.get(name)) for name in names]
    return sorted(found, key=lambda run: run.at, reverse=True)


def _newest(connection: sa.Connection, names: Any, owner: str) -> dict[str, Job]:
    """The newest training of each name by its owner."""
    made = [f"model:{name}" for name in names]
    numbers = (
        sa.select(sa.func.max(jobs.c.number))
        .where(jobs.c.makes.in_(made), jobs.c.owner == owner, jobs.c.kind.startswith("train.", autoescape=True))
        .group_by(jobs.c.makes)
    )
    rows = connection.execute(sa.select(*COLUMNS, jobs.c.makes).where(jobs.c.number.in_(numbers))).mappings()
    return {str(row["makes"]).removeprefix("model:"): job_of(row) for row in rows}


def _run(home: Home, name: str, newest: Job | None, made_at: datetime | None) -> Run:
    folder = home.runs / name
    at = newest.created_at if newest is not None else made_at
    if at is None:
        at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return Run(name, folder, newest, record_of(folder), (home.models / name).is_dir(), at)


def record_of(folder: Path) -> dict[str, Any]:
    """run.json of a run; empty where there is none that can be read."""
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def verdicts_of(home: Home, name: str) -> list[str]:
    """What the training found out about itself, in the reader's language."""
    try:
        record = json.loads((home.models / name / TRAINING_RECORD).read_text(encoding="utf-8"))
        found = [str(sentence) for sentence in record["verdicts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return in_language(found)


def in_language(verdicts: list[str]) -> list[str]:
    """Records hold every sentence in every language, one language after the other."""
    if len(verdicts) % len(LANGUAGES):
        return verdicts
    part = len(verdicts) // len(LANGUAGES)
    place = LANGUAGES.index(language())
    return verdicts[place * part : (place + 1) * part]


def remove_run(database: Database, home: Home, name: str, by: str, *, address: str) -> None:
    """Remove what a run has left, and with it its model; a training that is being stopped gets the time to save.

    Raises:
        UserError: it is still being trained, here or on the command line.
    """
    from luokuan.foundation.runs import in_one_place

    until = time.monotonic() + PATIENCE
    while True:
        try:
            with in_one_place(home, name):
                _remove(database, home, name, by, address)
            return
        except UserError as error:
            if error.code != "training.busy" or time.monotonic() > until:
                raise
            time.sleep(0.2)


def _remove(database: Database, home: Home, name: str, by: str, address: str) -> None:
    from luokuan.foundation.runs import busy

    with database.write() as connection:
        live = sa.select(jobs.c.id).where(jobs.c.makes == f"model:{name}", jobs.c.state.in_(("queued", "running")))
        if connection.execute(live).first() is not None:
            raise busy(name)
        belongings.drop(connection, "model", name)
        insert_event(
            connection, at=datetime.now(UTC), account_id=by, action="model.removed", subject=name, address=address
        )
        # In the transaction, so that nobody can hand in a training of this name in between.
        gone = [_aside(place / name) for place in (home.models, home.runs)]
    for aside in gone:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path | None:
    """Out of the way under a name that names nothing, in one step; None: there is nothing."""
    target = folder.parent / f".{folder.name}.gone-{time.time_ns():x}"
    try:
        folder.rename(target)
    except FileNotFoundError:
        return None
    return target
