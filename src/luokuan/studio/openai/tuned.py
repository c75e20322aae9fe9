"""Jobs of ``/v1/fine_tuning`` as clients read them: our trainings, their figures and what they have saved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.accounts import AccountRow
from luokuan.store.jobs import PAGE, Job
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.tuning import hyperparameters, read
from luokuan.studio.state import Studio

KIND = "train.plm"
START = "ftjob-"
MOST = 1000
"""Jobs that are looked through for a list, and records of figures that are told."""
_ID = re.compile(START + r"([0-9a-f]{24})")
_STEP = re.compile(r"step-(\d{10})")
_STATES = {"queued": "queued", "running": "running", "done": "succeeded", "failed": "failed", "cancelled": "cancelled"}
_METHODS = {"sft": "supervised", "dpo": "dpo"}


def is_ours(job: Job) -> bool:
    """Whether a training was begun here: its corpus was made from a file."""
    corpora = job.brief.get("corpora") or [""]
    return job.kind == KIND and str(corpora[0]).startswith("file-")


def own_job(studio: Studio, person: AccountRow, job_id: str) -> Job:
    """A person's job.

    Raises:
        ApiError: there is none of this id, or it is somebody else's, which nobody is told.
    """
    match = _ID.fullmatch(job_id)
    try:
        job = None if match is None else studio.queue.get(match[1], person.id)
    except UserError:
        job = None
    if job is None or not is_ours(job):
        raise ApiError(
            _("There is no job '{id}'.", id=job_id[:40]), _("See the list of your jobs."), code="not_found",
            status=404, param="fine_tuning_job_id",
        )  # fmt: skip
    return job


def jobs_of(studio: Studio, person: AccountRow) -> list[Job]:
    """All of a person's, the newest first."""
    found: list[Job] = []
    before: int | None = None
    while len(found) < MOST:
        rows = studio.queue.list(person.id, kind=KIND, before=before, limit=PAGE)
        found += [job for job in rows if is_ours(job)]
        if len(rows) < PAGE:
            break
        before = rows[-1].number
    return found


def told(studio: Studio, job: Job) -> dict[str, Any]:
    """A job as clients read it."""
    choices: Mapping[str, Any] = job.brief.get("choices") or {}
    corpus, name = str(job.brief["corpora"][0]), str(job.brief["name"])
    material = read(studio.home.corpora, corpus)
    figures = hyperparameters(material, choices)
    method = _METHODS.get(str(choices.get("method", "sft")), "supervised")
    inner = {**figures, **({"beta": choices.get("beta", "auto")} if method == "dpo" else {})}
    result, ended = job.result or {}, job.ended_at
    error = job.error or {}
    return {
        "object": "fine_tuning.job",
        "id": f"{START}{job.id}",
        "created_at": int(job.created_at.timestamp()),
        "finished_at": int(ended.timestamp()) if ended is not None and job.state == "done" else None,
        "model": choices.get("base"),
        "fine_tuned_model": name if job.state == "done" else None,
        "organization_id": job.owner,
        "status": _STATES[job.state],
        "training_file": corpus[:29],
        "validation_file": None if material is None else material.validation_file,
        "result_files": [],
        "seed": choices.get("seed", 0),
        "hyperparameters": figures,
        "method": {"type": method, method: {"hyperparameters": inner}},
        "trained_tokens": None,
        "estimated_finish": None,
        "integrations": [],
        "error": {"code": error.get("code"), "message": f"{error.get('what')} {error.get('do')}", "param": None}
        if job.state == "failed"
        else None,
        "luokuan": {
            "job": job.id,
            "share": job.share,
            "seconds_left": job.seconds_left,
            "steps": choices.get("steps"),
            "compute_seconds": round(job.compute_seconds, 1),
            "verdicts": result.get("verdicts", []),
            "digest": result.get("digest"),
        },
    }


