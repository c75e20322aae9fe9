"""The home's log on a chain: its checkpoint is anchored, and proofs are made that end in an anchored one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.colophon.tlog import log, note
from luokuan.colophon.tlog.note import LogKey
from luokuan.colophon.tlog.proof import AnchorClaim, Proof
from luokuan.colophon.tlog.service import opened
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.chain.contract import Contract, ours, refusal
from luokuan.rights.chain.records import AnchorRecord, Records, add_anchor, records_of
from luokuan.rights.chain.rpc import Refused
from luokuan.rights.chain.sending import Sent, send
from luokuan.store.database import open_database

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a contract holds of a log. ``root``: 32 bytes; ``time``: seconds since 1970; ``block``: its number."""

    root: bytes
    time: int
    block: int


def log_id(key: LogKey) -> bytes:
    """A log's name on chains: the SHA-256 of its key as text. So the key can't be exchanged for another one."""
    return hashlib.sha256(key.text.encode()).digest()


def anchor_at(contract: Contract, key: LogKey, size: int) -> Anchor | None:
    """What the contract holds of a log at a size; None: nothing.

    Raises:
        UserError: the node gives no usable answer.
    """
    root, time, block = contract.read("anchors", log_id(key), size)
    return Anchor(root, time, block) if time else None


def anchor(contract: Contract, account: LocalAccount, home: Home) -> tuple[AnchorRecord, Sent | None]:
    """Anchor the newest checkpoint of the home's log, and remember it. Done again, nothing is sent.

    Returns:
        What is remembered, and the transaction; None: it was anchored already.

    Raises:
        UserError: the log is empty, the chain holds another history of it, or see ``send``.
    """
    with opened(home.path) as book:
        head, key = book.head, book.key
    if head.size == 0:
        raise UserError(
            _("The log is empty: there is nothing to anchor."),
            _("Create a work first."),
            code="chain.empty_log",
        )
    known = anchor_at(contract, key, head.size)
    if known is not None and known.root != head.root:
        raise UserError(
            _(
                "The chain holds another history of the log {origin} at {size} entries.",
                origin=head.origin,
                size=head.size,
            ),
            _("See `luokuan log audit`; keep the home as it is until you know why."),
            code="chain.contradicted",
            status=409,
        )
    sent = None
    if known is None:
        data = ours().call("anchor", log_id(key), head.size, head.root)
        sent = send(contract.node, account, contract.chain, data, to=contract.address)
        record = AnchorRecord(head.checkpoint, key.text, sent.hash, sent.block, sent.block_hash)
    else:
        record = AnchorRecord(head.checkpoint, key.text, "", known.block, block_hash(contract, known.block) or "")
    add_anchor(home, contract.chain, contract.address, record)
    return record, sent


def block_hash(contract: Contract, number: int) -> str | None:
    """Hash of the chain's block with this number; None: the chain isn't that long, or has forgotten it.

    Raises:
        UserError: the node gives no usable answer.
    """
    try:
        found = contract.node.row("eth_getBlockByNumber", hex(number), False)
    except Refused as error:
        raise refusal(error) from error
    return None if found is None else str(found.get("hash")).lower()


def proofs_of(row: WorkRow, home: Home, records: Records | None) -> list[tuple[Proof, AnchorRecord]]:
    """Proofs that a work of the home is in checkpoints that were anchored, the oldest checkpoint first.

    Raises:
        UserError: the log is damaged.
    """
    made: list[tuple[Proof, AnchorRecord]] = []
    with open_database(home) as database, database.read() as connection:
        entered = log.entry_of(connection, row.id)
        if entered is None or records is None:
            return []
        head, found = entered
        for record in records.anchors:
            checkpoint = note.parse_checkpoint(record.checkpoint)
            if checkpoint.origin == head.origin and found.index < checkpoint.size <= head.size:
                path = tuple(log.inclusion(connection, head, found.index, checkpoint.size))
                key, claim = log.key_of(head), _claim(records, record)
                made.append((Proof(found.entry.leaf, found.index, path, checkpoint, key, claim), record))
    return sorted(made, key=lambda pair: pair[0].checkpoint.size)


def _claim(records: Records, record: AnchorRecord) -> AnchorClaim | None:
    """Where an anchor is; None where the chain had forgotten its block already, or the record is damaged."""
    try:
        return AnchorClaim(records.chain, records.contract.lower(), record.block, record.block_hash.lower())
    except ValueError:
        return None


def anchored_proof(row: WorkRow, home: Home) -> Proof:
    """The proof that a work is in the first checkpoint after it that was anchored: for those who ask the chain.

    Raises:
        UserError: no checkpoint that holds it was anchored, or the log is damaged.
    """
    for proof, _record in proofs_of(row, home, records_of(home)):
        if proof.sound:
            return proof
    raise not_covered(row.id)


def not_covered(work_id: str) -> UserError:
    """What is said of a work that came after the last anchor."""
    return UserError(
        _("No checkpoint that holds the work {id} is anchored yet.", id=work_id),
        _("Run luokuan chain anchor first."),
        code="chain.not_covered",
        status=409,
    )
