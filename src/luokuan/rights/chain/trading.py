"""Works on a chain: deploy the contract, register, license, list and buy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import expand, locked, sha256_file
from luokuan.i18n import _
from luokuan.rights.chain.anchoring import anchored_proof, log_id
from luokuan.rights.chain.contract import Contract, address_of, chain_of, ours
from luokuan.rights.chain.records import LOCK, Records, WorkRecord, add_work, keep, records_of
from luokuan.rights.chain.rpc import Node
from luokuan.rights.chain.sending import Sent, send
from luokuan.rights.terms import LONGEST_TERM, WHOLE, Terms

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from luokuan.rights.rules import Condition
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

FOREVER = 2**64 - 1
"""When a licence without a term ends."""
_TOKEN = re.compile(r"(?:0x)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Listing:
    """An offer on the chain. ``price`` in wei; 0: there is none."""

    seller: str
    price: int
    version: int


def deploy(node: Node, account: LocalAccount, home: Home, *, chain: int | None = None) -> tuple[Records, Sent]:
    """Make a contract that belongs to the account, and remember it as the home's. Anchors of the one before are
    forgotten here; on their chain they stay.

    Raises:
        UserError: it is another chain than wanted, or see ``send``.
    """
    found = chain_of(node, chain)
    sent = send(node, account, found, ours().creation(str(account.address)), to=None)
    records = Records(found, address_of(sent.made))
    with locked(home.path / LOCK):
        keep(home, records)
    return records, sent


def register(
    contract: Contract, account: LocalAccount, row: WorkRow, home: Home, *, to: str | None, royalty: int
) -> Sent:
    """Register a work under the first anchored checkpoint that holds it: its token comes to be.

    Args:
        contract: The home's.
        account: Its owner.
        row: The work.
        home: Whose log it is in.
        to: Who gets the token, and the royalty of later sales; None: the account.
        royalty: Share of each later sale, in basis points.

    Raises:
        UserError: nothing that holds it is anchored, the work is registered already, or see ``send``.
    """
    if not 0 <= royalty <= WHOLE:
        raise UserError(
            _("A royalty is a share from 0 to 100 %."), _("Give such a number with --royalty."), code="chain.royalty"
        )
    proof = anchored_proof(row, home)
    receiver = str(account.address) if to is None else address_of(to)
    data = ours().call(
        "register",
        bytes.fromhex(row.blob_sha256),
        log_id(proof.key),
        proof.checkpoint.size,
        receiver,
        receiver,
        royalty,
    )
    sent = send(contract.node, account, contract.chain, data, to=contract.address)
    add_work(home, contract.chain, contract.address, WorkRecord(row.id, row.blob_sha256, sent.hash, sent.block))
    return sent


def grant(contract: Contract, account: LocalAccount, token: int, holder: str, terms: Terms, now: int) -> Sent:
    """Grant a licence: the hash of its terms goes to the chain, its words don't.

    Args:
        contract: Where the token is.
        account: The token's owner.
        token: Of the work.
        holder: Address of who gets it.
        terms: As the holder has them.
        now: Seconds since 1970.

    Raises:
        UserError: the token is somebody else's, the licence would be shorter than one that is there, or see ``send``.
    """
    days = terms.days
    assert days is None or days <= LONGEST_TERM
    until = FOREVER if days is None else now + days * 86_400
    data = ours().call("license", token, address_of(holder), terms_hash(terms), until)
    return send(contract.node, account, contract.chain, data, to=contract.address)


def terms_hash(terms: Terms) -> bytes:
    """SHA-256 of the terms' canonical JSON: who has them can show that they are those that were granted."""
    import hashlib

    from luokuan.colophon.schema import canonical_json

    return hashlib.sha256(canonical_json(terms.to_json())).digest()


