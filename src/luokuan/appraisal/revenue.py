"""What works and models have earned, by the books of the home's market: each line is one entry of them.

A sale's price is shared out by entries (``rights.market.royalties``). What its seller keeps was earned by the work that
was sold; what goes up the lineage as royalty was earned by the work whose licence asks for it; a fee is the house's.
What was taken back counts as negative on the day of the entry that takes it back. So each unit is counted once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from luokuan.appraisal.project import Actual, Project, Rate
from luokuan.i18n import _
from luokuan.rights.money import DIGITS

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.rights.market.royalties import Share
    from luokuan.store.books import Posted
    from luokuan.store.home import Home

EARNING = ("sale", "royalty", "fee")
"""What transfers are for by which somebody earns."""
MOST_NAMED = 12
"""Entries that a note names one by one."""


@dataclass(frozen=True, slots=True)
class Earning:
    """One entry of the books by which a work earned.

    Args:
        entry: Its number in the books.
        day: When.
        order: The order that it belongs to.
        purpose: One of ``EARNING``.
        work: The work that earned it; empty: a fee of the house.
        model: The work's model.
        party: Who got it.
        minor: In minor units; negative: it was taken back.
        currency: ISO 4217 code.
    """

    entry: int
    day: date
    order: str
    purpose: str
    work: str
    model: str
    party: str
    minor: int
    currency: str

    @property
    def amount(self) -> float:
        """In whole units of the currency."""
        return self.minor / 10 ** DIGITS.get(self.currency, 2)

    @property
    def month(self) -> str:
        """Such as ``2027-01``."""
        return f"{self.day:%Y-%m}"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "entry": self.entry, "day": self.day.isoformat(), "order": self.order, "purpose": self.purpose,
            "work": self.work or None, "model": self.model or None, "amount": self.minor, "currency": self.currency,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Earned:
    """What one work or model earned in one currency. ``entries``: their numbers in the books."""

    name: str
    currency: str
    minor: int
    sales: int
    entries: tuple[int, ...]

    @property
    def amount(self) -> float:
        """In whole units of the currency."""
        return self.minor / 10 ** DIGITS.get(self.currency, 2)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; the amount in minor units."""
        return {
            "name": self.name, "currency": self.currency, "amount": self.minor, "sales": self.sales,
            "entries": list(self.entries),
        }  # fmt: skip


def earnings(home: Home, owner: str | None = None) -> list[Earning]:
    """Earnings of a home, in the order of the books; none where it has no database. ``owner``: see ``earnings_in``."""
    if not home.has_database:
        return []
    from luokuan.store.database import open_database

    with open_database(home) as database, database.read() as connection:
        return earnings_in(connection, owner)


def earnings_in(connection: sa.Connection, owner: str | None = None) -> list[Earning]:
    """See ``earnings``.

    Args:
        connection: For reading.
        owner: Id of an account: only what it got, and for works that are its own; None: all.
    """
    found = _got_by(connection, owner)
    if owner is None:
        return found
    from luokuan.store.ownership import works_of

    mine = works_of(connection, owner)
    return [line for line in found if line.work in mine]


def _got_by(connection: sa.Connection, owner: str | None) -> list[Earning]:
    """Earnings of an account, or all. Others' orders aren't read: that is what takes long."""
    from luokuan.store.books import transfers_of
    from luokuan.store.works import find_work

    found: list[Earning] = []
    earned: dict[int, Earning] = {}
    models: dict[str, str] = {}
    orders = _Orders(connection)
    for one in transfers_of(connection):
        known = one.transfer
        if known.reverses is not None:
            first = earned.get(known.reverses)
            if first is not None:
                found.append(_back(first, one))
            continue
        party = known.credit.partition(":")[2]
        if known.what not in EARNING or owner not in (None, party):
            continue
        work = orders.work_of(one)
        if work and work not in models:
            row = find_work(connection, work)
            models[work] = "" if row is None else row.model_name
        line = Earning(
            one.id, known.made_at.date(), known.reference, known.what, work, models.get(work, ""),
            party, known.amount, known.currency,
        )  # fmt: skip
        earned[one.id] = line
        found.append(line)
    return found


def _back(first: Earning, entry: Posted) -> Earning:
    day = entry.transfer.made_at.date()
    return Earning(
        entry.id, day, first.order, first.purpose, first.work, first.model, first.party, -first.minor, first.currency
    )


