"""Leaves: the public part of an entry, which says nothing of people but salted commitments.

A leaf is canonical JSON. ``subject`` is SHA-256(salt ‖ canonical JSON of the private part), so that erasing salt and
private part leaves a leaf that nobody can open, in a tree that stays valid. The leaf of a work also carries the
commitment to its recipe and the SHA-256 of its final bytes; these hold a random id and a signature, so that nobody
can find them by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from luokuan.colophon.schema import SALT_BYTES, canonical_json

VERSION = 1
"""Version of the leaves. Old ones must be readable forever."""

MAX_LEAF = 16 << 10
"""Longest leaf, in bytes; tiles can't hold more than 65,535."""

NOTICES = ("waiver", "correction", "withdrawal", "override", "publication", "grant", "sale")
"""Kinds of entries about a work, besides that it was made."""

_FIELDS = {
    "work": {"recipe", "sha256", "subject"},
    "restart": {"checkpoint"},
    **{kind: {"subject"} for kind in NOTICES},
}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The public part of an entry. ``time``: by the home's clock, ISO 8601 UTC. ``subject``: the salted commitment.
    ``recipe`` and ``sha256``: of a work. ``checkpoint``: of a restart, the last one that the home had signed."""

    kind: str
    time: str
    subject: str | None = None
    recipe: str | None = None
    sha256: str | None = None
    checkpoint: str | None = None


def parse_leaf(data: bytes) -> Leaf:
    """The public part, from the bytes of a leaf.

    Raises:
        ValueError: it is none of ours, or not in the one way in which it is written.
    """
    if len(data) > MAX_LEAF:
        raise ValueError("a leaf isn't that long")
    try:
        found = json.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("a leaf isn't that deep") from error
    if not isinstance(found, dict) or type(found.pop("v", None)) is not int:
        raise ValueError("a leaf is an object with a version")
    kind = found.get("kind")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or set(found) != {"kind", "time", *fields} or not all(isinstance(v, str) for v in found.values()):
        raise ValueError("a leaf has the fields of its kind")
    digests = [found[name] for name in fields - {"checkpoint"}]
    if not all(map(_DIGEST.fullmatch, digests)) or not _TIME.fullmatch(found["time"]):
        raise ValueError("a field of the leaf is damaged")
    if canonical_json({"v": VERSION, **found}) != data:
        raise ValueError("a leaf is canonical JSON of a version that is known")
    return Leaf(**found)


def opens(leaf: Leaf, salt: bytes, private: Mapping[str, Any]) -> bool:
    """Whether (salt, private part) is what the leaf commits to."""
    return leaf.subject is not None and hmac.compare_digest(leaf.subject, commit_private(salt, private))


def commit_private(salt: bytes, private: Mapping[str, Any]) -> str:
    """SHA-256(salt ‖ canonical JSON of the private part), 64 lower-case hexadecimal digits."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + canonical_json(private)).hexdigest()


def shown_time(moment: datetime) -> str:
    """As leaves say a time: ISO 8601, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def leaf_bytes(kind: str, made_at: datetime, **fields: str) -> bytes:
    """The bytes of a leaf.

    Raises:
        ValueError: it would be too long.
    """
    data = canonical_json({"v": VERSION, "kind": kind, "time": shown_time(made_at), **fields})
    if len(data) > MAX_LEAF:
        raise ValueError("an entry's leaf is too long")
    return data
