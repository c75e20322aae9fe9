"""The last member of a backup: what is in it, each with its size and SHA-256. Its own digest stands in its name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.backup.tar import Member, damaged
from luokuan.store.database import HEAD

FORMAT = 1
LARGEST = 256 << 20
"""Bytes of a manifest that are read: some million files."""
NAME = re.compile(r"manifest/([0-9a-f]{64})\.json")
FOLDERS = ("models", "corpora", "runs", "inputs")
"""What paths of folders' files begin with."""
_LONGEST, _DEEPEST = 255, 40


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Args:
        schema: The newest migration of the database whose rows it has.
        made_at: When its rows were read, ISO 8601.
        luokuan: The version that made it.
        works: How many works weren't erased.
        members: All of them, in order.
        paths: Of members ``folders/…``: where they lay in the home. A member that isn't here was read while somebody
            changed it, and counts for nothing.
        keys: Whether the keys are in it, sealed.
        format: Of the archive.
    """

    schema: str
    made_at: str
    luokuan: str
    works: int
    members: Sequence[Member]
    paths: Mapping[str, str] = field(default_factory=dict)
    keys: bool = False
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """As JSON."""
        values = asdict(self)
        values["members"] = [[one.name, one.size, one.sha256] for one in self.members]
        return json.dumps(values).encode()


def parse_manifest(data: bytes) -> Manifest:
    """The manifest, checked as far as it can be by itself.

    Raises:
        UserError: it is damaged, of a newer Luokuan, or a path in it would leave the home.
    """
    try:
        values = json.loads(data)
        form, schema = values["format"], values["schema"]
        if not isinstance(form, int) or not re.fullmatch(r"\d{4}", schema):
            raise ValueError("format")
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise damaged(_("its list of contents is damaged")) from error
    if form > FORMAT or schema > HEAD:
        raise UserError(
            _("This backup was made by a newer version of Luokuan."),
            _("Update Luokuan, then restore it."),
            code="backup.newer",
        )
    try:
        found = _manifest(values)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise damaged(_("its list of contents is damaged")) from error
    for path in found.paths.values():
        if not is_inside(path):
            raise damaged(_("a path in it leads out of the home"))
    if len(set(found.paths.values())) < len(found.paths):
        raise damaged(_("a path in it is there twice"))
    return found


def _manifest(values: Mapping[str, Any]) -> Manifest:
    members = [Member(str(name), int(size), str(sha256)) for name, size, sha256 in values["members"]]
    paths = {str(name): str(path) for name, path in values["paths"].items()}
    if not set(paths) <= {one.name for one in members}:
        raise ValueError("paths")
    return Manifest(
        str(values["schema"]), str(values["made_at"]), str(values["luokuan"]), int(values["works"]), members, paths,
        bool(values["keys"]), int(values["format"]),
    )  # fmt: skip


def is_inside(path: str) -> bool:
    """Whether ``path`` is one of a folder's files, on every system, whatever stands in it."""
    parts = path.split("/")
    plain = all(
        part not in ("", ".", "..")
        and len(part.encode("utf-8", "surrogatepass")) <= _LONGEST
        and not any(letter in "\\\0" or letter < " " or "\ud800" <= letter <= "\udfff" for letter in part)
        for part in parts
    )
    return plain and 2 <= len(parts) <= _DEEPEST and parts[0] in FOLDERS
