"""`luokuan market`: what is offered and sold, and the books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import market_money, market_orders, options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.rights.terms import Terms
    from luokuan.store.listings import ListingRow

app = typer.Typer(
    no_args_is_help=True,
    help=_("Offer works under terms and a price, sell licences for test money, deliver copies, keep the books."),
)
app.command("order", help=market_orders.ORDER)(market_orders.order)
app.command("orders", help=market_orders.LIST)(market_orders.orders)
app.command("pay", help=market_orders.PAY)(market_orders.pay)
app.command("deliver", help=market_orders.DELIVER)(market_orders.deliver)
app.command("grants", help=market_orders.GRANTS)(market_orders.grants)
app.command("refund", help=market_orders.REFUND)(market_orders.refund)
app.command("buyer", help=market_orders.BUYER)(market_orders.buyer)
app.command("erase-buyer", help=market_orders.ERASE)(market_orders.erase_buyer)
app.command("fee", help=market_money.FEE)(market_money.fee)
app.command("payout", help=market_money.PAYOUT)(market_money.payout)
app.command("payouts", help=market_money.PAYOUTS)(market_money.payouts)
app.command("payout-undo", help=market_money.UNDO)(market_money.undo)

Listing = Annotated[str, typer.Argument(metavar="LISTING", help=_("The listing's id."), show_default=False)]


@app.command(
    "publish",
    help=_(
        "Offer works: only what may be sold, what the guard lets pass, and what nobody has got exclusively; logged. "
        "Several works are a collection."
    ),
)
def publish(
    works: Annotated[
        list[str], typer.Argument(metavar="WORK…", help=_("Files of works, or their ids."), show_default=False)
    ],
    price: Annotated[str, typer.Option("--price", help=_("Such as 12.50."), show_default=False)],
    currency: Annotated[str, typer.Option("--currency", help=_("ISO 4217: CNY, EUR, JPY …"), show_default=False)],
    title: Annotated[str, typer.Option("--title", help=_("One line."), show_default=False)],
    terms: Annotated[
        str, typer.Option("--terms", help=_("A name such as commercial or exclusive, or a JSON file."))
    ] = "commercial",
    about: Annotated[str, typer.Option("--about", help=_("More words."))] = "",
    met: Annotated[
        list[str] | None,
        typer.Option("--met", metavar="CONDITION", help=_("A kind of condition that you meet; may be given again.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A new listing."""
    from dataclasses import replace

    from luokuan.colophon.reference import work_of
    from luokuan.rights.market.listings import Offer
    from luokuan.rights.market.listings import publish as offer
    from luokuan.rights.money import money
    from luokuan.rights.permission import conditions_of
    from luokuan.store.home import open_home

    place, asked = open_home(home), replace(terms_named(terms), price=money(price, currency.strip().upper()))
    ids = tuple(work_of(one, place).id for one in works)
    row = offer(Offer(ids, title, asked, about, conditions_of(met or ())), place)
    if json:
        emit_json(listing_values(row))
        return
    say(_("Published as {id}: {title}, {price}.", id=row.id, title=visible(row.title), price=asked.price), quiet=quiet)
    say(_("`luokuan studio` shows it at /market/{id}.", id=row.id), quiet=quiet)


