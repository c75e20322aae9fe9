"""Files that programs brought: each in a folder of its owner's in the home, with what is known of it beside it."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.i18n import _
from luokuan.store.accounts import AccountRow
from luokuan.store.home import Home
from luokuan.store.quotas import check_quotas
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.state import Studio, now

_ID = re.compile(r"file-[0-9a-f]{24}")
_OWNER = re.compile(r"[0-9a-f]{16}")
_DATA, _ABOUT = "data", "about.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file. Times are POSIX seconds; ``expires_at`` None: it stays until it is deleted."""

    id: str
    filename: str
    bytes: int
    created_at: int
    purpose: str
    expires_at: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As clients read it."""
        return {**asdict(self), "object": "file", "status": "processed", "status_details": None}


def keep(studio: Studio, person: AccountRow, data: bytes, name: str, purpose: str, seconds: int | None) -> Stored:
    """Keep a file, if the owner's quota holds it.

    Raises:
        UserError: it doesn't, or there is no room.
    """
    moment = int(time.time())
    last = None if seconds is None else moment + seconds
    # Ids rise with time, so that files of one second have an order.
    made = Stored(f"file-{time.time_ns():016x}{secrets.token_hex(4)}", name, len(data), moment, purpose, last)
    place = _place(studio.home, person)
    place.mkdir(mode=0o700, exist_ok=True)
    with studio.database.write() as connection:  # of two at once, the second sees what the first has taken
        taken = sum(one.bytes for one in stored(studio.home, person))
        check_quotas(connection, person, now(), size=len(data) + taken)
        with new_folder(place / made.id) as part:
            (part / _DATA).write_bytes(data)
            (part / _ABOUT).write_text(json.dumps(asdict(made), ensure_ascii=False), encoding="utf-8")
    return made


def stored(home: Home, person: AccountRow) -> list[Stored]:
    """All of a person's, the newest first; those whose time is over are removed."""
    place = _place(home, person)
    found = [one for path in (place.iterdir() if place.is_dir() else ()) if (one := _read(path)) is not None]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def find(home: Home, person: AccountRow, file_id: str, param: str = "file_id") -> Stored:
    """One of them.

    Raises:
        ApiError: there is none of this id, or it is somebody else's, which nobody is told.
    """
    found = _read(_place(home, person) / file_id) if _ID.fullmatch(file_id) else None
    if found is None:
        raise ApiError(
            _("There is no file '{name}'.", name=file_id[:80]),
            _("See the list of your files."),
            code="not_found",
            status=404,
            param=param,
        )
    return found


def data_of(home: Home, person: AccountRow, found: Stored) -> Path:
    """Where its bytes lie."""
    return _place(home, person) / found.id / _DATA


def delete(home: Home, person: AccountRow, found: Stored) -> None:
    """Remove it."""
    shutil.rmtree(_place(home, person) / found.id, ignore_errors=True)


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a .jsonl file with the numbers of their lines; blank lines are left out.

    Raises:
        UserError: a line is none, or the file is no UTF-8.
    """
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as stream:
            for number, text in enumerate(stream, 1):
                if text.strip():
                    found = json.loads(text)
                    if not isinstance(found, dict):
                        raise _wrong_line(number, _("it is no JSON object"))
                    json.dumps(found, ensure_ascii=False).encode()
                    yield number, found
    except UnicodeError as error:
        raise _wrong_line(number + 1, _("it isn't UTF-8")) from error
    except (ValueError, RecursionError) as error:
        raise _wrong_line(number, _("it is no JSON object")) from error


def _wrong_line(number: int, why: str) -> UserError:
    return ApiError(
        _("Line {number} of the file can't be used: {why}.", number=number, why=why),
        _("Give one JSON object a line, in UTF-8."),
        code="invalid_file",
        param="file",
    )


def _place(home: Home, person: AccountRow) -> Path:
    assert _OWNER.fullmatch(person.id)
    return home.files / person.id


def _read(path: Path) -> Stored | None:
    try:
        found = Stored(**json.loads((path / _ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if found.expires_at is not None and found.expires_at < time.time():
        shutil.rmtree(path, ignore_errors=True)
        return None
    return found
