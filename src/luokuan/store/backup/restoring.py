"""A home from a backup: built beside its place, checked, and then put there as a whole, or nothing at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.files import disk_errors, new_folder
from luokuan.i18n import _
from luokuan.store.backup import manifest as contents
from luokuan.store.backup import rows, seal
from luokuan.store.backup.manifest import Manifest, parse_manifest
from luokuan.store.backup.tar import PIECE, Member, Part, damaged, parts
from luokuan.store.blobs import Blobs
from luokuan.store.columns import metadata
from luokuan.store.database import HEAD, empty_database, migrate
from luokuan.store.home import ELSEWHERE, Home
from luokuan.store.works import known_blobs, with_recipe

_STAGE = ".stage"
_FOLDER = re.compile(r"folders/\d{9,12}")
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_MASTER = re.compile(r"masters/([0-9a-f]{16})")
_ROWS = re.compile(r"rows/([a-z_]{1,60})\.jsonl")
_KEYS = "keys.sealed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. ``keys``: whether the home has its old keys; ``missing``: SHA-256 of works' bytes that the
    backup lacks; ``files``: of models, corpora and runs."""

    path: Path
    made_at: str
    works: int
    files: int
    keys: bool
    missing: Sequence[str]


@dataclass(slots=True)
class _Read:
    """What was read of an archive."""

    members: dict[str, Member] = field(default_factory=dict)
    blobs: list[str] = field(default_factory=list)
    keys: bytes | None = None
    manifest: Manifest | None = None


def restore(
    source: Path,
    target: Path,
    *,
    passphrase: str | None = None,
    begin: Callable[[sa.Connection, Home], None] | None = None,
) -> Restored:
    """Make a home at ``target`` from a backup. Nothing of it is there before all of it was checked.

    Args:
        source: The file.
        target: Where the home will be: nothing, or a folder without files.
        passphrase: Opens the keys; None: the home gets new ones.
        begin: Called in the transaction that writes the rows, after them: what a home must do that goes on from an
            older state (the log begins anew).

    Raises:
        UserError: the backup can't be read, is damaged, hostile, or of a newer Luokuan; the passphrase is wrong; there
            is a home already, or a database with something in it; no room.
    """
    _refuse_used(target)
    try:
        stream = source.open("rb")
    except OSError as error:
        raise UserError(
            _("{path} can't be opened: {reason}.", path=source, reason=error.strerror),
            _("Give the path of a backup."),
            code="backup.missing",
            status=404,
        ) from error
    with stream, new_folder(target) as part:
        part.chmod(0o700)
        home = Home(part)
        found, stage = _unpacked(stream, home), part / _STAGE
        manifest = _checked(found)
        with disk_errors(target):
            for name, path in manifest.paths.items():
                _place(stage / name.replace("/", "-"), home, path)
        has_keys = found.keys is not None and passphrase is not None
        if found.keys is not None and passphrase is not None:
            _write_keys(home, seal.open_keys(found.keys, passphrase))
        missing = _write_rows(home, found, stage, begin)
        shutil.rmtree(stage, ignore_errors=True)
    return Restored(target, manifest.made_at, manifest.works, len(manifest.paths), has_keys, missing)


def _refuse_used(target: Path) -> None:
    with disk_errors(target):
        if target.is_dir() and any(path.is_file() for path in target.rglob("*")):
            raise UserError(
                _("There is a home at {path} already.", path=target),
                _("Restore into a new place: luokuan restore BACKUP --into FOLDER"),
                code="backup.used",
                status=409,
            )


