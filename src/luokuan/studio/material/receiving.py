"""Archives that come in, piece by piece: each has a row, and a file in the home that is as long as what has come."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.files import disk_errors
from luokuan.foundation.modelfolder import check_name, is_name, starters
from luokuan.i18n import _
from luokuan.store import belongings, uploads
from luokuan.store.accounts import AccountRow
from luokuan.store.belongings import What
from luokuan.store.database import Database
from luokuan.store.events import insert_event
from luokuan.store.home import Home
from luokuan.store.quotas import check_quotas
from luokuan.store.uploads import UploadRow
from luokuan.studio.guard import tokens
from luokuan.studio.settings import Settings

PIECE = 4 << 20
"""Most bytes of one piece."""
LIFE = timedelta(hours=24)
"""After which an upload that wasn't finished is forgotten."""


def place_of(home: Home, upload_id: str) -> Path:
    """The file of an upload."""
    folder = home.cache / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{upload_id}.part"


def corpus_name(text: str) -> str:
    """``text``, if it can name a corpus.

    Raises:
        UserError: it can't.
    """
    if not is_name(text):
        raise UserError(
            _("'{name}' can't be the name of a corpus.", name=text[:60]),
            _("Take up to 64 of the letters a to z, digits, dots, dashes and underscores."),
            code="corpus.name",
            status=422,
        )
    return text


def begin(
    database: Database,
    settings: Settings,
    person: AccountRow,
    name: str,
    size: int,
    at: datetime,
    kind: What = "corpus",
) -> tuple[UploadRow, int]:
    """Begin an upload, or go on with the one of the same name and size. Returns it, and how many bytes have come.

    Raises:
        UserError: the name won't do or is taken; the archive is too large for the studio, the quota or the disk.
    """
    _name_of(kind, name)
    check_size(settings, size)
    sweep(database, settings.home, at)
    with database.write() as connection:
        coming = uploads.upload_named(connection, kind, name)
        if coming is not None and coming.account_id == person.id:
            if coming.size == size:
                return coming, received(settings.home, coming)
            _let_go(connection, settings.home, coming)
            uploads.drop_upload(connection, coming.id)
            place_of(settings.home, coming.id).unlink(missing_ok=True)
        row = UploadRow(tokens.new_id(), person.id, kind, name, size, at)
        _require_free(connection, settings.home, kind, name)
        check_quotas(connection, person, at, size=size)
        uploads.insert_upload(connection, row)
    with disk_errors(place_of(settings.home, row.id)):
        place_of(settings.home, row.id).touch(mode=0o600)
    return row, 0


def check_size(settings: Settings, size: int) -> None:
    """Refuse an archive that is too large for the studio or the disk, before any of it has come.

    Raises:
        UserError: so it is.
    """
    if size < 1:
        raise UserError(
            _("There is nothing to upload."), _("Choose a folder or a zip file."), code="upload.nothing", status=422
        )
    if size > settings.corpus_bytes:
        raise too_large(settings.corpus_bytes)
    if size + settings.reserve_bytes > shutil.disk_usage(settings.home.path).free:
        raise no_disk()


def too_large(most: int) -> UserError:
    """More than is taken here."""
    return UserError(
        _("This is larger than {size}, the most that is taken here.", size=f"{most >> 20} MiB"),
        _("Send something smaller."),
        code="upload.large",
        status=413,
    )


def no_disk() -> UserError:
    """The disk doesn't hold it."""
    return UserError(
        _("The studio's disk has no room for this."),
        _("Ask an administrator to free some, and try again then."),
        code="disk.full",
        status=413,
    )


def received(home: Home, row: UploadRow) -> int:
    """Bytes that have come."""
    path = place_of(home, row.id)
    return path.stat().st_size if path.is_file() else 0


def append(settings: Settings, row: UploadRow, at: int, data: bytes) -> int:
    """Add a piece that begins at byte ``at``. Returns how many bytes have come now.

    Raises:
        UserError: so many haven't come yet, or more have (409); the piece is too large or goes beyond the end (413); no
            room, and the file is as long as before.
    """
    path = place_of(settings.home, row.id)
    if at + len(data) > row.size or len(data) > PIECE:
        raise UserError(
            _("More has come than was said."), _("Begin the upload anew."), code="upload.beyond", status=413
        )
    try:
        stream = path.open("r+b")
    except FileNotFoundError as error:
        raise wrong_place(0) from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        length = stream.seek(0, os.SEEK_END)
        if length != at:
            raise wrong_place(length)
        if len(data) + settings.reserve_bytes > shutil.disk_usage(path).free:
            raise no_disk()
        try:
            with disk_errors(path):
                stream.write(data)
                stream.flush()
        except UserError as error:
            # Nothing of the piece stays, so that it can be sent again; where the studio keeps it is told to nobody.
            with contextlib.suppress(OSError):
                stream.close()
            os.truncate(path, at)
            raise (no_disk() if error.code == "disk.full" else error) from error
    return at + len(data)


