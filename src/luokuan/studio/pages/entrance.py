"""Coming in and going out: the first page, login, one-time links, language and theme."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import LANGUAGES, _
from luokuan.store import accounts, sessions
from luokuan.store.accounts import AccountRow
from luokuan.store.events import insert_event
from luokuan.studio import people
from luokuan.studio.access import SESSION, VISIT, Needs, cookie_name, form_of, principal, too_often
from luokuan.studio.forms import local_path, secret_in, text_in
from luokuan.studio.guard import passwords, tokens
from luokuan.studio.language import COOKIE
from luokuan.studio.rendering import THEME, THEMES, forget_cookie, render, set_cookie
from luokuan.studio.state import address_of, now, studio_of

router = APIRouter()
_YEAR = 365 * 86_400


@router.get("/", dependencies=[Depends(Needs())])
def first(request: Request) -> Response:
    """To the library, or to what strangers may do."""
    return RedirectResponse("/check" if principal(request).account is None else "/library", 303)


@router.get("/login", dependencies=[Depends(Needs())])
def login_page(request: Request, next: str = "/") -> Response:
    """Name and password."""
    return render(request, "login.html", {"next": local_path(next), "error": None, "name": ""})


@router.post("/login", dependencies=[Depends(Needs())])
def login(request: Request) -> Response:
    """Log in. Attempts are counted by account and by address."""
    studio, form, address, at = studio_of(request), form_of(request), address_of(request), now()
    name, password = text_in(form, "name", most=80), secret_in(form, "password")
    where = local_path(text_in(form, "next", most=1000))
    if wait := max(studio.knocks.take(address), studio.logins.take(name.lower())):
        raise too_often(wait)
    row = people.by_password(studio.database, name, password, at, address=address)
    if row is None:
        wrong = UserError(_("Name or password is wrong."), _("Type both once more."), code="login.wrong", status=401)
        return render(request, "login.html", {"next": where, "error": wrong, "name": name}, status=401)
    studio.logins.give_back(name.lower())
    return _come_in(request, row, where)


@router.post("/logout", dependencies=[Depends(Needs("viewer"))])
def logout(request: Request) -> Response:
    """Log out here, or everywhere."""
    studio, who, everywhere = studio_of(request), principal(request), text_in(form_of(request), "everywhere")
    with studio.database.write() as connection:
        if everywhere:
            sessions.end_sessions(connection, who.person.id)
        else:
            sessions.end_session(connection, who.session)
        action = "logout.all" if everywhere else "logout"
        insert_event(
            connection, at=now(), account_id=who.person.id, action=action, subject=who.person.name,
            address=address_of(request),
        )  # fmt: skip
    answer = RedirectResponse("/login", 303)
    forget_cookie(answer, request, cookie_name(SESSION, request))
    answer.headers["clear-site-data"] = '"cache"'
    return answer


@router.get("/welcome/{token}", dependencies=[Depends(Needs())])
def welcome_page(request: Request, token: str) -> Response:
    """Where a one-time link leads: looking at it doesn't use it up."""
    with studio_of(request).database.read() as connection:
        row = sessions.find_link(connection, tokens.digest(token), now())
    if row is None:
        raise people.no_link()
    return render(request, "welcome.html", {"name": row.name, "token": token, "error": None})


@router.post("/welcome/{token}", dependencies=[Depends(Needs())])
def welcome(request: Request, token: str) -> Response:
    """Set the password, and come in."""
    studio, form, address, at = studio_of(request), form_of(request), address_of(request), now()
    if wait := studio.knocks.take(address):
        raise too_often(wait)
    with studio.database.read() as connection:
        found = sessions.find_link(connection, tokens.digest(token), at)
    if found is None:
        raise people.no_link()
    password = secret_in(form, "password")
    try:
        passwords.check_new(password, secret_in(form, "again"), found.name)
    except UserError as error:
        values = {"name": found.name, "token": token, "error": error}
        return render(request, "welcome.html", values, status=error.status)
    row = people.use_link(studio.database, token, password, at, address=address)
    return _come_in(request, row, "/")


@router.post("/preferences", dependencies=[Depends(Needs())])
def preferences(request: Request) -> Response:
    """Language and theme: kept in the browser, the language with the account too."""
    studio, form, who = studio_of(request), form_of(request), principal(request)
    answer = RedirectResponse(local_path(text_in(form, "next", most=1000)), 303)
    language, theme = text_in(form, "language"), text_in(form, "theme")
    if language in LANGUAGES:
        set_cookie(answer, request, COOKIE, language, _YEAR)
        if who.account is not None:
            with studio.database.write() as connection:
                accounts.set_language(connection, who.account.id, language)
    if theme in THEMES:
        set_cookie(answer, request, THEME, theme, _YEAR)
    return answer


def _come_in(request: Request, row: AccountRow, where: str) -> Response:
    studio = studio_of(request)
    life = studio.settings.session_life
    # A new secret with each login: one that somebody has put into this browser before is worth nothing.
    token = people.begin_session(studio.database, row, now(), life)
    answer = RedirectResponse(where, 303)
    set_cookie(answer, request, cookie_name(SESSION, request), token, int(life.total_seconds()))
    forget_cookie(answer, request, cookie_name(VISIT, request))
    if row.language in LANGUAGES:
        set_cookie(answer, request, COOKIE, str(row.language), _YEAR)
    return answer
