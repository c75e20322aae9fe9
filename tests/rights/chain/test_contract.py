"""The contract on py-evm: who may do what, what is refused, and that nobody loses or makes money."""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
import time
from typing import Any

import pytest
from chains_for_tests import CHAIN, Chain, accounts, attacker, deployed, tell

from luokuan.errors import UserError
from luokuan.rights.chain.contract import Contract, address_of, contract_at, ours
from luokuan.rights.chain.sending import send

LOG, ROOT = b"\x01" * 32, b"\x02" * 32
TERMS = b"\x03" * 32
ETHER = 10**18
HOME, MAKER, BUYER, STRANGER = range(4)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


@pytest.fixture(scope="module")
def contract(chain: Chain) -> Contract:
    """The home's, with a checkpoint of five entries."""
    made = deployed(chain, accounts()[HOME])
    tell(made, accounts()[HOME], "anchor", LOG, 5, ROOT)
    return made


def registered(contract: Contract, owner: str = "", royalty: int = 1000) -> int:
    """A new token of the maker's, or of another's."""
    maker, content = str(accounts()[MAKER].address), secrets.token_bytes(32)
    tell(contract, accounts()[HOME], "register", content, LOG, 5, owner or maker, maker, royalty)
    return int.from_bytes(content)


def listed(contract: Contract, price: int = ETHER, royalty: int = 1000) -> int:
    token = registered(contract, royalty=royalty)
    tell(contract, accounts()[MAKER], "list", token, price)
    return token


def refused(error: str, *arguments: Any, **more: Any) -> None:
    with pytest.raises(UserError) as caught:
        tell(*arguments, **more)
    assert caught.value.code == f"chain.refused.{error}", caught.value
    assert caught.value.what.endswith(".") and error not in caught.value.what


def test_checkpoints_only_grow(contract: Contract) -> None:
    home = accounts()[HOME]
    root, when, block = contract.read("anchors", LOG, 5)
    assert root == ROOT and abs(when - time.time()) < 10_000 and block >= 1
    assert contract.read("latest", LOG) == 5 and contract.read("anchors", LOG, 6)[1] == 0
    for size in (0, 4, 5):
        refused("OlderCheckpoint", contract, home, "anchor", LOG, size, b"\x09" * 32)
    refused("EmptyHash", contract, home, "anchor", LOG, 6, bytes(32))
    refused("EmptyHash", contract, home, "anchor", bytes(32), 6, ROOT)
    refused("OwnableUnauthorizedAccount", contract, accounts()[STRANGER], "anchor", LOG, 6, ROOT)
    other = b"\x07" * 32
    tell(contract, home, "anchor", other, 2**64 - 1, ROOT)
    refused("OlderCheckpoint", contract, home, "anchor", other, 2**64 - 1, ROOT)


def test_a_work_is_registered_once_and_under_an_anchor(contract: Contract) -> None:
    home, maker = accounts()[HOME], str(accounts()[MAKER].address)
    token = registered(contract, royalty=250)
    assert address_of(contract.read("ownerOf", token)) == maker
    assert contract.read("works", token)[:2] == (LOG, 5)
    assert contract.read("royaltyInfo", token, 10_000) == (maker.lower(), 250)
    content = token.to_bytes(32)
    refused("AlreadyRegistered", contract, home, "register", content, LOG, 5, maker, maker, 0)
    new = secrets.token_bytes(32)
    refused("NotAnchored", contract, home, "register", new, LOG, 6, maker, maker, 0)
    refused("EmptyHash", contract, home, "register", bytes(32), LOG, 5, maker, maker, 0)
    refused("ERC2981InvalidTokenRoyalty", contract, home, "register", new, LOG, 5, maker, maker, 10_001)
    nobody = "0x" + "0" * 40
    refused("ERC2981InvalidTokenRoyaltyReceiver", contract, home, "register", new, LOG, 5, maker, nobody, 1)
    refused("ERC721InvalidReceiver", contract, home, "register", new, LOG, 5, nobody, maker, 0)
    refused("OwnableUnauthorizedAccount", contract, accounts()[MAKER], "register", new, LOG, 5, maker, maker, 0)
    for interface in ("80ac58cd", "2a55205a", "01ffc9a7"):  # ERC-721, ERC-2981, ERC-165
        assert contract.read("supportsInterface", bytes.fromhex(interface))


