"""Listings: what is offered, by whom, under which terms; and what is looked at before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.entries import notice as log_notice
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import guard, now_utc
from luokuan.rights.market import offers
from luokuan.rights.market.claims import claims_of
from luokuan.rights.market.opening import opened
from luokuan.rights.market.previews import preview_of
from luokuan.rights.money import Money
from luokuan.rights.names import fold, mentions, protected
from luokuan.rights.override import plain_line
from luokuan.rights.terms import Terms
from luokuan.store.accounts import find_account
from luokuan.store.database import Database
from luokuan.store.listings import (
    ItemRow,
    ListingRow,
    close_listing,
    find_listing,
    insert_listing,
    items_of,
    listings,
    root_of,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.rights.permission import Permission
    from luokuan.rights.rules import Condition
    from luokuan.store.accounts import AccountRow
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

MAX_TITLE, MAX_ABOUT, MAX_WORKS = 120, 2000, 100
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to publish.

    Args:
        works: Ids, each once; several are a collection.
        title: One line of 1 to ``MAX_TITLE`` characters.
        terms: With a price above 0.
        about: At most ``MAX_ABOUT`` characters.
        met: Kinds of conditions of the permission that the seller meets. Credits are: listing and certificate name
            everybody who is to be named.
        collection: Whether it is one, though it holds one work only.
    """

    works: tuple[str, ...]
    title: str
    terms: Terms
    about: str = ""
    met: tuple[Condition, ...] = ()
    collection: bool = False

    def __post_init__(self) -> None:
        title, about = plain_line(self.title, MAX_TITLE), self.about.strip()
        if title is None:
            raise UserError(
                _("A listing needs a title: one line of 1 to {most} characters.", most=MAX_TITLE),
                _("Say what it is."),
                code="market.title",
                status=422,
            )
        if len(about) > MAX_ABOUT or not (about.replace("\n", " ").replace("\r", " ").isprintable()):
            raise UserError(
                _("The text about a listing has at most {most} characters, and no control characters.", most=MAX_ABOUT),
                _("Shorten it, or leave it out."),
                code="market.about",
                status=422,
            )
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "about", about)
        if not 1 <= len(self.works) <= MAX_WORKS or len(set(self.works)) != len(self.works):
            raise UserError(
                _("A listing offers 1 to {most} works, each once.", most=MAX_WORKS),
                _("Choose others."),
                code="market.works",
                status=422,
            )
        if self.terms.price is None or self.terms.price.minor == 0:
            raise UserError(
                _("What is sold has a price above 0."),
                _("Give one; what is to be free may carry a public licence instead."),
                code="market.price",
                status=422,
            )

    @property
    def price(self) -> Money:
        """What it costs."""
        assert self.terms.price is not None
        return self.terms.price


def publish(
    offer: Offer,
    home: Home,
    *,
    person: AccountRow | None = None,
    now: Clock = now_utc,
    shared: Database | None = None,
    at_commit: Callable[[sa.Connection, str], None] = lambda _connection, _listing: None,
) -> ListingRow:
    """Offer works: only what may be sold, what the guard lets pass, and what nobody has got exclusively. Logged.

    Args:
        offer: What is offered.
        home: The works' home.
        person: Whose works they must be; None: whoever runs this home may offer all, each in its owner's name.
        now: The clock.
        shared: The home's database, if it is open already.
        at_commit: Called with the listing's id in the transaction that publishes it; what it raises undoes that.

    Raises:
        UserError: there is no such work (or it isn't ``person``'s), it is gone, withdrawn or disputed, it may not be
            sold, the guard stops it, or it isn't free.
    """
    with opened(home, shared) as database:
        with database.read() as connection:
            rows = [offers.own_work(connection, work_id, person) for work_id in offer.works]
            seller = offers.one_seller(connection, rows)
            _check_names(connection, offer, seller)
            claims = {row.id: _check(connection, row, seller, offer, now()) for row in rows}
        for row in rows:
            _may_be_sold(row, home, database, offer)
        for row in rows:
            preview_of(row, home)
        at = now()
        with database.write() as connection:
            # The log's head is held until the end, and with it everybody else who publishes or sells.
            book = log.writer(connection, home)
            for row in rows:
                _check(connection, row, seller, offer, at)
            listing = _row(offer, seller, at)
            insert_listing(connection, listing, [
                ItemRow(listing.id, row.id, place, root_of(connection, row.id), claims[row.id])
                for place, row in enumerate(rows)
            ])  # fmt: skip
            about = {"listing": listing.id, "terms": offer.terms.to_json()}
            book.append([log_notice("publication", row.id, about, at) for row in rows])
            at_commit(connection, listing.id)
        log.remember(home, book.head)
    return listing


