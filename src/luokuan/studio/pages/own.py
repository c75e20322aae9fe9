"""Settings of one's own: password, places where one is logged in, API keys."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.store import apikeys, sessions
from luokuan.store.account_tables import ROLES
from luokuan.store.events import insert_event
from luokuan.store.quotas import used_by
from luokuan.studio import people
from luokuan.studio.access import SCOPES, SESSION, Needs, cookie_name, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import number_in, secret_in, text_in
from luokuan.studio.guard import passwords
from luokuan.studio.rendering import forget_cookie, render
from luokuan.studio.state import address_of, now, studio_of

router = APIRouter()
_DAYS = 3650


@router.get("/settings", dependencies=[Depends(Needs("viewer"))])
def settings_page(request: Request) -> Response:
    """All of them."""
    return _page(request)


@router.post("/settings/password", dependencies=[Depends(Needs("viewer"))])
def password(request: Request) -> Response:
    """Change the password; whoever is logged in elsewhere must log in again."""
    studio, form, person = studio_of(request), form_of(request), principal(request).person
    new = secret_in(form, "password")
    try:
        passwords.check_new(new, secret_in(form, "again"), person.name)
        people.change_password(studio.database, person, secret_in(form, "old"), new, now(), address=address_of(request))
    except UserError as error:
        return _page(request, error=error)
    answer = RedirectResponse("/login", 303)
    forget_cookie(answer, request, cookie_name(SESSION, request))
    return answer


@router.post("/settings/keys", dependencies=[Depends(Needs("viewer"))])
def new_key(request: Request) -> Response:
    """Make a key; it is shown this once."""
    studio, form, person = studio_of(request), form_of(request), principal(request).person
    try:
        _row, text = people.make_key(
            studio.database,
            person,
            text_in(form, "name", most=80),
            now(),
            role=text_in(form, "role") or "viewer",
            scopes=[scope for scope in SCOPES if scope in form.getlist("scope")],
            days=number_in(form, "days", most=_DAYS),
            address=address_of(request),
        )
    except UserError as error:
        return _page(request, error=error)
    return _page(request, made=text)


@router.post("/settings/keys/{key_id}/revoke", dependencies=[Depends(Needs("viewer"))])
def revoke(request: Request, key_id: str) -> Response:
    """Revoke one's own key."""
    studio, person, at = studio_of(request), principal(request).person, now()
    with studio.database.write() as connection:
        if not apikeys.revoke_key(connection, key_id, person.id, at):
            raise missing()
        insert_event(
            connection, at=at, account_id=person.id, action="key.revoked", subject=key_id, address=address_of(request)
        )
    return RedirectResponse("/settings", 303)


def _page(request: Request, *, error: UserError | None = None, made: str = "") -> Response:
    studio, person = studio_of(request), principal(request).person
    with studio.database.read() as connection:
        keys = apikeys.keys_of(connection, person.id)
        places = sessions.count_sessions(connection, person.id, now())
        used = used_by(connection, person.id, now())
    values = {
        "keys": keys,
        "places": places,
        "used": used,
        "error": error,
        "made": made,
        "roles": [role for role in ROLES if person.may(role)],
        "scopes": [scope for scope, role in SCOPES.items() if person.may(role)],
        "shortest": passwords.SHORTEST,
    }
    return render(request, "settings.html", values, status=200 if error is None else error.status)
