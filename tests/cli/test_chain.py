"""`luokuan chain` and `luokuan verify --chain`: the whole way over HTTP, and what is refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chains_for_tests import CHAIN, Chain, accounts, over_http
from eth_account import Account
from market_for_tests import MET, TALE, written

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work
from luokuan.rights.chain.records import records_of
from luokuan.store.home import open_home

Run = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


@pytest.fixture(scope="module")
def url(chain: Chain) -> Iterator[str]:
    with over_http(chain) as address:
        yield address


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Run:
    """Run a command in this test's home, as one of the accounts; returns (exit code, JSON)."""
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LUOKUAN_CHAIN_RPC", url)

    def call(*arguments: object, who: int = 0) -> tuple[int, Any]:
        monkeypatch.setenv("LUOKUAN_CHAIN_KEY", bytes(accounts()[who].key).hex())
        code = main([*map(str, arguments), "--json"])
        out, err = capfd.readouterr()
        assert "Traceback" not in err and bytes(accounts()[who].key).hex() not in out + err
        return code, json.loads(out)

    return call


def refused(answer: tuple[int, Any]) -> str:
    code, found = answer
    assert code == 2, found
    return str(found["error"]["code"])


def test_the_whole_way(run: Run, url: str, capfd: pytest.CaptureFixture[str]) -> None:
    work = export_work(written(open_home(), TALE), Path("tale.txt"))
    assert refused(run("chain", "anchor")) == "chain.no_contract"
    code, made = run("chain", "deploy", "--chain-id", CHAIN)
    assert code == 0 and made["chain"] == CHAIN and made["gas"] > 10**6
    assert refused(run("chain", "register", work.id)) == "chain.not_covered"
    code, anchored = run("chain", "anchor")
    assert code == 0 and anchored["sent"] and anchored["size"] == 1
    assert run("chain", "anchor")[1]["sent"] is False
    code, found = run("verify", "tale.txt", "--chain", url)
    assert code == 0 and found["chain"]["state"] == "fresh" and found["chain"]["block"] == anchored["block"]
    assert main(["verify", ".", "--chain", url]) == 0
    assert f"in block {anchored['block']}" in capfd.readouterr().out
    assert main(["chain", "anchor", "--quiet"]) == 0 and capfd.readouterr().out == ""

    maker = str(accounts()[1].address)
    assert refused(run("chain", "register", work.id, "--royalty", "nan")) == "cli.usage"
    code, token = run("chain", "register", "tale.txt", "--royalty", "10", "--to", maker)
    assert code == 0 and int(token["token"], 16)
    assert refused(run("chain", "register", work.id)) == "chain.refused.AlreadyRegistered"
    records = records_of(open_home())
    assert records is not None and [one.work for one in records.works] == [work.id] and len(records.anchors) == 1
    assert refused(run("chain", "list", work.id, "--price", "0.5", who=1)) == "market.permission"
    met = [part for one in MET for part in ("--met", one)]
    assert run("chain", "list", work.id, "--price", "0.5", *met, who=1)[0] == 0
    assert refused(run("chain", "buy", token["token"], "--price", "0.4", who=2)) == "chain.refused.ChangedListing"
    assert refused(run("chain", "buy", token["token"], "--price", "0.5", who=1)) == "chain.refused.OwnToken"
    assert run("chain", "buy", token["token"], "--price", "0.5", who=2)[0] == 0
    assert refused(run("chain", "buy", token["token"], "--price", "0.5", who=3)) == "chain.refused.NotListed"
    to = str(accounts()[3].address)
    assert run("chain", "license", work.id, "--to", to, "--terms", "commercial", who=2)[0] == 0
    assert refused(run("chain", "license", work.id, "--to", to, who=2)) == "chain.refused.WrongTerm"
    assert refused(run("chain", "license", work.id, "--to", to, who=1)) == "chain.refused.NotTokenOwner"
    assert run("chain", "withdraw", who=1)[1]["wei"] == 5 * 10**17
    assert refused(run("chain", "withdraw", who=1)) == "chain.refused.NothingToWithdraw"
    assert run("chain", "list", work.id, "--price", "1", *met, who=2)[0] == 0
    assert run("chain", "unlist", work.id, who=2)[0] == 0
    assert refused(run("chain", "unlist", work.id, who=2)) == "chain.refused.NotListed"

    # For others: the proof, the contract's address, any node.
    assert run("chain", "prove", "tale.txt")[1]["size"] == 1
    code, found = run("verify", "tale.txt", "--chain", url, "--contract", made["contract"], "--home", "nobody")
    assert code == 1 and found["verdict"] == "unknown_signer" and found["chain"]["state"] == "fresh"
    assert refused(run("verify", "tale.txt", "--chain", url, "--contract", maker)) == "chain.contract"


