"""What a home knows of a file, besides what the file itself says."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from luokuan.colophon.facts import EXPIRED, UNTRUSTED, Facts
from luokuan.errors import UserError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.fingerprint import Alike
    from luokuan.colophon.fingerprint.register import Register
    from luokuan.store.home import Home
    from luokuan.store.revocation import Revocation
    from luokuan.store.works import WorkRow

SHARED = 0.95
"""Share of a work's bytes that a changed copy still has, at the same distance from its beginning or its end, where
bytes decide. A manifest, which can be copied, is a smaller part of any work; what else is as small isn't known so."""


class Heard(Protocol):
    """What was heard of a watermark in a text."""

    @property
    def tokens(self) -> int:
        """What was counted."""
        ...

    @property
    def green(self) -> int:
        """How much of it speaks for the mark."""
        ...

    @property
    def chance(self) -> float:
        """Probability of so much by chance."""
        ...

    @property
    def z(self) -> float:
        """Standard deviations above what is expected."""
        ...

    @property
    def enough(self) -> bool:
        """Whether the text is long enough to tell."""
        ...

    @property
    def marked(self) -> bool:
        """Whether it carries the mark."""
        ...


@dataclass(frozen=True, slots=True)
class Findings:
    """What a home knows of a file.

    Args:
        record: The home's row about the work that the file is or names, if it has one; an error where its records
            can't be read, which takes nothing from what the signature says.
        same: Whether the file is that work byte for byte.
        entered: When the home's log says that these very bytes, and the manifest beside them, were entered, ISO 8601
            UTC; None also where that wasn't while the signer's certificate was valid. Asked only when it has expired.
        marked: Id of the work of this home that the watermark in the samples names; None: it names none of its works.
        unlike: Whether the file differs from that very work in its fingerprint; None where that can't be told.
        alike: The work of this home that the file is like: the marked one, where it is, else the nearest.
        shared: Work of this home that the signed manifest names, where the file has at least ``SHARED`` of its bytes.
        heard: What was heard of a watermark in a text.
        revoked: Revocations that speak of the signer's certificate.
        lists: Sentences on the revocation lists that were given.
        logged: Sentences on what a transparency log says.
    """

    record: WorkRow | UserError | None = None
    same: bool = False
    entered: str | None = None
    marked: str | None = None
    unlike: bool | None = None
    alike: Alike | None = None
    shared: str | None = None
    heard: Heard | None = None
    revoked: Sequence[Revocation] = ()
    lists: Sequence[str] = ()
    logged: Sequence[str] = ()

    @property
    def like(self) -> bool:
        """Whether it looks, reads or sounds like a work of this home, surely or as like as the marked one must be."""
        return self.unlike is False or (self.alike is not None and self.alike.sure)


def only_expired(facts: Facts) -> bool:
    """Whether nothing but the time is wrong with a signature."""
    return EXPIRED in facts.failures and set(facts.failures) <= {EXPIRED, UNTRUSTED}


class Finder:
    """Asks a home about files; its fingerprints are read once for many files. ``home``: None knows nothing."""

    def __init__(self, home: Home | None) -> None:
        self._home = home
        self._register: Register | None = None
        self.possible = home is not None and home.has_database

    def find(self, path: Path, facts: Facts) -> Findings:
        """All but what is heard, and revocations."""
        named = [(facts.claim or {}).get("work"), (facts.aigc or {}).get("ProduceID"), facts.mark]
        named.append((facts.watermark or {}).get("id"))
        beside = facts.proof is not None or facts.proof_problem is not None
        names = [name for name in named if name]
        if facts.sha256 is None or not (names or beside or self.possible):
            return Findings()
        # Imported here: most files that are checked are nobody's, and these take time to load.
        from luokuan.colophon.tlog.evidence import public_key, sentences
        from luokuan.store.secrets import find_log_key

        own: bytes | None = None
        if self._home is not None:
            with contextlib.suppress(UserError):
                own = public_key(find_log_key(self._home))
        if self._home is None or not self.possible:
            return Findings(logged=sentences(facts, None, own))
        from luokuan.store.database import open_database

        try:
            with open_database(self._home) as database, database.read() as connection:
                found = self._asked(connection, path, facts, names)
                return replace(found, logged=sentences(facts, connection, own))
        except UserError as error:
            return Findings(record=error if names else None, logged=sentences(facts, None, own))

    def _asked(self, connection: sa.Connection, path: Path, facts: Facts, names: list[Any]) -> Findings:
        from luokuan.store.works import find_work, find_work_by_sha256

        assert facts.sha256 is not None
        row = find_work_by_sha256(connection, facts.sha256)
        if row is not None:
            entered = _entered(connection, row, facts) if only_expired(facts) else None
            return Findings(row, same=True, entered=entered)
        row = find_work(connection, str(names[0])) if names else None
        number = (facts.watermark or {}).get("id")
        marked = find_work(connection, number) if number else None
        found = Findings(row, marked=None if marked is None else marked.id)
        found = self._compared(connection, facts, found)
        if facts.own and row is not None and not found.like and self._shares(path, row):
            found = replace(found, shared=row.id)
        return found

    def _compared(self, connection: sa.Connection, facts: Facts, found: Findings) -> Findings:
        if facts.fingerprint is None:
            return found
        from luokuan.colophon.fingerprint.register import Register, tells

        assert self._home is not None
        if not tells(facts.fingerprint):
            return found
        self._register = self._register or Register(self._home)
        if found.marked is not None:
            alike = self._register.compare(connection, facts.fingerprint, found.marked)
            if alike:
                return replace(found, unlike=False, alike=alike)
            found = replace(found, unlike=None if alike is None else True)
        return replace(found, alike=self._register.find(connection, facts.fingerprint))

    def _shares(self, path: Path, row: WorkRow) -> bool:
        from luokuan.store.blobs import Blobs

        assert self._home is not None
        try:
            kept = Blobs(self._home).get(row.blob_sha256)
            with path.open("rb") as stream:
                data = stream.read(2 * len(kept) + 1)
        except (OSError, UserError):
            return False
        return shared_part(kept, data) >= SHARED


def shared_part(ones: bytes, others: bytes) -> float:
    """How much of the longer of two files both have at the same distance from the beginning, or from the end, in one
    piece each; 0 to 1."""
    short, long = sorted((ones, others), key=len)
    if not long:
        return 1.0
    first = _common(short, long)
    last = _common(short[first:][::-1], long[first:][::-1])
    return (first + last) / len(long)


def _common(short: bytes, long: bytes) -> int:
    """How many first bytes both have; by halving, for comparing slices is quick and a loop over bytes isn't."""
    low, high = 0, min(len(short), len(long))
    while low < high:
        middle = (low + high + 1) // 2
        if short[low:middle] == long[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _entered(connection: sa.Connection, row: WorkRow, facts: Facts) -> str | None:
    """See ``Findings.entered``. The manifest beside is none of the work's bytes, and must be the one that was kept."""
    from luokuan.colophon.formats.base import MANIFEST
    from luokuan.colophon.tlog.proof import prove_work

    if facts.validity is None or row.sidecars.get(MANIFEST) != facts.beside:
        return None
    try:
        proof = prove_work(connection, row.id)
        if proof is None or not proof.sound or proof.entry.sha256 != facts.sha256:
            return None
        first, last = (datetime.fromisoformat(moment) for moment in facts.validity)
        return proof.entry.time if first <= datetime.fromisoformat(proof.entry.time) <= last else None
    except (UserError, ValueError, TypeError):  # a log that is damaged proves nothing
        return None
