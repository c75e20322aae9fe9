"""Amounts of money: whole minor units and an ISO 4217 currency, never floating point."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS: Mapping[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **{code: digits for digits, codes in _OTHERS.items() for code in codes.split()},
}
"""Digits after the point of each currency (ISO 4217, list one, column "Minor unit")."""
LARGEST = 10**15
"""Most minor units: more is a slip, and programs that count in floating point would round it."""
_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount.

    Args:
        minor: In minor units of the currency (cents, fen; whole yen), 0 to ``LARGEST``.
        currency: ISO 4217 code.

    Raises:
        UserError: the currency is unknown, or the amount is negative, too large or no whole number.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.currency, str) or self.currency not in DIGITS:
            raise UserError(
                _("There is no currency '{code}'.", code=str(self.currency)[:20]),
                _("Give its three letters as in ISO 4217, such as CNY, EUR or JPY."),
                code="money.currency",
            )
        if type(self.minor) is not int or not 0 <= self.minor <= LARGEST:
            raise _no_amount(self.minor, self.currency)

    @property
    def amount(self) -> str:
        """As a decimal number with all digits of the currency, such as ``12.50``."""
        digits = DIGITS[self.currency]
        whole, part = divmod(self.minor, 10**digits)
        return f"{whole}.{part:0{digits}d}" if digits else str(whole)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"minor": self.minor, "currency": self.currency}

    @classmethod
    def from_json(cls, value: object) -> Money:
        """From what ``to_json`` gave.

        Raises:
            UserError: it is anything else.
        """
        if not isinstance(value, dict) or set(value) != {"minor", "currency"}:
            raise UserError(
                _("An amount of money is an object with minor and currency."),
                _('Write it like {"minor": 1250, "currency": "EUR"}.'),
                code="money.shape",
            )
        return cls(value["minor"], value["currency"])


def money(text: str, currency: str) -> Money:
    """An amount as people write it: digits and a point, no signs, no groups.

    Args:
        text: Such as ``12.5``.
        currency: ISO 4217 code.

    Raises:
        UserError: it is no such number, or has more digits than the currency.
    """
    zero = Money(0, currency)  # the currency is looked at first
    digits = DIGITS[zero.currency]
    try:
        if not _AMOUNT.fullmatch(text.strip()):
            raise ValueError
        minor = Decimal(text.strip()).scaleb(digits)
        if minor != int(minor):
            raise ValueError
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise _no_amount(text, currency) from error
    return Money(int(minor), currency)


def _no_amount(found: object, currency: str) -> UserError:
    digits = DIGITS[currency]
    return UserError(
        _("'{found}' is no amount of {currency}.", found=str(found)[:40], currency=currency),
        _("Give a number from 0 to {most} with at most {digits} digits after the point.",
          most=LARGEST // 10**digits, digits=digits),
        code="money.amount",
    )  # fmt: skip


def points_of(text: str) -> int:
    """Basis points of a percentage as somebody writes it, such as ``12.5``.

    Raises:
        UserError: it is none, or has more than two digits after the point.
    """
    found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?", text.strip(), re.ASCII)
    if found is None or int(found[1]) > 100:
        raise UserError(
            _("'{text}' is no percentage.", text=text[:40]), _("Give a number from 0 to 100, such as 12.5."),
            code="money.percent", status=422,
        )  # fmt: skip
    return 100 * int(found[1]) + int((found[2] or "").ljust(2, "0"))
