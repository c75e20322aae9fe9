from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.tlog import ConsistencyProof, ConsistencyProofInvalid, InclusionProof, InclusionProofInvalid

from luokuan.colophon.tlog import tree

# The leaves, roots and proofs of the tests of Certificate Transparency's own code.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH_OF_0_IN_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
FROM_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


def leaf(number: int) -> bytes:
    return tree.leaf_hash(str(number).encode())


def grown(count: int) -> tuple[tree.Frontier, dict[tree.Node, bytes], list[bytes]]:
    """A tree of ``count`` leaves: its edge, its nodes, and its root at each size."""
    frontier, nodes, roots = tree.Frontier(), dict[tree.Node, bytes](), [tree.EMPTY]
    for number in range(count):
        nodes.update(frontier.push(leaf(number)))
        roots.append(frontier.root)
    return frontier, nodes, roots


BIG = 300
_EDGE, NODES, ALL_ROOTS = grown(BIG)
sizes = st.integers(1, BIG)


def test_known_roots_and_proofs() -> None:
    frontier, nodes = tree.Frontier(), dict[tree.Node, bytes]()
    assert frontier.root == tree.EMPTY
    for data, root in zip(LEAVES, ROOTS, strict=True):
        nodes.update(frontier.push(tree.leaf_hash(data)))
        assert frontier.root.hex() == root
    assert [h.hex() for h in tree.hashes_of(tree.inclusion_parts(0, 8), nodes)] == PATH_OF_0_IN_8
    assert [h.hex() for h in tree.hashes_of(tree.consistency_parts(6, 8), nodes)] == FROM_6_TO_8


def reference(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162, section 2.1.1, writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else tree.EMPTY
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return tree.node_hash(reference(leaves[:split]), reference(leaves[split:]))


def test_roots_are_those_of_the_definition_and_nodes_are_few() -> None:
    for size in (0, 1, 2, 3, 7, 8, 9, 255, 256, 257, BIG):
        assert ALL_ROOTS[size] == reference([leaf(number) for number in range(size)])
        assert len([p for p in NODES if (p[1] + 1) << p[0] <= size]) == 2 * size - size.bit_count()
        assert len(tree.parts(0, size)) == size.bit_count()


@given(st.data(), sizes)
def test_any_entry_of_any_tree_is_proven(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    groups = tree.inclusion_parts(index, size)
    path = tree.hashes_of(groups, NODES)
    assert sum(map(len, groups)) <= 2 * size.bit_length()
    root = ALL_ROOTS[size]
    assert tree.includes(leaf(index), index, size, path, root)
    InclusionProof(index, size, path).check(leaf(index), root)
    other = data.draw(st.integers(0, size + 2).filter(lambda n: n != index))
    for wrong in (
        (leaf(other), index, size, path, root),
        (leaf(index), other, size, path, root),
        (leaf(index), index, size, [*path, root], root),
        (leaf(index), index, size, path[:-1], root) if path else (leaf(other), 0, 1, [], root),
        (leaf(index), index, size, path, ALL_ROOTS[size - 1]),
    ):
        assert not tree.includes(*wrong)
        with pytest.raises(InclusionProofInvalid):
            InclusionProof(wrong[1], wrong[2], wrong[3]).check(wrong[0], wrong[4])


@given(st.data(), sizes)
def test_any_two_sizes_are_shown_to_agree(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    groups = tree.consistency_parts(old, new)
    proof = tree.hashes_of(groups, NODES)
    assert sum(map(len, groups)) <= 2 * new.bit_length()
    assert tree.extends(old, ALL_ROOTS[old], new, ALL_ROOTS[new], proof)
    ConsistencyProof(old, new, proof).check(ALL_ROOTS[old], ALL_ROOTS[new])
    for wrong in (
        (old, leaf(1), new, ALL_ROOTS[new], proof),
        (old, ALL_ROOTS[old], new, leaf(1), proof) if old > 0 else (1, leaf(3), new, leaf(1), proof),
        (old, ALL_ROOTS[old], new, ALL_ROOTS[new], [*proof, leaf(1)]),
    ):
        assert not tree.extends(*wrong)
        with pytest.raises(ConsistencyProofInvalid):
            ConsistencyProof(wrong[0], wrong[2], wrong[4]).check(wrong[1], wrong[3])
    if proof:
        flipped = data.draw(st.integers(0, len(proof) - 1))
        proof[flipped] = bytes([proof[flipped][0] ^ 1]) + proof[flipped][1:]
        assert not tree.extends(old, ALL_ROOTS[old], new, ALL_ROOTS[new], proof)


@given(st.integers(-3, 2**64), st.integers(-3, 2**64), st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_any_input_is_answered(one: int, other: int, path: list[bytes]) -> None:
    assert not tree.includes(leaf(0), one, other, path, leaf(1))
    assert not tree.extends(one, leaf(0), other, leaf(1), path)


def test_what_isnt_there_is_refused() -> None:
    for index, size in ((0, 0), (-1, 3), (3, 3)):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion_parts(index, size)
    for old, new in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="no beginning"):
            tree.consistency_parts(old, new)
    with pytest.raises(ValueError, match="edge"):
        tree.Frontier(3, [leaf(0)])
