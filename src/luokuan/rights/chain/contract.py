"""Our contract as bytes: its committed artefact, calls and answers by its ABI, and its refusals in words."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.chain.rpc import Node, Refused

ARTEFACT = Path(__file__).with_name("contract.json")


@dataclass(frozen=True, slots=True)
class Artefact:
    """What a contract was compiled to.

    Args:
        bytecode: What is sent to make one, without the constructor's arguments.
        runtime: What then lies on the chain.
        functions: Types of arguments and results, by name.
        errors: Names and types of its errors, by their first four bytes.
        constructor: Types of the constructor's arguments.
    """

    bytecode: bytes
    runtime: bytes
    functions: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    errors: dict[bytes, tuple[str, tuple[str, ...]]]
    constructor: tuple[str, ...]

    def creation(self, *arguments: Any) -> bytes:
        """The data of a transaction that makes one."""
        from eth_abi import encode

        return self.bytecode + encode(self.constructor, arguments)

    def call(self, name: str, *arguments: Any) -> bytes:
        """The data of a call."""
        from eth_abi import encode

        return selector(name, self.functions[name][0]) + encode(self.functions[name][0], arguments)


def selector(name: str, types: tuple[str, ...]) -> bytes:
    """The first four bytes of a call or an error: of the Keccak-256 of its signature."""
    from eth_utils import keccak

    return bytes(keccak(text=f"{name}({','.join(types)})")[:4])


def read_artefact(path: Path) -> Artefact:
    """An artefact that ``scripts/build_contracts.py`` wrote.

    Raises:
        UserError: luokuan[chain] isn't installed.
    """
    needed()
    found = json.loads(path.read_bytes())
    functions, errors, constructor = {}, {}, ()
    for one in found["abi"]:
        types = tuple(item["type"] for item in one.get("inputs", ()))
        if one["type"] == "function" and one["name"] not in functions:
            functions[one["name"]] = (types, tuple(item["type"] for item in one["outputs"]))
        elif one["type"] == "error":
            errors[selector(one["name"], types)] = (one["name"], types)
        elif one["type"] == "constructor":
            constructor = types
    code, runtime = bytes.fromhex(found["bytecode"]), bytes.fromhex(found["runtime"])
    return Artefact(code, runtime, functions, errors, constructor)


@cache
def ours() -> Artefact:
    """The artefact of our contract; see ``read_artefact``."""
    return read_artefact(ARTEFACT)


def needed() -> None:
    """Look whether the extra is there.

    Raises:
        UserError: it isn't.
    """
    limit = sys.getrecursionlimit()
    try:
        for name in ("eth_abi", "eth_account"):
            import_module(name)
    except ImportError as error:
        raise UserError(
            _("Chains need the packages eth-account and eth-abi, which aren't installed."),
            _("Install luokuan[chain]."),
            code="chain.extra",
        ) from error
    finally:
        # py_ecc, which eth-account brings, raises it a hundredfold: deep JSON would then end the process.
        sys.setrecursionlimit(limit)


def address_of(text: str) -> str:
    """An address, with the capitals of EIP-55.

    Raises:
        UserError: it is none, or its capitals say that a letter is wrong.
    """
    needed()
    from eth_utils import to_checksum_address

    digits = text[2:]
    found = str(to_checksum_address(text)) if re.fullmatch("0x[0-9a-fA-F]{40}", text) else ""
    if not found or (digits != digits.lower() and digits != digits.upper() and found != text):
        raise UserError(
            _("This is no address on a chain."),
            _("Give 0x and 40 hexadecimal digits, as your wallet shows them."),
            code="chain.address",
        )
    return found


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that has our code. ``address``: as ``address_of`` gives it; ``chain``: the chain's id."""

    node: Node
    address: str
    chain: int

    def read(self, name: str, *arguments: Any, block: str = "latest") -> Any:
        """Ask the contract something: the one result, or a tuple of them.

        Raises:
            UserError: it refuses, or the node gives no usable answer.
        """
        from eth_abi import decode
        from eth_abi.exceptions import DecodingError

        artefact = ours()
        try:
            data = {"to": self.address, "data": "0x" + artefact.call(name, *arguments).hex()}
            answer = self.node.data("eth_call", data, block)
            found = decode(artefact.functions[name][1], answer)
        except Refused as error:
            raise refusal(error) from error
        except DecodingError as error:
            raise strange(self.address) from error
        return found[0] if len(found) == 1 else found


