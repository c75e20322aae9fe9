"""What others get of a work's price: along its lineage, whoever licensed something from which it was made.

Another form of somebody's work may be offered where its licence gives them a royalty and lets one sell goods; what was
made from it where the licence allows that, and business with it. Nobody gives away more than they got.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.market.books import HOUSE
from luokuan.rights.market.offers import holder_of
from luokuan.rights.market.royalties import Claim, check_claims
from luokuan.rights.terms import WORLD, Terms
from luokuan.store.grants import GrantRow, grants
from luokuan.store.ingredients import find_ingredients
from luokuan.store.listings import COPIES, root_of

if TYPE_CHECKING:
    import sqlalchemy as sa

_TRAINING = ("forbidden", "ask", "allowed")
"""From the least to the most."""


def claims_of(
    connection: sa.Connection, work_id: str, seller: str | None, terms: Terms, at: datetime
) -> tuple[Claim, ...]:
    """Who gets what of what a work earns.

    Args:
        connection: For reading.
        work_id: The work that is offered.
        seller: Whose it is; None: the home's own.
        terms: Under which it is offered.
        at: Now.

    Raises:
        UserError: it was made from a work of somebody else, for which the seller has no licence that allows this.
    """
    found = _claims(connection, work_id, seller, terms, at, {root_of(connection, work_id)})
    check_claims(found)
    return found


def _claims(
    connection: sa.Connection, work_id: str, holder: str | None, terms: Terms | None, at: datetime, seen: set[str]
) -> tuple[Claim, ...]:
    """``terms`` None: of what somebody else has offered, which was looked at then."""
    found: list[Claim] = []
    waiting, met = [(work_id, True)], {work_id}
    while waiting:
        one, copy = waiting.pop(0)
        for given in find_ingredients(connection, one):
            parent = given.parent_id
            if parent is None or parent in met:
                continue
            met.add(parent)
            same = copy and given.purpose in COPIES
            if holder_of(connection, parent) == holder:
                waiting.append((parent, same))
                continue
            root = root_of(connection, parent)
            if root in seen and not same:
                continue  # it has got its share
            licence = _licence(connection, root, holder, at)
            if licence is None:
                raise _no_licence(work_id)
            known = Terms.from_json(dict(licence.terms))
            if terms is not None:
                _check(work_id, known, licence, terms, at, copy=same)
            points = known.royalty if same else known.revenue_share
            inner = _claims(connection, parent, licence.seller, None, at, seen | {root})
            found.append(Claim(licence.seller or HOUSE, points, licence.id, inner))
            seen = seen | {root}
    return tuple(found)


def _licence(connection: sa.Connection, root: str, holder: str | None, at: datetime) -> GrantRow | None:
    """The licence of a work that its holder got last, of those that hold."""
    if holder is None:
        return None
    mine = [one for one in grants(connection, buyer=holder, roots=[root]) if one.holds(at)]
    return mine[-1] if mine else None


def _check(work_id: str, known: Terms, licence: GrantRow, terms: Terms, at: datetime, *, copy: bool) -> None:
    if copy:
        allowed = known.royalty > 0 and "merchandise" in known.uses
    else:
        allowed = known.derivatives != "none" and "commercial" in known.uses
    if not allowed:
        raise _no_licence(work_id)
    ends = licence.expires_at is None or (
        terms.days is not None and at + timedelta(days=terms.days) <= licence.expires_at
    )
    places = known.territory == (WORLD,) or set(terms.territory) <= set(known.territory)
    learning = _TRAINING.index(terms.ai_training) <= _TRAINING.index(known.ai_training)
    alike = known.derivatives != "share-alike" or copy or _core(terms) == _core(known)
    within = set(terms.uses) <= set(known.uses) and places and ends and learning and alike
    if not within or (copy and terms.exclusive):
        raise UserError(
            _("The terms for the work {id} give more than the licence {grant} on which it rests.", id=work_id,
              grant=licence.id),
            _("Offer fewer uses, fewer places or a shorter time; share-alike asks for the same terms."),
            code="market.terms",
            status=409,
        )  # fmt: skip


def _core(terms: Terms) -> tuple[object, ...]:
    return (terms.uses, terms.territory, terms.days, terms.exclusive, terms.attribution, terms.derivatives,
            terms.ai_training)  # fmt: skip


def _no_licence(work_id: str) -> UserError:
    return UserError(
        _(
            "The work {id} was made from a work of somebody else, and no licence of yours allows to sell that.",
            id=work_id,
        ),
        _("Get a licence for it that lets you make something of it and do business with it."),
        code="market.source",
        status=409,
    )  # fmt: skip
