"""Blobs in an object store: LUOKUAN_BLOBS names the place, such as ``s3://bucket/prefix``.

An object is there as a whole or not at all: that is what a PUT in S3 does. One place belongs to one home, because each
home sweeps what it doesn't know: a marker says whose it is.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.i18n import _

VARIABLE = "LUOKUAN_BLOBS"
"""Environment variable with the URL of the place."""
STORES = ("s3", "s3a", "memory")
"""Protocols whose PUT is atomic. ``memory`` is for tests."""
OWNER = "blobs.id"
"""In the home: what the marker in its place must say."""
_MARKER = ".home"
_CLIENTS = ("botocore", "aiobotocore", "aiohttp")


class Bucket:
    """The blobs of one home, as objects ``ab/abcdef…`` under a prefix."""

    def __init__(self, url: str, owner: Path) -> None:
        """Open the place, and make it ``owner``'s if it is nobody's.

        Args:
            url: As fsspec writes it.
            owner: File in the home with its name there.

        Raises:
            UserError: the URL can't be used, the store doesn't answer, or the place is another home's.
        """
        protocol = url.partition("://")[0]
        if protocol not in STORES or "://" not in url:
            raise UserError(
                _("{variable} can't name this kind of place.", variable=VARIABLE),
                _("Write it as s3://BUCKET/PREFIX."),
                code="blobs.url",
            )
        try:
            import fsspec.core

            # What was listed once must not be believed later: other processes write there too.
            self._fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise UserError(
                _("The package for {variable} isn't installed.", variable=VARIABLE),
                _("Install it with: pip install 'luokuan[s3]'"),
                code="blobs.missing",
            ) from error
        self._root = str(root).rstrip("/")
        self._claim(owner)

    def _claim(self, owner: Path) -> None:
        with _errors():
            marker = f"{self._root}/{_MARKER}"
            if not owner.exists():
                write_atomic(owner, secrets.token_hex(16).encode(), mode=0o600)
            mine = owner.read_bytes()
            try:
                theirs = self._fs.cat_file(marker)
            except FileNotFoundError:
                self._fs.pipe_file(marker, mine)
                theirs = self._fs.cat_file(marker)  # of two at once, one has won
        if theirs != mine:
            raise UserError(
                _("The place that {variable} names belongs to another home.", variable=VARIABLE),
                _("Name another prefix. If that home is gone, remove the object '{name}' there first.", name=_MARKER),
                code="blobs.owner",
                status=409,
            )

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def put(self, sha256: str, data: bytes) -> None:
        """Keep ``data``: one PUT. What is there already is written anew, and so is young again."""
        with _errors():
            self._fs.pipe_file(self._path(sha256), data)

    def put_file(self, sha256: str, path: Path) -> None:
        """Keep the bytes of a file."""
        with _errors():
            self._fs.put_file(str(path), self._path(sha256))

    def get(self, sha256: str) -> bytes | None:
        """All bytes, not checked; None: there is no such object."""
        with _errors():
            try:
                found: bytes = self._fs.cat_file(self._path(sha256))
            except FileNotFoundError:
                return None
            return found

    def open(self, sha256: str) -> tuple[BinaryIO, int] | None:
        """The bytes as a stream that can be sought in, and how many; None: there is no such object."""
        with _errors():
            try:
                size = int(self._fs.info(self._path(sha256))["size"])
                stream: Any = self._fs.open(self._path(sha256), "rb", block_size=1 << 20, cache_type="readahead")
            except FileNotFoundError:
                return None
            return stream, size

    def has(self, sha256: str) -> bool:
        """Whether there is such an object."""
        with _errors():
            return bool(self._fs.exists(self._path(sha256)))

    def remove(self, sha256: str) -> None:
        """Remove it, if it is there."""
        with _errors(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(sha256))

    def older_than(self, seconds: float) -> list[str]:
        """Names of objects that were written more than ``seconds`` ago."""
        limit = time.time() - seconds
        with _errors():
            try:
                found = self._fs.find(self._root, detail=True)
            except FileNotFoundError:
                return []
        names = []
        for path, info in found.items():
            at = info.get("LastModified") or info.get("created")
            seconds_then = at if isinstance(at, float | int | None) else at.timestamp()
            if seconds_then is not None and seconds_then < limit:
                names.append(path.rpartition("/")[2])
        return names


def bucket_of(home: Path) -> Bucket | None:
    """The place of the home's blobs, if they lie elsewhere.

    Raises:
        UserError: see ``Bucket``.
    """
    url = os.environ.get(VARIABLE)
    return _opened(url, home / OWNER) if url else None


@lru_cache(maxsize=8)
def _opened(url: str, owner: Path) -> Bucket:
    return Bucket(url, owner)


@contextlib.contextmanager
def spooled(folder: Path, source: Any, piece: int = 1 << 20) -> Iterator[Path]:
    """What ``source`` has, in a temporary file in ``folder``."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".blob.", suffix=".part") as out:
        shutil.copyfileobj(source, out, piece)
        out.flush()
        yield Path(out.name)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """What goes wrong on the way, as one sentence; the message of the store may name keys, so it isn't told."""
    try:
        yield
    except (UserError, FileNotFoundError):
        raise
    except Exception as error:
        name = type(error).__name__
        if not isinstance(error, OSError) and not type(error).__module__.startswith(
            ("botocore", "aiobotocore", "aiohttp")
        ):
            raise
        raise UserError(
            _("The place of the works, which {variable} names, can't be used ({name}).", variable=VARIABLE, name=name),
            _("See that it answers, and that the credentials in the environment are right."),
            code="blobs.unreachable",
            status=503,
        ) from error
