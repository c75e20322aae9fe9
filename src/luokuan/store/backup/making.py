"""Writing a backup while the home is used: nothing is locked, and what is written is one state.

Bytes that never change (works, masters) are copied first, then the rows are read in one snapshot, then the bytes that
have come since. Keys come after the rows: those that a row needs are there by then, and none is ever removed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from luokuan.errors import UserError
from luokuan.files import disk_errors, new_file, sha256_bytes
from luokuan.i18n import _
from luokuan.store.backup import rows, seal
from luokuan.store.backup.manifest import Manifest, is_inside
from luokuan.store.backup.tar import Member, Writer
from luokuan.store.blobs import Blobs
from luokuan.store.database import HEAD, Database
from luokuan.store.home import Home
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs, with_recipe

TRIES = 4
"""How often something is read again that somebody changed meanwhile."""
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """What goes into a backup besides works, rows and keys."""

    models: bool = True
    corpora: bool = True
    runs: bool = False

    @property
    def names(self) -> list[str]:
        """The folders."""
        return [name for name in ("models", "corpora", "runs") if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Made:
    """What was written. ``files``: of models, corpora and runs; ``keys``: whether they are in it; ``missing``: works'
    bytes that the home has lost or that have changed on the disk; ``changed``: files that went on changing, or whose
    names no archive of ours holds."""

    path: Path
    bytes: int
    works: int
    files: int
    keys: bool
    missing: Sequence[str]
    changed: Sequence[str]


def backup(
    home: Home,
    database: Database,
    target: Path,
    *,
    parts: Parts | None = None,
    passphrase: str | None = None,
    version: str = "",
) -> Made:
    """Write the home into one file, whole or not at all.

    Args:
        home: The home, which others may go on using.
        database: Its database.
        target: The file, outside the home.
        parts: What else goes in.
        passphrase: Seals the keys; None: they are left out.
        version: Of Luokuan, for whoever reads it.

    Raises:
        UserError: no room, ``target`` lies in the home or can't be written, or the passphrase is too short.
    """
    if passphrase is not None:
        seal.check_passphrase(passphrase)
    if target.absolute().resolve().is_relative_to(home.path.resolve()):
        raise UserError(
            _("A backup inside of the home would be lost with it."), _("Choose a place elsewhere."), code="backup.place"
        )
    with new_file(target, mode=0o600) as part, part.open("wb") as stream:
        making = _Making(home, database, stream, target.absolute().parent)
        making.folders((parts or Parts()).names)
        with contextlib.ExitStack() as spools:
            made_at, spooled = making.state(spools)
            for name, spool in spooled:
                making.add(f"rows/{name}.jsonl", spool.tell(), _begun(spool))
        if passphrase is not None:
            sealed = seal.sealed_keys(home, passphrase)
            making.add("keys.sealed", len(sealed), io.BytesIO(sealed))
        manifest = Manifest(
            HEAD, made_at.isoformat(), version, making.works, making.members, making.paths, passphrase is not None
        )
        data = manifest.to_bytes()
        making.writer.add(f"manifest/{sha256_bytes(data)}.json", len(data), io.BytesIO(data))
        making.writer.end()
        size = stream.tell()
    files = len(making.paths)
    return Made(target, size, making.works, files, manifest.keys, sorted(making.missing), sorted(making.changed))


def _begun(spool: IO[bytes]) -> IO[bytes]:
    spool.seek(0)
    return spool


class _Making:
    """What one backup has written so far."""

    def __init__(self, home: Home, database: Database, stream: IO[bytes], room: Path) -> None:
        self._home, self._database, self._room = home, database, room
        self._blobs, self._masters = Blobs(home), Masters(home)
        self.writer = Writer(stream)
        self.members: list[Member] = []
        self.paths: dict[str, str] = {}
        self.missing: set[str] = set()
        self.changed: list[str] = []
        self.works = 0
        self._copied: set[str] = set()
        self._damaged: set[str] = set()

    def add(self, name: str, size: int, source: IO[bytes]) -> Member:
        self.members.append(self.writer.add(name, size, source))
        return self.members[-1]

    def folders(self, names: Iterable[str]) -> None:
        """Folders as a whole each: one that is replaced meanwhile is read again."""
        for name in names:
            place = getattr(self._home, name)
            for folder in sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")):
                self._folder(folder, f"{name}/{folder.name}")
        inputs = self._home.cache / "inputs"
        if inputs.is_dir():
            self._folder(inputs, "inputs")

    def _folder(self, folder: Path, path: str) -> None:
        for _try in range(TRIES):
            added, unfit = dict[str, str](), list[str]()
            try:
                for name, handle, size in _files(folder):
                    inner, member = f"{path}/{name}", f"folders/{len(self.members):09d}"
                    with os.fdopen(handle, "rb") as source:
                        if not is_inside(inner):
                            unfit.append(inner)
                        elif self.add(member, size, source).whole:
                            added[member] = inner
                        else:
                            raise FileNotFoundError(inner)
            except FileNotFoundError:
                # What was added already stays in the file, and isn't in the list of what counts.
                time.sleep(_PAUSE)
                continue
            self.paths |= added
            self.changed += unfit
            return
        if folder.exists():
            self.changed.append(path)

    def state(self, spools: contextlib.ExitStack) -> tuple[datetime, list[tuple[str, IO[bytes]]]]:
        """One state of the rows, with the bytes of all works in it."""
        with self._database.read() as connection:
            known, whole = known_blobs(connection, whole=True), with_recipe(connection)
        self._copy(known, whole)
        for attempt in range(TRIES):
            made_at = datetime.now(UTC)
            spooled: list[tuple[str, IO[bytes]]] = []
            with self._database.read() as connection:
                rows.snapshot(connection)
                for table in rows.kept_tables():
                    spool = spools.enter_context(tempfile.TemporaryFile(dir=self._room))  # noqa: SIM115 - closed with the stack
                    rows.dump(connection, table, spool)
                    spooled.append((table.name, spool))
                known, whole = known_blobs(connection, whole=True), with_recipe(connection)
            self.missing = self._copy(known, whole)
            # Bytes go before their row says so: of a work that is being erased just now.
            if not self.missing or attempt == TRIES - 1:
                self.works = len(whole)
                break
            time.sleep(_PAUSE)
        return made_at, spooled

    def _copy(self, blobs: set[str], masters: set[str]) -> set[str]:
        """Copy what wasn't copied yet. Returns the SHA-256 of what isn't there, or isn't what it should be."""
        missing = blobs & self._damaged
        for sha256 in sorted(blobs - self._copied - self._damaged):
            found = self._blobs.open(sha256)
            if found is None:
                missing.add(sha256)
                continue
            with found[0] as source:
                if self.add(f"blobs/{sha256}", found[1], source).sha256 == sha256:
                    self._copied.add(sha256)
                else:
                    self._damaged.add(sha256)
                    missing.add(sha256)
        for work_id in sorted(masters - self._copied):
            with contextlib.suppress(FileNotFoundError), self._masters.path(work_id).open("rb") as source:
                self.add(f"masters/{work_id}", os.fstat(source.fileno()).st_size, source)
                self._copied.add(work_id)
        return missing


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Path inside of ``folder``, open handle and size of each plain file. Links aren't followed, and a folder that is
    replaced meanwhile is still the old one.

    Raises:
        FileNotFoundError: one was removed after it was listed.
        UserError: one may not be read.
    """
    with disk_errors_but_missing(folder):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for place, folders, names, handle in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
                if re.fullmatch(r"\..*\.part", name) or not stat.S_ISREG(mode):
                    continue
                inner = (Path(place) / name).as_posix()
                with disk_errors_but_missing(folder / inner):
                    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=handle)
                yield inner, opened, os.fstat(opened).st_size
    finally:
        os.close(top)


@contextlib.contextmanager
def disk_errors_but_missing(path: Path) -> Iterator[None]:
    """``disk_errors``, but what isn't there stays a ``FileNotFoundError``."""
    missing = None
    with disk_errors(path):
        try:
            yield
        except FileNotFoundError as error:
            missing = error
    if missing is not None:
        raise missing
