"""From a zip file to a model, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bringing import pictures, zipped
from people import make_account
from serving import served
from watched import CHROMIUM, Watched, chromium  # noqa: F401 - a fixture

from luokuan.store.database import open_database
from luokuan.store.home import open_home

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")
PATIENCE = 300_000


@pytest.fixture
def watched(chromium: Any, tmp_path: Path) -> Iterator[Watched]:  # noqa: F811
    """A window of a phone's width, which must have nothing to complain about in the end."""
    home = open_home(tmp_path / "home")
    with open_database(home) as database:
        make_account(database, "chief", "admin")
    with served("--home", str(home.path), LUOKUAN_LANG="en") as (told, process):
        context = chromium.new_context(locale="en-GB", viewport={"width": 360, "height": 800})
        found = Watched(context.new_page(), told["address"])
        found.page.set_default_timeout(PATIENCE)
        yield found
        context.close()
        process.terminate()  # so that it sends its worker away
        process.wait(20)
    assert found.complaints == [] and found.elsewhere == []


def fits(watched: Watched) -> None:
    """Nothing is wider than the window, and axe finds nothing serious."""
    assert (watched.page.url, watched.faults(), watched.wide()) == (watched.page.url, [], 0)


def folder_of(tmp_path: Path, files: dict[str, Any]) -> Path:
    for name, data in files.items():
        place = tmp_path / "folder" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data if isinstance(data, bytes) else data.encode())
    return tmp_path / "folder"


def test_a_zip_file_becomes_a_model(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(zipped(pictures(48)))
    page = watched.login("chief")
    watched.open("/train")
    fits(watched)
    page = watched.open("/train/corpora")
    fits(watched)
    page.fill("#bring-name", "photos")
    page.set_input_files("#zip", str(tmp_path / "photos.zip"))
    page.click("#bringer button.primary")
    page.wait_for_url("**/train/corpora/photos")
    page.wait_for_selector("#report .state.done")
    fits(watched)

    page.fill("#source", "drawn at random")
    page.select_option("#licence", "own")
    page.click("text=Save")
    page.wait_for_selector("text=Saved.")
    page.click("text=Train on it")
    fits(watched)
    page.click("text=Pictures by class, from pixels")
    page.fill("#name", "noise")
    page.check("input[value=own]")
    page.fill("#steps", "20")
    page.select_option("#size", "32")
    fits(watched)
    page.click("text=Begin the training")
    page.wait_for_url("**/train/runs/noise")
    page.wait_for_selector("h2 .state.done")  # the page loads itself anew when its state changes
    page.wait_for_selector("svg.chart")
    assert page.evaluate("document.querySelector('#progress img.preview').naturalWidth") > 0
    fits(watched)
    page.click("text=See the model")
    page.wait_for_selector("text=own work, all rights reserved")
    fits(watched)
    watched.open("/train/models")
    fits(watched)

    # A folder, as it is: the page packs it on the way.
    page = watched.open("/train/corpora")
    page.fill("#bring-name", "folder")
    page.set_input_files("#folder", str(folder_of(tmp_path, pictures(8, folder=""))))
    page.click("#bringer button.primary")
    page.wait_for_url("**/train/corpora/folder")
    page.wait_for_selector("#report dl")
    assert "Noise" in page.inner_text("h1")