def withdraw(
    listing_id: str,
    home: Home,
    *,
    person: AccountRow | None = None,
    reason: str = "",
    now: Clock = now_utc,
    shared: Database | None = None,
) -> ListingRow:
    """Offer it no more; logged. Licences that were granted stay.

    Raises:
        UserError: there is no such listing (or it isn't ``person``'s), or it isn't offered.
    """
    why, at = plain_line(reason, 500) or "", now()
    with opened(home, shared) as database:
        with database.write() as connection:
            book = log.writer(connection, home)
            row = own_listing(connection, listing_id, person)
            if not close_listing(connection, row.id, "withdrawn", at):
                raise UserError(
                    _("The listing {id} isn't offered any more.", id=row.id),
                    _("`luokuan market listings --all` shows where it stands."),
                    code="market.closed",
                    status=409,
                )
            about = {"listing": row.id, "reason": why}
            book.append([
                log_notice("withdrawal", item.work_id, about, at) for item in items_of(connection, row.id)
            ])  # fmt: skip
        log.remember(home, book.head)
        with database.read() as connection:
            return own_listing(connection, row.id, person)


def own_listing(connection: sa.Connection, listing_id: str, person: AccountRow | None) -> ListingRow:
    """A listing that ``person`` may manage; None may manage all.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    row = find_listing(connection, listing_id)
    if row is None or not offers.is_seller(person, row.seller):
        raise no_listing(listing_id)
    return row


def no_listing(listing_id: str) -> UserError:
    """What is said of an id that leads to no listing."""
    return UserError(
        _("There is no listing '{id}'.", id=listing_id[:40]),
        _("`luokuan market listings` shows what is offered."),
        code="market.listing",
        status=404,
    )


def terms_of(row: ListingRow) -> Terms:
    """Its terms, with the price."""
    return Terms.from_json(dict(row.terms))


def _row(offer: Offer, seller: str | None, at: datetime) -> ListingRow:
    kind = "collection" if offer.collection or len(offer.works) > 1 else "work"
    price = offer.price
    return ListingRow(
        secrets.token_hex(8), seller, kind, offer.title, offer.about, offer.terms.to_json(), price.minor,
        price.currency, offer.terms.exclusive, fold(f"{offer.title} {offer.about}").letters, list(offer.met),
        "published", at,
    )  # fmt: skip


def _check(
    connection: sa.Connection, row: WorkRow, seller: str | None, offer: Offer, at: datetime
) -> list[dict[str, Any]]:
    """Whether a work is free to be offered now, and who gets what of its price; asked again when it is entered."""
    offers.check_there(connection, row)
    offers.check_free(connection, row, seller, exclusive=offer.terms.exclusive, at=at)
    return [one.to_json() for one in claims_of(connection, row.id, seller, offer.terms, at)]


def _check_names(connection: sa.Connection, offer: Offer, seller: str | None) -> None:
    found = mentions([("text", offer.title), ("text", offer.about)], protected(connection))
    if found:
        raise UserError(
            _("The name '{name}' is protected, and stands in the title or the text.", name=found[0].name),
            _("Say it in other words."),
            code="market.name",
            status=409,
        )
    account = None if seller is None else find_account(connection, seller)
    if account is None:
        return
    looks = fold(account.name).letters
    for other in {one.seller for one in listings(connection)} - {None, seller}:
        known = find_account(connection, str(other))
        if known is not None and fold(known.name).letters == looks:
            raise UserError(
                _("Your name looks like that of another seller."),
                _("Ask an administrator for another name before you offer something."),
                code="market.seller",
                status=409,
            )


def _may_be_sold(row: WorkRow, home: Home, database: Database, offer: Offer) -> None:
    from luokuan.rights.presets import spdx_of

    found = check_permission(row, home, database, offer.met)
    if found.under and spdx_of(offer.terms) != found.under:
        raise UserError(
            _("What the work {id} was made from asks that it stands under {licence}.", id=row.id, licence=found.under),
            _("Offer it under those terms: `luokuan rights terms` shows them."),
            code="market.under",
            status=409,
        )
    check_guard(row, home)


def check_permission(row: WorkRow, home: Home, database: Database, met: Sequence[Condition]) -> Permission:
    """ "May I sell this?"; credits count as met.

    Raises:
        UserError: no, or a condition isn't met.
    """
    from luokuan.rights.reasons import because, condition_word

    found = offers.permission_for(row, home, database)
    known: tuple[Condition, ...] = (*met, "credit")
    if not found.allowed(known):
        why = [because(one) for one in found.reasons] if found.answer == 0 else [
            f"{condition_word(one.kind)} ({one.kind}): {one.words}" for one in found.unmet(known)
        ]  # fmt: skip
        raise UserError(
            _("The work {id} may not be sold as it is: {why}", id=row.id, why=" ".join(dict.fromkeys(why))[:600]),
            _("`luokuan rights check {id}` says more; say with --met which conditions you meet.", id=row.id),
            code="market.permission",
            status=409,
        )
    return found


def check_guard(row: WorkRow, home: Home) -> None:
    """Look for near-copies and protected names.

    Raises:
        UserError: something blocks, and nobody has overridden it.
    """
    guarding = guard(row, home)
    if guarding.blocked:
        raise UserError(
            _("The guard stops the work {id}: {why}", id=row.id,
              why=" ".join(one.words for one in guarding.stopping)[:600]),
            _("`luokuan rights guard {id}` says more, and how to override it.", id=row.id),
            code="market.guard",
            status=409,
        )  # fmt: skip
