"""The home's log: appending inside the caller's transaction, and what was last signed.

A copy of the newest checkpoint lies beside the database (``home.checkpoint``), written after each commit. When the
database doesn't reach as far as that copy, it was restored from a backup: signing on would give two histories under
one name. So a new log begins then, under a new origin, and its first entry is the last known checkpoint.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from luokuan import logs
from luokuan.colophon.tlog import entries, note, tree
from luokuan.colophon.tlog.leaf import parse_leaf
from luokuan.errors import UserError
from luokuan.files import locked, write_atomic
from luokuan.i18n import _
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.logbook import EntryRow, Found, HeadRow
from luokuan.store.secrets import log_key

if TYPE_CHECKING:
    import sqlalchemy as sa

ORIGIN = "luokuan/"
"""What the names of our logs begin with; 64 random bits follow, which say nothing of anybody."""

LOCK = ".checkpoint.lock"
"""In the home: held while the copy of the last checkpoint is written."""
BATCH = 1000
"""How many old works are appended at once."""


class Writer:
    """The log inside one write transaction: its head is locked, so that the next index is ours."""

    def __init__(self, connection: sa.Connection, head: HeadRow, private: Ed25519PrivateKey) -> None:
        self._connection = connection
        self._private = private
        self.head = head

    def append(self, rows: Sequence[EntryRow]) -> int:
        """Append entries: they are there if, and only if, the transaction commits; afterwards call ``remember``.
        O(log n) rows are read, and two for each entry written. Returns the index of the first.

        Raises:
            UserError: the tree lacks nodes.
        """
        first = self.head.size
        if not rows:
            return first
        frontier = tree.Frontier(first, _kept(self._connection, self.head, tree.parts(0, first)))
        made = [node for row in rows for node in frontier.push(tree.leaf_hash(row.leaf))]
        logbook.insert_entries(self._connection, self.head.id, first, rows)
        logbook.insert_nodes(self._connection, self.head.id, made)
        checkpoint = note.signed(self.head.origin, frontier.size, frontier.root, self._private)
        self.head = replace(self.head, size=frontier.size, root=frontier.root, checkpoint=checkpoint.text)
        logbook.update_head(self._connection, self.head)
        return first


def writer(connection: sa.Connection, home: Home) -> Writer:
    """The log, in the caller's write transaction; made if there is none, with the works that are there already. Ask for
    it before you insert a work, or that one is taken for an old one.

    Raises:
        UserError: the database contradicts the last signed checkpoint, or the key can't be used.
    """
    head = logbook.lock_head(connection)
    # Read under the lock: others write the copy after their commit, so it is never ahead of a sound database.
    kept, private = kept_checkpoint(home), _private(home)
    if head is None:
        if kept is not None:
            _tell(kept)
        return _begin(connection, None, private, kept)
    if kept is None and head.size:
        logs.get("colophon.log").warning(
            _("The copy of the log's last checkpoint, {path}, is missing or damaged: an older database would go "
              "unnoticed. It is written again.", path=home.checkpoint)
        )  # fmt: skip
    found = Writer(connection, head, private)
    if private.public_key().public_bytes_raw() != head.public_key:
        logs.get("colophon.log").warning(_("The log's key is another one: a new log begins, which names the old one."))
        return _begin(connection, head, private, _last_known(connection, head, kept))
    if kept is None or kept.text == head.checkpoint or _knows(connection, kept):
        return found
    if kept.origin == head.origin and kept.size <= head.size:
        raise contradicted(head, kept)
    _tell(kept)
    return _begin(connection, head, private, kept)


def begin(connection: sa.Connection, home: Home, last: note.Checkpoint | None = None) -> HeadRow:
    """Begin a new log in the caller's write transaction, whatever became of the old one: its first entry is the last
    known checkpoint. Works without an entry follow.

    Args:
        last: A checkpoint of this home from elsewhere, when it is newer than what the home holds.

    Raises:
        UserError: the key can't be used, or ``last`` isn't signed by the log that it names.
    """
    head = logbook.lock_head(connection)
    if last is not None and any(
        last.origin == old.origin and not last.signed_by(key_of(old)) for old in logbook.heads(connection)
    ):
        raise UserError(
            _("The checkpoint isn't signed by the log {origin}.", origin=last.origin),
            _("Give one that this home's log has signed."),
            code="log.checkpoint",
        )
    known = _last_known(connection, head, last, kept_checkpoint(home))
    return _begin(connection, head, _private(home), known).head


def remember(home: Home, head: HeadRow) -> None:
    """Keep the checkpoint outside the database as well, once its transaction is committed.

    Raises:
        UserError: it can't be written. The log is whole all the same; only an older database would go unnoticed.
    """
    with locked(home.path / LOCK):
        # Read under the lock: of two processes, the one that comes late may have committed first.
        kept = kept_checkpoint(home)
        if kept is None or (kept.size < head.size if kept.origin == head.origin else not _is_later(home, kept, head)):
            write_atomic(home.checkpoint, head.checkpoint.encode(), mode=0o600)


def _is_later(home: Home, kept: note.Checkpoint, head: HeadRow) -> bool:
    """Whether a checkpoint is of a log that this home began after ``head``."""
    with open_database(home) as database, database.read() as connection:
        return any(one.origin == kept.origin and one.id > head.id for one in logbook.heads(connection))


def kept_checkpoint(home: Home) -> note.Checkpoint | None:
    """The copy outside the database; None when it isn't there, or damaged."""
    with contextlib.suppress(OSError, ValueError):
        return note.parse_checkpoint(home.checkpoint.read_bytes())
    return None


def key_of(head: HeadRow) -> note.LogKey:
    """What verifies the checkpoints of a log."""
    return note.LogKey(head.origin, head.public_key)


