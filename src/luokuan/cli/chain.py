"""`luokuan chain`: the log's checkpoints, works, licences and sales on a chain. Off by default."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import chain_owner, options
from luokuan.cli.chain_owner import PASSWORD_FILE, At, ChainId, Key, Rpc, account
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.rights.chain.contract import Contract
    from luokuan.rights.chain.sending import Sent
    from luokuan.store.home import Home

app = typer.Typer(
    no_args_is_help=True,
    help=_(
        "Off by default: anchor the log on an EVM chain, register works there, license, list and buy. Needs "
        "luokuan[chain]."
    ),
)

Work = Annotated[
    str,
    typer.Argument(metavar="WORK", help=_("The work's file, its id, or the SHA-256 of its bytes."), show_default=False),
]
To = Annotated[str, typer.Option("--to", metavar="ADDRESS", help=_("Who gets it."), show_default=False)]
Price = Annotated[
    str, typer.Option("--price", help=_("In ether, or what the chain calls its own: 0.05."), show_default=False)
]


app.command("keystore", help=chain_owner.KEYSTORE)(chain_owner.keystore)
app.command("owner", help=chain_owner.OWNER)(chain_owner.owner)
app.command("pause", help=chain_owner.PAUSE)(chain_owner.pause)
app.command("resume", help=chain_owner.RESUME)(chain_owner.resume)
app.command("hand-over", help=chain_owner.HAND_OVER)(chain_owner.hand_over)
app.command("take-over", help=chain_owner.TAKE_OVER)(chain_owner.take_over)


@app.callback()
def _group(
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            envvar="LUOKUAN_CHAIN_PASSWORD_FILE",
            help=_("File with the password of a keystore, yours alone (else it is asked for)."),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Commands of the chain."""
    PASSWORD_FILE.set(password_file)