def offer(contract: Contract, account: LocalAccount, token: int, price: int) -> Sent:
    """Offer a token; see ``may_be_offered`` for what comes first.

    Raises:
        UserError: it is somebody else's, the price isn't one, or see ``send``.
    """
    data = ours().call("list", token, price)
    return send(contract.node, account, contract.chain, data, to=contract.address)


def withdraw_offer(contract: Contract, account: LocalAccount, token: int) -> Sent:
    """Take an offer back.

    Raises:
        UserError: there is none, or see ``send``.
    """
    return send(contract.node, account, contract.chain, ours().call("unlist", token), to=contract.address)


def listing_of(contract: Contract, token: int) -> Listing:
    """What is offered now.

    Raises:
        UserError: the node gives no usable answer.
    """
    return Listing(*contract.read("listings", token))


def buy(contract: Contract, account: LocalAccount, token: int, price: int, version: int | None = None) -> Sent:
    """Buy a token at the price that was seen. An offer that changes before the block holds ends without a sale.

    Args:
        contract: Where the token is.
        account: Who pays and gets it.
        token: Of the work.
        price: In wei, as seen.
        version: Of the offer, as seen; None: the one that is there now.

    Raises:
        UserError: it isn't offered, costs something else, or see ``send``.
    """
    if version is None:
        version = listing_of(contract, token).version
    data = ours().call("buy", token, price, version)
    return send(contract.node, account, contract.chain, data, to=contract.address, value=price)


def collect(contract: Contract, account: LocalAccount, to: str | None = None) -> tuple[int, Sent]:
    """Fetch what sales brought the account. Returns how many wei, and the transaction.

    Raises:
        UserError: there is nothing, the receiver refuses it, or see ``send``.
    """
    amount = int(contract.read("balances", str(account.address)))
    data = ours().call("withdraw", str(account.address) if to is None else address_of(to))
    return amount, send(contract.node, account, contract.chain, data, to=contract.address)


def token_of(reference: str, home: Home | None) -> tuple[int, WorkRow | None]:
    """A work's token: by the SHA-256 of its bytes, its file, or its id in the home; and its row there.

    Raises:
        UserError: there is no such thing.
    """
    from luokuan.colophon.reference import work_of
    from luokuan.store.database import open_database
    from luokuan.store.works import find_work_by_sha256, no_work

    match, path = _TOKEN.fullmatch(reference.lower()), expand(reference)
    try:
        sha256 = match[1] if match else sha256_file(path) if path.is_file() else None
    except OSError:
        sha256 = None
    if sha256 is None:
        if home is None:
            raise no_work(reference)
        row = work_of(reference, home)
        return int(row.blob_sha256, 16), row
    if home is None or not home.has_database:
        return int(sha256, 16), None
    with open_database(home) as database, database.read() as connection:
        return int(sha256, 16), find_work_by_sha256(connection, sha256)


def may_be_offered(row: WorkRow, home: Home, met: tuple[Condition, ...]) -> None:
    """The questions that come before every publication, also on a chain.

    Raises:
        UserError: the work was withdrawn, may not be sold, or the guard blocks it.
    """
    from luokuan.rights.market import listings, offers
    from luokuan.store.database import open_database

    with open_database(home) as database:
        with database.read() as connection:
            offers.check_there(connection, row)
        listings.check_permission(row, home, database, met)
    listings.check_guard(row, home)


def home_contract(url: str, home: Home | None, address: str | None, chain: int | None) -> Contract:
    """The contract that is meant: the one of this address, else the home's.

    Raises:
        UserError: the home has none, it is on another chain, or see ``contract_at``.
    """
    from luokuan.rights.chain.contract import contract_at

    node, known = Node(url), None if home is None else records_of(home)
    if address is None and known is None:
        raise UserError(
            _("No contract is known."),
            _("Give --contract ADDRESS, or make one with luokuan chain deploy."),
            code="chain.no_contract",
        )
    wanted = address_of(address or (known.contract if known else ""))
    if chain is None and known is not None and known.contract == wanted:
        chain = known.chain
    return contract_at(node, wanted, chain=chain)