def wrong_place(length: int) -> UserError:
    """A piece that doesn't begin where the last one ended."""
    return UserError(
        _("{count} bytes have come so far; this piece begins elsewhere.", count=length),
        _("Go on from there."),
        code="upload.place",
        status=409,
    )


def give_up(database: Database, home: Home, row: UploadRow) -> None:
    """Forget an upload and what has come of it."""
    with database.write() as connection:
        uploads.drop_upload(connection, row.id)
    place_of(home, row.id).unlink(missing_ok=True)
    shutil.rmtree(unpacking_place(home, row), ignore_errors=True)


def unpacking_place(home: Home, row: UploadRow) -> Path:
    """Where it is unpacked: beside what it will be, so that it only has to be renamed, under a name that names none."""
    return place_of_kind(home, row.kind) / f".{row.id}.part"


def place_of_kind(home: Home, kind: What) -> Path:
    """Where corpora, or models, lie."""
    return home.corpora if kind == "corpus" else home.models


def settle(
    database: Database, home: Home, person: AccountRow, row: UploadRow, size: int, at: datetime, address: str = ""
) -> None:
    """Make what was unpacked ``person``'s, and say so in the events. The row first, so that it is never without an
    owner; the upload stays until it lies in its place, so that whoever is killed in between can be asked again.

    Args:
        address: From where it came.

    Raises:
        UserError: the upload was given up meanwhile, the name was taken, or the quota doesn't hold what came out.
    """
    with database.write() as connection:
        if uploads.find_upload(connection, row.id, person) is None:
            raise UserError(
                _("This upload was given up."), _("Begin it anew."), code="upload.gone", status=404
            )  # fmt: skip
        ended = _has_become(connection, home, row)
        if not ended:
            _let_go(connection, home, row)
            _require_free(connection, home, row.kind, row.name)
            _take(connection, person, row, size, at)
    if ended:
        shutil.rmtree(unpacking_place(home, row), ignore_errors=True)
    else:
        _put(database, home, row)
    with database.write() as connection:
        uploads.drop_upload(connection, row.id)
        insert_event(
            connection, at=at, account_id=person.id, action=f"{row.kind}.brought", subject=row.name, address=address
        )
    place_of(home, row.id).unlink(missing_ok=True)


def _take(connection: sa.Connection, person: AccountRow, row: UploadRow, size: int, at: datetime) -> None:
    uploads.drop_upload(connection, row.id)  # the archive goes for what came out of it
    check_quotas(connection, person, at, size=size)
    belongings.take(connection, row.kind, row.name, person.id, at, size)
    uploads.insert_upload(connection, row)


def _put(database: Database, home: Home, row: UploadRow) -> None:
    try:
        place = place_of_kind(home, row.kind)
        with disk_errors(place):
            unpacking_place(home, row).rename(place / row.name)
    except BaseException:
        with database.write() as connection:
            belongings.drop(connection, row.kind, row.name)
        raise


def _has_become(connection: sa.Connection, home: Home, row: UploadRow) -> bool:
    """Whether an attempt that was killed had put it into its place. What a run makes is something else."""
    there = (place_of_kind(home, row.kind) / row.name).exists() and not (home.runs / row.name).exists()
    return there and _took(connection, row)


def _let_go(connection: sa.Connection, home: Home, row: UploadRow) -> None:
    """Free the name that an attempt took which was killed before anything lay there."""
    if not (place_of_kind(home, row.kind) / row.name).exists() and _took(connection, row):
        belongings.drop(connection, row.kind, row.name)


def _took(connection: sa.Connection, row: UploadRow) -> bool:
    found = belongings.find_belonging(connection, row.kind, row.name)
    # A training takes its name before there is anything: without a size.
    return found is not None and found.account_id == row.account_id and found.size > 0


def sweep(database: Database, home: Home, at: datetime) -> None:
    """Forget uploads that were begun a day ago, and files that belong to none."""
    with database.write() as connection:
        for row in uploads.older_uploads(connection, at - LIFE):
            uploads.drop_upload(connection, row.id)
        known = uploads.known_uploads(connection)
    limit = time.time() - LIFE.total_seconds()
    for path in (home.cache / "uploads").glob("*.part"):
        if path.stem not in known:
            path.unlink(missing_ok=True)
    for path in (*home.corpora.glob(".*.part"), *home.models.glob(".*.part")):
        if path.name[1:].removesuffix(".part") not in known and path.stat().st_mtime < limit:
            shutil.rmtree(path, ignore_errors=True)


def _name_of(kind: What, text: str) -> str:
    return corpus_name(text) if kind == "corpus" else check_name(text)


def _require_free(connection: sa.Connection, home: Home, kind: What, name: str) -> None:
    there = (place_of_kind(home, kind) / name).exists()
    if kind == "model":  # nor may it be taken for a model that came with Luokuan, or for what a run is about to make
        there = there or (home.runs / name).exists() or name in starters()
    if there or belongings.find_belonging(connection, kind, name) is not None:
        raise belongings.name_taken(name)
