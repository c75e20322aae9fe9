"""Appraisal in a real browser: a project, its report, receipts, prices and a portfolio; on a narrow window, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from people import make_account
from projects_for_tests import values, write
from serving import served
from watched import CHROMIUM, Watched, chromium  # noqa: F401 - a fixture

from luokuan.store.database import open_database
from luokuan.store.home import open_home

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")
PAGES = ("/appraisal", "/appraisal/projects", "/appraisal/projects/new", "/appraisal/prices", "/appraisal/portfolio")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with a maker and an administrator."""
    home = open_home(tmp_path_factory.mktemp("appraising") / "home")
    with open_database(home) as database:
        make_account(database, "ann")
        make_account(database, "chief", "admin")
    with served("--home", str(home.path), LUOKUAN_LANG="en") as (told, _process):
        yield told["address"]


def test_projects_prices_and_a_portfolio(chromium: Any, studio: str, tmp_path: Path) -> None:  # noqa: F811
    context = chromium.new_context(locale="en-GB", viewport={"width": 360, "height": 800})
    watched = Watched(context.new_page(), studio)
    watched.page.set_default_timeout(120_000)
    page = watched.login("ann")

    def sound() -> None:
        assert (page.url, watched.faults(), watched.wide()) == (page.url, [], 0)

    def computed(button: str) -> None:
        with page.expect_navigation():
            page.click(f"button:has-text('{button}')")
        while page.locator("text=isn't done yet").count():  # a machine that does much else
            page.wait_for_timeout(1000)
            page.reload()

    long = "Weaving-" + "very" * 20 + "-long names of projects"
    actuals = [{"month": "2027-01", "cost": 5, "revenue": 1, "invested": 5000, "source": "ledger"}]
    for name in ("Loom", long):
        watched.open("/appraisal/projects/new")
        text = write(tmp_path / "p.yaml", values(name=name, actuals=actuals)).read_text(encoding="utf-8")
        page.fill("#text", text)
        page.click("text=Make it")
        page.wait_for_selector("text=Save")
    page.click("summary:has-text('Appraise it with receipts')")
    page.fill("#receipts", "date,amount\n")
    sound()
    computed("Appraise it")
    page.wait_for_selector("[role=alert]:has-text('its columns must be')")
    assert page.input_value("#receipts").startswith("date,amount"), "what was typed stays"
    sound()
    page.fill("#receipts", "date,amount,currency,reference\n2027-01-05,1000,EUR,A-1\n")
    computed("Appraise it")
    page.wait_for_selector("text=Decision support, not advice.")
    assert "The receipts, 1 receipts; the rest: ledger" in page.content()
    watched.open("/appraisal/portfolio")
    for box in page.locator("input[name=project]").all():
        box.check()
    page.fill("#directions", "application=40")
    page.fill("#paths", "500")
    sound()
    computed("Share the budget")
    page.wait_for_selector("text=How the budget is shared")
    assert page.locator("#shared + .scroll tbody tr").count() == 2 and "kept back 60" in page.content()
    assert page.locator("input[name=project]:checked").count() == 2
    sound()
    watched.open("/appraisal")
    assert page.locator("text=Everybody's projects").count() == 0
    sound()
    context.clear_cookies()
    watched.login("chief")
    for path in PAGES:
        watched.open(path)
        sound()
    watched.open("/appraisal/projects")
    page.click("text=Loom")
    page.wait_for_selector("text=The project of ann:")
    assert page.locator("#text").count() == 0
    sound()
    watched.open("/appraisal/prices")
    page.fill("#text", page.input_value("#text").replace("price: 0.06", "price: 0.05"))
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=by this table of the house")
    sound()
    context.close()
    assert watched.complaints == [] and watched.elsewhere == []