REFUSED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("list", "0" * 64, "--price", "0"), "chain.price"),
    (("list", "0" * 64, "--price=-1"), "chain.price"),
    (("list", "0" * 64, "--price", "NaN"), "chain.price"),
    (("list", "0" * 64, "--price", "9" * 30), "chain.price"),
    (("list", "f" * 16, "--price", "1"), "work.unknown"),
    (("list", "f" * 64, "--price", "1"), "chain.refused.NotTokenOwner"),
    (("buy", "f" * 64, "--price", "1"), "chain.refused.NotListed"),
    (("anchor", "--chain-id", "1"), "chain.wrong"),
    (("anchor", "--contract", "0x" + "12" * 20), "chain.contract"),
    (("anchor", "--contract", "12"), "chain.address"),
    (("anchor", "--key", "gone"), "chain.key_file"),
    (("anchor", "--rpc", "node"), "chain.url"),
    (("license", "f" * 64, "--to", "me"), "chain.address"),
    (("license", "f" * 64, "--to", "0x" + "12" * 20, "--terms", "free"), "terms.preset"),
    (("register", "f" * 16), "work.unknown"),
    (("register", "f" * 16, "--royalty", "101"), "cli.usage"),
)


def test_what_is_refused(run: Run) -> None:
    assert run("chain", "deploy")[0] == 0
    for arguments, code in REFUSED:
        assert refused(run("chain", *arguments)) == code, arguments


def test_verify_says_what_it_needs(run: Run, url: str) -> None:
    Path("a.txt").write_text("nobody's")
    assert refused(run("verify", "a.txt", "--contract", "0x" + "12" * 20)) == "verify.contract"
    assert refused(run("verify", "-", "--chain", url)) == "verify.stdin"
    assert refused(run("verify", "a.txt", "--chain", url)) == "chain.no_contract"
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{one.getsockname()[1]}"
    assert run("chain", "deploy")[0] == 0
    assert refused(run("verify", "a.txt", "--chain", down)) == "chain.unreachable"
    code, found = run("verify", "a.txt", "--chain", url)
    assert code == 1 and found["chain"]["state"] == "no_proof"


def test_pause_and_ownership(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = (str(accounts()[at].address) for at in (0, 1))
    assert run("chain", "deploy")[0] == 0
    found = run("chain", "owner")[1]
    assert (found["owner"], found["offered_to"], found["paused"]) == (first, None, False)
    assert refused(run("chain", "pause", who=1)) == "chain.refused.OwnableUnauthorizedAccount"
    assert refused(run("chain", "resume")) == "chain.refused.ExpectedPause"
    assert run("chain", "pause")[0] == 0 and run("chain", "owner")[1]["paused"]
    assert refused(run("chain", "pause")) == "chain.refused.EnforcedPause"
    assert refused(run("chain", "hand-over", "12")) == "chain.address"
    assert run("chain", "hand-over", second)[0] == 0
    assert main(["chain", "owner"]) == 0
    told = capfd.readouterr().out
    assert f"belongs to {first}" in told and f"offered to {second}" in told and "paused" in told
    assert refused(run("chain", "take-over")) == "chain.refused.OwnableUnauthorizedAccount"
    assert run("chain", "take-over", who=1)[0] == 0
    assert run("chain", "owner")[1]["owner"] == second
    assert run("chain", "resume", who=1)[0] == 0 and not run("chain", "owner")[1]["paused"]


def test_a_keystore_and_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = partial(Account.encrypt, kdf="pbkdf2", iterations=2)
    monkeypatch.setattr(Account, "encrypt", lambda key, password: quick(key, password))
    words = Path("password")
    words.write_text("four words of no sense\n")
    assert refused(run("chain", "--password-file", words, "keystore", "k.json")) == "chain.key_open"
    words.chmod(0o600)
    assert refused(run("chain", "keystore", "k.json")) == "chain.password_missing"
    code, made = run("chain", "--password-file", words, "keystore", "k.json")
    assert code == 0 and made["address"] == str(accounts()[0].address)
    assert Path("k.json").stat().st_mode & 0o077 == 0
    assert refused(run("chain", "--password-file", words, "keystore", "k.json")) == "chain.exists"
    assert run("chain", "--password-file", words, "deploy", "--key", "k.json", who=1)[0] == 0
    assert run("chain", "owner")[1]["owner"] == str(accounts()[0].address)
    assert refused(run("chain", "deploy", "--key", "k.json")) == "chain.password_missing"
    words.write_text("another one of no sense\n")
    assert refused(run("chain", "--password-file", words, "deploy", "--key", "k.json")) == "chain.keystore"
