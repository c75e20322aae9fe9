"""The pages in a real browser: what only that shows. Debian's Chromium; where there is none, these are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drafts import draft, text_draft
from people import make_account
from serving import served
from watched import CHROMIUM, Watched, chromium  # noqa: F401 - a fixture

from luokuan.colophon.finish import finish
from luokuan.store.database import open_database
from luokuan.store.home import open_home

WIDTHS = (360, 768, 1920)
PAGES = (
    "/create/image", "/jobs", "/library", "/collections", "/trash", "/check", "/log", "/settings", "/settings/users",
    "/settings/home", "/settings/rules", "/settings/events",
)  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with works and two people."""
    home = open_home(tmp_path_factory.mktemp("studio") / "home")
    with open_database(home) as database:
        chief = make_account(database, "chief", "admin")
        make_account(database, "ada")
    finish(draft(), home=home, owner=chief.id)
    finish(text_draft(), home=home, owner=chief.id, media_type="text/plain")
    with served("--home", str(home.path), LUOKUAN_LANG="en") as (told, _process):
        yield told["address"]


@pytest.fixture
def watched(chromium: Any, address: str) -> Iterator[Watched]:  # noqa: F811
    """A new window, which must have nothing to complain about in the end."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    found = Watched(context.new_page(), address)
    found.page.set_default_timeout(60_000)
    yield found
    context.close()
    assert found.complaints == [], "no violation of the policy, no error of a script"
    assert found.elsewhere == [], "nothing is fetched from elsewhere"


def test_login_library_work_and_back_with_the_keyboard(watched: Watched) -> None:
    page = watched.open("/library")
    assert page.title().startswith("Log in")
    page = watched.login()
    assert page.locator(".card").count() == 2
    page.focus(".card a >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/works/*")
    page.click("text=Check it now")
    page.wait_for_selector("#verdict .verdict.ours")
    page.keyboard.press("Control+Home")
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_search_and_the_trash_with_undo_without_loading_the_page(watched: Watched) -> None:
    page = watched.login()
    page.evaluate("window.same = true")
    page.fill("#q", "red dress")
    page.wait_for_selector(".card >> nth=1", state="detached")
    assert "q=red" in page.url
    page.click(".card button")
    page.wait_for_selector(".card.thrown")
    page.click("text=Undo")
    page.wait_for_selector(".card:not(.thrown) img")
    assert page.evaluate("window.same") is True
    assert watched.open("/trash").locator(".card").count() == 0


def test_a_file_is_checked_without_an_account(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "note.bin"
    path.write_bytes(b"\x00\x01 nothing that is known")
    page = watched.open("/check")
    page.set_input_files("#file", str(path))
    page.click("main button.primary")
    page.wait_for_selector(".verdict-sheet.unreadable")
    assert watched.faults() == []
    # Without scripts the same form leads to a whole page.
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.set_default_timeout(60_000)
    plain.goto(watched.address + "/check")
    plain.set_input_files("#file", str(path))
    plain.click("main button.primary")
    plain.wait_for_selector(".verdict-sheet.unreadable")
    context.close()


def test_the_language_and_the_theme_are_switched_and_kept(watched: Watched) -> None:
    page = watched.open("/login")
    page.click("footer button[value=zh_CN]")
    page.wait_for_selector("html[lang=zh-CN]")
    page.click("footer button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    page = watched.open("/check")
    assert page.get_attribute("html", "lang") == "zh-CN"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(25, 23, 21)"
    assert watched.faults() == []


def test_an_error_of_a_part_is_told_where_one_looks(watched: Watched) -> None:
    page = watched.login()
    page.context.clear_cookies()
    page.click(".card button >> nth=0")
    page.wait_for_selector("#notices .notice.bad")
    assert page.locator(".card").count() == 2, "the grid is as it was"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_axe_finds_nothing_serious(watched: Watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.open("/login")
    assert (watched.faults(), watched.wide()) == ([], 0)
    page = watched.login()
    work = page.get_attribute(".card a", "href")
    for path in (*PAGES, work, "/nowhere"):
        watched.open(path)
        # What axe looks for is the same at all widths, but for what lies on top of what: the narrowest one shows it.
        assert (path, watched.faults() if width == WIDTHS[0] else [], watched.wide()) == (path, [], 0)
