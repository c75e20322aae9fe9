"""The certificate of a licence: who may do what with which work until when, and how anybody can check it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.lineage.records import read
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.credits import as_text, credits_of
from luokuan.rights.gather import of_lineage
from luokuan.rights.market.paper import Sheet, to_pdf, to_text
from luokuan.rights.money import Money
from luokuan.rights.terms import Terms
from luokuan.rights.words import describe
from luokuan.store.accounts import find_account
from luokuan.store.database import Database
from luokuan.store.listings import find_listing
from luokuan.store.logbook import newest_head
from luokuan.store.orders import find_order
from luokuan.store.works import find_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.grants import GrantRow
    from luokuan.store.home import Home


def certificate(connection: sa.Connection, licence: GrantRow, home: Home, at: datetime) -> tuple[bytes, str]:
    """The certificate and the ending of its file: PDF where fpdf2 is installed and a font has all letters, else text.

    Args:
        connection: For reading.
        licence: Whose.
        home: Its home.
        at: Now: a licence that has ended says so.
    """
    sheet = sheet_of(connection, licence, home, at)
    try:
        return to_pdf(sheet), ".pdf"
    except UserError:
        return to_text(sheet), ".txt"


def sheet_of(connection: sa.Connection, licence: GrantRow, home: Home, at: datetime) -> Sheet:
    """What stands on it."""
    order, copy = find_order(connection, licence.order_id), find_work(connection, licence.id)
    work, head = find_work(connection, licence.work_id), newest_head(connection)
    assert order is not None and work is not None
    listing = find_listing(connection, order.listing_id)
    facts = [
        (_("Licence"), licence.id),
        (_("Work"), f"{'' if listing is None else listing.title} ({licence.work_id})"),
        (_("Licensee"), order.licensee or _("erased at their wish")),
        (_("Licensor"), seller_name(connection, licence.seller)),
        (_("Granted"), f"{licence.granted_at:%Y-%m-%d %H:%M} UTC"),
        (_("Valid until"), _validity(licence, at)),
        (_("Order"), f"{order.id}, {Money(order.amount, order.currency)}"),
    ]
    if copy is not None:
        facts.append((_("SHA-256 of the copy"), copy.blob_sha256))
    if head is not None:
        facts.append((_("Log"), head.origin))
    parts = [(_("Terms"), describe(Terms.from_json(dict(licence.terms))))]
    database = Database(connection.engine)
    named = as_text(credits_of(of_lineage(read(work, home, database, after=False), home, database))).splitlines()
    if named:
        parts.append((_("To be named"), named))
    parts.append((_("To check it"), [
        _("`luokuan verify FILE` reads the copy's signature and its watermark: both name the licence {id}.",
          id=licence.id),
        _("The files beside it prove that the copy and this licence stand in the log."),
    ]))  # fmt: skip
    foot = _("Made by AI, and sold with its colophon. Paid with test money: no real sale.")
    return Sheet(_("Licence certificate"), licence.granted_at, facts, parts, foot=foot)


def seller_name(connection: sa.Connection, seller: str | None) -> str:
    """A seller's name, for people."""
    account = None if seller is None else find_account(connection, seller)
    return _("this studio") if account is None else account.name


def _validity(licence: GrantRow, at: datetime) -> str:
    if licence.ended_at is not None:
        return _("ended on {day}", day=licence.ended_at.date())
    if licence.expires_at is None:
        return _("without end")
    if not licence.holds(at):
        return _("ended on {day}", day=licence.expires_at.date())
    return f"{licence.expires_at:%Y-%m-%d %H:%M} UTC"
