"""Pages from templates: every value escaped, every string in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from luokuan import __version__
from luokuan.errors import UserError
from luokuan.i18n import _, language
from luokuan.studio.access import VISIT, Principal, cookie_name, is_secure
from luokuan.studio.guard import csrf, tokens
from luokuan.studio.navigation import entries
from luokuan.studio.saying import here
from luokuan.studio.training import words as training_words
from luokuan.studio.training.charts import short
from luokuan.studio.training.tasks import family_word, material_word, unit_word
from luokuan.studio.words import action_word, entry_word, kind_word, role_word, scope_word

STATIC = Path(__file__).parent / "static"
THEME = "luokuan_theme"
THEMES = ("auto", "light", "dark")


def render(
    request: Request, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200
) -> HTMLResponse:
    """A page, or a part of one for HTMX.

    Strangers get a cookie that ties their forms to their browser, see ``guard.csrf``; it says nothing of them.
    """
    who: Principal = getattr(request.state, "principal", None) or Principal()
    visit = "" if who.cookie else tokens.new_token()
    theme = request.cookies.get(THEME, "auto")
    path = request.url.path
    shared: dict[str, Any] = {
        "account": who.account,
        "csrf": csrf.token_for(who.cookie or visit),
        "language": "zh-CN" if language() == "zh_CN" else "en",
        "theme": theme if theme in THEMES else "auto",
        "navigation": entries(who, path),
        "here": path + (f"?{request.url.query}" if request.url.query else "") if request.method == "GET" else path,
        "is_part": "hx-request" in request.headers,
        "version": __version__,
    }
    given = dict(values or {})
    if isinstance(error := given.get("error"), UserError):
        given["error"] = here(error)
    text = _environment().get_template(template).render({**shared, **given})
    answer = HTMLResponse(text, status)
    answer.headers["vary"] = "cookie, accept-language, hx-request"
    if visit:
        set_cookie(answer, request, cookie_name(VISIT, request), visit)
    return answer


def set_cookie(answer: Any, request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """A cookie that no script reads and no other site sends; ``seconds`` None: until the browser is closed."""
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=is_secure(request), httponly=True, samesite="lax")


def forget_cookie(answer: Any, request: Request, name: str) -> None:
    """Take a cookie away."""
    answer.delete_cookie(name, path="/", secure=is_secure(request), httponly=True, samesite="lax")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # installed files don't change while a studio runs
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(_=_, asset=asset, kind_word=kind_word, role_word=role_word, scope_word=scope_word,
                         action_word=action_word, entry_word=entry_word)  # fmt: skip
    found.globals.update(family_word=family_word, material_word=material_word, unit_word=unit_word, short=short)
    for name in ("run", "job", "figure", "licence", "size", "format"):
        found.globals[f"{name}_word"] = getattr(training_words, f"{name}_word")
    found.globals["job_state"] = training_words.job_state
    found.filters.update(moment=moment, size=size, duration=training_words.duration, material_word=material_word)
    found.filters.update(listed=listed, scope_word=scope_word)
    return found


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Address of one of our own files; it changes when the file does, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def listed(values: Iterable[str]) -> str:
    """Words one after the other, as the reader's language parts them."""
    return _(", ").join(values)


def moment(value: datetime | None) -> str:
    """A moment for people, in UTC."""
    return "–" if value is None else value.strftime("%Y-%m-%d %H:%M UTC")


def size(count: int) -> str:
    """So many bytes, for people."""
    number, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while number >= 1024 and len(units) > 1:
        number, units = number / 1024, units[1:]
    return f"{number:.0f} {units[0]}" if units[0] == "B" or number >= 100 else f"{number:.1f} {units[0]}"
