"""What a chain says of a file: is a checkpoint that holds its entry anchored, since when, and how deep?

Cases that look alike are told apart: nothing was ever anchored; the anchor's block is gone (the chain was reorganised);
the node lags behind; the node can't be asked at all, which is an error and no answer. A home knows its anchors.
Strangers go by what the proof says of them, which may be wrong, and are told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from luokuan.colophon.tlog.proof import ENDING, MAX_PROOF, AnchorClaim, Proof, parse_proof
from luokuan.errors import UserError
from luokuan.files import sha256_file
from luokuan.i18n import _
from luokuan.rights.chain.anchoring import anchor_at, block_hash, log_id, proofs_of
from luokuan.rights.chain.contract import Contract, refusal
from luokuan.rights.chain.records import AnchorRecord, records_of
from luokuan.rights.chain.rpc import Refused

if TYPE_CHECKING:
    from luokuan.store.home import Home

State = Literal[
    "anchored", "fresh", "not_anchored", "reorganised", "claimed_reorganised", "behind", "contradicted", "no_proof"
]  # fmt: skip
DEEP = 64
"""Blocks, two epochs of Ethereum: what lies deeper is final there. Other chains have their own measure."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Args:
        state: In a word.
        says: In a sentence.
        chain: The chain's id.
        contract: The contract's address.
        size: Entries of the anchored checkpoint.
        block: Number of its block.
        time: By the chain's clock, ISO 8601 UTC.
    """

    state: State
    says: str
    chain: int
    contract: str
    size: int | None = None
    block: int | None = None
    time: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the chain shows that the file was there."""
        return self.state in ("anchored", "fresh")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "state": self.state,
            "says": self.says,
            "chain": self.chain,
            "contract": self.contract,
            "size": self.size,
            "block": self.block,
            "time": self.time,
        }


def check(path: Path, contract: Contract, home: Home | None) -> Finding:
    """Ask a contract about a file: by the proof beside it, and by the home's log if it is a work of it.

    Args:
        path: The file.
        contract: Where to look.
        home: Whose log is asked; None: none.

    Raises:
        UserError: the node gives no usable answer, or the file can't be read.
    """
    pairs = _proofs(path, home)
    if not pairs:
        return _finding(
            "no_proof", contract, _("There is no proof for the file, neither beside it nor in this home's anchors.")
        )
    gone: Finding | None = None
    for proof, record in pairs:
        held = anchor_at(contract, proof.key, proof.checkpoint.size)
        if held is not None and held.root != proof.checkpoint.root:
            return _finding(
                "contradicted",
                contract,
                _(
                    "The chain holds another history of the log {origin} at {size} entries.",
                    origin=proof.checkpoint.origin,
                    size=proof.checkpoint.size,
                ),
                proof.checkpoint.size,
                held.block,
                held.time,
            )
        if held is not None:
            return _anchored(contract, proof, held.block, held.time)
        if gone is None and record is not None:
            gone = _missing(contract, record, proof.checkpoint.size)
        elif gone is None and _speaks_of(proof.anchor, contract):
            gone = _claimed(contract, proof.anchor, proof.checkpoint.size)
    if gone is not None:
        return gone
    proof = pairs[0][0]
    latest = int(contract.read("latest", log_id(proof.key)))
    if latest == 0:
        says = _("Nothing of the log {origin} is anchored in this contract.", origin=proof.checkpoint.origin)
    else:
        says = _(
            "The checkpoint of {size} entries isn't anchored, though one of {latest} is: ask the maker for a proof by "
            "`luokuan chain prove`.",
            size=proof.checkpoint.size,
            latest=latest,
        )
    if proof.anchor is None:
        says += " " + _(
            "The proof doesn't say in which block it would be, so that this can't be told from a chain that was "
            "reorganised."
        )
    return _finding("not_anchored", contract, says)


