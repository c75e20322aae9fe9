"""Checking files for strangers and owners: in child processes, a few at once, and nothing is kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _, language
from luokuan.store.home import Home

COMMAND = (sys.executable, "-P", "-m", "luokuan.studio.checking_child")
SECONDS = 100.0
"""After which a check is given up; the file's own reader is stopped before that."""
WAITING = 8
"""How many may wait for their turn."""

SAID = ("file", "signature", "manifest", "label")
"""What a file says of itself; the rest of the evidence comes from the home's records."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """What a stranger is told. ``word``: for programs and colours; ``says``: in a sentence; ``evidence``: pairs of what
    is spoken of and a sentence, from the file alone."""

    word: str
    says: str
    evidence: tuple[tuple[str, str], ...]


class Checkers:
    """Runs checks, ``most`` at once."""

    def __init__(self, home: Home, most: int) -> None:
        self._home, self._most = home, most
        self._turns: asyncio.Semaphore | None = None
        self._waiting = 0

    async def check(self, path: Path) -> dict[str, Any]:
        """The verdict on a file, as ``Verdict.to_json`` gives it.

        Raises:
            UserError: too many are waiting; or see ``verify_file``.
        """
        if self._turns is None:
            self._turns = asyncio.Semaphore(self._most)
        if self._waiting >= self._most + WAITING:
            raise UserError(
                _("Many files are being checked just now."), _("Try again in a moment."), code="check.full", status=429
            )
        self._waiting += 1
        try:
            async with self._turns:
                return await self._run(path)
        finally:
            self._waiting -= 1

    async def _run(self, path: Path) -> dict[str, Any]:
        child = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        asked = {"path": str(path), "home": str(self._home.path), "language": language()}
        try:
            out, _err = await asyncio.wait_for(child.communicate(json.dumps(asked).encode()), SECONDS)
            answer: dict[str, Any] = json.loads(out)
        except (TimeoutError, ValueError) as error:
            raise UserError(
                _("This file could not be checked."),
                _("It takes too long, or makes the program fail that reads it."),
                code="check.failed",
                status=422,
            ) from error
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
        if "error" in answer:
            what, do, code, status = answer["error"]
            raise UserError(what, do, code=code, status=status)
        return answer


def coarse(verdict: Mapping[str, Any]) -> Coarse:
    """What a stranger may know of a verdict: nothing about works of this home but that it made the file.

    That a file merely looks like a work of somebody here is not told: it would betray what a work that nobody else has
    seen looks like.
    """
    table: Sequence[Mapping[str, str]] = verdict["table"]
    said = tuple((row["about"], row["says"]) for row in table if row["about"] in SAID)
    word = str(verdict["verdict"])
    if word == "like_ours":
        word = "labelled" if any(about == "label" for about, _says in said) else "nothing_found"
    short, says = _sentence(word)
    return Coarse(short, says, said)


def _sentence(word: str) -> tuple[str, str]:
    made = _("Made by this studio, and unchanged since it was signed.")
    marked = _("It carries this studio's invisible mark, but no signature: it may be a changed copy.")
    return {
        "ours": ("made", made),
        "expired_in_time": ("made", made),
        "ours_changed": ("changed", _("Made by this studio, but changed since it was signed.")),
        "ours_stripped": ("changed", _("Made by this studio, but its signature was removed.")),
        "marked": ("perhaps", marked),
        "marked_unlike": ("perhaps", marked),
        "trusted": ("signed", _("Signed by somebody whom this studio trusts, and unchanged since.")),
        "unknown_signer": ("signed", _("Signed by somebody whom this studio doesn't know, and unchanged since.")),
        "expired": ("doubtful", _("Signed, but the signer's certificate has expired.")),
        "revoked": ("doubtful", _("Signed, but the signer's certificate was revoked.")),
        "altered": ("changed", _("Changed after it was signed, or its signature is damaged.")),
        "labelled": ("labelled", _("Labelled as made by AI, but not signed.")),
        "nothing_found": ("nothing", _("Neither label nor signature: nothing can be said about where it comes from.")),
        "unreadable": ("unreadable", _("This file can't be checked.")),
    }[word]  # fmt: skip
