"""Taking works out of the home together with all that belongs beside them."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.formats import format_of
from luokuan.colophon.tlog.proof import ENDING, prove_work
from luokuan.errors import UserError
from luokuan.files import new_file, new_folder
from luokuan.i18n import _
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.works import WorkRow

if TYPE_CHECKING:
    from luokuan.store.home import Home

INDEX = "index.json"
"""What an export says of its works."""
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. ``files``: works and what lies beside them, without the index."""

    path: Path
    works: int
    files: int


def name_of(row: WorkRow) -> str:
    """A file name for a work: its model, its id and its format's ending."""
    model = _UNSAFE.sub("-", row.model_name).strip("-.")[:60] or row.kind
    return f"{model}-{row.id}{format_of(row.media_type).suffixes[0]}"


def public_record(row: WorkRow) -> dict[str, Any]:
    """What anybody may know of a work; the recipe stays in the home."""
    return {
        "id": row.id,
        "kind": row.kind,
        "file": name_of(row),
        "beside": [name_of(row) + ending for ending in row.sidecars],
        "media_type": row.media_type,
        "sha256": row.blob_sha256,
        "bytes": row.blob_size,
        "model": row.model_name,
        "model_digest": row.model_digest,
        "licence": row.licence,
        **({"credit": credit} if (credit := (row.recipe or {}).get("credit")) else {}),
        "label": row.label,
        "created": row.created_at.isoformat(),
        "commitment": row.commitment,
    }


def export(rows: Sequence[WorkRow], target: Path, *, home: Home) -> Exported:
    """Write works with what belongs beside them, and an index: a zip file where ``target`` ends in ``.zip``, else a new
    folder. Whole or not at all; a work that is named twice comes once.

    Raises:
        UserError: a work was erased, a blob is missing or damaged, ``target`` is a folder with something in it, or no
            room.
    """
    rows = list({row.id: row for row in rows}.values())
    if (gone := next((row for row in rows if row.erased), None)) is not None:
        raise UserError(
            _("The work {id} was erased: there is nothing left to export.", id=gone.id),
            _("Choose another work."),
            code="work.erased",
            status=410,
        )
    index = json.dumps({"works": [public_record(row) for row in rows]}, ensure_ascii=False, indent=1) + "\n"
    files = 0
    if target.suffix.lower() == ".zip":
        with new_file(target) as part, zipfile.ZipFile(part, "w") as archive:
            for row, name, data in _contents(rows, home):
                # Pictures and sound are compressed already.
                packing = zipfile.ZIP_DEFLATED if row.media_type.startswith("text/") else zipfile.ZIP_STORED
                archive.writestr(_entry(name, row), data, packing)
                files += 1
            archive.writestr(INDEX, index, zipfile.ZIP_DEFLATED)
        return Exported(target, len(rows), files)
    if target.is_dir() and any(target.iterdir()):
        raise UserError(
            _("{path} exists and isn't empty.", path=target),
            _("Give a new folder, or the name of a .zip file."),
            code="export.target",
        )
    with new_folder(target) as folder:
        for _row, name, data in _contents(rows, home):
            (folder / name).write_bytes(data)
            files += 1
        (folder / INDEX).write_text(index, encoding="utf-8")
    return Exported(target, len(rows), files)


def _contents(rows: Sequence[WorkRow], home: Home) -> Iterator[tuple[WorkRow, str, bytes]]:
    blobs = Blobs(home)
    with open_database(home) as database, database.read() as connection:
        for row in rows:
            name = name_of(row)
            for ending, sha256 in row.sidecars.items():
                yield row, name + ending, blobs.get(sha256)
            if (proof := prove_work(connection, row.id)) is not None:
                yield row, name + ENDING, proof.to_bytes()
            yield row, name, blobs.get(row.blob_sha256)


def _entry(name: str, row: WorkRow) -> zipfile.ZipInfo:
    made = row.created_at
    # The format's clock begins in 1980 and has no zone; UTC is as good as any.
    found = zipfile.ZipInfo(name, (max(made.year, 1980), made.month, made.day, made.hour, made.minute, made.second))
    found.external_attr = 0o644 << 16
    return found
