"""From a file or an id to a work of this home."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.facts import Facts
from luokuan.colophon.ingredients import known_work, recognised
from luokuan.colophon.sandbox import Limits, sandbox_of
from luokuan.colophon.verdict import judge
from luokuan.errors import UserError
from luokuan.files import expand, sha256_file
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Located:
    """What a reference leads to. ``row``: the work of this home, or None; ``path`` and ``facts``: of a file.
    ``vouched``: False where only an unsigned text says that it is that work."""

    row: WorkRow | None
    path: Path | None = None
    facts: Facts | None = None
    vouched: bool = True


def locate(reference: Path | str, home: Home | None, *, limits: Limits | None = None) -> Located:
    """Find what is meant. A file is looked at in a child process; it is a work of this home by its bytes, by this
    home's signature, of a text by its last line, or, as ``verify`` says, by more signs than one.

    Args:
        reference: A file, or a work's id.
        home: Whose works; None: there is none.
        limits: What the file may cost.

    Raises:
        UserError: there is no such file or work, or the file can't be read.
    """
    text, path = str(reference), expand(reference)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError:
        is_file = is_folder = False
    if not is_file:
        row = _by_id(text, home) if _ID.fullmatch(text) else None
        if row is not None:
            return Located(row)
        if is_folder and text:
            raise UserError(_("{path} is a folder, not a file.", path=path), _("Give a file."), code="reference.folder")
        from luokuan.store.works import no_work

        raise no_work(text)
    with sandbox_of(home, limits) as sandbox:
        facts = sandbox.inspect(path)
    if facts.problem is not None:
        raise UserError(
            _("{path} can't be read: {reason}", path=path, reason=judge(path, facts, None).evidence[0]),
            _("Give a file, or the 16 characters of a work's id."),
            code="reference.unreadable",
        )
    row = None if home is None else known_work(home, facts)
    if row is None and home is not None and facts.claim is None:
        row = recognised(path, home, facts, limits)
    if row is None and facts.mark is not None and home is not None:
        return Located(_by_id(facts.mark, home), path, facts, vouched=False)
    return Located(row, path, facts)


def work_of(reference: Path | str, home: Home) -> WorkRow:
    """The work of this home that is meant; see ``locate``.

    Raises:
        UserError: it is none.
    """
    row = _by_bytes(reference, home) or locate(reference, home).row
    if row is None:
        from luokuan.store.works import no_work

        raise no_work(str(reference))
    return row


def _by_bytes(reference: Path | str, home: Home) -> WorkRow | None:
    """The work whose very bytes lie there: nobody need look into them."""
    try:
        path = expand(reference)
        sha256 = sha256_file(path) if path.is_file() else None
    except OSError:
        return None
    from luokuan.store.database import open_database

    if sha256 is None or not home.has_database:
        return None
    from luokuan.store.works import find_work_by_sha256

    with open_database(home) as database, database.read() as connection:
        return find_work_by_sha256(connection, sha256)


def _by_id(work_id: str, home: Home | None) -> WorkRow | None:
    from luokuan.store.database import open_database

    if home is None or not home.has_database:
        return None
    from luokuan.store.works import find_work

    with open_database(home) as database, database.read() as connection:
        return find_work(connection, work_id)
