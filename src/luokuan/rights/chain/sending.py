"""From a call to a block: what it would cost, signed here, sent, and waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.chain.contract import address_of, refusal
from luokuan.rights.chain.rpc import Node, Refused

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

WAIT = 180.0
"""Seconds until a transaction must be in a block."""
_SPARE = 1.2
"""More gas than was estimated: between estimate and block the state may change. What isn't used isn't paid."""
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that is in a block.

    Args:
        hash: Of the transaction, as the chain shows it.
        block: The block's number.
        block_hash: The block's hash.
        gas: What it used.
        made: Address of the contract that it made, else empty.
    """

    hash: str
    block: int
    block_hash: str
    gas: int
    made: str = ""


def send(
    node: Node, account: LocalAccount, chain: int, data: bytes, *, to: str | None, value: int = 0, wait: float = WAIT
) -> Sent:
    """Sign and send a transaction, and wait until it is in a block.

    Args:
        node: Where it goes.
        account: Who signs and pays.
        chain: The chain's id: the signature holds on no other.
        data: Of the call.
        to: The contract; None: make one.
        value: Wei that go along.
        wait: Seconds.

    Raises:
        UserError: contract or node refuse, before anything was paid; or it was refused in its block, or is in none yet.
    """
    sender = str(account.address)
    call = {"from": sender, "data": "0x" + data.hex(), "value": hex(value)} | ({} if to is None else {"to": to})
    try:
        gas = node.number("eth_estimateGas", call)
        filled: dict[str, Any] = {
            "chainId": chain,
            "nonce": node.number("eth_getTransactionCount", sender, "pending"),
            "value": value,
            "data": "0x" + data.hex(),
            "gas": int(gas * _SPARE),
            **_price(node),
        } | ({} if to is None else {"to": to})
        signed = account.sign_transaction(filled)
        name = node.ask("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        sent = "0x" + bytes(signed.hash).hex()
        if name != sent:
            raise Refused(_("it answers with another transaction"))
        receipt = _receipt(node, sent, wait)
    except Refused as error:
        raise refusal(error) from error
    if node.quantity(receipt.get("status")) != 1:
        raise UserError(
            _("The transaction {hash} was refused in its block: the state changed before.", hash=sent),
            _("Look at what the chain holds now, and try again."),
            code="chain.reverted",
            status=409,
        )
    made = receipt.get("contractAddress")
    return Sent(
        sent,
        node.quantity(receipt.get("blockNumber")),
        str(receipt.get("blockHash")).lower(),
        node.quantity(receipt.get("gasUsed")),
        address_of(str(made)) if made else "",
    )


def _price(node: Node) -> dict[str, int]:
    """What is paid for gas: as EIP-1559 wants it, or one price where blocks have no base fee."""
    block = node.row("eth_getBlockByNumber", "latest", False)
    if block is None or block.get("baseFeePerGas") is None:
        return {"gasPrice": node.number("eth_gasPrice")}
    base = node.quantity(block["baseFeePerGas"])
    try:
        tip = node.number("eth_maxPriorityFeePerGas")
    except Refused:
        tip = 10**9
    return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}


def _receipt(node: Node, name: str, wait: float) -> dict[str, Any]:
    until, turn = time.monotonic() + wait, 0
    while True:
        found = node.row("eth_getTransactionReceipt", name)
        if found is not None and found.get("blockNumber") is not None:
            return found
        if time.monotonic() > until:
            raise UserError(
                _(
                    "The transaction {hash} was sent, but is in no block after {seconds} s.",
                    hash=name,
                    seconds=int(wait),
                ),
                _("It may come later: look it up before you send it again."),
                code="chain.pending",
                status=424,
            )
        time.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
        turn += 1
