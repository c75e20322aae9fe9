"""`luokuan chain keystore`, `owner`, `pause`, `resume`, `hand-over`, `take-over`: keys, and whose the contract is."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from luokuan.rights.chain.contract import Contract

KEYSTORE = _("Write the key into a keystore, which only a password opens.")
OWNER = _("Show whose the contract is, who may take it over, and whether it is paused. Costs nothing.")
PAUSE = _("Pause the contract: nothing is registered, licensed, offered or sold until it is resumed. Costs gas.")
RESUME = _("Go on after a pause. Costs gas.")
HAND_OVER = _("Offer the contract to another account; it stays yours until that one takes it over. Costs gas.")
TAKE_OVER = _("Take over the contract that was offered to your account. Costs gas.")

Rpc = Annotated[
    str,
    typer.Option(
        "--rpc",
        metavar="URL",
        envvar="LUOKUAN_CHAIN_RPC",
        help=_("A node of the chain (JSON-RPC)."),
        show_default=False,
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help=_("File with the private key, yours alone (else LUOKUAN_CHAIN_KEY)."),
        show_default=False,
    ),
]
At = Annotated[
    str | None,
    typer.Option("--contract", metavar="ADDRESS", help=_("The contract (default: the home's)."), show_default=False),
]
ChainId = Annotated[
    int | None, typer.Option("--chain-id", min=1, help=_("Refuse any other chain."), show_default=False)
]


PASSWORD_FILE: ContextVar[Path | None] = ContextVar("password_file", default=None)
"""Of this run's --password-file, which stands before the command."""


def account(key: Path | None) -> LocalAccount:
    """Who signs; the password of a keystore comes from the file of --password-file, else it is asked for."""
    from luokuan.rights.chain.account import account_of, password_of

    file = PASSWORD_FILE.get()

    def password() -> str:
        return password_of(file) if file is not None else str(typer.prompt(_("Password"), hide_input=True, err=True))

    return account_of(key, password if file is not None or sys.stdin.isatty() else None)


def keystore(
    output: Annotated[Path, typer.Argument(help=_("A new file."), show_default=False)],
    key: Key = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """A new file; the password is asked for twice, or comes from --password-file."""
    from luokuan.files import expand, write_atomic
    from luokuan.rights.chain.account import keystore as closed
    from luokuan.rights.chain.account import password_of

    place = expand(output)
    if place.exists():
        raise UserError(
            _("{path} exists already.", path=place), _("Choose another name, or remove it."), code="chain.exists"
        )
    found = account(key)
    file = PASSWORD_FILE.get()
    if file is not None:
        password = password_of(file)
    elif sys.stdin.isatty():
        password = str(typer.prompt(_("New password"), hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise UserError(
            _("Nobody can be asked for a password."), _("Give --password-file FILE."), code="chain.password_missing"
        )
    write_atomic(place, closed(found, password), mode=0o600)
    if json:
        emit_json({"path": str(place), "address": str(found.address)})
    else:
        say(_("Wrote the keystore of {address} to {path}.", address=found.address, path=place), quiet=quiet)


def owner(
    rpc: Rpc, contract: At = None, chain_id: ChainId = None, json: options.Json = False, home: options.Home = None
) -> None:
    """Three reads."""
    from luokuan.rights.chain.contract import address_of

    where = _there(rpc, home, contract, chain_id)
    mine, next_, paused = where.read("owner"), where.read("pendingOwner"), bool(where.read("paused"))
    waits = None if not int(str(next_), 16) else address_of(str(next_))
    found: dict[str, Any] = {"contract": where.address, "owner": address_of(str(mine)), "offered_to": waits,
                             "paused": paused}  # fmt: skip
    if json:
        emit_json(found)
        return
    say(_("The contract {contract} belongs to {owner}.", contract=where.address, owner=found["owner"]))
    if waits is not None:
        say(_("It is offered to {address}.", address=waits))
    if paused:
        say(_("It is paused."))


def pause(
    rpc: Rpc, key: Key = None, contract: At = None, chain_id: ChainId = None, json: options.Json = False,
    quiet: options.Quiet = False, home: options.Home = None,
) -> None:  # fmt: skip
    """One transaction."""
    _send(_there(rpc, home, contract, chain_id), key, "pause", json=json, quiet=quiet)


def resume(
    rpc: Rpc, key: Key = None, contract: At = None, chain_id: ChainId = None, json: options.Json = False,
    quiet: options.Quiet = False, home: options.Home = None,
) -> None:  # fmt: skip
    """One transaction."""
    _send(_there(rpc, home, contract, chain_id), key, "unpause", json=json, quiet=quiet)


def hand_over(
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help=_("Who gets it."), show_default=False)],
    rpc: Rpc, key: Key = None, contract: At = None, chain_id: ChainId = None, json: options.Json = False,
    quiet: options.Quiet = False, home: options.Home = None,
) -> None:  # fmt: skip
    """One transaction."""
    from luokuan.rights.chain.contract import address_of

    there = address_of(to)
    _send(_there(rpc, home, contract, chain_id), key, "transferOwnership", there, json=json, quiet=quiet)


def take_over(
    rpc: Rpc, key: Key = None, contract: At = None, chain_id: ChainId = None, json: options.Json = False,
    quiet: options.Quiet = False, home: options.Home = None,
) -> None:  # fmt: skip
    """One transaction."""
    _send(_there(rpc, home, contract, chain_id), key, "acceptOwnership", json=json, quiet=quiet)


def _there(rpc: str, home: Path | None, address: str | None, chain: int | None) -> Contract:
    from luokuan.rights.chain.trading import home_contract
    from luokuan.store.home import find_home

    return home_contract(rpc, find_home(home), address, chain)


def _send(where: Contract, key: Path | None, name: str, *arguments: Any, json: bool, quiet: bool) -> None:
    from luokuan.rights.chain.contract import ours
    from luokuan.rights.chain.sending import send

    sent = send(where.node, account(key), where.chain, ours().call(name, *arguments), to=where.address)
    if json:
        emit_json({"contract": where.address, "transaction": sent.hash, "block": sent.block, "gas": sent.gas})
    else:
        say(_("Transaction {hash}, block {block}, {gas} gas.", hash=sent.hash, block=sent.block, gas=sent.gas),
            quiet=quiet)  # fmt: skip
