"""Who gets what of a sale: the seller, and along the lineage whoever licensed something for a share of its earnings.

Of a price the claims of each licence are taken first, in basis points of what the licence's holder gets; the rest is
the holder's. What somebody gets so is shared again with those whose work theirs was made from. At each level the amount
is split by largest remainders (``books.split``), so that no unit is lost or made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.market.books import split
from luokuan.rights.terms import WHOLE

MAX_DEPTH = 32
"""Licences one above the other."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a licence gives its maker of what its holder earns.

    Args:
        party: Who gets it.
        points: Basis points, 0 to ``WHOLE``. 0: the licence asks for no share, but must hold when something is sold.
        grant: The licence.
        claims: What others get of it in turn.
    """

    party: str
    points: int
    grant: str
    claims: tuple[Claim, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        inner = [one.to_json() for one in self.claims]
        return {"party": self.party, "points": self.points, "grant": self.grant, "claims": inner}

    @classmethod
    def from_json(cls, value: Any) -> Claim:
        """From what ``to_json`` gave."""
        inner = tuple(cls.from_json(one) for one in value["claims"])
        return cls(str(value["party"]), int(value["points"]), str(value["grant"]), inner)


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody gets of a sale. ``grant``: the licence that gives it; empty: as the seller."""

    party: str
    amount: int
    grant: str = ""


def check_claims(claims: Sequence[Claim], depth: int = 0) -> None:
    """Refuse claims that can't be met.

    Raises:
        UserError: at some place they are more than the whole, or they go too deep.
    """
    if any(not 0 <= one.points <= WHOLE for one in claims) or sum(one.points for one in claims) > WHOLE:
        raise UserError(
            _("The licences of what it was made from ask together for more than 100 % of what it earns."),
            _("Make it from fewer such works, or agree on other terms."),
            code="market.shares",
            status=409,
        )
    if depth > MAX_DEPTH:
        raise UserError(
            _("The licences of what it was made from go deeper than {most} levels.", most=MAX_DEPTH),
            _("Sell something that is nearer to its sources."),
            code="market.depth",
            status=409,
        )
    for one in claims:
        check_claims(one.claims, depth + 1)


def shares(amount: int, seller: str, claims: Sequence[Claim]) -> list[Share]:
    """Split what somebody gets for a work: the seller's part first, then the others' in the order of the claims; parts
    of nothing are left out. Together they are ``amount``.

    Args:
        amount: In minor units.
        seller: Who sells it.
        claims: What the licences of its sources ask for.

    Raises:
        UserError: see ``check_claims``.
    """
    check_claims(claims)
    return [one for one in _shares(amount, seller, "", claims) if one.amount]


def grants_in(claims: Sequence[Claim]) -> list[str]:
    """The licences that must hold, each once."""
    found = [grant for one in claims for grant in (one.grant, *grants_in(one.claims))]
    return list(dict.fromkeys(found))


def _shares(amount: int, party: str, grant: str, claims: Sequence[Claim]) -> list[Share]:
    kept, *others = split(amount, [WHOLE - sum(one.points for one in claims), *(one.points for one in claims)])
    found = [Share(party, kept, grant)]
    for one, part in zip(claims, others, strict=True):
        found += _shares(part, one.party, one.grant, one.claims)
    return found
