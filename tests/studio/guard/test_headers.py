"""Security headers."""

from __future__ import annotations

import re
from dataclasses import replace

from people import PASSWORD, Place
from starlette.testclient import TestClient

from luokuan.studio.guard.proxies import parse_proxies

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


def test_behind_a_proxy_that_speaks_tls_they_are_too_and_only_that_proxy_is_believed(place: Place) -> None:
    behind = Place(replace(place.settings, proxies=parse_proxies(["10.0.0.0/8"])), place.database)
    behind.account("ada")
    said = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7", "origin": "https://localhost"}

    def client(address: str) -> TestClient:
        return TestClient(behind.app, "http://localhost", client=(address, 5), follow_redirects=False)

    page = client("10.1.1.1").get("/login", headers=said)
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    visit = page.headers["set-cookie"]
    assert visit.startswith("__Host-luokuan_visit=") and "secure" in visit.lower()
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]  # type: ignore[index]
    form = {"csrf": token, "name": "ada", "password": PASSWORD}
    # The client speaks http to the studio, as the proxy does: it keeps no cookie for TLS by itself.
    held = {"cookie": visit.partition(";")[0]}
    answer = client("10.1.1.1").post("/login", data=form, headers={**said, **held})
    session = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-luokuan_session="))
    assert answer.status_code == 303 and "secure" in session.lower() and "httponly" in session.lower()
    held = {"cookie": session.partition(";")[0]}
    assert client("10.1.1.1").get("/library", headers={**said, **held}).status_code == 200
    for address, headers in (("198.51.100.1", said), ("10.1.1.1", {"x-forwarded-proto": "http"}), ("10.1.1.1", {})):
        answer = client(address).get("/login", headers=headers)
        assert "strict-transport-security" not in answer.headers, "a stranger can't bind a browser to TLS"
        assert "secure" not in answer.headers["set-cookie"].lower()


def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(place: Place) -> None:
    text = place.stranger().client.get("/login").text
    for wrong in ("<style", "style=", "onclick", "onload", "javascript:", "http://", "https://", "//cdn"):
        assert wrong not in text, wrong
    assert text.count("<script") == text.count("<script src=") == 2