@app.command("withdraw", help=_("Offer something no more; logged. Licences that were granted stay."))
def withdraw(
    listing: Listing,
    reason: Annotated[str, typer.Option("--reason", help=_("Why."))] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The end of a listing."""
    from luokuan.rights.market.listings import withdraw as take_out
    from luokuan.store.home import open_home

    row = take_out(listing, open_home(home), reason=reason)
    if json:
        emit_json(listing_values(row))
    else:
        say(_("The listing {id} is withdrawn.", id=row.id), quiet=quiet)


@app.command("listings", help=_("Show what is offered, the newest first."))
def listings(
    words: Annotated[str, typer.Option("--search", "-s", help=_("Only what has these words."))] = "",
    everything: Annotated[bool, typer.Option("--all", help=_("Also what isn't offered any more."))] = False,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """All rows, or those that fit."""
    from luokuan.rights.names import fold
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.listings import listings as all_listings

    with open_database(open_home(home)) as database, database.read() as connection:
        state = "" if everything else "published"
        rows = all_listings(connection, state=state, words=fold(words).letters)
    if json:
        emit_json({"listings": [listing_values(row) for row in rows]})
        return
    if not rows:
        say(_("Nothing is offered."))
    for row in rows:
        from luokuan.rights.money import Money

        parts = [row.id, f"{row.published_at:%F}", str(Money(row.amount, row.currency)), listing_word(row), row.title]
        say(visible("  ".join(parts)))


@app.command(
    "statement",
    help=_("Show what came to a seller and what went back, from the books; as CSV, PDF or text with --output."),
)
def statement(
    seller: Annotated[
        str, typer.Option("--seller", metavar="NAME", help=_("An account; without it what belongs to the home."))
    ] = "",
    output: options.Output = None,
    receipts: Annotated[
        bool, typer.Option("--receipts", help=_("CSV in the form that `luokuan appraisal` reads revenue from."))
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One party's lines."""
    from luokuan.files import expand, write_atomic
    from luokuan.rights.guard import now_utc
    from luokuan.rights.market import buyers, paper, statements
    from luokuan.rights.market.books import HOUSE
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    place = open_home(home)
    party = buyers.account_of(seller, place).id if seller else HOUSE
    with open_database(place) as database, database.read() as connection:
        found = statements.statement(connection, party)
    text = statements.as_receipts(found) if receipts else statements.as_csv(found)
    if output is not None:
        target = expand(output)
        sheet = statements.as_sheet(found, seller or _("this studio"), now_utc())
        made = {
            ".csv": text.encode,
            ".pdf": lambda: paper.to_pdf(sheet),
            ".txt": lambda: paper.to_text(sheet),
        }
        if target.suffix.lower() not in made:
            raise UserError(_("A statement is written as .csv, .pdf or .txt."), _("Give such a name with --output."),
                            code="statement.format")  # fmt: skip
        write_atomic(target, made[target.suffix.lower()]())
    if json:
        emit_json(found.to_json() | ({"output": str(output)} if output is not None else {}))
    elif output is not None:
        say(_("Written to {path}.", path=output), quiet=quiet)
    else:
        say(text.rstrip("\n"))


@app.command(
    "reconcile",
    help=_(
        "Go on with every order where it stopped, and compare books, licences and the payment provider. "
        "Exit code 1: something doesn't agree."
    ),
)
def reconcile(json: options.Json = False, quiet: options.Quiet = False, home: options.Home = None) -> None:
    """After a crash, or at any time."""
    from luokuan.rights.market.reconcile import reconcile as go_on
    from luokuan.store.home import open_home

    found = go_on(open_home(home))
    if json:
        emit_json(found.to_json())
    else:
        say(_("{messages} messages taken in, {granted} orders licensed, {given_back} payments given back, {delivered} "
              "copies made.", messages=found.messages, granted=found.granted, given_back=found.given_back,
              delivered=found.delivered), quiet=quiet)  # fmt: skip
        for line in (*found.failed, *found.differences):
            say(visible(line))
        if not found.differences:
            say(_("Books and licences agree."), quiet=quiet)
    raise typer.Exit(ExitCode.NOT_SO if found.differences else ExitCode.DONE)


def listing_values(row: ListingRow) -> dict[str, Any]:
    """A listing as JSON values."""
    return {
        "id": row.id, "title": row.title, "about": row.about, "kind": row.kind, "seller": row.seller,
        "terms": dict(row.terms), "state": row.state, "exclusive": row.exclusive,
        "published_at": row.published_at.isoformat(),
        "closed_at": None if row.closed_at is None else row.closed_at.isoformat(),
    }  # fmt: skip


def listing_word(row: ListingRow) -> str:
    """Where a listing stands, for people."""
    return {"published": _("offered"), "withdrawn": _("withdrawn"), "sold": _("sold exclusively")}.get(
        row.state, row.state
    )


def terms_named(name: str) -> Terms:
    """Terms by the name of a preset, or out of a JSON file.

    Raises:
        UserError: there are none of that name, or the file can't be read.
    """
    from luokuan.files import expand
    from luokuan.rights.presets import preset
    from luokuan.rights.terms import MAX_JSON, read_terms

    path: Path = expand(name)
    try:
        if not path.is_file():
            return preset(name)
        with path.open("rb") as stream:
            return read_terms(stream.read(MAX_JSON + 1))
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=path, why=error.strerror or error),
            _("Check its permissions."),
            code="terms.unreadable",
        ) from error