def contract_at(node: Node, address: str, *, chain: int | None = None) -> Contract:
    """The contract at an address, if it is ours.

    Args:
        node: Of the chain.
        address: As somebody wrote it.
        chain: The id that the chain must have; None: any.

    Raises:
        UserError: it is another chain, or other code, or none, lies there.
    """
    where = address_of(address)
    found = chain_of(node, chain)
    try:
        code = node.data("eth_getCode", where, "latest")
    except Refused as error:
        raise refusal(error) from error
    if code != ours().runtime:
        raise strange(where)
    return Contract(node, where, found)


def chain_of(node: Node, wanted: int | None = None) -> int:
    """The id of the node's chain (EIP-155).

    Raises:
        UserError: it isn't the one that is wanted.
    """
    try:
        found = node.number("eth_chainId")
    except Refused as error:
        raise refusal(error) from error
    if wanted is not None and found != wanted:
        raise UserError(
            _(
                "The node at {url} is on chain {found}, not on chain {wanted}.",
                url=node.shown,
                found=found,
                wanted=wanted,
            ),
            _("Give a node of that chain."),
            code="chain.wrong",
        )
    return found


def strange(address: str) -> UserError:
    """What is said of an address that has no code of ours."""
    return UserError(
        _("At {address} there is no contract of Luokuan with the code of this version.", address=address),
        _("Check address and chain; `luokuan chain deploy` makes a new one."),
        code="chain.contract",
    )


def refusal(error: Refused) -> UserError:
    """What is said when contract or node refuse."""
    from eth_abi import decode
    from eth_abi.exceptions import DecodingError

    name, values = "", ()
    known = ours().errors.get(error.data[:4])
    if known is not None:
        name = known[0]
        try:
            values = decode(known[1], error.data[4:])
        except DecodingError:
            values = ()
    what = _words(name)
    if what is None:
        why = f"{name}{values}" if name else error.message or _("it gives no reason")
        what = _("The chain refuses: {why}.", why=why[:300].rstrip("."))
    return UserError(
        what,
        _("Nothing was changed; look at what the chain holds now."),
        code=f"chain.refused.{name or 'node'}",
        status=409,
    )


def _words(name: str) -> str | None:
    return {
        "AlreadyRegistered": _("The work is registered already."),
        "NotAnchored": _("The log's checkpoint isn't anchored in this contract."),
        "OlderCheckpoint": _("The contract holds a checkpoint of this log that is as large, or larger."),
        "NotTokenOwner": _("The work's token belongs to somebody else."),
        "NotListed": _("The work's token isn't on offer."),
        "StaleListing": _("The offer isn't that of the token's owner any more."),
        "ChangedListing": _("The offer has changed since it was looked at."),
        "OwnToken": _("The token is yours already."),
        "WrongPrice": _("The contract doesn't take this price."),
        "WrongPayment": _("What was sent isn't the price."),
        "WrongTerm": _("The licence would end in the past, or sooner than what was granted already."),
        "EmptyHash": _("A hash or an address is 0."),
        "NothingToWithdraw": _("Nothing belongs to this account."),
        "PaymentRefused": _("The receiver refuses the money."),
        "EnforcedPause": _("The contract is paused."),
        "ExpectedPause": _("The contract isn't paused."),
        "OwnableUnauthorizedAccount": _("Only the contract's owner may do this."),
        "ERC721InvalidReceiver": _("The receiver can't hold a token."),
        "ERC2981InvalidTokenRoyalty": _("The royalty is more than the whole price."),
        "ERC2981InvalidTokenRoyaltyReceiver": _("The royalty has no receiver."),
    }.get(name)
