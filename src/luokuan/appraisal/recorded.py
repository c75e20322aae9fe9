"""A project appraised on a home's records: what its models cost and earned there, beside what it assumes."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.appraisal.appraise import Appraisal, appraise
from luokuan.appraisal.cost import Costs, costs_of, only
from luokuan.appraisal.prices import PriceTable, exchange, read_prices
from luokuan.appraisal.revenue import earnings, of_models, with_market
from luokuan.errors import UserError

if TYPE_CHECKING:
    from luokuan.appraisal.project import Project
    from luokuan.store.home import Home


def appraise_recorded(
    project: Project,
    home: Home | None,
    *,
    paths: int = 100_000,
    seed: int = 0,
    prices: Path | PriceTable | None = None,
    on: date | None = None,
    owner: str | None = None,
) -> Appraisal:
    """Appraise ``project``.

    Args:
        project: What is appraised.
        home: Where records are; None: there are none.
        paths: Paths to draw.
        seed: The same seed, the same result.
        prices: A file that somebody chose for this project; or a table, None: the one that comes with Luokuan, without
            whose rate for the project's currency no costs are counted.
        on: The day; None: today.
        owner: Id of an account, whose works, models, jobs and receipts alone count; None: all.

    Raises:
        UserError: see ``appraise``, ``read_prices`` and ``exchange``.
    """
    lines = [] if home is None else earnings(home, owner)
    project = with_market(project, lines)
    costs, own = _costs(project, home, prices, owner), of_models(lines, project.models)
    return appraise(project, paths=paths, seed=seed, home=home, costs=costs, earned=own, on=on, owner=owner)


def _costs(project: Project, home: Home | None, prices: Path | PriceTable | None, owner: str | None) -> Costs | None:
    """What the home's records say of the project's models; without records nothing is counted."""
    if home is None and prices is None:
        return None
    table = prices if isinstance(prices, PriceTable) else read_prices(prices)
    if home is None:
        return None
    if not isinstance(prices, Path) and table.currency != project.currency:
        try:
            exchange(table, project.currency, datetime.now().date())
        except UserError:
            return None  # a table that was made for all doesn't know every currency
    return only(costs_of(home, table, currency=project.currency, owner=owner), project.models)
