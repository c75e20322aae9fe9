"""The home: the folder in which one installation keeps its models, works, keys and database."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from luokuan.errors import UserError
from luokuan.files import disk_errors, expand
from luokuan.i18n import _

CURRENT_KEYS = "current.json"
"""In ``keys/``: names the keys in use."""
FIRST_AUTHORITY = "ca"
"""In ``keys/``: the folder of the authority that a home makes first."""


ELSEWHERE = "LUOKUAN_DATABASE"
"""Environment variable that names a database elsewhere, such as ``postgresql+psycopg://…``."""


@dataclass(frozen=True, slots=True)
class Home:
    """Places inside the home. Each folder exists and is the owner's alone (0700)."""

    path: Path

    @property
    def models(self) -> Path:
        """Model folders by name."""
        return self._folder("models")

    @property
    def runs(self) -> Path:
        """Training runs by name: metrics, previews, checkpoints."""
        return self._folder("runs")

    @property
    def corpora(self) -> Path:
        """Corpora that were brought in."""
        return self._folder("corpora")

    @property
    def files(self) -> Path:
        """Files that programs brought, by their owner's id."""
        return self._folder("files")

    @property
    def blobs(self) -> Path:
        """Finished works under their SHA-256."""
        return self._folder("blobs")

    @property
    def masters(self) -> Path:
        """Encrypted samples of works, from which they can be finished again."""
        return self._folder("masters")

    @property
    def keys(self) -> Path:
        """Secrets: the certificate authority and the signing key, each 0600."""
        return self._folder("keys")

    @property
    def cache(self) -> Path:
        """What can be made again: decoded pictures, feature networks."""
        return self._folder("cache")

    @property
    def database(self) -> Path:
        """The SQLite file of rows about works."""
        return self.path / "luokuan.db"

    @property
    def has_database(self) -> bool:
        """Whether there is a database already, here or elsewhere."""
        return bool(os.environ.get(ELSEWHERE)) or self.database.is_file()

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint of the log that was signed: outside the database, so that an older one is noticed."""
        return self.path / "luokuan.checkpoint"

    @property
    def root_certificate(self) -> Path:
        """The root of the home's authority in use, PEM, public; absent before the first work."""
        try:
            named = json.loads((self.path / "keys" / CURRENT_KEYS).read_bytes())["authority"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            named = None  # nothing was rotated yet; what is damaged is told by those who use the keys
        authority = named if isinstance(named, str) and named.replace("-", "").isalnum() else FIRST_AUTHORITY
        return self.path / "keys" / authority / "root.pem"

    def _folder(self, name: str) -> Path:
        folder = self.path / name
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def open_home(path: Path | str | None = None) -> Home:
    """The home at ``path``, else at LUOKUAN_HOME, else in the platform's user data folder; made if absent.

    Raises:
        UserError: the place is a file or can't be written.
    """
    folder = place_of(path)
    with disk_errors(folder):
        is_file = folder.exists() and not folder.is_dir()
    if is_file:
        raise UserError(
            _("The home {path} is a file, not a folder.", path=folder),
            _("Give a folder with --home or LUOKUAN_HOME."),
            code="home.not_folder",
        )
    with disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Home(folder)


def find_home(path: Path | str | None = None) -> Home | None:
    """The home that ``open_home`` would open, if it is there; makes nothing.

    Raises:
        UserError: a folder above it may not be entered.
    """
    folder = place_of(path)
    with disk_errors(folder):
        return Home(folder) if folder.is_dir() else None


def place_of(path: Path | str | None = None) -> Path:
    """Where the home at ``path`` is, or would be; see ``open_home``."""
    chosen = path or os.environ.get("LUOKUAN_HOME") or platformdirs.user_data_path("luokuan")
    return expand(chosen).absolute()
