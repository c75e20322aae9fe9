"""What a proof beside a file, or the home's own log, says about it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from luokuan.colophon.tlog.note import LogKey
from luokuan.colophon.tlog.proof import prove_work
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import logbook

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.facts import Facts


def sentences(facts: Facts, connection: sa.Connection | None, own_key: bytes | None) -> list[str]:
    """What the log says about a file, in sentences.

    Args:
        facts: About the file, and the proof beside it.
        connection: Of the home's database, reading; None when there is none that can be read.
        own_key: The log's public key as the home's folder has it; for when there is no database.
    """
    if facts.problem is not None:
        return []
    if facts.proof is not None or facts.proof_problem is not None:
        return _named(facts) + _of_proof(facts, facts.proof or {}, connection, own_key)
    return _named(facts) + ([] if connection is None else _of_own(facts, connection))


def _named(facts: Facts) -> list[str]:
    """The log that the manifest names."""
    origin = (facts.claim or {}).get("log")
    return [] if origin is None else [_("Its manifest says that it is entered in the log {origin}.", origin=origin)]


def _of_proof(
    facts: Facts, proof: Mapping[str, Any], connection: sa.Connection | None, own_key: bytes | None
) -> list[str]:
    if facts.proof_problem == "proof.invalid":
        return [_("The proof beside it can't be read.")]
    if proof["sha256"] != facts.sha256:
        return [_("The proof beside it is for other bytes.")]
    if facts.proof_problem is not None:
        return [_("The proof beside it doesn't hold: its path or its signature is wrong.")]
    place = _(
        "Entry {index} of the log {origin}, included in a checkpoint of {size} entries; the entry says {time}.",
        index=proof["index"],
        origin=_shown(proof["origin"]),
        size=proof["size"],
        time=proof["time"],
    )
    key = bytes.fromhex(proof["key"])
    known = key == own_key
    if connection is not None:
        known = known or any(h.origin == proof["origin"] and h.public_key == key for h in logbook.heads(connection))
    if known:
        return [place, _("The checkpoint is signed with this home's own log key.")]
    claim = facts.claim or {}
    if claim.get("log") is not None and claim["log"] != proof["origin"]:
        return [place, _("That is another log than the one that its manifest names.")]
    if facts.state == "Trusted" and not facts.damaged and _same_key(claim.get("log_key"), proof["origin"], key):
        return [place, _("The checkpoint is signed with the key that the signer names in the manifest.")]
    return [place, _("The checkpoint is signed, but nobody vouches for the log's key.")]


def _same_key(text: object, origin: str, key: bytes) -> bool:
    try:
        return isinstance(text, str) and LogKey.parse(text) == LogKey(origin, key)
    except ValueError:
        return False


def _of_own(facts: Facts, connection: sa.Connection) -> list[str]:
    """The home's own log, when no proof lies beside the file."""
    from luokuan.store.works import find_work_by_sha256

    row = find_work_by_sha256(connection, facts.sha256 or "")
    if row is None:
        return []
    try:
        proof = prove_work(connection, row.id)
        if proof is None:
            return [_("This home's log has no entry about it.")]
        sound = proof.sound and proof.entry.sha256 == facts.sha256
    except (UserError, ValueError):
        sound, proof = False, None
    if proof is None or not sound:
        return [_("This home's log is damaged: see `luokuan log audit`.")]
    return [
        _(
            "Entry {index} of this home's log {origin}, included in its checkpoint of {size} entries.",
            index=proof.index,
            origin=proof.checkpoint.origin,
            size=proof.checkpoint.size,
        )
    ]


def _shown(origin: str) -> str:
    from luokuan.colophon.manifest import clean

    return clean(origin) or "?"


def public_key(private: bytes | None) -> bytes | None:
    """The public half of the log's key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if private is None:
        return None
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
