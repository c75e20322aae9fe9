"""Proofs that travel: ``FILE.proof`` in the format c2sp.org/tlog-proof, enough to check without the home or the net.

The optional line ``extra`` holds what that format leaves to us, as base 64 of canonical JSON: ``entry``, the leaf, and
``key``, what verifies the checkpoint; and, where the checkpoint was anchored on a chain, ``anchor``, in which block.
Nobody vouches for key and anchor but whoever publishes them.

Who only reads proofs needs no database: what needs one is imported where it is used.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from luokuan.colophon.schema import canonical_json
from luokuan.colophon.tlog import note, tree
from luokuan.colophon.tlog.leaf import MAX_LEAF, Leaf, parse_leaf

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.logbook import Found, HeadRow

ENDING = ".proof"
"""What the proof's name adds to the work's."""

MAX_PROOF = 64 << 10
"""Longest proof that is read, in bytes; ours have about 1,500."""

_FIRST = "c2sp.org/tlog-proof@v1"
_EXTRA = re.compile(r"extra ([A-Za-z0-9+/=]+)")
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_STEPS = 63
_ADDRESS, _HASH = re.compile("0x[0-9a-f]{40}", re.ASCII), re.compile("0x[0-9a-f]{64}", re.ASCII)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AnchorClaim:
    """Where a checkpoint is said to be anchored: by it somebody who hasn't the home's records tells a chain that was
    reorganised from one that never held it.

    Args:
        chain: The chain's id.
        contract: The contract's address, in lower case.
        block: Number of the block.
        block_hash: That block's hash, in lower case.

    Raises:
        ValueError: one of them is none.
    """

    chain: int
    contract: str
    block: int
    block_hash: str

    def __post_init__(self) -> None:
        numbers = all(type(one) is int and 0 <= one <= _LARGEST for one in (self.chain, self.block))
        texts = isinstance(self.contract, str) and isinstance(self.block_hash, str)
        if not numbers or not texts or not _ADDRESS.fullmatch(self.contract) or not _HASH.fullmatch(self.block_hash):
            raise ValueError("this is no anchor")


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, and the path that shows that a signed tree holds it.

    Args:
        leaf: The entry's public bytes.
        index: Its number in the log, from 0.
        path: Hashes from the leaf's sibling up.
        checkpoint: Of the tree.
        key: What the proof says verifies the checkpoint.
        anchor: Where the proof says that the checkpoint is anchored; None: it says nothing.
    """

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: note.Checkpoint
    key: note.LogKey
    anchor: AnchorClaim | None = None

    @property
    def entry(self) -> Leaf:
        """What the leaf says."""
        return parse_leaf(self.leaf)

    @property
    def sound(self) -> bool:
        """Whether path, tree and signature fit each other. Says nothing of whose key it is."""
        leaf, found = tree.leaf_hash(self.leaf), self.checkpoint
        included = tree.includes(leaf, self.index, found.size, self.path, found.root)
        return included and self.key.name == found.origin and found.signed_by(self.key)

    def to_bytes(self) -> bytes:
        """As a file."""
        anchor = {} if self.anchor is None else {"anchor": asdict(self.anchor)}
        extra = canonical_json({"entry": json.loads(self.leaf), "key": self.key.text, **anchor})
        steps = "".join(f"{_encoded(step)}\n" for step in self.path)
        head = f"{_FIRST}\nextra {_encoded(extra)}\nindex {self.index}\n"
        return f"{head}{steps}\n{self.checkpoint.text}".encode()


def prove(connection: sa.Connection, head: HeadRow, found: Found) -> Proof:
    """The proof that an entry is in the log ``head``; O(log n) rows.

    Raises:
        UserError: a node is missing.
        ValueError: the log's checkpoint or the leaf is damaged.
    """
    from luokuan.colophon.tlog import log

    path = tuple(log.inclusion(connection, head, found.index))
    return Proof(found.entry.leaf, found.index, path, note.parse_checkpoint(head.checkpoint), log.key_of(head))


def prove_work(connection: sa.Connection, work_id: str) -> Proof | None:
    """The proof that a work was logged; None when it wasn't. It can be made at any time.

    Raises:
        UserError: a node is missing.
        ValueError: the log's checkpoint or the leaf is damaged.
    """
    from luokuan.colophon.tlog import log

    found = log.entry_of(connection, work_id)
    return None if found is None else prove(connection, *found)


def parse_proof(data: bytes) -> Proof:
    """A proof from its file, which a stranger may have written. Whether it holds, ``sound`` says.

    Raises:
        ValueError: it is none, or speaks of no entry that we know.
    """
    if len(data) > MAX_PROOF:
        raise ValueError("a proof isn't that long")
    head, blank, signed = data.decode("utf-8").partition("\n\n")
    first, *lines = head.split("\n")
    if first != _FIRST or not blank or len(lines) < 2 or len(lines) > 2 + _STEPS:
        raise ValueError("this is no proof")
    extra, index = _EXTRA.fullmatch(lines[0]), _INDEX.fullmatch(lines[1])
    path = tuple(note.decoded(line) for line in lines[2:])
    if extra is None or index is None or any(len(step) != tree.HASH_BYTES for step in path):
        raise ValueError("this is no proof of ours")
    leaf, key, anchor = _from_extra(note.decoded(extra[1]))
    return Proof(leaf, int(index[1]), path, note.parse_checkpoint(signed), key, anchor)


def facts_beside(data: bytes | None) -> dict[str, Any]:
    """The fields ``proof`` and ``proof_problem`` of ``Facts``, from the file beside another one; JSON values only.
    Never raises: anybody may have written it."""
    if data is None:
        return {"proof": None, "proof_problem": None}
    try:
        proof = parse_proof(data)
        sound, entry = proof.sound, proof.entry
    except ValueError:
        return {"proof": None, "proof_problem": "proof.invalid"}
    found = {
        "origin": proof.checkpoint.origin,
        "size": proof.checkpoint.size,
        "index": proof.index,
        "key": proof.key.public.hex(),
        "kind": entry.kind,
        "time": entry.time,
        "sha256": entry.sha256,
    }
    return {"proof": found, "proof_problem": None if sound else "proof.unsound"}


def _from_extra(data: bytes) -> tuple[bytes, note.LogKey, AnchorClaim | None]:
    if len(data) > 2 * MAX_LEAF:
        raise ValueError("no entry is that long")
    try:
        found = json.loads(data.decode("utf-8"))
        known = isinstance(found, dict) and {"entry", "key"} <= found.keys() <= {"entry", "key", "anchor"}
        if not known or not isinstance(found["key"], str):
            raise ValueError("the extra line of our proofs holds an entry and a key")
        leaf = canonical_json(found["entry"])
    except RecursionError as error:
        raise ValueError("no entry is that deep") from error
    parse_leaf(leaf)
    return leaf, note.LogKey.parse(found["key"]), _anchor(found["anchor"]) if "anchor" in found else None


def _anchor(value: object) -> AnchorClaim:
    if not isinstance(value, dict) or value.keys() != {"chain", "contract", "block", "block_hash"}:
        raise ValueError("this is no anchor")
    return AnchorClaim(**value)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
