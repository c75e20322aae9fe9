"""What briefs name: models, corpora and files of this home, by names that can't lead out of it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import sha256_bytes, write_atomic
from luokuan.foundation.modelfolder import STARTERS, is_name, starters
from luokuan.i18n import _
from luokuan.store.blobs import DAY, Blobs
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.jobs import live_briefs
from luokuan.store.works import find_work

_WORK = re.compile(r"work:([0-9a-f]{16})")
_INPUT = re.compile(r"input:([0-9a-f]{64})")


def model_path(name: str, home: Home) -> Path:
    """The folder of a model of the store, or of a starter. Paths, addresses and Hub ids name nothing here: a stranger's
    brief must reach no other folder and no other machine.

    Raises:
        UserError: there is none of that name.
    """
    for place in (home.models / name, STARTERS / name) if is_name(name) else ():
        if place.is_dir():
            return place
    raise unknown_model(name)


def unknown_model(name: str) -> UserError:
    """There is no such model; or it is somebody else's, which nobody is told."""
    return UserError(
        _("There is no model '{name}'.", name=name[:120]),
        _("See the list of your models; starters are {names}.", names=", ".join(sorted(starters()))),
        code="model.unknown",
        status=404,
    )


def corpus_path(name: str, home: Home) -> Path:
    """The folder of a corpus that was brought into the home.

    Raises:
        UserError: there is none of that name.
    """
    place = home.corpora / name
    if is_name(name) and place.is_dir():
        return place
    raise unknown_corpus(name)


def unknown_corpus(name: str) -> UserError:
    """There is no such corpus; or it is somebody else's, which nobody is told."""
    return UserError(
        _("There is no corpus '{name}'.", name=name[:120]),
        _("Upload it first."),
        code="corpus.unknown",
        status=404,
    )


def keep_input(data: bytes, home: Home) -> str:
    """Keep the bytes of a file that a job starts from; returns how briefs name it, ``input:`` and its SHA-256.

    Raises:
        UserError: no room.
    """
    sha256 = sha256_bytes(data)
    write_atomic(_inputs(home) / sha256, data, mode=0o600)
    return f"input:{sha256}"


def file_path(reference: str, home: Home) -> Path:
    """Where the bytes of ``work:ID`` or ``input:SHA256`` lie.

    Raises:
        UserError: there are none.
    """
    if match := _INPUT.fullmatch(reference):
        path = _inputs(home) / match[1]
        if path.is_file():
            return path
    elif match := _WORK.fullmatch(reference):
        with open_database(home) as database, database.read() as connection:
            row = find_work(connection, match[1])
        if row is not None and not row.erased:
            blobs = Blobs(home)
            if not blobs.elsewhere:
                return blobs.path(row.blob_sha256)
            keep_input(blobs.get(row.blob_sha256), home)  # a copy here, which the sweep takes like any other
            return _inputs(home) / row.blob_sha256
    raise UserError(
        _("There is no file '{name}'.", name=reference[:120]),
        _("Upload it first, or name a work as work:ID."),
        code="input.unknown",
        status=404,
    )


def sweep_inputs(home: Home, database: Database, *, older_than: float = DAY) -> int:
    """Remove files that were kept more than ``older_than`` seconds ago and that no live job names. Returns how many."""
    limit = time.time() - older_than
    old = [path for path in _inputs(home).glob("*") if path.stat().st_mtime < limit]
    if not old:
        return 0
    with database.read() as connection:
        briefs = [json.dumps(brief) for brief in connection.execute(live_briefs()).scalars()]
    gone = [path for path in old if not any(path.name in brief for brief in briefs)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _inputs(home: Home) -> Path:
    return home.cache / "inputs"