@app.command("deploy", help=_("Make a contract of your own; the home remembers its address. Costs gas."))
def deploy(
    rpc: Rpc,
    key: Key = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A new contract."""
    from luokuan.rights.chain.rpc import Node
    from luokuan.rights.chain.trading import deploy as make
    from luokuan.store.home import open_home

    records, sent = make(Node(rpc), account(key), open_home(home), chain=chain_id)
    if json:
        emit_json({"contract": records.contract, "chain": records.chain, **_values(sent)})
    else:
        say(
            _("The contract is {address} on chain {chain}.", address=records.contract, chain=records.chain), quiet=quiet
        )
        _tell(sent, quiet=quiet)


@app.command("anchor", help=_("Anchor the newest checkpoint of the log. Costs gas; done again, nothing is sent."))
def anchor(
    rpc: Rpc,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The log's state."""
    from luokuan.rights.chain.anchoring import anchor as put

    place, where = _there(rpc, home, contract, chain_id)
    record, sent = put(where, account(key), place)
    size = int(record.checkpoint.split("\n")[1])
    if json:
        more = {} if sent is None else _values(sent)
        emit_json(
            {
                "size": size,
                "block": record.block,
                "contract": where.address,
                "chain": where.chain,
                "sent": sent is not None,
                **more,
            }
        )
    elif sent is None:
        say(
            _("The checkpoint of {size} entries is anchored already, in block {block}.", size=size, block=record.block),
            quiet=quiet,
        )
    else:
        say(_("The checkpoint of {size} entries is anchored.", size=size), quiet=quiet)
        _tell(sent, quiet=quiet)


@app.command("prove", help=_("Write the proof that a work is in an anchored checkpoint, as FILE.proof, for others."))
def prove(
    work: Work,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=_("File to write (default: FILE.proof)."), show_default=False)
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A proof for strangers."""
    from luokuan.colophon.reference import work_of
    from luokuan.colophon.tlog.proof import ENDING
    from luokuan.files import write_atomic
    from luokuan.rights.chain.anchoring import anchored_proof
    from luokuan.store.home import open_home

    place = open_home(home)
    proof = anchored_proof(work_of(work, place), place)
    path = output or Path(f"{work}{ENDING}")
    write_atomic(path, proof.to_bytes())
    found: dict[str, Any] = {"index": proof.index, "size": proof.checkpoint.size, "origin": proof.checkpoint.origin}
    if json:
        emit_json({"path": str(path), **found})
    else:
        say(_("{path}: entry {index} of {size} of the log {origin}.", path=visible(path), **found), quiet=quiet)


@app.command("register", help=_("Register a work under an anchored checkpoint: its token comes to be. Costs gas."))
def register(
    work: Work,
    rpc: Rpc,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help=_("Who gets the token (default: you)."), show_default=False),
    ] = None,
    royalty: Annotated[
        float, typer.Option("--royalty", min=0, max=100, help=_("Per cent of each later sale for who gets the token."))
    ] = 0,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A token."""
    from luokuan.colophon.reference import work_of
    from luokuan.rights.chain.trading import register as enter

    place, where = _there(rpc, home, contract, chain_id)
    row = work_of(work, place)
    sent = enter(where, account(key), row, place, to=to, royalty=round(royalty * 100))
    _done(_("Registered: {token}", token=row.blob_sha256), sent, row.blob_sha256, json=json, quiet=quiet)


@app.command("license", help=_("Grant a licence: the hash of its terms goes to the chain. Only the token's owner can."))
def grant(
    work: Work,
    rpc: Rpc,
    to: To,
    terms: Annotated[str, typer.Option("--terms", help=_("A name such as commercial, or a JSON file."))] = "commercial",
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A licence."""
    import time

    from luokuan.cli.market import terms_named
    from luokuan.rights.chain.trading import grant as give
    from luokuan.rights.chain.trading import token_of

    place, where = _there(rpc, home, contract, chain_id)
    token, _row = token_of(work, place)
    sent = give(where, account(key), token, to, terms_named(terms), int(time.time()))
    _done(_("The licence is granted."), sent, f"{token:064x}", json=json, quiet=quiet)


@app.command("list", help=_("Offer a work's token at a price; again: at another one. What may not be sold is refused."))
def offer(
    work: Work,
    rpc: Rpc,
    price: Price,
    met: Annotated[
        list[str] | None,
        typer.Option("--met", metavar="CONDITION", help=_("A kind of condition that you meet; may be given again.")),
    ] = None,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """An offer."""
    from luokuan.rights.chain.amounts import wei
    from luokuan.rights.chain.trading import may_be_offered, token_of
    from luokuan.rights.chain.trading import offer as put
    from luokuan.rights.permission import conditions_of

    amount = wei(price)
    place, where = _there(rpc, home, contract, chain_id)
    token, row = token_of(work, place)
    if row is not None:  # of what was bought from others, this home has no records
        may_be_offered(row, place, conditions_of(met or ()))
    sent = put(where, account(key), token, amount)
    _done(_("The token is on offer."), sent, f"{token:064x}", json=json, quiet=quiet)


@app.command("unlist", help=_("Take an offer back."))
def unlist(
    work: Work,
    rpc: Rpc,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The end of an offer."""
    from luokuan.rights.chain.trading import token_of, withdraw_offer

    place, where = _there(rpc, home, contract, chain_id)
    token, _row = token_of(work, place)
    sent = withdraw_offer(where, account(key), token)
    _done(_("The token isn't on offer any more."), sent, f"{token:064x}", json=json, quiet=quiet)


@app.command("buy", help=_("Buy a work's token at the price that you saw; if it has changed, nothing is paid."))
def buy(
    work: Work,
    rpc: Rpc,
    price: Price,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A sale."""
    from luokuan.rights.chain.amounts import wei
    from luokuan.rights.chain.trading import buy as take
    from luokuan.rights.chain.trading import token_of

    amount = wei(price)
    place, where = _there(rpc, home, contract, chain_id)
    token, _row = token_of(work, place)
    sent = take(where, account(key), token, amount)
    _done(_("The token is yours."), sent, f"{token:064x}", json=json, quiet=quiet)


@app.command("withdraw", help=_("Fetch what sales brought you."))
def withdraw(
    rpc: Rpc,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help=_("Where it goes (default: to you)."), show_default=False),
    ] = None,
    key: Key = None,
    contract: At = None,
    chain_id: ChainId = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The money."""
    from luokuan.rights.chain.amounts import ether
    from luokuan.rights.chain.trading import collect

    _place, where = _there(rpc, home, contract, chain_id)
    amount, sent = collect(where, account(key), to)
    if json:
        emit_json({"wei": amount, **_values(sent)})
    else:
        say(_("Fetched: {amount}", amount=ether(amount)), quiet=quiet)
        _tell(sent, quiet=quiet)


def _there(rpc: str, home: Path | None, contract: str | None, chain_id: int | None) -> tuple[Home, Contract]:
    from luokuan.rights.chain.trading import home_contract
    from luokuan.store.home import open_home

    place = open_home(home)
    return place, home_contract(rpc, place, contract, chain_id)


def _done(words: str, sent: Sent, token: str, *, json: bool, quiet: bool) -> None:
    if json:
        emit_json({"token": token, **_values(sent)})
    else:
        say(words, quiet=quiet)
        _tell(sent, quiet=quiet)


def _tell(sent: Sent, *, quiet: bool) -> None:
    say(_("Transaction {hash}, block {block}, {gas} gas.", hash=sent.hash, block=sent.block, gas=sent.gas), quiet=quiet)


def _values(sent: Sent) -> dict[str, Any]:
    return {"transaction": sent.hash, "block": sent.block, "gas": sent.gas}
