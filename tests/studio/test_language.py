"""In which language a request is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import Place

from luokuan.studio.language import wanted


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"), ("en-GB, zh;q=0.5", "en"), ("fr, zh-Hant;q=0.2", "zh_CN"),
        ("de,fr", "en"), ("zh;q=0", "en"), ("zh;q=nan;en", "en"), ("*", "en"), ("en;q=0.3,zh;q=0.4", "zh_CN"),
    ],
)  # fmt: skip
def test_the_browser_is_asked(accept: str, language: str) -> None:
    assert wanted(accept) == language


@given(st.text(max_size=2000))
def test_any_header_gives_one_of_both(accept: str) -> None:
    assert wanted(accept) in ("en", "zh_CN")


def test_who_chooses_is_remembered(place: Place) -> None:
    browser = place.stranger()
    assert '<html lang="en"' in browser.get("/login").text
    assert '<html lang="zh-CN"' in browser.get("/login", headers={"accept-language": "zh"}).text
    answer = browser.post("/preferences", {"language": "zh_CN", "theme": "dark", "next": "/login"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    text = browser.get("/login").text
    assert '<html lang="zh-CN" data-theme="dark"' in text and "许可" not in text
    browser.post("/preferences", {"language": "tlh", "theme": "../x"})
    assert '<html lang="zh-CN" data-theme="dark"' in browser.get("/login").text, "what isn't known changes nothing"


def test_the_account_brings_its_language_along(place: Place) -> None:
    browser = place.browser("ada")
    browser.post("/preferences", {"language": "zh_CN"})
    assert '<html lang="zh-CN"' in place.stranger().login("ada").get("/settings").text


def test_answers_at_once_speak_each_their_own(place: Place) -> None:
    from concurrent.futures import ThreadPoolExecutor

    client = place.stranger().client

    def ask(number: int) -> bool:
        language = "zh" if number % 2 else "en"
        text = client.get("/healthz" if number % 3 == 0 else "/nowhere", headers={"accept-language": language}).text
        return number % 3 == 0 or f'<html lang="{"zh-CN" if number % 2 else "en"}"' in text

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(60)))


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "\\evil", "evil", "/a\r\nx: y"]
)
def test_nobody_is_sent_to_another_site(place: Place, where: str) -> None:
    answer = place.stranger().post("/preferences", {"theme": "dark", "next": where})
    assert answer.status_code in (303, 422) and answer.headers.get("location", "/") == "/"
    assert "x" not in answer.headers
