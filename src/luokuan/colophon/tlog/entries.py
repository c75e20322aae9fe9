"""Entries as the home keeps them: a public leaf, and the private part that it commits to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from luokuan.colophon.schema import new_salt
from luokuan.colophon.tlog.leaf import NOTICES, commit_private, leaf_bytes
from luokuan.store.logbook import EntryRow
from luokuan.store.works import WorkRow


def work_entry(row: WorkRow) -> EntryRow:
    """The entry that a work was made."""
    private = facts_of(row)
    return _entry("work", row.created_at, row.id, private, recipe=row.commitment, sha256=row.blob_sha256)


def facts_of(row: WorkRow) -> dict[str, Any]:
    """What the entry of a work commits to besides recipe and bytes: the columns that a reader of the home relies on."""
    return {
        "work": row.id,
        "kind": row.kind,
        "media_type": row.media_type,
        "bytes": row.blob_size,
        "model": row.model_name,
        "model_digest": row.model_digest,
        "licence": row.licence,
        "label": row.label,
        "schema": row.schema_version,
        "sidecars": dict(row.sidecars),
    }


def notice(kind: str, work_id: str, about: Mapping[str, Any], made_at: datetime) -> EntryRow:
    """An entry about a work.

    Args:
        kind: One of ``NOTICES``.
        work_id: Which work.
        about: JSON values, such as who, when, why and the acknowledgement of a waiver. They stay in the home.
        made_at: With a zone.
    """
    if kind not in NOTICES:
        raise ValueError(f"'{kind}' is none of {NOTICES}")
    return _entry(kind, made_at, work_id, {**about, "work": work_id})


def restart(checkpoint: str, made_at: datetime) -> EntryRow:
    """The first entry of a log that goes on where another one ended: the last checkpoint of that one."""
    return EntryRow("restart", leaf_bytes("restart", made_at, checkpoint=checkpoint), made_at, None, None, None)


def _entry(kind: str, made_at: datetime, work_id: str, private: Mapping[str, Any], **public: str) -> EntryRow:
    salt = new_salt()
    leaf = leaf_bytes(kind, made_at, subject=commit_private(salt, private), **public)
    return EntryRow(kind, leaf, made_at, work_id, dict(private), salt)
