"""Works in a zip file, and models in other formats: files that wait in the home until the job is forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class WorksBrief(Brief):
    """Which works: their ids."""

    works: tuple[str, ...] = Field(min_length=1, max_length=2000)


class ModelBrief(Brief):
    """Which model, and as what; ``type`` is how GGUF keeps the weights."""

    model: str = Field(min_length=1, max_length=64)
    to: Literal["onnx", "gguf", "hub-folder"] = "onnx"
    type: Literal["f32", "f16", "bf16", "q8_0"] = "bf16"


def folder_of(job_id: str, home: Home) -> Path:
    """Where the file of an export lies; ``result["file"]`` is its name."""
    return home.cache / "exports" / job_id


def remove(job_id: str, home: Home) -> None:
    """Remove what a job exported, if it did."""
    shutil.rmtree(folder_of(job_id, home), ignore_errors=True)


def export_works(context: Context, brief: WorksBrief) -> dict[str, Any]:
    """Write the zip file, with all that belongs beside the works."""
    from luokuan.colophon.collection import export
    from luokuan.store.works import find_work

    with context.database.read() as connection:
        rows = [(work_id, find_work(connection, work_id)) for work_id in brief.works]
    for work_id, row in rows:
        if row is None:
            raise UserError(
                _("This home knows no work '{work}'.", work=work_id[:40]),
                _("Give the ids of works of this home."),
                code="work.unknown",
                status=404,
            )
    target = _anew(context) / "works.zip"
    done = export([row for _id, row in rows if row is not None], target, home=context.home)
    return _result(target) | {"works": done.works, "files": done.files}


def export_model(context: Context, brief: ModelBrief) -> dict[str, Any]:
    """Write the model, checked against the one in the home."""
    from luokuan.foundation.modelfolder import read_folder
    from luokuan.models.export import to_hub_folder, to_onnx
    from luokuan.models.registry import TRANSLATING, WRITING, loaded, loader_name

    folder = read_folder(model_path(brief.model, context.home))
    family = folder.family
    fits = {"hub-folder": True, "gguf": loader_name(folder) in WRITING, "onnx": family not in (*WRITING, *TRANSLATING)}
    if not fits[brief.to]:
        raise UserError(
            _("'{name}' isn't written as {format}.", name=folder.name, format=brief.to),
            _("Choose another format; hub-folder is one for every model."),
            code="export.format",
        )
    place, difference = _anew(context), None
    if brief.to == "hub-folder":
        to_hub_folder(folder, place / folder.name)
        target = Path(shutil.make_archive(str(place / folder.name), "zip", place, folder.name))
    elif brief.to == "gguf":
        from luokuan.models.plm.gguf import to_gguf

        target = place / f"{folder.name}.gguf"
        difference = to_gguf(loaded(folder), target, brief.type)
    else:
        target = place / f"{folder.name}.onnx"
        difference = to_onnx(loaded(folder), target)
    return _result(target) | {"largest_difference": difference}


def _anew(context: Context) -> Path:
    """The job's empty folder: what an earlier attempt left in it may be half a file."""
    remove(context.job.id, context.home)
    place = folder_of(context.job.id, context.home)
    place.mkdir(mode=0o700, parents=True)
    return place


def _result(path: Path) -> dict[str, Any]:
    from luokuan.files import sha256_file

    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256_file(path)}


def _is_there(brief: ModelBrief, home: Home) -> None:
    model_path(brief.model, home)


register(Kind(name="export.works", brief=WorksBrief, run=export_works, models=False))
register(
    Kind(
        name="export.model",
        brief=ModelBrief,
        run=export_model,
        check=_is_there,
    )
)
