"""What a chain says of a file: anchored, not anchored, reorganised, contradicted, or not to be asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from chains_for_tests import CHAIN, Chain, accounts, deployed, tell
from logs_for_tests import add_works

from luokuan.colophon.tlog.proof import AnchorClaim, parse_proof
from luokuan.colophon.tlog.service import opened
from luokuan.errors import UserError
from luokuan.rights.chain import checking
from luokuan.rights.chain.anchoring import anchor, anchored_proof, block_hash, log_id
from luokuan.rights.chain.checking import check
from luokuan.rights.chain.contract import Contract
from luokuan.rights.chain.records import FILE, Records, keep, records_of
from luokuan.rights.chain.trading import deploy, home_contract
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import WorkRow


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def contract(chain: Chain) -> Contract:
    return deployed(chain, accounts()[0])


def made(home: Home, folder: Path, count: int = 1) -> list[tuple[WorkRow, Path]]:
    """Works of the home, and their files."""
    with open_database(home) as database:
        rows = add_works(database, home, count)
    found = []
    for row in rows:
        path = folder / f"{row.id}.txt"
        path.write_bytes(Blobs(home).get(row.blob_sha256))
        found.append((row, path))
    return found


def test_an_anchored_work_is_found_by_its_home_and_by_strangers(
    chain: Chain, contract: Contract, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, path), (_second, other) = made(home, tmp_path, 2)
    assert check(path, contract, home).state == "no_proof", "nothing was anchored by this home"
    record, sent = anchor(contract, accounts()[0], home)
    assert sent is not None and sent.gas < 120_000
    again, nothing = anchor(contract, accounts()[0], home)
    assert nothing is None and (again.block, again.block_hash) == (record.block, record.block_hash)
    found = check(path, contract, home)
    assert (found.state, found.size, found.block, found.chain) == ("fresh", 2, record.block, CHAIN)
    assert found.holds and "0 after it" in found.says
    chain.mine(2)
    monkeypatch.setattr(checking, "DEEP", 2)
    found = check(path, contract, home)
    assert found.state == "anchored" and found.time is not None and found.time in found.says

    ((_row, late),) = made(home, tmp_path)
    assert check(late, contract, home).state == "no_proof"
    with pytest.raises(UserError) as caught:
        anchored_proof(_row, home)
    assert caught.value.code == "chain.not_covered"

    # A stranger has the file and the proof that the home writes for it, of the tree as it was anchored.
    proof = anchored_proof(first, home).to_bytes()
    assert parse_proof(proof).sound and parse_proof(proof).checkpoint.size == 2
    path.with_name(path.name + ".proof").write_bytes(proof)
    assert check(path, contract, None).state == "anchored"
    other.with_name(other.name + ".proof").write_bytes(proof)
    assert check(other, contract, None).state == "no_proof", "the proof is another file's"
    path.with_name(path.name + ".proof").write_bytes(b"nonsense")
    assert check(path, contract, None).state == "no_proof"

    # One of the tree as it is now tells that it isn't anchored, but an older tree is.
    with opened(home.path) as book:
        late.with_name(late.name + ".proof").write_bytes(book.prove(_row.id).to_bytes())
    found = check(late, contract, None)
    assert found.state == "not_anchored" and "3 entries" in found.says and "one of 2" in found.says
    assert not found.holds
    assert check(late, deployed(chain, accounts()[0]), None).says.startswith("Nothing of the log")


def test_a_reorganised_chain_is_told_from_one_that_never_held_it(
    chain: Chain, contract: Contract, home: Home, tmp_path: Path
) -> None:
    ((row, path),) = made(home, tmp_path)
    before = chain.tester.take_snapshot()
    record, _sent = anchor(contract, accounts()[0], home)
    chain.tester.revert_to_snapshot(before)
    found = check(path, contract, home)
    assert found.state == "behind" and not found.holds and str(record.block) in found.says
    # Another chain grows, in which somebody else's transaction has the place.
    tell(contract, accounts()[0], "anchor", b"\x05" * 32, 1, b"\x06" * 32)
    chain.mine(2)
    found = check(path, contract, home)
    assert found.state == "reorganised" and "gone" in found.says and found.block == record.block
    # A stranger has what the proof says of the block.
    proof = anchored_proof(row, home)
    assert proof.anchor == AnchorClaim(CHAIN, contract.address.lower(), record.block, record.block_hash)
    beside = path.with_name(path.name + ".proof")
    beside.write_bytes(proof.to_bytes())
    assert parse_proof(beside.read_bytes()) == proof
    found = check(path, contract, None)
    assert (found.state, found.block, found.holds) == ("claimed_reorganised", record.block, False)
    assert "another block" in found.says
    now = block_hash(contract, record.block)
    assert now is not None and proof.anchor is not None
    for claim, state, says in (
        (replace(proof.anchor, block_hash=now), "not_anchored", "the proof is wrong"),
        (replace(proof.anchor, block=10**6), "behind", "lags behind"),
        (replace(proof.anchor, chain=CHAIN + 1), "not_anchored", "Nothing of the log"),
        (None, "not_anchored", "doesn't say in which block"),
    ):
        beside.write_bytes(replace(proof, anchor=claim).to_bytes())
        found = check(path, contract, None)
        assert found.state == state and says in found.says and not found.holds, claim
    beside.unlink()
    _again, sent = anchor(contract, accounts()[0], home)
    assert sent is not None
    assert check(path, contract, home).state == "fresh"
    known = records_of(home)
    assert known is not None and len(known.anchors) == 1
    elsewhere = deployed(chain, accounts()[0])
    assert check(path, elsewhere, home).state == "not_anchored", "the block is there, but the contract is another one"


def test_another_history_is_a_contradiction(chain: Chain, contract: Contract, home: Home, tmp_path: Path) -> None:
    ((_row, path),) = made(home, tmp_path)
    with opened(home.path) as book:
        key = book.key
    tell(contract, accounts()[0], "anchor", log_id(key), 1, b"\x08" * 32)
    with pytest.raises(UserError) as caught:
        anchor(contract, accounts()[0], home)
    assert caught.value.code == "chain.contradicted"
    anchor(deployed(chain, accounts()[0]), accounts()[0], home)
    found = check(path, contract, home)
    assert found.state == "contradicted" and not found.holds


def test_a_larger_checkpoint_there_refuses_an_older_log(contract: Contract, home: Home, tmp_path: Path) -> None:
    made(home, tmp_path)
    with opened(home.path) as book:
        tell(contract, accounts()[0], "anchor", log_id(book.key), 9, b"\x08" * 32)
    with pytest.raises(UserError) as caught:
        anchor(contract, accounts()[0], home)
    assert caught.value.code == "chain.refused.OlderCheckpoint"
    assert records_of(home) is None


def test_an_empty_log_has_nothing_to_anchor(contract: Contract, home: Home) -> None:
    with pytest.raises(UserError) as caught:
        anchor(contract, accounts()[0], home)
    assert caught.value.code == "chain.empty_log"


def test_records_hold_no_key_and_damage_is_told(chain: Chain, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    account = accounts()[0]
    records, _sent = deploy(chain, account, home, chain=CHAIN)
    text = (home.path / FILE).read_text()
    assert json.loads(text) == {"chain": CHAIN, "contract": records.contract, "anchors": [], "works": []}
    assert bytes(account.key).hex() not in text
    with pytest.raises(UserError) as caught:
        deploy(chain, account, home, chain=1)
    assert caught.value.code == "chain.wrong" and records_of(home) == records
    monkeypatch.setattr("luokuan.rights.chain.trading.Node", lambda _url: chain)
    assert home_contract("", home, None, None).address == records.contract
    keep(home, Records(5, records.contract))
    with pytest.raises(UserError) as caught:
        home_contract("", home, None, None)
    assert caught.value.code == "chain.wrong", "the home's contract is on chain 5"
    for text in ("", "[]", '{"chain": 1}', '{"chain": 1, "contract": "0x", "anchors": [{}]}'):
        (home.path / FILE).write_text(text)
        with pytest.raises(UserError) as caught:
            records_of(home)
        assert caught.value.code == "chain.records"
