"""Audit: recompute the whole log from its entries, and compare it with everything that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from luokuan.colophon.schema import Recipe
from luokuan.colophon.schema import opens as opens_recipe
from luokuan.colophon.tlog import entries, log, note, tree
from luokuan.colophon.tlog.leaf import opens, parse_leaf, shown_time
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import logbook
from luokuan.store.secrets import find_log_key
from luokuan.store.works import find_work

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.logbook import Found, HeadRow
    from luokuan.store.works import WorkRow

CHUNK = 1 << 10
"""Entries that are looked at at once: a power of two, so that a whole chunk is one subtree."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found.

    Args:
        logs: How many logs there are.
        entries: How many entries were recomputed.
        problem: The first inconsistency, one sentence; None when there is none.
        notes: Sentences on what is no inconsistency, but worth knowing.
    """

    logs: int
    entries: int
    problem: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Walk:
    entries: int = 0
    notes: list[str] = field(default_factory=list)


def audit(
    connection: sa.Connection,
    home: Home,
    checkpoint: note.Checkpoint | None = None,
    progress: Callable[[int], None] | None = None,
) -> Audit:
    """Recompute everything: leaves, nodes, roots, signatures, commitments, and the rows of works.

    Args:
        connection: Of the home's database, reading.
        home: For the key and the copy of the last checkpoint.
        checkpoint: One that was kept elsewhere: the log must begin with it.
        progress: Called with the number of entries that were recomputed.
    """
    kept = log.kept_checkpoint(home)  # before the database: others write the copy after their commit
    heads, walk = logbook.heads(connection), _Walk()
    try:
        for problem in _problems(connection, home, heads, (kept, checkpoint), walk, progress or (lambda _count: None)):
            return Audit(len(heads), walk.entries, problem, tuple(walk.notes))
    # A column that isn't what its type says, or holds what Python has no value for: deep JSON, the year infinity.
    except (ValueError, RecursionError, sa.exc.DataError) as error:
        reason = error.orig if isinstance(error, sa.exc.DataError) else error
        problem = _("A row after entry {count} can't be read: {reason}.", count=walk.entries, reason=reason)
        return Audit(len(heads), walk.entries, problem, tuple(walk.notes))
    return Audit(len(heads), walk.entries, None, tuple(walk.notes))


def _problems(
    connection: sa.Connection,
    home: Home,
    heads: list[HeadRow],
    checkpoints: Sequence[note.Checkpoint | None],
    walk: _Walk,
    progress: Callable[[int], None],
) -> Iterator[str]:
    for number, head in enumerate(heads):
        if head.id != number + 1:
            yield _("The log number {number} is missing.", number=number + 1)
        yield from _of_log(connection, head, walk, progress)
    for before, head in zip([None, *heads], heads, strict=False):
        yield from _of_beginning(connection, heads, before, head, walk)
    yield from _of_key(home, heads)
    if checkpoints[0] is None and home.checkpoint.exists():
        yield _("The checkpoint beside the database can't be read.")
    for checkpoint in checkpoints:
        if checkpoint is not None:
            yield from _of_checkpoint(connection, heads, checkpoint)
    if not home.checkpoint.exists() and checkpoints[0] is None and any(head.size for head in heads):
        # After what one from elsewhere tells: that is graver.
        yield _("The checkpoint beside the database is missing: whether the database is older can't be told.")
    for row in logbook.unlogged_works(connection):
        if heads:
            yield _("The work {work} has no entry.", work=row.id)
        else:
            walk.notes.append(_("There are works, but no log yet: they are entered when it is first used."))
            return


def _of_log(connection: sa.Connection, head: HeadRow, walk: _Walk, progress: Callable[[int], None]) -> Iterator[str]:
    """One log: its entries, its nodes, its head."""
    frontier, whole = tree.Frontier(), []
    for start in range(0, head.size, CHUNK):
        stop = min(start + CHUNK, head.size)
        rows = logbook.entries(connection, head.id, start, stop)
        made: dict[tree.Node, bytes] = {}
        for index in range(start, stop):
            if index - start >= len(rows) or rows[index - start].index != index:
                yield _("Entry {index} of the log {origin} is missing.", index=index, origin=head.origin)
            found = rows[index - start]
            problem = _of_entry(connection, found)
            if problem is not None:
                yield _(
                    "Entry {index} of the log {origin}: {problem}", index=index, origin=head.origin, problem=problem
                )
            made.update(frontier.push(tree.leaf_hash(found.entry.leaf)))
            walk.entries += 1
        whole += [item for item in made.items() if item[0][0] > CHUNK.bit_length() - 1]
        yield from _of_nodes(
            connection, head, {p: v for p, v in made.items() if p[0] < CHUNK.bit_length()}, start, stop
        )
        progress(walk.entries)
    for place, value in whole:
        yield from _of_nodes(connection, head, {place: value}, place[1] << place[0], (place[1] + 1) << place[0])
    if logbook.count_entries(connection, head.id) != head.size:
        yield _("The log {origin} holds more entries than its head says.", origin=head.origin)
    if logbook.count_nodes(connection, head.id) != 2 * head.size - head.size.bit_count():
        yield _("The log {origin} holds more nodes than its tree has.", origin=head.origin)
    if frontier.root != head.root:
        yield _("The root of the log {origin} isn't that of its entries.", origin=head.origin)
    try:
        signed = note.parse_checkpoint(head.checkpoint)
    except ValueError:
        signed = None
    if signed is None or (signed.origin, signed.size, signed.root) != (head.origin, head.size, head.root):
        yield _("The checkpoint of the log {origin} isn't that of its entries.", origin=head.origin)
    elif not signed.signed_by(log.key_of(head)):
        yield _("The checkpoint of the log {origin} isn't signed by its key.", origin=head.origin)


def _of_nodes(
    connection: sa.Connection, head: HeadRow, made: dict[tree.Node, bytes], start: int, stop: int
) -> Iterator[str]:
    """Nodes over the leaves [start, stop), as they must be."""
    for level in sorted({level for level, _position in made}):
        wanted = [(position, made[at, position]) for at, position in sorted(made) if at == level]
        found = logbook.node_range(connection, head.id, level, start >> level, stop >> level)
        if found != [value for _position, value in wanted]:
            cut = wanted[min(len(found), len(wanted) - 1)][0]  # where rows end too early, or too late
            wrong = next((p for (p, value), one in zip(wanted, found, strict=False) if one != value), cut)
            yield _(
                "Node {position} of level {level} of the log {origin} isn't that of its entries.",
                position=wrong,
                level=level,
                origin=head.origin,
            )


def _of_entry(connection: sa.Connection, found: Found) -> str | None:
    """What is wrong with an entry, in itself and beside the work that it is about."""
    entry = found.entry
    try:
        leaf = parse_leaf(entry.leaf)
    except ValueError:
        return _("its leaf can't be read.")
    if leaf.kind != entry.kind or leaf.time != shown_time(entry.made_at):
        return _("its row says another kind or time than its leaf.")
    if (entry.private is None) != (entry.salt is None):  # erased together, or not at all
        return _("its private part isn't what the leaf commits to.")
    if entry.private is not None and entry.salt is not None:
        try:
            opened = opens(leaf, entry.salt, entry.private)
        except ValueError:
            opened = False
        if not opened or entry.private.get("work") != entry.work_id:
            return _("its private part isn't what the leaf commits to.")
    if entry.work_id is None:
        return None if leaf.kind == "restart" else _("it names no work.")
    row = find_work(connection, entry.work_id)
    if row is None:
        return _("its work is missing.")
    if leaf.kind != "work":
        return None
    same = (leaf.recipe, leaf.sha256, entry.made_at) == (row.commitment, row.blob_sha256, row.created_at)
    if not same or (entry.private is not None and not _tells(row, entry.private)):
        return _("the row of the work {work} says something else.", work=row.id)
    if not _has_its_recipe(row):
        return _("the recipe of the work {work} isn't the one that was committed to.", work=row.id)
    return None


def _tells(row: WorkRow, private: Mapping[str, Any]) -> bool:
    """Whether the row of a work says what its entry commits to."""
    try:
        return private == entries.facts_of(row)
    except (TypeError, ValueError):  # its sidecars aren't an object
        return False


def _has_its_recipe(row: WorkRow) -> bool:
    """Whether the row of a work has the recipe that was committed to, or none any more."""
    if row.recipe is None or row.salt is None:
        # Erased together. The database takes JSON's own null beside a salt, and it reads as None.
        return row.recipe is None and row.salt is None
    try:
        return opens_recipe(row.commitment, row.salt, Recipe.from_dict(row.recipe))
    except (TypeError, ValueError):
        return False


def _of_beginning(
    connection: sa.Connection, heads: list[HeadRow], before: HeadRow | None, head: HeadRow, walk: _Walk
) -> Iterator[str]:
    """A log that follows another one begins with a checkpoint of that one, and that one agrees with it."""
    first = next(iter(logbook.entries(connection, head.id, 0, 1)), None)
    leaf = None if first is None else parse_leaf(first.entry.leaf)
    if leaf is None or leaf.checkpoint is None:
        if before is not None:
            yield _("The log {origin} doesn't begin with a checkpoint of the one before.", origin=head.origin)
        return
    last = note.parse_checkpoint(leaf.checkpoint)
    old = next((one for one in heads if one.origin == last.origin and one.id < head.id), None)
    if old is not None and not last.signed_by(log.key_of(old)):
        yield _("The log {origin} begins with a checkpoint that wasn't signed.", origin=head.origin)
    elif old is not None and last.size <= old.size:
        if not log.holds(connection, old, last):
            yield _(
                "The log {old} contradicts the checkpoint with which {origin} begins.",
                old=old.origin,
                origin=head.origin,
            )
    else:
        kept = 0 if old is None else old.size
        walk.notes.append(
            _(
                "The log {origin} begins with a checkpoint of {old} at {size} entries; {kept} of these are kept.",
                origin=head.origin,
                old=last.origin,
                size=last.size,
                kept=kept,
            )
        )


def _of_key(home: Home, heads: list[HeadRow]) -> Iterator[str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not heads:
        return
    try:
        private = find_log_key(home)
    except UserError as error:
        yield error.what
        return
    if private is None:
        yield _("The log's key is missing.")
    elif Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw() != heads[-1].public_key:
        yield _("The home's key isn't the one that signed the log {origin}.", origin=heads[-1].origin)


def _of_checkpoint(connection: sa.Connection, heads: list[HeadRow], checkpoint: note.Checkpoint) -> Iterator[str]:
    origin, size = checkpoint.origin, checkpoint.size
    head = next((one for one in heads if one.origin == origin), None)
    if head is None:
        yield _(
            "There is a checkpoint of the log {origin} at {size} entries, but no such log.", origin=origin, size=size
        )
    elif not checkpoint.signed_by(log.key_of(head)):
        yield _("The checkpoint of the log {origin} that was kept isn't signed by its key.", origin=origin)
    elif size > head.size:
        yield _(
            "The log {origin} has {kept} entries, but {size} were signed: the database is older than that.",
            origin=origin,
            kept=head.size,
            size=size,
        )
    elif not log.holds(connection, head, checkpoint):
        yield log.contradicted(head, checkpoint).what
