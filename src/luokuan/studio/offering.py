"""Publishing as the studio does it: what is looked at before takes networks and libraries that a server does without,
so that an errand publishes, and whoever asked looks again for the outcome; for pages and programs alike.

What becomes of a check is kept in the database by the process that checks: a published offer in the transaction that
publishes it. So a server that is started anew knows which checks were broken off, and that they published nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode

from luokuan.colophon.schema import canonical_json
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.rights.market.offers import own_work
from luokuan.store.listings import find_listing
from luokuan.store.offer_checks import begin_check, drop_check, find_check, open_checks
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.guard import tokens
from luokuan.studio.saying import here
from luokuan.studio.state import now, studio_of

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from luokuan.rights.market.listings import Offer

AT_ONCE = 3
"""Offers of one person that are checked or wait for it."""


_beginning = threading.Lock()
"""Of two who begin the same at once, the second finds the first's."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a check stands. ``stopped``: the studio was started anew before it came to its end, and nothing was
    published.

    Args:
        id: Of the check.
        state: Where it stands.
        running: Whether it is its turn already.
        listing: Id of the offer, once it is ``published``.
        error: Why nothing was published.
        typed: What the seller's form held.
    """

    id: str
    state: Literal["checking", "published", "refused", "stopped"]
    running: bool = False
    listing: str | None = None
    error: UserError | None = None
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.state != "checking"


def begin(request: Request, offer: Offer, typed: Mapping[str, str] | None = None) -> str:
    """Have an offer checked and published. The same offer again is the same check, while that is under way and as long
    as it stands; what was refused or broken off is checked again.

    Args:
        request: Of the seller.
        offer: What is offered.
        typed: What the seller's form held, for showing it again.

    Returns:
        The check's id.

    Raises:
        UserError: a work isn't theirs (404), or too many checks wait (429).
    """
    studio, person = studio_of(request), principal(request).person
    with studio.database.read() as connection:
        for work_id in offer.works:
            own_work(connection, work_id, person)
    told = {
        "works": list(offer.works), "title": offer.title, "about": offer.about, "terms": offer.terms.to_json(),
        "met": list(offer.met), "collection": offer.collection,
    }  # fmt: skip
    check_id = sha256_bytes(canonical_json(told))[:16]
    key, errands, form = _key(request, check_id), studio.errands, urlencode(typed or {})
    with _beginning:
        known = errands.find(key)
        if (known is not None and not known.ended.is_set()) or _stands(request, check_id):
            return check_id
        # Each may take minutes, and what others bring and plan waits behind them.
        if errands.under_way(_key(request, "")) >= AT_ONCE:
            raise UserError(
                _("{count} offers of yours are being checked.", count=AT_ONCE),
                _("Wait until one of them is done."),
                code="check.full",
                status=429,
            )
        run = tokens.new_id()
        with studio.database.write() as connection:
            begin_check(connection, person.id, check_id, run, form, now())
        asked = {"offer": told, "person": person.id, "check": check_id, "run": run}
        errands.forget(key)
        try:
            errands.start(key, "publish", asked, about=form)
        except UserError:
            with studio.database.write() as connection:
                drop_check(connection, person.id, check_id)
            raise
    return check_id


def find(request: Request, check_id: str, *, wait: float = 0.0) -> Check:
    """A check of one's own, under way or ended.

    Args:
        request: Of the seller.
        check_id: Which.
        wait: Seconds to wait for its end.

    Raises:
        UserError: there is none, or it is another's, or it was long ago (404).
    """
    studio, person = studio_of(request), principal(request).person
    errand = studio.errands.find(_key(request, check_id))
    if errand is not None:
        errand.ended.wait(wait)
        if not errand.ended.is_set():
            return Check(check_id, "checking", running=errand.running, typed=_typed(errand.about))
        if errand.answer is not None:
            return Check(check_id, "published", listing=errand.answer["listing"], typed=_typed(errand.about))
    with studio.database.read() as connection:
        row = find_check(connection, person.id, check_id)
    if errand is not None and (row is None or row.listing_id is None):
        return Check(check_id, "refused", error=errand.error, typed=_typed(errand.about))
    # Also where the process came to grief after it had published.
    if row is None:
        raise missing()
    if row.state == "checking":
        return Check(check_id, "stopped", error=_stopped(), typed=_typed(row.typed))
    error = None if row.error is None else _refusal(*row.error)
    return Check(check_id, row.state, listing=row.listing_id, error=error, typed=_typed(row.typed))


def unfinished(request: Request) -> list[tuple[Check, datetime]]:
    """One's own checks that led to no offer, the newest first, and when each began: whoever has lost the address of one
    finds it here."""
    with studio_of(request).database.read() as connection:
        rows = open_checks(connection, principal(request).person.id)
    found = []
    for row in rows:
        with contextlib.suppress(UserError):  # it was sent once more meanwhile
            found.append((find(request, row.id), row.begun_at))
    return [(check, at) for check, at in found if check.state != "published"]


def told(check: Check) -> dict[str, Any]:
    """How a check stands, for programs."""
    error = None if check.error is None else here(check.error)
    return {
        "id": check.id,
        "state": check.state,
        "listing": check.listing,
        "error": None if error is None else {"code": error.code, "what": error.what, "do": error.do},
    }


def _stands(request: Request, check_id: str) -> bool:
    """Whether what was checked is on offer."""
    with studio_of(request).database.read() as connection:
        row = find_check(connection, principal(request).person.id, check_id)
        listing = None if row is None or row.listing_id is None else find_listing(connection, row.listing_id)
    return listing is not None and listing.state == "published"


def _stopped() -> UserError:
    return UserError(
        _("The studio was started anew before this was checked to the end. Nothing was published."),
        _("Send it once more."),
        code="check.stopped",
        status=409,
    )


def _refusal(what: str, do: str, code: str, status: int) -> UserError:
    return UserError(what, do, code=code, status=status)


def _typed(form: str) -> dict[str, str]:
    return dict(parse_qsl(form, keep_blank_values=True))


def _key(request: Request, check_id: str) -> str:
    return f"publish:{principal(request).person.id}:{check_id}"