def root_at(connection: sa.Connection, head: HeadRow, size: int) -> bytes:
    """Root of the log's first ``size`` entries; O(log n) rows.

    Raises:
        UserError: a node is missing.
    """
    return _hashes(connection, head, [tree.parts(0, size)])[0]


def inclusion(connection: sa.Connection, head: HeadRow, index: int, size: int | None = None) -> list[bytes]:
    """The path that shows that entry ``index`` is among the first ``size`` (default: all); O(log n) rows.

    Raises:
        ValueError: there is no such entry.
        UserError: a node is missing.
    """
    return _hashes(connection, head, tree.inclusion_parts(index, head.size if size is None else size))


def consistency(connection: sa.Connection, head: HeadRow, old: int, new: int | None = None) -> list[bytes]:
    """The path that shows that the first ``new`` entries (default: all) begin with the first ``old``; O(log n) rows.

    Raises:
        ValueError: there are no so many.
        UserError: a node is missing.
    """
    return _hashes(connection, head, tree.consistency_parts(old, head.size if new is None else new))


def entry_of(connection: sa.Connection, work_id: str) -> tuple[HeadRow, Found] | None:
    """The entry that a work was made, and its log."""
    for found in logbook.entries_of_work(connection, work_id):
        if found.entry.kind == "work":
            return next(head for head in logbook.heads(connection) if head.id == found.log_id), found
    return None


def holds(connection: sa.Connection, head: HeadRow, checkpoint: note.Checkpoint) -> bool:
    """Whether the log agrees with a checkpoint of its origin that isn't ahead of it."""
    if (head.size, head.root) == (checkpoint.size, checkpoint.root):
        return True
    return checkpoint.size <= head.size and root_at(connection, head, checkpoint.size) == checkpoint.root


def _tell(kept: note.Checkpoint) -> None:
    logs.get("colophon.log").warning(
        _(
            "The database is older than the last checkpoint of the log {origin}, which had {size} entries: "
            "a new log begins, which names it.",
            origin=kept.origin,
            size=kept.size,
        )
    )


def contradicted(head: HeadRow, kept: note.Checkpoint) -> UserError:
    """The database holds another history than the one that was signed."""
    return UserError(
        _(
            "The first {size} entries of the log {origin} aren't those that were signed.",
            size=kept.size,
            origin=head.origin,
        ),
        _("See `luokuan log audit`; restore the home from a backup, or begin a new log with `luokuan log restart`."),
        code="log.contradicted",
        status=409,
    )


def moved() -> UserError:
    """What is said of a work that was signed for a log that ended meanwhile."""
    return UserError(
        _("A new log of this home began while the work was finished, which names the old one."),
        _("Run the same command again."),
        code="log.moved",
        status=409,
    )


def _private(home: Home) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(log_key(home))


def _last_known(
    connection: sa.Connection, head: HeadRow | None, *elsewhere: note.Checkpoint | None
) -> note.Checkpoint | None:
    """The last checkpoint that is known: the first from outside the database that this doesn't hold, else its own."""
    for found in elsewhere:
        if found is not None and not _knows(connection, found):
            return found
    with contextlib.suppress(ValueError):
        return None if head is None else note.parse_checkpoint(head.checkpoint)
    return None


def _knows(connection: sa.Connection, checkpoint: note.Checkpoint) -> bool:
    """Whether a log in the database holds a checkpoint, or begins with it or with a later one."""
    for head in logbook.heads(connection):
        if head.origin == checkpoint.origin:
            with contextlib.suppress(UserError):  # of a tree that lacks nodes: then it doesn't
                if holds(connection, head, checkpoint):
                    return True
        for first in logbook.entries(connection, head.id, 0, 1):
            with contextlib.suppress(ValueError):
                text = parse_leaf(first.entry.leaf).checkpoint
                named = None if text is None else note.parse_checkpoint(text)
                if named is not None and named.origin == checkpoint.origin and named.size >= checkpoint.size:
                    return True
    return False


def _begin(
    connection: sa.Connection, old: HeadRow | None, private: Ed25519PrivateKey, last: note.Checkpoint | None
) -> Writer:
    origin = ORIGIN + secrets.token_hex(8)
    first = note.signed(origin, 0, tree.EMPTY, private)
    public = private.public_key().public_bytes_raw()
    head = HeadRow(1 if old is None else old.id + 1, origin, public, 0, tree.EMPTY, first.text)
    if not logbook.insert_head(connection, head):  # PostgreSQL: another process made the first log at this moment
        made = logbook.lock_head(connection)
        assert made is not None
        return Writer(connection, made, private)
    new = Writer(connection, head, private)
    if last is not None:
        new.append([entries.restart(last.text, datetime.now(UTC).replace(microsecond=0))])
    waiting = [entries.work_entry(row) for row in logbook.unlogged_works(connection)]
    for start in range(0, len(waiting), BATCH):
        new.append(waiting[start : start + BATCH])
    return new


def _kept(connection: sa.Connection, head: HeadRow, wanted: Sequence[tree.Node]) -> list[bytes]:
    found = logbook.nodes(connection, head.id, wanted)
    if len(found) < len(wanted):
        raise UserError(
            _("The log {origin} lacks nodes of its tree.", origin=head.origin),
            _("Restore the home from a backup, or begin a new log with `luokuan log restart`."),
            code="log.damaged",
            status=410,
        )
    return [found[node] for node in wanted]


def _hashes(connection: sa.Connection, head: HeadRow, groups: Sequence[Sequence[tree.Node]]) -> list[bytes]:
    wanted = [node for group in groups for node in group]
    found = dict(zip(wanted, _kept(connection, head, wanted), strict=True))
    return tree.hashes_of(groups, found)