def test_licences_are_the_owners_to_give_and_outlive_a_sale(contract: Contract) -> None:
    maker, buyer = accounts()[MAKER], accounts()[BUYER]
    token, later = listed(contract), int(time.time()) + 10**7
    tell(contract, maker, "license", token, buyer.address, TERMS, later)
    assert contract.read("licensed", token, buyer.address, TERMS)
    assert not contract.read("licensed", token, buyer.address, ROOT)
    refused("WrongTerm", contract, maker, "license", token, buyer.address, TERMS, later - 1)
    refused("WrongTerm", contract, maker, "license", token, buyer.address, ROOT, 1)
    refused("EmptyHash", contract, maker, "license", token, buyer.address, bytes(32), later)
    refused("NotTokenOwner", contract, accounts()[STRANGER], "license", token, buyer.address, TERMS, later + 1)
    tell(contract, buyer, "buy", token, ETHER, 1, value=ETHER)
    refused("NotTokenOwner", contract, maker, "license", token, buyer.address, TERMS, later + 1)
    assert contract.read("licensed", token, buyer.address, TERMS)


def test_a_sale_splits_the_price_and_pays_nobody_by_itself(contract: Contract) -> None:
    maker, buyer, stranger = accounts()[MAKER], accounts()[BUYER], accounts()[STRANGER]
    token, price = listed(contract, price=10_001), 10_001
    before = contract.read("balances", maker.address)
    tell(contract, buyer, "buy", token, price, 1, value=price)
    assert address_of(contract.read("ownerOf", token)) == buyer.address
    assert contract.read("balances", maker.address) - before == price, "seller and maker are one"
    tell(contract, buyer, "list", token, price)
    before, held = contract.read("balances", maker.address), contract.read("balances", buyer.address)
    tell(contract, stranger, "buy", token, price, 2, value=price)
    assert contract.read("balances", maker.address) - before == 1000, "a tenth of 10,001, rounded down"
    assert contract.read("balances", buyer.address) - held == 9001
    had = int(contract.node.ask("eth_getBalance", "0x" + "77" * 20, "latest"), 16)
    tell(contract, buyer, "withdraw", "0x" + "77" * 20)
    assert int(contract.node.ask("eth_getBalance", "0x" + "77" * 20, "latest"), 16) - had == held + 9001
    refused("NothingToWithdraw", contract, buyer, "withdraw", buyer.address)


def test_what_changed_or_is_stale_isnt_sold(contract: Contract) -> None:
    maker, buyer, stranger = accounts()[MAKER], accounts()[BUYER], accounts()[STRANGER]
    token = listed(contract)
    tell(contract, maker, "list", token, 2 * ETHER)
    refused("ChangedListing", contract, buyer, "buy", token, ETHER, 1, value=ETHER)
    refused("ChangedListing", contract, buyer, "buy", token, 2 * ETHER, 1, value=2 * ETHER)
    tell(contract, maker, "unlist", token)
    refused("NotListed", contract, buyer, "buy", token, 2 * ETHER, 2, value=2 * ETHER)
    refused("NotListed", contract, maker, "unlist", token)
    tell(contract, maker, "list", token, ETHER)
    assert contract.read("listings", token)[2] == 3, "versions are never used again"
    tell(contract, maker, "transferFrom", maker.address, stranger.address, token)
    refused("NotListed", contract, buyer, "buy", token, ETHER, 3, value=ETHER)
    tell(contract, stranger, "transferFrom", stranger.address, maker.address, token)
    refused("NotListed", contract, buyer, "buy", token, ETHER, 3, value=ETHER)
    refused("NotTokenOwner", contract, stranger, "list", token, ETHER)
    refused("NotTokenOwner", contract, stranger, "unlist", token)
    refused("NotTokenOwner", contract, maker, "list", 12345, ETHER)


