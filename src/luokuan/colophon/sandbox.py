"""Runs the inspector in a child process, and takes its death for an answer.

The child parses what strangers made, and knows no secret. Of samples it gives a trace, numbers of a known count, and
the search for the home's watermark in them happens here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.facts import Facts
from luokuan.colophon.searching import prepare, searched
from luokuan.colophon.trust import Group, Trust, trust_of
from luokuan.colophon.watermark.marking import MAX_TRACE
from luokuan.foundation.child import Child

if TYPE_CHECKING:
    from luokuan.store.home import Home

# -P: the folder in which somebody happens to stand may hold a file named like a module of ours.
COMMAND = [sys.executable, "-P", "-m", "luokuan.colophon.inspector"]

RECYCLE = 500
"""Files after which the child is replaced, so that what its libraries hold on to doesn't pile up."""

_MAX_ANSWER = (1 << 20) + 4 * (MAX_TRACE // 3 + 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    Args:
        cpu_seconds: CPU time; twice as much where the samples killed the reader and the rest is looked at once more.
        wall_seconds: Time on the clock, start of the process included; as above.
        memory_bytes: Address space of the process.
        file_bytes: Largest file that is looked at.
    """

    cpu_seconds: int = 20
    wall_seconds: float = 40.0
    memory_bytes: int = 3 << 30
    file_bytes: int = 256 << 20


class Sandbox:
    """One child that looks at file after file; a new one after a file that killed it, and after ``RECYCLE`` files. Use
    it as a context."""

    def __init__(
        self,
        home_root: bytes,
        anchors: bytes,
        limits: Limits,
        groups: Sequence[Group] = (),
        stamp_anchors: bytes = b"",
        *,
        glances: bool = False,
        secret: bytes = b"",
    ) -> None:
        self._settings: dict[str, Any] = {
            "home_root": home_root.decode("ascii"),
            "anchors": anchors.decode("ascii"),
            "groups": [(group.name, group.anchors, group.leaves) for group in groups],
            "stamp_anchors": stamp_anchors.decode("ascii"),
            "glances": glances,
            "traces": bool(secret),
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
        }
        self._limits = limits
        self._secret = secret
        self._child: Child | None = None
        self._seen = 0

    def inspect(self, path: Path) -> Facts:
        """The facts about ``path``; ``problem`` is ``crashed`` or ``time`` when the child didn't answer.

        Where the child also decodes samples, a file that killed it goes once to a child that doesn't: what its labels
        and its signature say is known then all the same.
        """
        facts = self._ask(path, self._settings)
        if facts.problem not in ("crashed", "time") or not (self._settings["glances"] or self._secret):
            return searched(facts, self._secret)
        facts = self._ask(path, {**self._settings, "glances": False, "traces": False})
        self.close()  # the next file's samples are looked at again
        return facts if facts.problem is not None else replace(facts, unseen=True)

    def _ask(self, path: Path, settings: Mapping[str, Any]) -> Facts:
        if self._seen >= RECYCLE:
            self.close()
        if self._child is None:
            self._child, self._seen = Child(COMMAND, _MAX_ANSWER), 0
            self._child.send(settings)
        self._seen += 1
        self._child.send(str(path.absolute()))
        if settings["traces"]:
            prepare(path)
        try:
            line = self._child.answer(self._limits.wall_seconds)
        except TimeoutError:
            self.close()
            return Facts("time")
        if line is None:
            self.close()
            return Facts("crashed")
        return Facts(**json.loads(line))

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def sandbox_of(home: Home | None, limits: Limits | None = None) -> Sandbox:
    """A sandbox that knows the signatures of ``home``, old and new, and nobody else's.

    Raises:
        UserError: a certificate of the home is damaged.
    """
    known = Trust() if home is None else trust_of(home)
    return Sandbox(known.roots, b"", limits or Limits(), known.groups, known.stamp_roots)
