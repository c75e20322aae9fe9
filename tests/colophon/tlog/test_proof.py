from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from logs_for_tests import add_notices, add_works
from tlog_scales import signing as other_signing
from tlog_scales import tlog as other

from luokuan.colophon.schema import canonical_json
from luokuan.colophon.tlog import log, note, tree
from luokuan.colophon.tlog.entries import notice, restart
from luokuan.colophon.tlog.proof import MAX_PROOF, AnchorClaim, Proof, facts_beside, parse_proof, prove_work
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import open_home


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Of the first of 70 entries."""
    home = open_home(tmp_path_factory.mktemp("proof") / "home")
    with open_database(home) as database:
        (row,) = add_works(database, home, 1)
        add_notices(database, home, row.id, 69)
        with database.read() as connection:
            found = prove_work(connection, row.id)
            assert prove_work(connection, "f" * 16) is None
    assert found is not None
    assert found.entry.sha256 == row.blob_sha256
    return found


def test_a_proof_comes_back_and_holds(proof: Proof) -> None:
    data = proof.to_bytes()
    assert len(data) < 2_500
    assert parse_proof(data) == proof
    assert proof.sound and proof.checkpoint.size == 70
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nextra ")


def test_another_implementation_agrees(proof: Proof) -> None:
    lines = proof.to_bytes().decode().split("\n")
    blank = lines.index("")
    path = [base64.b64decode(line) for line in lines[3:blank]]
    checkpoint = other.Checkpoint.from_text("\n".join(lines[blank + 1 :]))
    checkpoint.verify(other_signing.Vkey.from_string(proof.key.text))
    leaf = tree.leaf_hash(proof.leaf)
    other.InclusionProof(int(lines[2].split()[1]), checkpoint.size, path).check(leaf, checkpoint.root_hash)


def test_whatever_is_changed_is_noticed(proof: Proof) -> None:
    step = bytes(32)
    changed = [
        replace(proof, index=1),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=(*proof.path, step)),
        replace(proof, path=(step, *proof.path[1:])),
        replace(proof, leaf=proof.leaf.replace(b'"kind":"work"', b'"kind":"wrok"')),
        replace(proof, key=note.LogKey(proof.key.name, bytes(32))),
        replace(proof, key=note.LogKey("luokuan/other", proof.key.public)),
        replace(proof, checkpoint=note.parse_checkpoint(proof.checkpoint.text.replace("\n70\n", "\n71\n"))),
    ]
    assert not any(one.sound for one in changed)


def test_proofs_of_every_kind_of_entry(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from luokuan.colophon.tlog.proof import prove

    now = datetime.now(UTC)
    home = open_home(tmp_path / "home")
    with open_database(home) as database:
        (row,) = add_works(database, home, 1)
        kinds = ("waiver", "correction", "withdrawal")
        with database.write() as connection:
            book = log.writer(connection, home)
            book.append([notice(kind, row.id, {"by": "x"}, now) for kind in kinds])
            book.append([restart(book.head.checkpoint, now)])
        with database.read() as connection:
            for found in logbook.entries(connection, 1, 0, 9):
                one = parse_proof(prove(connection, book.head, found).to_bytes())
                assert one.sound and one.entry.kind == found.entry.kind


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else canonical_json(value)
    return base64.b64encode(data).decode()


def hostile(proof: Proof) -> dict[str, bytes]:
    text = proof.to_bytes().decode()
    lines = text.split("\n")
    extra = lines[1]

    def with_extra(value: object) -> bytes:
        return text.replace(extra, f"extra {encoded(value)}").encode()

    whole = {"entry": json.loads(proof.leaf), "key": proof.key.text}
    anchor = {"chain": 1, "contract": "0x" + "a" * 40, "block": 7, "block_hash": "0x" + "b" * 64}
    wrong: tuple[object, ...] = (
        None, [], {}, {**anchor, "more": 1}, {**anchor, "chain": -1}, {**anchor, "chain": True},
        {**anchor, "block": 2**63}, {**anchor, "block": 1.5}, {**anchor, "contract": "0x" + "A" * 40},
        {**anchor, "contract": 7}, {**anchor, "block_hash": "0x" + "b" * 63 + "\n"},
    )  # fmt: skip
    assert parse_proof(with_extra({**whole, "anchor": anchor})).anchor == AnchorClaim(**anchor)
    return {
        **{f"anchor {at}": with_extra({**whole, "anchor": one}) for at, one in enumerate(wrong)},
        "more than we know": with_extra({**whole, "more": 1}),
        "empty": b"",
        "binary": bytes(range(256)) * 8,
        "no utf-8": text.encode().replace(b"index", b"ind\xff"),
        "huge": text.encode() + b"x" * MAX_PROOF,
        "huge line": (lines[0] + "\nextra " + "A" * 60_000 + "\nindex 0\n\n" + proof.checkpoint.text).encode(),
        "other version": text.replace("@v1", "@v2").encode(),
        "no extra": text.replace(extra + "\n", "").encode(),
        "no json": with_extra(b"{"),
        "deep json": with_extra(b"[" * 12_000),
        "deep entry": with_extra(b'{"entry":' * 2_000 + b"1" + b"}" * 2_000),
        "json of another kind": with_extra([1, 2]),
        "key of another kind": with_extra({"entry": {}, "key": 7}),
        "no key": with_extra({"entry": {}, "key": "x"}),
        "no entry": with_extra({"entry": {}, "key": proof.key.text}),
        "not a number": with_extra(b'{"entry":NaN,"key":"x"}'),
        "large number": with_extra(b'{"entry":' + b"9" * 5_000 + b',"key":"x"}'),
        "index": text.replace("index 0", "index -1").encode(),
        "long index": text.replace("index 0", f"index {'9' * 30}").encode(),
        "other digits": text.replace("index 0", "index ٣").encode(),
        "long path": text.replace("index 0\n", "index 0\n" + encoded(bytes(32)).join(["", "\n"]) * 70).encode(),
        "short hash": text.replace("index 0\n", f"index 0\n{encoded(bytes(31))}\n").encode(),
        "control characters": text.replace("luokuan/", "\x1b]0;x\x07/").encode(),
        "line ends": text.replace("\n", "\r\n").encode(),
        "no checkpoint": text.split("\n\n")[0].encode() + b"\n\n",
        "no signature": text.rpartition("\n\n")[0].encode() + b"\n\n",
        "cut": text[: len(text) // 2].encode(),
    }


def test_hostile_proofs_are_refused(proof: Proof) -> None:
    for name, data in hostile(proof).items():
        with pytest.raises(ValueError):
            parse_proof(data)
        assert facts_beside(data) == {"proof": None, "proof_problem": "proof.invalid"}, name


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\no\n1\n\n\n")
def test_anything_is_answered(data: bytes) -> None:
    assert facts_beside(data)["proof_problem"] == "proof.invalid"


@given(data=st.data())
def test_a_flipped_bit_is_noticed(proof: Proof, data: st.DataObject) -> None:
    whole = bytearray(proof.to_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    assert facts_beside(bytes(whole))["proof_problem"] is not None


def test_what_crosses_to_the_judge(proof: Proof) -> None:
    assert facts_beside(None) == {"proof": None, "proof_problem": None}
    found = facts_beside(proof.to_bytes())
    assert found["proof_problem"] is None
    assert found["proof"]["size"] == 70 and found["proof"]["index"] == 0
    unsound = replace(proof, index=3).to_bytes()
    assert facts_beside(unsound)["proof_problem"] == "proof.unsound"
