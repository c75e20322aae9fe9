"""Who may ask for what: the one place where it is decided.

Every route says what it needs with ``Needs``; ``check_routes`` refuses to start a studio with a route that doesn't.
Pages know people by their session, programs show an API key: under ``PROGRAMS`` cookies count for nothing, elsewhere
keys don't. What belongs to somebody is asked for through ``luokuan.store.ownership``: what is another's answers 404.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import apikeys, sessions
from luokuan.store.account_tables import ROLES
from luokuan.store.accounts import AccountRow, find_account
from luokuan.store.apikeys import KeyRow
from luokuan.studio.forms import is_plain
from luokuan.studio.guard import csrf, tokens
from luokuan.studio.state import Studio, address_of, now, studio_of

SAFE = ("GET", "HEAD", "OPTIONS")
PROGRAMS = ("/api", "/v1", "/metrics")
"""Where programs ask."""
SCOPES: Mapping[str, str] = {
    "works:read": "viewer",
    "models:read": "viewer",
    "create": "maker",
    "train": "maker",
    "market": "viewer",
    "books": "admin",
    "metrics": "admin",
}
"""What a key can be for, and the least role that it takes."""
ASKED_FOR = ("market", "books")
"""Scopes of keys that move money: a key has them only where they are named."""
VISIT = "luokuan_visit"
SESSION = "luokuan_session"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``account`` None: a stranger. ``cookie``: the value that the request's token is made from."""

    account: AccountRow | None = None
    key: KeyRow | None = None
    session: str = ""
    cookie: str = field(default="", repr=False)

    @property
    def person(self) -> AccountRow:
        """The account; only where a route needs a role."""
        assert self.account is not None
        return self.account

    def may(self, role: str) -> bool:
        """Whether it may do what ``role`` may: both the account and the key."""
        if self.account is None or not self.account.may(role):
            return False
        return self.key is None or ROLES.index(self.key.role) >= ROLES.index(role)


class Needs:
    """What a route needs, as its dependency.

    Args:
        role: The least role; empty: anybody may.
        scope: What a key must be for, or several of which one is enough; only under ``PROGRAMS``.
        files: How many files a form may bring.
        fields: How many other fields.
        longest: Bytes of one of them.
        raw: Whether the route reads the body itself. The token then comes as a header, or the route finds it in the
            body and calls ``check_token`` before it keeps anything (``"body"``).
    """

    def __init__(
        self,
        role: str = "",
        *,
        scope: str | tuple[str, ...] = (),
        files: int = 0,
        fields: int = 40,
        longest: int = 32 << 10,
        raw: Literal["", "header", "body"] = "",
    ) -> None:
        scopes = ((scope,) if scope else ()) if isinstance(scope, str) else scope
        assert role in ("", *ROLES) and set(scopes) <= set(SCOPES)
        self.role, self.scopes, self.files, self.fields, self.raw = role, scopes, files, fields, raw
        self.longest = longest

    def fits(self, scopes: Iterable[str]) -> bool:
        """Whether a key for ``scopes`` is enough."""
        return not self.scopes or bool(set(self.scopes) & set(scopes))

    async def __call__(self, request: Request) -> None:
        """Let a request through, with who asks and its form in ``request.state``.

        Raises:
            UserError: it comes too often, nobody is known (401), or it isn't for them (403).
            HTTPException: its address can't lead anywhere (404).
        """
        studio = studio_of(request)
        if wait := studio.requests.take(address_of(request)):
            raise too_often(wait)
        who = await run_in_threadpool(principal_of, request, studio)
        request.state.principal = who
        request.state.account = "" if who.account is None else who.account.id
        if self.role and who.account is None:
            raise UserError(_("Please log in."), _("This page is for people with an account."), code="access.login",
                            status=401)  # fmt: skip
        if self.role and not who.may(self.role):
            raise forbidden()
        if self.scopes and (who.key is None or not self.fits(who.key.scopes)):
            raise forbidden()
        # No id and no name holds such signs, and PostgreSQL can't even be asked for them.
        if not all(is_plain(str(part)) for part in request.path_params.values()):
            raise HTTPException(404)
        if request.method not in SAFE and not by_program(request):
            await self._form(request, who)

    async def _form(self, request: Request, who: Principal) -> None:
        if self.raw:
            if self.raw == "header" or csrf.HEADER in request.headers:
                check_token(request, request.headers.get(csrf.HEADER, ""))
            return
        request.state.form = form = await request.form(
            max_files=self.files, max_fields=self.fields, max_part_size=self.longest
        )
        given = request.headers.get(csrf.HEADER) or form.get(csrf.FIELD, "")
        if not isinstance(given, str) or not csrf.is_ours(request, who.cookie, given):
            await form.close()
            raise _forged()


