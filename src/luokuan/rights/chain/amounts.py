"""Money of a chain: whole wei, written by people in ether."""

from __future__ import annotations

import re

from luokuan.errors import UserError
from luokuan.i18n import _

DIGITS = 18
"""Decimals of one ether, or what the chain calls its own."""
MOST = 2**96 - 1
"""The highest price that the contract takes, in wei."""
_AMOUNT = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,18}))?", re.ASCII)


def wei(text: str) -> int:
    """A price such as 0.05 in wei.

    Raises:
        UserError: it is no number, not above 0, too large, or has more than 18 decimals.
    """
    match = _AMOUNT.fullmatch(text.strip())
    found = 0 if match is None else int(match[1]) * 10**DIGITS + int((match[2] or "").ljust(DIGITS, "0"))
    if not 0 < found <= MOST:
        raise UserError(
            _("{price} is no price on a chain.", price=text[:60]),
            _("Give a number above 0 with at most {digits} decimals, such as 0.05.", digits=DIGITS),
            code="chain.price",
        )
    return found


def ether(amount: int) -> str:
    """Wei as people write it, without needless zeros."""
    whole, rest = divmod(amount, 10**DIGITS)
    return f"{whole}.{rest:0{DIGITS}}".rstrip("0").rstrip(".")