def test_prices_and_payments_have_bounds(contract: Contract) -> None:
    maker, buyer = accounts()[MAKER], accounts()[BUYER]
    token = registered(contract)
    for price in (0, 2**96, 2**256 - 1):
        refused("WrongPrice", contract, maker, "list", token, price)
    tell(contract, maker, "list", token, 2**96 - 1)
    tell(contract, maker, "list", token, 1)
    for value in (0, 2):
        refused("WrongPayment", contract, buyer, "buy", token, 1, 2, value=value)
    refused("OwnToken", contract, maker, "buy", token, 1, 2, value=1)
    tell(contract, buyer, "buy", token, 1, 2, value=1)
    with pytest.raises(UserError):
        send(contract.node, buyer, CHAIN, b"", to=contract.address, value=1)


def test_a_whole_price_of_royalty_leaves_the_seller_nothing(contract: Contract) -> None:
    token = listed(contract, royalty=10_000)
    tell(contract, accounts()[BUYER], "buy", token, ETHER, 1, value=ETHER)
    tell(contract, accounts()[BUYER], "list", token, ETHER)
    held = contract.read("balances", accounts()[BUYER].address)
    tell(contract, accounts()[STRANGER], "buy", token, ETHER, 2, value=ETHER)
    assert contract.read("balances", accounts()[BUYER].address) == held


def test_pause_stops_trade_but_locks_nothing_in(chain: Chain) -> None:
    home, maker, buyer = accounts()[HOME], accounts()[MAKER], accounts()[BUYER]
    contract = deployed(chain, home)
    tell(contract, home, "anchor", LOG, 5, ROOT)
    sold, token = listed(contract), listed(contract)
    tell(contract, buyer, "buy", sold, ETHER, 1, value=ETHER)
    refused("OwnableUnauthorizedAccount", contract, buyer, "pause")
    tell(contract, home, "pause")
    refused("EnforcedPause", contract, buyer, "buy", token, ETHER, 1, value=ETHER)
    refused("EnforcedPause", contract, maker, "list", token, 1)
    refused("EnforcedPause", contract, maker, "license", token, buyer.address, TERMS, 2**40)
    refused("EnforcedPause", contract, home, "register", ROOT, LOG, 5, maker.address, maker.address, 0)
    tell(contract, maker, "unlist", token)
    tell(contract, maker, "withdraw", maker.address)
    tell(contract, maker, "transferFrom", maker.address, buyer.address, token)
    tell(contract, home, "anchor", LOG, 6, ROOT)
    with pytest.raises(UserError, match="OwnerNeeded"):
        tell(contract, home, "renounceOwnership")
    tell(contract, home, "unpause")
    tell(contract, home, "transferOwnership", maker.address)
    refused("OwnableUnauthorizedAccount", contract, maker, "pause")
    tell(contract, maker, "acceptOwnership")
    tell(contract, maker, "pause")


def test_who_refuses_money_or_tokens_harms_only_itself(contract: Contract) -> None:
    home, maker, buyer = accounts()[HOME], accounts()[MAKER], accounts()[BUYER]
    refuser = deployed(contract.node, buyer, CHAIN, attacker("refuser"))
    act = attacker("refuser").call
    token = listed(contract)

    def through(data: bytes, value: int = 0) -> None:
        send(contract.node, buyer, CHAIN, act("act", contract.address, data), to=refuser.address, value=value)

    with pytest.raises(UserError) as caught:
        through(ours().call("buy", token, ETHER, 1), ETHER)
    assert caught.value.code == "chain.refused.ERC721InvalidReceiver"
    assert address_of(contract.read("ownerOf", token)) == maker.address
    # As receiver of the royalty it holds up no sale, and fetches its money to where it is taken.
    content = secrets.token_bytes(32)
    tell(contract, home, "register", content, LOG, 5, maker.address, refuser.address, 500)
    tell(contract, maker, "list", int.from_bytes(content), ETHER)
    tell(contract, buyer, "buy", int.from_bytes(content), ETHER, 1, value=ETHER)
    assert contract.read("balances", refuser.address) == ETHER // 20
    with pytest.raises(UserError) as caught:
        through(ours().call("withdraw", refuser.address))
    assert caught.value.code == "chain.refused.PaymentRefused"
    assert contract.read("balances", refuser.address) == ETHER // 20
    through(ours().call("withdraw", buyer.address))
    assert contract.read("balances", refuser.address) == 0