def _proofs(path: Path, home: Home | None) -> list[tuple[Proof, AnchorRecord | None]]:
    """All that shows that these bytes are in a log, that of the home first."""
    from luokuan.store.database import open_database
    from luokuan.store.works import find_work_by_sha256

    try:
        sha256 = sha256_file(path)
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=path, why=error.strerror or error),
            _("Give a file."),
            code="chain.file",
        ) from error
    pairs: list[tuple[Proof, AnchorRecord | None]] = []
    if home is not None and home.has_database:
        with open_database(home) as database, database.read() as connection:
            row = find_work_by_sha256(connection, sha256)
        if row is not None:
            pairs += [pair for pair in proofs_of(row, home, records_of(home)) if pair[0].sound]
    beside = _beside(path)
    if beside is not None and beside.sound and beside.entry.sha256 == sha256:
        pairs.append((beside, None))
    return pairs


def _beside(path: Path) -> Proof | None:
    try:
        with path.with_name(path.name + ENDING).open("rb") as stream:
            return parse_proof(stream.read(MAX_PROOF + 1))
    except (OSError, ValueError):
        return None  # `verify` says what is wrong with it


def _anchored(contract: Contract, proof: Proof, block: int, time: int) -> Finding:
    deep = _height(contract) - block
    size, origin = proof.checkpoint.size, proof.checkpoint.origin
    says = _(
        "A checkpoint of the log {origin} that holds it ({size} entries) is anchored on chain {chain} since {time}, "
        "in block {block}.",
        origin=origin,
        size=size,
        chain=contract.chain,
        time=_clock(time),
        block=block,
    )
    if deep >= DEEP:
        return _finding("anchored", contract, says, size, block, time)
    says += " " + _("That block has {deep} after it: the chain may still be reorganised.", deep=max(0, deep))
    return _finding("fresh", contract, says, size, block, time)


def _missing(contract: Contract, record: AnchorRecord, size: int) -> Finding:
    """An anchor that this home made, and that the contract doesn't hold."""
    height = _height(contract)
    now = block_hash(contract, record.block) if height >= record.block else None
    if now is not None and now == record.block_hash:
        says = _(
            "The block {block}, in which the checkpoint was anchored, is there, but this contract doesn't hold it.",
            block=record.block,
        )
        return _finding("not_anchored", contract, says, size)
    if height < record.block:
        says = _(
            "The checkpoint was anchored in block {block}, but this node knows only {height}: it lags behind, or the "
            "chain was reorganised.",
            block=record.block,
            height=height,
        )
        return _finding("behind", contract, says, size, record.block)
    says = _(
        "The checkpoint was anchored in block {block}, but the chain was reorganised, and that block is gone. Anchor "
        "again.",
        block=record.block,
    )
    return _finding("reorganised", contract, says, size, record.block)


def _speaks_of(claim: AnchorClaim | None, contract: Contract) -> TypeGuard[AnchorClaim]:
    return claim is not None and (claim.chain, claim.contract) == (contract.chain, contract.address.lower())


def _claimed(contract: Contract, claim: AnchorClaim, size: int) -> Finding:
    """An anchor that a proof speaks of, and that the contract doesn't hold."""
    height = _height(contract)
    if height < claim.block:
        says = _(
            "The proof says that its checkpoint was anchored in block {block}, but this node knows only {height}: it "
            "lags behind, the chain was reorganised, or the proof is wrong.",
            block=claim.block,
            height=height,
        )
        return _finding("behind", contract, says, size, claim.block)
    if block_hash(contract, claim.block) == claim.block_hash:
        says = _(
            "The proof says that its checkpoint was anchored in block {block}. That block is there, and this contract "
            "never held it: the proof is wrong.",
            block=claim.block,
        )
        return _finding("not_anchored", contract, says, size)
    says = _(
        "The proof says that its checkpoint was anchored in block {block}, and the chain has another block there: it "
        "was reorganised since, or the proof is wrong. Ask the maker to anchor again.",
        block=claim.block,
    )
    return _finding("claimed_reorganised", contract, says, size, claim.block)


def _height(contract: Contract) -> int:
    try:
        return contract.node.number("eth_blockNumber")
    except Refused as error:
        raise refusal(error) from error


def _finding(
    state: State,
    contract: Contract,
    says: str,
    size: int | None = None,
    block: int | None = None,
    time: int | None = None,
) -> Finding:
    return Finding(state, says, contract.chain, contract.address, size, block, None if time is None else _clock(time))


def _clock(time: int) -> str:
    return datetime.fromtimestamp(min(time, 2**37), UTC).isoformat().replace("+00:00", "Z")
