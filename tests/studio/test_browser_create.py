"""Creating in a real browser: a form, a job that is followed, what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from people import keep_row, make_account
from plms import kept_in, plm
from priors_for_tests import save_prior
from scores_for_tests import save_music
from serving import served
from watched import CHROMIUM, Watched, chromium  # noqa: F401 - a fixture

from luokuan.store.accounts import find_by_name
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The studio's home."""
    return open_home(tmp_path_factory.mktemp("studio") / "home")


@pytest.fixture(scope="module")
def address(library: Home) -> Iterator[str]:
    """A studio with tiny models and somebody."""
    home = library
    save_prior(home.models)
    save_music(home.models / "tune")
    (home.models / "scribe").mkdir()
    kept_in(home.models / "scribe", plm(context=512))
    with open_database(home) as database:
        make_account(database, "ada")
    with served("--home", str(home.path), LUOKUAN_LANG="en") as (told, _process):
        yield told["address"]


@pytest.fixture
def watched(chromium: Any, address: str) -> Iterator[Watched]:  # noqa: F811
    """A new window, which must have nothing to complain about in the end."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    found = Watched(context.new_page(), address)
    found.page.set_default_timeout(150_000)
    yield found
    context.close()
    assert found.complaints == [] and found.elsewhere == []


def hand_in(page: Any, address: str, **typed: str) -> None:
    """Fill in the form for pictures and send it."""
    page.goto(f"{address}/create/image")
    page.check("input[name=model][value=tiny-prior]")
    for name, text in typed.items():
        page.fill(f"#field-{name}", text)
    page.click(".ask button.primary")
    page.wait_for_selector("#job")


def test_a_picture_is_created_watched_through_a_reload_and_varied(watched: Watched) -> None:
    page = watched.login("ada")
    hand_in(page, watched.address, brief="cat", count="12")  # so many that the last ones come after the reload
    assert page.input_value("#field-brief") == "cat", "the form keeps what was typed"
    page.evaluate("window.same = true")
    page.wait_for_selector("#results .card >> nth=0")
    assert page.evaluate("window.same") is True, "it came by itself"
    page.reload()
    page.wait_for_selector("#results .card >> nth=0")
    page.wait_for_selector("#job.done #results .card >> nth=11")
    assert page.inner_text("#said") == "done", "screen readers are told"
    assert page.locator("#results .card").count() == 12, "none is missing, none comes twice"
    page.click("#results .card >> nth=0 >> .opinion button >> nth=0")
    page.wait_for_selector('#results .opinion button[aria-pressed="true"]')
    assert watched.faults() == []
    page.click("#results .card >> nth=0 >> text=Variations")
    page.wait_for_selector("img.start")
    assert page.input_value("#field-like").startswith("work:") and page.is_checked("input[value=tiny-prior]")


def test_a_job_is_cancelled_and_the_language_switched(watched: Watched) -> None:
    page = watched.login("ada")
    hand_in(page, watched.address, brief="dog", count="64")
    page.wait_for_selector("#job.running")
    assert watched.faults() == []
    page.click("#job .actions button")
    page.wait_for_selector("#job.cancelled")
    assert page.evaluate("document.activeElement.id") == "job-title", "the keyboard isn't lost"
    page.goto(f"{watched.address}/jobs")
    page.wait_for_selector(".jobrow.cancelled")
    page.click("footer button[value=zh_CN]")
    page.wait_for_selector("html[lang=zh-CN]")
    assert watched.faults() == []
    page.click("footer button[value=en]")
    page.wait_for_selector("html[lang=en]")


def test_a_text_appears_and_what_is_wrong_is_told(watched: Watched) -> None:
    page = watched.login("ada")
    page.goto(f"{watched.address}/create/text")
    page.check("input[name=model][value=scribe]")
    page.fill("#field-prompt", "hello")
    page.click("summary")
    page.fill("#field-drawing-max_tokens", "no number")
    page.click(".ask button.primary")
    page.wait_for_selector("#field-drawing-max_tokens-wrong")
    assert page.input_value("#field-prompt") == "hello" and watched.faults() == []
    page.fill("#field-drawing-max_tokens", "400")
    page.click(".ask button.primary")
    page.wait_for_selector("#texts .words, #results .card")  # it may be done before one looks
    page.wait_for_selector("#job.done #results .card")
    assert "hello" in page.inner_text("#results .words") and page.locator("#texts .words").count() == 0


def test_a_sheet_of_music_is_created_and_seen(watched: Watched) -> None:
    pytest.importorskip("verovio")
    page = watched.login("ada")
    page.goto(f"{watched.address}/create/music")
    page.check("input[name=model][value=tune]")
    page.fill("#field-bars", "1")
    page.select_option("#field-format", label="sheet music (SVG)")
    page.click(".ask button.primary")
    page.wait_for_selector("#job.done #results .card img")
    page.click("#results .card a.shown")
    page.wait_for_selector(".stage img")
    page.evaluate("document.querySelector('.stage img').decode()")
    wide, high = page.evaluate(
        "(({naturalWidth: w, naturalHeight: h}) => [w, h])(document.querySelector('.stage img'))"
    )
    assert wide == 840 and high > 200, "the sheet shows in its own size"
    assert "人工智能生成" in page.inner_text(".stage .stamp") and watched.faults() == []
    for size in (360, 1280):
        page.set_viewport_size({"width": size, "height": 900})
        assert watched.wide() <= 0, size
    page.goto(page.url + "/file")
    assert "人工智能生成" in page.evaluate("document.documentElement.textContent"), "the label stands on it"


def test_a_drawing_runs_nothing_whatever_it_holds(chromium: Any, address: str, library: Home) -> None:  # noqa: F811
    data = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60" onload="document.title = \'onload\'">'
        b"<title>still</title><script>document.title = 'script'; fetch('/healthz')</script>"
        b'<image href="/healthz" width="9" height="9"/><rect width="80" height="60" fill="#ffffff"/></svg>'
    )
    with open_database(library) as database:
        with database.read() as connection:
            ada = find_by_name(connection, "ada")
        row = keep_row(database, ada, kind="music", media_type="image/svg+xml", blob_sha256=Blobs(library).put(data),
                       blob_size=len(data))  # fmt: skip
    context = chromium.new_context(locale="en-GB")
    watched = Watched(context.new_page(), address)
    page, fetched = watched.login("ada"), []
    page.on("response", lambda response: fetched.append(response.url.removeprefix(address)))
    watched.open(f"/works/{row.id}")
    page.evaluate("document.querySelector('.stage img').decode()")
    assert page.evaluate("document.querySelector('.stage img').naturalWidth") == 80, "it is shown"
    assert watched.complaints == [] and "/healthz" not in fetched
    watched.open(f"/works/{row.id}/file")
    assert page.evaluate("document.documentElement.tagName") == "svg", "it is opened by itself"
    assert page.title() == "still" and page.evaluate("self.origin") == "null"
    assert f"/works/{row.id}/file" in fetched and "/healthz" not in fetched and watched.elsewhere == []
    context.close()


@pytest.mark.parametrize("width", [360, 1920])
def test_forms_fit(watched: Watched, width: int) -> None:
    watched.login("ada")
    watched.page.set_viewport_size({"width": width, "height": 900})
    for path in ("/create/image", "/create/verse", "/create/copy", "/create/music", "/create/presenter", "/jobs"):
        watched.open(path)
        assert (path, watched.faults() if width == 360 else [], watched.wide()) == (path, [], 0)
