"""Administration of people: who may come in, as what, and how much they may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import accounts, apikeys, sessions
from luokuan.store.account_tables import ROLES
from luokuan.store.accounts import AccountRow
from luokuan.store.events import insert_event, recent_events
from luokuan.store.quotas import used_by
from luokuan.studio import people
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.rendering import render
from luokuan.studio.state import address_of, now, studio_of

router = APIRouter()
EVENTS = 100
_MEBIBYTE = 1 << 20
_LONGEST = 20
"""Characters of a number that is shown again."""


@router.get("/settings/users", dependencies=[Depends(Needs("admin"))])
def users_page(request: Request) -> Response:
    """Everybody."""
    return _users(request)


@router.post("/settings/users", dependencies=[Depends(Needs("admin"))])
def invite(request: Request) -> Response:
    """Make an account, and show its one-time link once."""
    studio, form = studio_of(request), form_of(request)
    name, role = text_in(form, "name", most=80), text_in(form, "role")
    try:
        row, token = people.invite(
            studio.database, name, role, now(), studio.settings.link_life, by=principal(request).person,
            address=address_of(request),
        )  # fmt: skip
    except UserError as error:
        return _users(request, error=error)
    return _users(request, name=row.name, link=str(request.url_for("welcome_page", token=token)))


@router.get("/settings/users/{account_id}", dependencies=[Depends(Needs("admin"))])
def user_page(request: Request, account_id: str) -> Response:
    """One of them."""
    return _user(request, _found(request, account_id))


@router.post("/settings/users/{account_id}", dependencies=[Depends(Needs("admin"))])
def change(request: Request, account_id: str) -> Response:
    """Change role, quotas, and whether they may come in; refused when somebody else has changed it meanwhile (409)."""
    studio, form, at = studio_of(request), form_of(request), now()
    row = _found(request, account_id)
    try:
        seen = number_in(form, "version", most=2**31 - 1) or 0
        storage = number_in(form, "storage", most=10**9)
        changes: dict[str, object] = {
            "role": people.checked_role(text_in(form, "role")),
            "active": text_in(form, "active") == "yes",
            "jobs_limit": number_in(form, "jobs", most=10**9),
            "seconds_limit": number_in(form, "seconds", most=10**12),
            "storage_limit": None if storage is None else storage * _MEBIBYTE,
        }
        with studio.database.write() as connection:
            accounts.update_account(connection, replace(row, version=seen), **changes)
            if not changes["active"]:
                sessions.end_sessions(connection, row.id)
                apikeys.revoke_keys(connection, row.id, at)
            insert_event(
                connection, at=at, account_id=principal(request).person.id, action="account.changed",
                subject=row.name, address=address_of(request),
            )  # fmt: skip
    except UserError as error:
        return _user(request, _found(request, account_id), error=error, typed=form)
    return _user(request, _found(request, account_id), saved=True)


@router.post("/settings/users/{account_id}/link", dependencies=[Depends(Needs("admin"))])
def new_link(request: Request, account_id: str) -> Response:
    """A new one-time link for somebody who has lost their password."""
    studio, row = studio_of(request), _found(request, account_id)
    if not row.active:
        raise UserError(
            _("'{name}' may not come in.", name=row.name), _("Allow it first."), code="account.closed", status=409
        )
    with studio.database.write() as connection:
        token = people.give_link(
            connection, row, now(), studio.settings.link_life, by=principal(request).person.id,
            address=address_of(request),
        )  # fmt: skip
    return _users(request, name=row.name, link=str(request.url_for("welcome_page", token=token)))


@router.get("/settings/events", dependencies=[Depends(Needs("admin"))])
def events_page(request: Request, before: int | None = None) -> Response:
    """What was done, the newest first."""
    limit = None if before is None else min(max(before, 0), 2**62)
    with studio_of(request).database.read() as connection:
        rows = recent_events(connection, EVENTS, limit)
    more = rows[-1].id if len(rows) == EVENTS else None
    return render(request, "events.html", {"rows": rows, "more": more})


def _found(request: Request, account_id: str) -> AccountRow:
    with studio_of(request).database.read() as connection:
        row = accounts.find_account(connection, account_id)
    if row is None:
        raise missing()
    return row


def _shown(limit: int | None) -> str:
    return "" if limit is None else str(limit)


def _users(request: Request, *, error: UserError | None = None, name: str = "", link: str = "") -> Response:
    with studio_of(request).database.read() as connection:
        rows = accounts.all_accounts(connection)
    hours = int(studio_of(request).settings.link_life.total_seconds() // 3600)
    values = {"rows": rows, "roles": ROLES, "error": error, "name": name, "link": link, "hours": hours}
    return render(request, "users.html", values, status=200 if error is None else error.status)


def _user(
    request: Request,
    row: AccountRow,
    *,
    error: UserError | None = None,
    saved: bool = False,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """One account; ``typed``: a form that wasn't saved, to be looked at beside what is there."""
    with studio_of(request).database.read() as connection:
        used = used_by(connection, row.id, now())
    there = {
        "role": row.role,
        "active": "yes" if row.active else "",
        "jobs": _shown(row.jobs_limit),
        "seconds": _shown(row.seconds_limit),
        "storage": _shown(None if row.storage_limit is None else row.storage_limit // _MEBIBYTE),
    }
    form = there if typed is None else {name: str(typed.get(name, ""))[:_LONGEST] for name in there}
    other = {name: there[name] for name in there if form[name] != there[name]}
    values = {
        "row": row, "used": used, "form": form, "there": other, "roles": ROLES, "error": error, "saved": saved,
    }  # fmt: skip
    return render(request, "user.html", values, status=200 if error is None else error.status)
