"""Revenue from the books: receipts, each with its day and reference, put into a project's actual months.

A market's ledger hands them in as ``Receipt``; another bookkeeping exports them as CSV with the columns ``date``,
``amount``, ``currency`` and ``reference`` (refunds are negative).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from luokuan.appraisal.numbers import HUGE
from luokuan.appraisal.project import Project
from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.i18n import _

COLUMNS = ("date", "amount", "currency", "reference")
SIZE_LIMIT = 64 << 20
LONGEST_REFERENCE = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in (negative: went back). ``reference``: where the books have it."""

    day: date
    amount: float
    currency: str
    reference: str


def read_books(path: Path | str) -> list[Receipt]:
    """Receipts from a CSV file.

    Raises:
        UserError: no such file, other columns, or a line that can't be used, which is named.
    """
    place = expand(path)
    try:
        if place.stat().st_size > SIZE_LIMIT:
            raise _unfit(str(place), _("it is too large"))
        text = place.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _unfit(str(place), error.strerror or "OSError") from error
    except UnicodeDecodeError as error:
        raise _unfit(str(place), _("it is no UTF-8 text")) from error
    return parse_books(text, str(place))


def parse_books(text: str, name: str) -> list[Receipt]:
    """Receipts from the text of a CSV file.

    Args:
        text: The text.
        name: What it is called in what is said of it.

    Raises:
        UserError: other columns, or a line that can't be used, which is named.
    """
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise _unfit(name, _("its columns must be {names}", names=", ".join(COLUMNS)))
        return [_receipt(name, reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise _unfit(name, str(error)) from error


def with_books(project: Project, receipts: Iterable[Receipt], name: str) -> Project:
    """``project`` with the receipts of each actual month as its revenue.

    Args:
        project: Whose actual months these are.
        receipts: In any order.
        name: What the books are called in the report.

    Raises:
        UserError: a receipt in another currency, or of a month that isn't among the actual months.
    """
    months: dict[str, list[Receipt]] = {actual.month: [] for actual in project.actuals}
    for receipt in receipts:
        month = f"{receipt.day:%Y-%m}"
        if receipt.currency != project.currency:
            raise UserError(
                _(
                    "The receipt {name} is in {found}, the project in {currency}.",
                    name=receipt.reference,
                    found=receipt.currency,
                    currency=project.currency,
                ),
                _("Write both in one currency."),
                code="appraisal.currency",
            )
        if month not in months:
            raise UserError(
                _("The books hold a receipt of {month}, which isn't among the project's actual months.", month=month),
                _("Add the month with its cost and investment under `actuals`, or leave its receipts out."),
                code="appraisal.books",
            )
        months[month].append(receipt)
    actuals = []
    for actual in project.actuals:
        total = math.fsum(receipt.amount for receipt in months[actual.month])
        if total < 0:
            raise UserError(
                _("The receipts of {month} add up to less than nothing.", month=actual.month),
                _("Enter refunds in the month of their sale, or as a cost."),
                code="appraisal.books",
            )
        count = len(months[actual.month])
        source = _("{books}, {count} receipts; the rest: {source}", books=name, count=count, source=actual.source)
        actuals.append(actual.model_copy(update={"revenue": total, "source": source[:300]}))
    return project.model_copy(update={"actuals": actuals})


def _receipt(name: str, line: int, row: dict[str, str | None]) -> Receipt:
    try:
        if None in row or any(value is None for value in row.values()):
            raise ValueError
        day, amount = date.fromisoformat(str(row["date"])), float(str(row["amount"]))
        if not abs(amount) <= HUGE:  # NaN as well
            raise ValueError
        reference = str(row["reference"]).strip()
        if not reference or not reference.isprintable() or len(reference) > LONGEST_REFERENCE:
            raise ValueError
        return Receipt(day, amount, str(row["currency"]).strip(), reference)
    except ValueError as error:
        raise _unfit(name, _("line {line} is no receipt", line=line)) from error


def _unfit(name: str, why: str) -> UserError:
    return UserError(
        _("{path} can't be used: {why}.", path=name, why=why), _("Correct it and try again."), code="appraisal.books"
    )