def test_coming_back_in_gains_nothing(contract: Contract) -> None:
    maker, buyer = accounts()[MAKER], accounts()[BUYER]
    made = attacker("reentrant")
    thief = deployed(contract.node, buyer, CHAIN, made, contract.address)
    token, other = listed(contract, price=10**15), listed(contract, price=10**15)

    def run(data: bytes, value: int = 0) -> None:
        send(contract.node, buyer, CHAIN, data, to=thief.address, value=value)

    def seen(name: str) -> int:
        call = {"to": thief.address, "data": "0x" + made.call(name).hex()}
        return int.from_bytes(contract.node.data("eth_call", call, "latest"))

    run(made.call("arm", ours().call("buy", other, 10**15, 1)))
    run(made.call("act", contract.address, ours().call("buy", token, 10**15, 1)), 10**15)
    assert (seen("tries"), seen("succeeded")) == (1, 0)
    run(made.call("act", contract.address, ours().call("list", token, 10**15)))
    tell(contract, maker, "buy", token, 10**15, 2, value=10**15)
    owed = contract.read("balances", thief.address)
    assert owed == 9 * 10**14
    run(made.call("arm", ours().call("withdraw", thief.address)))
    run(made.call("act", contract.address, ours().call("withdraw", thief.address)))
    assert (seen("tries"), seen("succeeded")) == (2, 0)
    assert int(contract.node.ask("eth_getBalance", thief.address, "latest"), 16) == owed, "once"


def test_whatever_happens_the_contract_holds_what_it_owes(chain: Chain) -> None:
    people, chance = accounts()[:3], random.Random(7)
    contract = deployed(chain, people[0])
    tell(contract, people[0], "anchor", LOG, 5, ROOT)
    tokens = [registered(contract, owner=str(people[1].address), royalty=royalty) for royalty in (0, 333, 10_000)]
    happened = 0
    for _step in range(16):
        who, token = chance.choice(people), chance.choice(tokens)
        seller, price, version = contract.read("listings", token)
        action: tuple[Any, ...] = chance.choice([
            ("buy", token, price, version), ("unlist", token), ("withdraw", str(who.address)),
        ])  # fmt: skip
        if price == 0:
            owner = address_of(contract.read("ownerOf", token))
            who = next(one for one in people if one.address == owner)
            action = ("list", token, chance.choice([1, 7, 10**9 + 7]))
        try:
            tell(contract, who, *action, value=price if action[0] == "buy" else 0)
            happened += 1
        except UserError as error:
            assert error.code.startswith("chain.refused."), seller
        owed = sum(contract.read("balances", str(one.address)) for one in people)
        assert int(chain.ask("eth_getBalance", contract.address, "latest"), 16) == owed
    assert happened > 6


def test_only_our_code_is_ours(chain: Chain, contract: Contract) -> None:
    assert contract_at(chain, contract.address.lower(), chain=CHAIN).address == contract.address
    other = deployed(chain, accounts()[BUYER], CHAIN, attacker("refuser"))
    for address in (other.address, str(accounts()[BUYER].address), "0x" + "00" * 20):
        with pytest.raises(UserError) as caught:
            contract_at(chain, address)
        assert caught.value.code == "chain.contract"
    with pytest.raises(UserError) as caught:
        contract_at(chain, contract.address, chain=1)
    assert caught.value.code == "chain.wrong"
    swapped = contract.address[:2] + contract.address[2:].swapcase()
    for address in ("", "0x12", "luokuan.eth", contract.address + "0", contract.address[2:], swapped):
        with pytest.raises(UserError) as caught:
            address_of(address)
        assert caught.value.code == "chain.address"


def test_looking_for_the_extra_leaves_the_depth_of_recursion_alone() -> None:
    program = "import sys; before = sys.getrecursionlimit(); from luokuan.rights.chain.contract import needed; needed()"
    check = "import eth_account; assert sys.getrecursionlimit() == before, sys.getrecursionlimit()"
    subprocess.run([sys.executable, "-c", f"{program}; {check}"], check=True, timeout=120)
