"""The market in a real browser: publish, buy, deliver, verify; and nothing that its policy forbids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from market_for_tests import MET, painted
from people import make_account
from serving import served
from watched import CHROMIUM, Watched, chromium  # noqa: F401 - a fixture

from luokuan.colophon.verification import verify_file
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Home, int]]:
    """A studio with a maker's picture, and a buyer."""
    home = open_home(tmp_path_factory.mktemp("shop") / "home")
    with open_database(home) as database:
        ann = make_account(database, "ann")
        make_account(database, "bo", "viewer")
    painted(home, owner=ann.id, brief="blocks")
    with served("--home", str(home.path), LUOKUAN_LANG="en") as (told, process):
        yield told["address"], home, process.pid


def test_publish_buy_deliver_verify(chromium: Any, shop: tuple[str, Home, int], tmp_path: Path) -> None:  # noqa: F811
    address, home, server = shop
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}, accept_downloads=True)
    watched = Watched(context.new_page(), address)
    watched.page.set_default_timeout(120_000)
    page = watched.login("ann")
    page.click(".card a >> nth=0")
    page.wait_for_url("**/works/*")
    page.click("text=Sell")
    page.fill("#title", "Blocks <b>in</b> colour")
    page.fill("#about", f"https://example.org/{'long' * 50}")
    page.fill("#price", "12.50")
    page.select_option("#currency", "EUR")
    for name in MET:
        page.check(f'input[value="{name}"]')
    page.click("button.primary")
    page.wait_for_url("**/market/*")
    offer = page.url
    libraries = Path(f"/proc/{server}/maps").read_text()
    assert "libtorch" not in libraries and "numpy" not in libraries, "who looks at works isn't the server"
    assert page.locator("h1").inner_text() == "Blocks <b>in</b> colour"
    page.evaluate("document.querySelector('.stage img').decode()")  # it comes after the page
    assert page.evaluate("document.querySelector('.stage img').naturalWidth") > 0, "the preview shows"
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert watched.wide() <= 0 and watched.faults() == [], width
    context.clear_cookies()
    watched.open("/market")
    assert page.locator(".card").count() == 1 and watched.faults() == []
    page.click(".card a")
    page.click("text=Log in to buy")
    page.fill("#name", "bo")
    page.fill("#password", "four words of no sense")
    page.press("#password", "Enter")
    page.wait_for_url(offer)
    page.fill("#licensee", "Bo Ltd")
    page.click("form.stack button.primary")
    page.wait_for_url("**/orders/*")
    page.click("text=Pay 12.50 EUR")
    page.wait_for_selector("text=Download with certificate")
    assert watched.faults() == []
    grant = page.locator("h2:has-text('Licence')").inner_text().split()[1]
    with page.expect_download() as waiting:
        page.click("text=File only")
    copy = tmp_path / "copy.png"
    waiting.value.save_as(copy)
    verdict = verify_file(copy, home)
    assert (verdict.verdict, verdict.work) == ("ours", grant), "the licence's id is what it carries"
    context.close()
    assert watched.complaints == [], "no violation of the policy: a data block runs nothing"
    assert watched.elsewhere == [], "nothing is fetched from elsewhere"
