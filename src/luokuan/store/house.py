"""What an administrator has settled for the whole house: labels, trash, what sales cost, and prices of computing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.conflicts import changed_meanwhile
from luokuan.store.house_tables import house_setting

POLICIES = ("both", "cn", "eu")
LANGUAGES = ("both", "cn", "en")
CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")
LONGEST_DAYS = 3650
MOST_FEE = 9_000
"""Basis points: something must be left to the seller."""
LONGEST_PRICES = 50_000
"""Characters of a price table."""
_LABEL, _TRASH, _MARKET, _PRICES = "label", "trash", "market", "prices"


@dataclass(frozen=True, slots=True)
class LabelSetting:
    """How works are labelled where nothing else is asked for; see ``colophon.label.LabelOptions`` for the words.

    ``version``: of the row, 0 where nothing was settled yet.
    """

    policy: Literal["cn", "eu", "both"] = "both"
    language: Literal["cn", "en", "both"] = "both"
    corner: Literal["bottom-right", "bottom-left", "top-right", "top-left"] = "bottom-right"
    version: int = 0


@dataclass(frozen=True, slots=True)
class TrashSetting:
    """After how many days in the trash works are erased; None: never by themselves."""

    days: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class MarketSetting:
    """What the house takes of each sale of others, in basis points of the price."""

    fee: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class PriceSetting:
    """The price table by which this house counts costs, as the text of a price file; empty: the one that comes with
    Luokuan."""

    text: str = ""
    version: int = 0


def label_setting(connection: sa.Connection) -> LabelSetting:
    """The label of this house."""
    value, version = _read(connection, _LABEL)
    known = {"policy": POLICIES, "language": LANGUAGES, "corner": CORNERS}
    # What a later version has written and this one doesn't know is as if it weren't there.
    fine: dict[str, Any] = {name: value[name] for name, words in known.items() if value.get(name) in words}
    return LabelSetting(**fine, version=version)


def set_label(connection: sa.Connection, wanted: LabelSetting, at: datetime) -> None:
    """Settle it, where it is still as ``wanted.version`` saw it.

    Raises:
        UserError: somebody has changed it since (409), or a word is unknown.
    """
    for value, known in ((wanted.policy, POLICIES), (wanted.language, LANGUAGES), (wanted.corner, CORNERS)):
        if value not in known:
            raise UserError(
                _("The label can't be '{value}'.", value=str(value)[:40]),
                _("Choose one of {known}.", known=", ".join(known)),
                code="label.option",
                status=422,
            )
    _write(connection, _LABEL, asdict(wanted), at)


def trash_setting(connection: sa.Connection) -> TrashSetting:
    """How long this house keeps the trash."""
    value, version = _read(connection, _TRASH)
    days = value.get("days")
    return TrashSetting(days if isinstance(days, int) and 0 < days <= LONGEST_DAYS else None, version)


def set_trash(connection: sa.Connection, wanted: TrashSetting, at: datetime) -> None:
    """Settle it, as ``set_label`` does.

    Raises:
        UserError: somebody has changed it since (409), or the number can't be.
    """
    if wanted.days is not None and not 0 < wanted.days <= LONGEST_DAYS:
        raise UserError(
            _("The trash is kept for 1 to {most} days.", most=LONGEST_DAYS),
            _("Leave the field empty to keep it for ever."),
            code="trash.days",
            status=422,
        )
    _write(connection, _TRASH, asdict(wanted), at)


def market_setting(connection: sa.Connection) -> MarketSetting:
    """What this house takes."""
    value, version = _read(connection, _MARKET)
    fee = value.get("fee")
    return MarketSetting(fee if isinstance(fee, int) and 0 <= fee <= MOST_FEE else 0, version)


def set_market(connection: sa.Connection, wanted: MarketSetting, at: datetime) -> None:
    """Settle it, as ``set_label`` does; it counts from the next sale on.

    Raises:
        UserError: somebody has changed it since (409), or the share can't be.
    """
    if not 0 <= wanted.fee <= MOST_FEE:
        raise UserError(
            _("The fee is a share of 0 to {most} %.", most=MOST_FEE // 100),
            _("Give another percentage."),
            code="market.fee",
            status=422,
        )
    _write(connection, _MARKET, asdict(wanted), at)


def price_setting(connection: sa.Connection) -> PriceSetting:
    """The price table of this house."""
    value, version = _read(connection, _PRICES)
    text = value.get("text")
    return PriceSetting(text if isinstance(text, str) else "", version)


def set_prices(connection: sa.Connection, wanted: PriceSetting, at: datetime) -> None:
    """Settle it, as ``set_label`` does. Whether it is a price table, whoever asks has looked.

    Raises:
        UserError: somebody has changed it since (409), or it is too long.
    """
    if len(wanted.text) > LONGEST_PRICES:
        raise UserError(
            _("A price table has at most {most} characters.", most=f"{LONGEST_PRICES:,}"),
            _("Shorten the sources."),
            code="prices.long",
            status=422,
        )
    _write(connection, _PRICES, asdict(wanted), at)


def _read(connection: sa.Connection, name: str) -> tuple[Mapping[str, Any], int]:
    query = sa.select(house_setting.c.value, house_setting.c.version).where(house_setting.c.name == name)
    row = connection.execute(query).first()
    return ({}, 0) if row is None or not isinstance(row[0], dict) else (row[0], row[1])


def _write(connection: sa.Connection, name: str, values: dict[str, Any], at: datetime) -> None:
    seen = values.pop("version")
    changed = {"value": values, "version": seen + 1, "changed_at": at}
    if seen:
        where = sa.and_(house_setting.c.name == name, house_setting.c.version == seen)
        done = connection.execute(house_setting.update().where(where).values(**changed)).rowcount == 1
    else:
        try:
            with connection.begin_nested():
                connection.execute(house_setting.insert().values(name=name, **changed))
            done = True
        except sa.exc.IntegrityError:
            done = False
    if not done:
        raise changed_meanwhile("house.changed")
