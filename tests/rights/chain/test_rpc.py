"""A node that is down, silent about what was asked, or lies; keys that are none; transactions that don't arrive."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from chains_for_tests import CHAIN, Chain, accounts, over_http
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.rights.chain import contract, rpc
from luokuan.rights.chain.account import VARIABLE, account_of
from luokuan.rights.chain.amounts import MOST, ether, wei
from luokuan.rights.chain.contract import Contract, chain_of, contract_at
from luokuan.rights.chain.rpc import Node
from luokuan.rights.chain.sending import send
from luokuan.rights.chain.trading import listing_of


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    "url", ["", "node", "ftp://a/", "http://", "http://a:99999/", "http://a b/", "file:///etc", "x" * 3000]
)
def test_these_are_no_nodes(url: str) -> None:
    with pytest.raises(UserError) as caught:
        Node(url)
    assert caught.value.code == "chain.url"


def test_a_node_that_is_down_is_an_error_and_no_answer() -> None:
    with pytest.raises(UserError) as caught:
        chain_of(Node(f"http://user:pass@127.0.0.1:{free_port()}/v3/secret-key"))
    assert caught.value.code == "chain.unreachable" and caught.value.status == 424
    assert "secret-key" not in str(caught.value) and "pass" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"{}", b'{"result": 5}', b'{"result": "0x"}', b'{"result": "0x01"}', b'{"result": null}',
     b'{"error": "x"}', b"[" * 5000, b'{"result": "' + b"0" * (5 << 20) + b'"}'],
)  # fmt: skip
def test_nonsense_is_told_as_such(answer: bytes) -> None:
    odd = Chain.__new__(Chain)
    odd.ask = lambda *_asked: answer  # type: ignore[method-assign]
    with over_http(odd) as url, pytest.raises(UserError) as caught:
        chain_of(Node(url))
    assert caught.value.code == "chain.unreachable" and "secret-of-the-provider" not in str(caught.value)


@pytest.mark.parametrize("data", ["0x", "0x12", "0x4e487b71" + "00" * 31 + "11", "zz", None, {"data": "0x12"}, 5])
def test_a_refusal_is_one_sentence_whatever_it_holds(data: object) -> None:
    error = contract.refusal(rpc._refused({"message": "no\x1b[31m\nway" * 60, "data": data}))
    assert error.code == "chain.refused.node" and "\x1b" not in error.what and len(error.what) < 400


def test_answers_of_the_wrong_form_are_no_contract_of_ours(chain: Chain) -> None:
    there = Contract(chain, "0x" + "11" * 20, CHAIN)
    for answer, code in (("0x", "chain.contract"), ("0x1234", "chain.contract"), ("house", "chain.unreachable")):
        chain.said["eth_call"] = answer
        with pytest.raises(UserError) as caught:
            listing_of(there, 5)
        assert caught.value.code == code
    chain.said.clear()
    with pytest.raises(UserError) as caught:
        contract_at(chain, there.address)
    assert caught.value.code == "chain.contract"


def test_a_transaction_that_doesnt_arrive_is_named(chain: Chain) -> None:
    account: Any = accounts()[1]
    chain.said["eth_getTransactionReceipt"] = None
    with pytest.raises(UserError) as caught:
        send(chain, account, CHAIN, b"", to=str(accounts()[2].address), wait=0)
    assert caught.value.code == "chain.pending" and "0x" in caught.value.what
    chain.said["eth_getTransactionReceipt"] = {"status": "0x0", "blockNumber": "0x1"}
    with pytest.raises(UserError) as caught:
        send(chain, account, CHAIN, b"", to=str(accounts()[2].address))
    assert caught.value.code == "chain.reverted"
    chain.said = {"eth_sendRawTransaction": "0x" + "00" * 32}
    with pytest.raises(UserError) as caught:
        send(chain, account, CHAIN, b"", to=str(accounts()[2].address))
    assert caught.value.code == "chain.refused.node"
    chain.said.clear()


def test_a_key_comes_from_its_owners_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, path = bytes(accounts()[0].key).hex(), tmp_path / "key"
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UserError) as caught:
        account_of()
    assert caught.value.code == "chain.key_missing"
    path.write_text(f"0x{secret}\n")
    path.chmod(0o600)
    assert account_of(path).address == accounts()[0].address
    path.chmod(0o640)
    with pytest.raises(UserError) as caught:
        account_of(path)
    assert caught.value.code == "chain.key_open"
    path.chmod(0o600)
    for text in ("", "x", secret[:-1], secret + "0", "0" * 64, "f" * 64, "\0" * 64, secret + "\n" + secret):
        path.write_text(text)
        with pytest.raises(UserError) as caught:
            account_of(path)
        assert caught.value.code == ("chain.key" if text else "chain.key_missing")
        assert secret[:20] not in str(caught.value) and caught.value.__cause__ is None
    for place in (tmp_path, tmp_path / "gone"):
        with pytest.raises(UserError) as caught:
            account_of(place)
        assert caught.value.code in ("chain.key_file", "chain.key_open")
    monkeypatch.setenv(VARIABLE, secret)
    assert account_of().address == accounts()[0].address


@given(st.integers(1, MOST))
def test_prices_are_read_as_they_are_written(amount: int) -> None:
    assert wei(ether(amount)) == amount


@pytest.mark.parametrize(
    "text",
    ["", "0", "0.0", "-1", "+1", "NaN", "inf", "1e3", "1,5", "١", "0.0000000000000000001", "79228162515", "9" * 40],
)
def test_these_are_no_prices(text: str) -> None:
    with pytest.raises(UserError) as caught:
        wei(text)
    assert caught.value.code == "chain.price"


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "eth_account", None)
    with pytest.raises(UserError) as caught:
        account_of()
    assert caught.value.code == "chain.extra" and "luokuan[chain]" in caught.value.do
