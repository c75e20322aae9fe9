"""The Merkle tree of RFC 9162, section 2.1 (the same as RFC 6962's): hashes, proofs, and their verification.

Only complete subtrees are kept: node (level, position) is the hash over the leaves
[position · 2^level, (position + 1) · 2^level). They never change once they are there, and a tree of n leaves has fewer
than 2n. Every root and every proof is made of at most 2 log₂ n of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

Node = tuple[int, int]
"""(level, position) of a complete subtree."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parts(start: int, end: int) -> list[Node]:
    """The complete subtrees of which the subtree over the leaves [start, end) is made, from left to right.

    ``start`` is 0 or where the tree splits: a multiple of a power of two that is at least ``end - start``.
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def joined(hashes: Sequence[bytes]) -> bytes:
    """The hash over what ``parts`` gave; ``EMPTY`` of nothing."""
    if not hashes:
        return EMPTY
    whole = hashes[-1]
    for left in reversed(hashes[:-1]):
        whole = node_hash(left, whole)
    return whole


def inclusion_parts(index: int, size: int) -> list[list[Node]]:
    """PATH(index, D[size]) of RFC 9162, section 2.1.3.1, each hash as the subtrees that it joins, the leaf's sibling
    first.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append(parts(middle, end))
            end = middle
        else:
            found.append(parts(start, middle))
            start = middle
    return found[::-1]


def consistency_parts(old: int, new: int) -> list[list[Node]]:
    """PROOF(old, D[new]) of RFC 9162, section 2.1.4.1, each hash as the subtrees that it joins. Empty when nothing has
    to be proven: of the empty tree, and of equal ones.

    Raises:
        ValueError: ``old`` is above ``new``, or negative.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves has no beginning of {old}")
    if old == 0:
        return []
    start, end, found, whole = 0, new, [], True
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            found.append(parts(middle, end))
            end = middle
        else:
            found.append(parts(start, middle))
            start, whole = middle, False
    return ([] if whole else [parts(start, end)]) + found[::-1]


def hashes_of(groups: Sequence[Sequence[Node]], nodes: Mapping[Node, bytes]) -> list[bytes]:
    """The hashes of a proof, from the kept nodes.

    Raises:
        KeyError: one is missing.
    """
    return [joined([nodes[node] for node in group]) for group in groups]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` shows that the leaf with hash ``leaf`` is number ``index`` of the tree (RFC 9162, section
    2.1.3.2). Any input is answered."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, root)


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree of ``new`` leaves begins with the one of ``old`` (RFC 9162, section
    2.1.4.2). Any input is answered; of the empty tree and of equal sizes only an empty proof is accepted."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        expected = EMPTY if old == 0 else new_root
        return not proof and hmac.compare_digest(old_root, expected)
    path = list(proof)
    if old & (old - 1) == 0:  # a power of two: its root is a node of the new tree
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(first, old_root) and hmac.compare_digest(second, new_root)


class Frontier:
    """The right edge of a tree: enough to append leaves and to know the root.

    Args:
        size: Leaves so far.
        hashes: Of ``parts(0, size)``.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"the edge of a tree of {size} leaves has {size.bit_count()} hashes, not {len(hashes)}")
        self.size = size
        self._hashes = list(hashes)

    @property
    def root(self) -> bytes:
        """Root of the tree."""
        return joined(self._hashes)

    def push(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Append the leaf with this hash. Returns the nodes that are new: the leaf, then what it completes."""
        level, position, whole = 0, self.size, leaf
        made = [((level, position), whole)]
        while position & 1:
            whole = node_hash(self._hashes.pop(), whole)
            level, position = level + 1, position >> 1
            made.append(((level, position), whole))
        self._hashes.append(whole)
        self.size += 1
        return made


def _split(count: int) -> int:
    """The largest power of two below ``count``, which is above 1."""
    return 1 << ((count - 1).bit_length() - 1)