def _unpacked(stream: IO[bytes], home: Home) -> _Read:
    """Lay all members down where no name of theirs matters; the manifest must come last."""
    found, blobs = _Read(), Blobs(home)
    stage = home.path / _STAGE
    stage.mkdir(mode=0o700)
    for part in parts(stream):
        if found.manifest is not None or part.name in found.members:
            raise damaged(_("something in it is there twice, or after its end"))
        if match := contents.NAME.fullmatch(part.name):
            data = _bounded(part, contents.LARGEST)
            if part.finish().sha256 != match[1]:
                raise damaged(_("its list of contents is damaged"))
            found.manifest = parse_manifest(data)
            continue
        if match := _BLOB.fullmatch(part.name):
            if blobs.take(part, match[1]):
                found.blobs.append(match[1])
        elif match := _MASTER.fullmatch(part.name):
            place = home.masters / match[1][:2]
            place.mkdir(mode=0o700, exist_ok=True)
            _lay_down(part, place / match[1])
        elif _FOLDER.fullmatch(part.name) or _ROWS.fullmatch(part.name):
            _lay_down(part, stage / part.name.replace("/", "-"))
        elif part.name == _KEYS:
            found.keys = _bounded(part, seal.LARGEST)
        else:
            raise damaged(_("it holds something unknown"))
        found.members[part.name] = part.finish()
    return found


def _bounded(part: Part, most: int) -> bytes:
    if part.size > most:
        raise damaged(_("something in it is too large"))
    return part.read(-1)


def _lay_down(part: Part, path: Path) -> None:
    with disk_errors(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while piece := part.read(PIECE):
            out.write(piece)


def _checked(found: _Read) -> Manifest:
    if found.manifest is None:
        raise damaged(_("its list of contents is missing"))
    if list(found.manifest.members) != list(found.members.values()):
        raise damaged(_("its contents aren't those of its list"))
    if found.manifest.keys != (found.keys is not None):
        raise damaged(_("its contents aren't those of its list"))
    return found.manifest


def _place(staged: Path, home: Home, path: str) -> None:
    top, _slash, inner = path.partition("/")
    place = (home.cache / "inputs" if top == "inputs" else getattr(home, top)) / inner
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise damaged(_("a path in it is there twice")) from error
    if place.exists() or not staged.is_file():
        raise damaged(_("a path in it is there twice"))
    staged.chmod(0o644)
    staged.rename(place)


def _write_keys(home: Home, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = home.keys / name
        with disk_errors(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)


def _write_rows(
    home: Home, found: _Read, stage: Path, begin: Callable[[sa.Connection, Home], None] | None
) -> list[str]:
    """Fill the database in one transaction. Returns the SHA-256 of bytes that its works lack.

    A database elsewhere has its rows before the folder is put in place: a process that dies in between leaves a
    database that isn't empty, and is told so; the other way round, a home without its rows would seem to be whole.
    """
    manifest = _checked(found)
    with empty_database(home) as database:
        with database.write() as connection:
            _refuse_rows(connection)
            migrate(connection, manifest.schema)
            tables = rows.reflected(connection)
            loaded = []
            for name in (table.name for table in metadata.sorted_tables if table.name in tables):
                path = stage / f"rows-{name}.jsonl"
                if path.is_file():
                    with path.open("rb") as lines:
                        rows.load(connection, tables[name], _lines(lines))
                    loaded.append(tables[name])
                    path.unlink()
            if left := sorted(path.name for path in stage.glob("rows-*")):
                raise damaged(_("its rows of the table {table} don't fit", table=left[0][5:-6]))
            rows.set_counters(connection, loaded)
            if manifest.schema != HEAD:
                migrate(connection, HEAD)
            if begin is not None:
                begin(connection, home)
            needed, whole = known_blobs(connection, whole=True), with_recipe(connection)
        blobs = Blobs(home)
        for sha256 in found.blobs:
            # Bytes of works that were erased while the backup was made.
            if sha256 not in needed:
                blobs.remove(sha256)
        for work_id in [path.name for path in home.masters.glob("??/*")]:
            if work_id not in whole:
                (home.masters / work_id[:2] / work_id).unlink()
        return sorted(sha256 for sha256 in needed if not blobs.has(sha256))


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(rows.LONGEST_LINE):
        yield line


def _refuse_rows(connection: sa.Connection) -> None:
    if sa.inspect(connection).get_table_names():
        raise UserError(
            _("The database that {variable} names has tables already.", variable=ELSEWHERE),
            _("Make an empty one, and name that."),
            code="backup.used",
            status=409,
        )
