"""Publishing as the studio does it: what is looked at before takes networks and libraries that a server does without,
so that an errand publishes, and whoever asked looks again for the outcome; for pages and programs alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from luokuan.colophon.schema import canonical_json
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.rights.market.offers import own_work
from luokuan.store.listings import find_listing
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.state import studio_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from luokuan.rights.market.listings import Offer
    from luokuan.studio.material.errands import Errand

AT_ONCE = 3
"""Offers of one person that are checked or wait for it."""


def begin(request: Request, offer: Offer, typed: Mapping[str, str] | None = None) -> tuple[str, Errand]:
    """Have an offer checked and published. The same offer again is the same check, while that is under way and as long
    as it stands.

    Args:
        request: Of the seller.
        offer: What is offered.
        typed: What the seller's form held, for showing it again.

    Returns:
        The check's id, and its errand, whose answer is ``{"listing": id}``.

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
    key, errands = _key(request, check_id), studio.errands
    known = errands.find(key)
    if known is not None and known.ended.is_set():
        listing = str((known.answer or {}).get("listing"))
        with studio.database.read() as connection:
            standing = find_listing(connection, listing)
        if standing is None or standing.state != "published":
            errands.forget(key)
    # Each may take minutes, and what others bring and plan waits behind them.
    elif known is None and errands.under_way(_key(request, "")) >= AT_ONCE:
        raise UserError(
            _("{count} offers of yours are being checked.", count=AT_ONCE),
            _("Wait until one of them is done."),
            code="check.full",
            status=429,
        )
    asked = {"offer": told, "person": person.id}
    return check_id, errands.start(key, "publish", asked, about=urlencode(typed or {}), once=True)


def find(request: Request, check_id: str) -> Errand:
    """A check of one's own, under way or ended.

    Raises:
        UserError: there is none, or it is another's, or the studio was started anew since (404).
    """
    errand = studio_of(request).errands.find(_key(request, check_id))
    if errand is None:
        raise missing()
    return errand


def typed(errand: Errand) -> dict[str, str]:
    """What the seller's form held."""
    return dict(parse_qsl(errand.about, keep_blank_values=True))


def told(check_id: str, errand: Errand) -> dict[str, Any]:
    """How a check stands, for programs."""
    error, ended = errand.error, errand.ended.is_set()
    return {
        "id": check_id,
        "state": "checking" if not ended else "published" if error is None else "refused",
        "listing": (errand.answer or {}).get("listing") if ended else None,
        "error": {"code": error.code, "what": error.what, "do": error.do} if ended and error is not None else None,
    }


def _key(request: Request, check_id: str) -> str:
    return f"publish:{principal(request).person.id}:{check_id}"
