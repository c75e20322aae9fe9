"""The committed bytecode is what its source compiles to, and it does the same on anvil, a node of another make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chains_for_tests import accounts, attacker, deployed, tell
from logs_for_tests import add_works
from scripts_for_tests import loaded

import build_contracts
from luokuan.errors import UserError
from luokuan.rights.chain.anchoring import anchor
from luokuan.rights.chain.checking import check
from luokuan.rights.chain.contract import Contract, contract_at, ours
from luokuan.rights.chain.rpc import Node
from luokuan.rights.chain.sending import send
from luokuan.rights.chain.trading import buy, collect, deploy, offer, register
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import open_home

ROOT = Path(__file__).parents[3]
ETHER = 10**18


def test_the_artefact_names_its_compiler_and_the_versions_are_fixed() -> None:
    asked = json.loads((ROOT / "contracts/package.json").read_text())["dependencies"]
    kept = json.loads((ROOT / "contracts/package-lock.json").read_text())["packages"]
    assert {name: kept[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all("resolved" not in one and ("integrity" in one or name == "") for name, one in kept.items())
    for path in build_contracts.ARTEFACTS.values():
        found = json.loads(path.read_text())
        assert found["compiler"].startswith(f"{asked['solc']}+commit.")
        assert found["settings"] == {k: v for k, v in build_contracts.SETTINGS.items() if k != "outputSelection"}
    source = (ROOT / "contracts/LuokuanWorks.sol").read_text()
    assert f"pragma solidity {asked['solc']};" in source
    assert len(ours().runtime) < 24_576, "EIP-170"


def test_gas_in_the_documents_is_what_is_measured() -> None:
    rows = [f"| {used:,} |" for used in loaded("chain").measure().values()]
    for page in ("docs/chain.md", "docs/zh/chain.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        table = re.findall(r"^\| [^|]+ (\| [0-9,]+ \|)$", text, re.MULTILINE)
        assert table == rows, page


@pytest.mark.slow
def test_the_source_compiles_to_the_artefacts() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm isn't here")
    for path, text in build_contracts.artefacts().items():
        assert path.read_text(encoding="utf-8") == text, path


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of foundry, from npm."""
    found = shutil.which("anvil")
    folder = tmp_path_factory.mktemp("anvil")
    if found is None:
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm isn't here")
        command = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            "@foundry-rs/anvil@1.7.1",
        ]
        if subprocess.run(command, check=False).returncode:
            pytest.skip("anvil can't be installed")
        (found,) = map(str, folder.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([found, "--port", "0"], stdout=log, stderr=log,
                                   env={**os.environ, "NO_COLOR": "1"})  # fmt: skip
    try:
        until, port = time.monotonic() + 60, None
        while port is None and time.monotonic() < until:
            port = re.search(r"Listening on 127\.0\.0\.1:(\d+)", (folder / "log").read_text())
            time.sleep(0.05)
        assert port is not None, (folder / "log").read_text()
        yield Node(f"http://127.0.0.1:{port[1]}")
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_same_on_anvil(anvil: Node, tmp_path: Path) -> None:
    owner, maker, buyer, other = accounts()
    home = open_home(tmp_path / "home")
    with open_database(home) as database:
        (row,) = add_works(database, home, 1)
    path = tmp_path / "work.txt"
    path.write_bytes(Blobs(home).get(row.blob_sha256))
    records, _sent = deploy(anvil, owner, home, chain=31337)
    contract: Contract = contract_at(anvil, records.contract, chain=31337)
    token = int(row.blob_sha256, 16)

    before = anvil.ask("evm_snapshot")
    first, _sent = anchor(contract, owner, home)
    assert check(path, contract, home).state == "fresh"
    assert anvil.ask("evm_revert", before)
    assert check(path, contract, home).state == "behind"
    anvil.ask("anvil_mine", hex(3))
    assert check(path, contract, home).state == "reorganised"
    again, sent = anchor(contract, owner, home)
    assert sent is not None and again.block > first.block
    anvil.ask("anvil_mine", hex(64))
    assert check(path, contract, home).state == "anchored"

    register(contract, owner, row, home, to=str(maker.address), royalty=1000)
    refusals = []
    for act in (
        lambda: register(contract, owner, row, home, to=None, royalty=0),
        lambda: offer(contract, buyer, token, ETHER),
        lambda: offer(contract, maker, token, 0),
        lambda: buy(contract, buyer, token, ETHER, 1),
    ):
        with pytest.raises(UserError) as caught:
            act()
        refusals.append(caught.value.code.removeprefix("chain.refused."))
    assert refusals == ["AlreadyRegistered", "NotTokenOwner", "WrongPrice", "NotListed"]
    offer(contract, maker, token, ETHER)
    offer(contract, maker, token, 2 * ETHER)
    with pytest.raises(UserError) as caught:
        buy(contract, buyer, token, ETHER, 1)
    assert caught.value.code == "chain.refused.ChangedListing"
    buy(contract, buyer, token, 2 * ETHER)
    offer(contract, buyer, token, ETHER)

    thief = deployed(anvil, other, 31337, attacker("reentrant"), contract.address)
    made = attacker("reentrant")
    for data, value in (
        (made.call("arm", ours().call("buy", token, ETHER, 2)), 0),
        (made.call("act", contract.address, ours().call("buy", token, ETHER, 3)), ETHER),
    ):
        send(anvil, other, 31337, data, to=thief.address, value=value)
    asked = ({"to": thief.address, "data": "0x" + made.call(name).hex()} for name in ("tries", "succeeded"))
    counts = [int.from_bytes(anvil.data("eth_call", one, "latest")) for one in asked]
    assert counts == [1, 0]
    amount, _sent = collect(contract, maker)
    assert amount == 2 * ETHER + ETHER // 10
    tell(contract, owner, "pause")
    assert collect(contract, buyer)[0] == ETHER * 9 // 10