def events_of(studio: Studio, job: Job) -> list[dict[str, Any]]:
    """What happened to it, and its figures, the newest first."""
    found: list[tuple[float, int, dict[str, Any]]] = []
    seen = 0
    while events := studio.queue.events(job.id, seen):
        seen = events[-1].number
        for event in events:
            words = _words(event.kind, event.data)
            if words is not None:
                level = "error" if event.data.get("state") == "failed" else "warn" if event.kind == "retry" else "info"
                at = event.made_at.timestamp()
                found.append((at, event.number, _event(job, f"{event.number}", at, words, level, None)))
    for record in metrics_of(studio, job):
        words = _("Step {step}.", step=record["step"])
        at = float(record.get("time", 0))
        found.append((at, record["step"], _event(job, f"s{record['step']}", at, words, "info", record)))
    return [one for _at, _number, one in sorted(found, key=lambda one: one[:2], reverse=True)]


def _words(kind: str, data: Mapping[str, Any]) -> str | None:
    said = {
        "queued": _("The job waits."),
        "running": _("The job runs."),
        "done": _("The job has succeeded."),
        "failed": _("The job has failed."),
        "cancelled": _("The job was cancelled."),
    }
    if kind == "state":
        return said.get(str(data.get("state")))
    return {"retry": _("The job is tried again."), "cancel": _("The job is to be cancelled.")}.get(kind)


def _event(
    job: Job, number: str, at: float, words: str, level: str, record: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.event",
        "id": f"ftevent-{job.id}-{number}",
        "created_at": int(at),
        "level": level,
        "message": words,
        "type": "message" if record is None else "metrics",
        "data": {} if record is None else dict(record),
    }


def checkpoints_of(studio: Studio, job: Job) -> list[dict[str, Any]]:
    """The finished model, and what the run has saved to go on from, the newest first."""
    name, records = str(job.brief["name"]), metrics_of(studio, job)
    place = studio.home.runs / name / "checkpoints"
    saved = [(int(match[1]), path) for path in place.glob("step-*") if (match := _STEP.fullmatch(path.name))]
    found = []
    if job.state == "done" and job.ended_at is not None:
        steps = int((job.result or {}).get("steps") or job.brief["choices"].get("steps") or 0)
        found.append(_checkpoint(job, name, steps, job.ended_at.timestamp(), records, usable=True))
    for step, path in sorted(saved, reverse=True):
        moment = _moment(path)
        if moment is not None and not (found and found[0]["step_number"] == step):
            found.append(_checkpoint(job, f"{name}@step-{step}", step, moment, records, usable=False))
    return found


def _checkpoint(
    job: Job, name: str, step: int, at: float, records: Sequence[Mapping[str, Any]], *, usable: bool
) -> dict[str, Any]:
    before = [record for record in records if record["step"] <= step]

    def last(*names: str) -> float | None:
        return next((record[key] for record in reversed(before) for key in names if key in record), None)

    metrics = {"step": step, "train_loss": last("loss", "nats_per_token", "train/loss"),
               "valid_loss": last("validation/nats_per_token", "validation/dpo_loss")}  # fmt: skip
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"ftckpt-{job.id}-{step}",
        "created_at": int(at),
        "fine_tuned_model_checkpoint": name,
        "fine_tuning_job_id": f"{START}{job.id}",
        "step_number": step,
        "metrics": metrics,
        # The others are there for the run to go on from, and answer to nobody.
        "luokuan": {"usable": usable},
    }


def metrics_of(studio: Studio, job: Job) -> list[dict[str, Any]]:
    """Records of the run's figures, the last ``MOST`` of them; a half-written last line is left out."""
    try:
        text = (studio.home.runs / str(job.brief["name"]) / "metrics.jsonl").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return []
    found = []
    for row in text.splitlines()[-MOST:]:
        try:
            found.append(json.loads(row))
        except ValueError:
            break
    return [record for record in found if isinstance(record, dict) and isinstance(record.get("step"), int)]


def _moment(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
