"""Security headers."""

from __future__ import annotations

from dataclasses import replace

from people import Place

PATHS = (
    "/",
    "/check",
    "/login",
    "/healthz",
    "/nowhere",
    "/library",
    "/static/studio.css",
    "/static/nowhere",
    "/api/me",
)


def test_every_answer_has_them(place: Place) -> None:
    client = place.stranger().client
    for path in PATHS:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert "http" not in policy, "nothing from elsewhere"
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert "server" not in headers and "strict-transport-security" not in headers
        assert headers["cache-control"] == (
            "public, max-age=31536000, immutable" if path.endswith(".css") else "no-store"
        )


def test_under_tls_cookies_and_browsers_are_bound_to_it(place: Place) -> None:
    secure = Place(replace(place.settings, secure=True), place.database)
    answer = secure.stranger().client.get("/login")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-luokuan_visit=") and "secure" in cookie and "httponly" in cookie
    assert "samesite=lax" in cookie and "path=/" in cookie


def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(place: Place) -> None:
    text = place.stranger().client.get("/login").text
    for wrong in ("<style", "style=", "onclick", "onload", "javascript:", "http://", "https://", "//cdn"):
        assert wrong not in text, wrong
    assert text.count("<script") == text.count("<script src=") == 2