class _Orders:
    """Which work each share of an order's price belongs to."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._works: dict[str, dict[str, str]] = {}

    def work_of(self, entry: Posted) -> str:
        """The work that earned an entry; empty: a fee, or one that isn't known any more."""
        order = entry.transfer.reference
        if order not in self._works:
            self._works[order] = self._read(order)
        return self._works[order].get(entry.transfer.key, "")

    def _read(self, order_id: str) -> dict[str, str]:
        """Key of a transfer to the work. What was shared out is shared out again: the rules are the same."""
        from luokuan.rights.market.granting import parts_of

        return {
            part.key: work
            for part in parts_of(self._connection, order_id)
            if (work := self._earner(part.share, part.work)) is not None
        }

    def _earner(self, share: Share, sold: str) -> str | None:
        from luokuan.store.grants import find_grant

        if not share.grant:
            return sold
        licence = find_grant(self._connection, share.grant)
        return None if licence is None else licence.work_id


def by(lines: Iterable[Earning], what: str) -> list[Earned]:
    """Lines put together by ``work`` or ``model``, and by currency; what earned most comes first. Fees are left out:
    no work and no model earned them."""
    found: dict[tuple[str, str], list[Earning]] = defaultdict(list)
    for line in lines:
        if name := getattr(line, what):
            found[name, line.currency].append(line)
    rows = [
        Earned(
            name,
            currency,
            sum(line.minor for line in each),
            len({(line.order, line.work) for line in each if line.purpose == "sale"} - _returned(each)),
            tuple(line.entry for line in each),
        )
        for (name, currency), each in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.amount, row.name, row.currency))


def _returned(lines: Sequence[Earning]) -> set[tuple[str, str]]:
    return {(line.order, line.work) for line in lines if line.minor < 0}


def of_models(lines: Iterable[Earning], models: Sequence[str]) -> list[Earning]:
    """The lines of these models' works."""
    return [line for line in lines if line.model in models]


def with_market(project: Project, lines: Iterable[Earning]) -> Project:
    """``project`` with what its models' works earned as the revenue of each actual month that doesn't state one.

    Args:
        project: Whose models earn.
        lines: What the home has earned; other models' isn't counted, and other currencies' only at a rate that the
            project states (``exchange``), which the month's source then names.
    """
    own = of_models(lines, project.models)
    return project.model_copy(update={"actuals": [_filled(project, actual, own) for actual in project.actuals]})


def _filled(project: Project, actual: Actual, lines: Sequence[Earning]) -> Actual:
    if actual.revenue is not None:
        return actual
    counted: list[Earning] = []
    amounts: list[float] = []
    changed: dict[Rate, list[Earning]] = defaultdict(list)
    left: list[Earning] = []
    for line in lines:
        if line.month != actual.month:
            continue
        rate = project.rate_of(line.currency, line.day)
        if line.currency != project.currency and rate is None:
            left.append(line)
            continue
        counted.append(line)
        amounts.append(line.amount if rate is None else line.amount * rate.rate)
        if rate is not None:
            changed[rate].append(line)
    told = "; ".join([named(counted), *_rates(project, changed), *_left(left)])
    total = math.fsum(amounts)
    source = _("revenue by the market's books: {entries}; the rest: {source}", entries=told, source=actual.source)
    # Money that went back for sales of earlier months isn't negative revenue: it is a cost of this one.
    update = {"revenue": max(total, 0.0), "cost": actual.cost - min(total, 0.0), "source": source}
    return actual.model_copy(update=update)


def _rates(project: Project, changed: Mapping[Rate, Sequence[Earning]]) -> list[str]:
    return [
        _(
            "of these {amount} {currency} at {rate} {own} each ({source}, from {since})",
            amount=f"{math.fsum(line.amount for line in each):g}",
            currency=rate.currency,
            rate=f"{rate.rate:g}",
            own=project.currency,
            source=rate.source,
            since=rate.since,
        )
        for rate, each in changed.items()
    ]


def _left(lines: Sequence[Earning]) -> list[str]:
    """What no rate is stated for, in words."""
    return [
        _(
            "not counted, because no rate is stated: {amount} {currency}",
            amount=f"{math.fsum(line.amount for line in lines if line.currency == code):g}",
            currency=code,
        )
        for code in sorted({line.currency for line in lines})
    ]


def named(lines: Sequence[Earning]) -> str:
    """The entries of the books that lines are, for people."""
    if not lines:
        return _("no entries")
    return _("{count} entries: {numbers}", count=len(lines), numbers=numbers([line.entry for line in lines]))


def numbers(entries: Sequence[int]) -> str:
    """Numbers of entries in a line; of many the first ones and the last."""
    told = [str(one) for one in entries]
    if len(told) > MOST_NAMED:
        told = [*told[: MOST_NAMED - 1], "…", told[-1]]
    return ", ".join(told)