def check_token(request: Request, given: str) -> None:
    """Refuse what wasn't sent from one of our pages.

    Raises:
        UserError: so it is (403).
    """
    if not csrf.is_ours(request, principal(request).cookie, given):
        raise _forged()


def _forged() -> UserError:
    return UserError(
        _("This form is too old, or comes from another site."),
        _("Load the page again and send it once more."),
        code="access.csrf",
        status=403,
    )


def by_program(request: Request) -> bool:
    """Whether a request goes where programs ask."""
    path = request.url.path
    return any(path == start or path.startswith(f"{start}/") for start in PROGRAMS)


def principal_of(request: Request, studio: Studio) -> Principal:
    """Who asks.

    Raises:
        UserError: an API key was shown that opens nothing.
    """
    if by_program(request):
        return _by_key(request, studio)
    cookies = request.cookies
    visit, held = cookies.get(cookie_name(VISIT, request), ""), cookies.get(cookie_name(SESSION, request), "")
    if not held or len(held) > 200:
        return Principal(cookie=visit)
    moment, digest = now(), tokens.digest(held)
    with studio.database.read() as connection:
        found = sessions.find_session(connection, digest, moment, studio.settings.session_idle)
    if found is None:
        return Principal(cookie=visit)
    row, account = found
    if moment - row.seen_at > _MINUTE:
        with contextlib.suppress(UserError), studio.database.write() as connection:
            sessions.touch_session(connection, digest, moment)
    return Principal(account, session=digest, cookie=held)


def _by_key(request: Request, studio: Studio) -> Principal:
    kind, _space, text = request.headers.get("authorization", "").partition(" ")
    if not kind:
        return Principal()
    split = tokens.split_key(text.strip()) if kind.lower() == "bearer" else None
    moment = now()
    with studio.database.read() as connection:
        key = None if split is None else apikeys.find_key(connection, split[0])
        account = None if key is None else find_account(connection, key.account_id)
    # The comparison is made whatever was found, so that time doesn't tell which ids there are.
    right = tokens.same("" if split is None else split[1], "0" * 64 if key is None else key.digest)
    if not right or key is None or account is None or not key.valid(moment) or not account.active:
        raise UserError(
            _("This API key opens nothing."),
            _("Make a new one in the settings, or with `luokuan studio key`."),
            code="access.key",
            status=401,
        )
    if key.used_at is None or moment - key.used_at > _MINUTE:
        with contextlib.suppress(UserError), studio.database.write() as connection:
            apikeys.touch_key(connection, key.id, moment)
    return Principal(account, key=key)


def is_secure(request: Request) -> bool:
    """Whether the browser came by TLS: to the studio itself, or to a proxy of ``--proxy`` that says so."""
    return studio_of(request).settings.secure or request.url.scheme == "https"


def cookie_name(name: str, request: Request) -> str:
    """A cookie's name: under TLS with the prefix that keeps neighbours from setting it (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if is_secure(request) else name


def principal(request: Request) -> Principal:
    """Who asks, as ``Needs`` found."""
    found: Principal = request.state.principal
    return found


def form_of(request: Request) -> FormData:
    """The form, as ``Needs`` read it."""
    found: FormData = request.state.form
    return found


def check_turn(request: Request) -> None:
    """A dependency of routes that check files, before their form is read: so many a minute for one address.

    Raises:
        UserError: these were more.
    """
    if wait := studio_of(request).checks.take(address_of(request)):
        raise too_often(wait)


def too_often(wait: float) -> UserError:
    """Somebody must wait for so many seconds."""
    return UserError(
        _("Too many requests."),
        _("Try again in {seconds} seconds.", seconds=int(wait) + 1),
        code="access.often",
        status=429,
    )


def forbidden() -> UserError:
    """Somebody may not do this."""
    return UserError(
        _("You may not do this."), _("Ask an administrator of this studio."), code="access.forbidden", status=403
    )


def needs_of(route: Any) -> Needs | None:
    """What a route needs; None: it doesn't say."""
    found = [one.dependency for one in getattr(route, "dependencies", ()) if isinstance(one.dependency, Needs)]
    return found[0] if len(found) == 1 else None


def check_routes(routes: list[Any]) -> None:
    """Refuse routes that don't say what they need.

    Raises:
        RuntimeError: there is one.
    """
    for route in routes:
        if needs_of(route) is None and getattr(route, "path", None) != "/static":
            raise RuntimeError(f"the route {route!r} doesn't say who may use it")
