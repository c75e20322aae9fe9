"""Pictures of the studio for its documentation: a studio on a temporary home, a few works by starters, and Chromium.

    python scripts/screenshots.py [--folder docs/images] [--all FOLDER]

--all writes every page besides, at 360 and 1280 pixels, light and dark, in both languages, to look at; with --only
those of these names.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
PASSWORD = "four words of no sense"
PAGES = {
    "library": "/library",
    "collections": "/collections",
    "trash": "/trash",
    "check": "/check",
    "log": "/log",
    "train": "/train",
    "train-new": "/train/new",
    "train-form": "/train/new?task=latent",
    "compare": "/train/compare",
    "corpora": "/train/corpora",
    "corpus": "/train/corpora/clothes",
    "models": "/train/models",
    "model": "/train/models/mine",
    "settings": "/settings",
    "users": "/settings/users",
    "rules": "/settings/rules",
    "home": "/settings/home",
    "market": "/market",
    "orders": "/orders",
    "selling": "/selling",
    "statements": "/statements",
    "books": "/books",
    "appraisal": "/appraisal",
    "project-new": "/appraisal/projects/new",
    "events": "/settings/events",
    "missing": "/nowhere",
}
"""The other pages, in ``--all``."""
SHOWN = {"studio-create": ("en", "light"), "studio-create-zh": ("zh_CN", "dark")}
"""What the documentation shows of pictures that were created: name to language and theme."""
WIDE, NARROW = 1280, 360
QUALITY = 78
LOADED = "Promise.all(Array.from(document.images, image => image.decode().catch(() => null)))"


def fill(home: Any, owner: str) -> str:
    """Make works of several kinds and a corpus; returns the id of a work."""
    from luokuan.colophon.finish import finish
    from luokuan.create.pictures import create_images
    from luokuan.create.verses import create_verses

    own: Any = partial(finish, owner=owner)
    (work,) = create_images("shoes", model="garments", seed=3, home=home, finisher=own)
    list(create_verses("江上", seed=7, home=home, finisher=own))
    shutil.copytree(ROOT / "examples/clothing-small", home.corpora / "clothes")
    return work.id


def account(home: Any) -> str:
    """An administrator with a password; the id."""
    from luokuan.store.accounts import set_password
    from luokuan.store.database import open_database
    from luokuan.studio import people
    from luokuan.studio.guard import passwords

    with open_database(home) as database:
        row = people.first_administrator(database, datetime.now(UTC))
        with database.write() as connection:
            set_password(connection, row.id, passwords.hashed(PASSWORD))
    return row.id


def uploads(home: Any, owner: str) -> dict[str, str]:
    """Models on their way: one of which a part has come, one that waits to be looked through, and one with a pickle;
    the addresses of their pages."""
    from luokuan.foundation.modelfolder import STARTERS
    from luokuan.store.accounts import find_account
    from luokuan.store.database import open_database
    from luokuan.studio.material import receiving
    from luokuan.studio.settings import Settings

    buffer, pages = io.BytesIO(), {}
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("config.json", "model.safetensors"):
            archive.write(STARTERS / "garments" / name, f"dresses/{name}")
    whole = buffer.getvalue()
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("dresses/pytorch_model.bin", b"")
    with open_database(home) as database:
        with database.read() as connection:
            person = find_account(connection, owner)
        assert person is not None
        for name, data, share in (("coming", whole, 0.4), ("asks", whole, 1.0), ("refused", buffer.getvalue(), 1.0)):
            row, _at = receiving.begin(
                database, Settings(home), person, f"dresses-{name}", len(data), datetime.now(UTC), "model"
            )
            part = data[: int(len(data) * share)]
            for at in range(0, len(part), receiving.PIECE):
                receiving.append(Settings(home), row, at, part[at : at + receiving.PIECE])
            pages[f"upload-{name}"] = f"/train/uploads/{row.id}"
    return pages


def sales(home: Any, work: str) -> dict[str, str]:
    """An offer of the administrator's, and one of somebody else's that the administrator has bought; the addresses of
    their pages."""
    from dataclasses import replace

    from luokuan.colophon.finish import finish
    from luokuan.create.pictures import create_images
    from luokuan.rights.market import orders
    from luokuan.rights.market.listings import Offer, publish
    from luokuan.rights.money import Money
    from luokuan.rights.presets import preset
    from luokuan.rights.rules import CONDITIONS
    from luokuan.store.accounts import find_by_name, insert_account
    from luokuan.store.database import open_database
    from luokuan.studio import people

    seller = people.new_account("ann", "maker", datetime.now(UTC))
    with open_database(home) as database:
        with database.write() as connection:
            insert_account(connection, seller)
        with database.read() as connection:
            buyer = find_by_name(connection, "admin")
    assert buyer is not None
    own: Any = partial(finish, owner=seller.id)
    (other,) = create_images("dress", model="garments", seed=5, home=home, finisher=own)

    def offered(thing: str, title: str, about: str) -> str:
        terms = replace(preset("commercial"), price=Money(1250, "EUR"))
        return publish(Offer((thing,), title, terms, about, met=CONDITIONS), home).id

    listing = offered(work, "A pair of shoes", "Drawn for a catalogue.")
    order = orders.place(
        offered(other.id, "一条连衣裙", "为目录而绘。"), buyer, home, licensee="Studio of the river"
    ).id
    orders.pay(order, home)
    return {
        "listing": f"/market/{listing}", "order": f"/orders/{order}", "selling-new": f"/selling/new?work={work}",
        "user": f"/settings/users/{seller.id}",
    }  # fmt: skip


@contextmanager
def studio(home: Any) -> Iterator[str]:
    """A running one; its address."""
    command = [sys.executable, "-m", "luokuan", "studio", "--home", str(home.path), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        process.wait()


def kept(data: bytes, path: Path, width: int) -> None:
    """A screenshot as a small WebP picture."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.thumbnail((width, 4000), Image.Resampling.LANCZOS)
    picture.save(path, "WEBP", quality=QUALITY, method=6)


class Camera:
    """A browser that is logged in."""

    def __init__(self, browser: Any, address: str) -> None:
        self._browser, self._address = browser, address
        self._state: Any = None

    def shoot(self, page: str, language: str, theme: str, width: int, *, whole: bool = False) -> bytes:
        """The page as it looks then."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 860}, storage_state=self._state, device_scale_factor=1,
            locale=language.replace("_", "-"),  # of what the browser itself draws
        )  # fmt: skip
        window = context.new_page()
        window.set_default_timeout(120_000)
        if self._state is None:
            window.goto(f"{self._address}/login")
            window.fill("#name", "admin")
            window.fill("#password", PASSWORD)
            window.press("#password", "Enter")
            window.wait_for_url("**/library")
            self._state = context.storage_state()
        for name, value in (("luokuan_language", language), ("luokuan_theme", theme)):
            context.add_cookies([{"name": name, "value": value, "url": self._address}])
        window.goto(self._address + page)
        window.evaluate("for (const image of document.images) image.loading = 'eager'")
        # Not until the network is idle: a job that is followed never is.
        window.evaluate(LOADED)  # not wait_for_function: what it asks again the page's policy forbids
        found: bytes = window.screenshot(full_page=whole)
        wide = window.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            print(f"{page}: {wide} pixels in a window of {width}", file=sys.stderr)
        context.close()
        return found

    def hand_in(self, brief: str, count: int, *, wait: bool) -> str:
        """Create pictures on the page; the address of the job's page once it has a work, or has ended."""
        context = self._browser.new_context(viewport={"width": 1280, "height": 860}, storage_state=self._state)
        window = context.new_page()
        window.set_default_timeout(300_000)
        window.goto(f"{self._address}/create/image")
        window.check("input[name=model][value=garments]")
        window.fill("#field-brief", brief)
        window.fill("#field-count", str(count))
        window.click(".ask button.primary")
        window.wait_for_selector("#job")
        window.wait_for_selector("#job.done" if wait else "#results .card")
        where = str(window.url).removeprefix(self._address)
        context.close()
        return where

    def unpack(self, page: str) -> None:
        """Let an upload be looked through, and wait for what comes of it."""
        context = self._browser.new_context(storage_state=self._state)
        window = context.new_page()
        window.set_default_timeout(300_000)
        window.goto(self._address + page)
        window.click("#upload button.primary")
        window.wait_for_selector("#upload .notice")
        context.close()


def main() -> None:
    """Take them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    asked.add_argument("--all", type=Path)
    asked.add_argument("--only", nargs="+", metavar="PAGE")
    given = asked.parse_args()
    from playwright.sync_api import sync_playwright

    from luokuan.foundation.modelfolder import STARTERS
    from luokuan.store.home import ELSEWHERE, open_home

    os.environ.pop(ELSEWHERE, None)  # the temporary home's works aren't for somebody's own database

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder) / "home")
        owner = account(home)
        work, coming = fill(home, owner), uploads(home, owner)
        sold = sales(home, work) if given.all else {}
        with studio(home) as address, sync_playwright() as running:
            browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            camera = Camera(browser, address)
            camera.shoot("/library", "en", "light", WIDE)  # logs in
            made = camera.hand_in("a dress", 2, wait=True)
            going = camera.hand_in("a hat", 24, wait=False) if given.all else ""
            for name, (language, theme) in SHOWN.items():
                # Not at the job's heading, to which the address leads: the menu belongs to the picture.
                page = made.partition("#")[0]
                kept(camera.shoot(page, language, theme, WIDE), given.folder / f"{name}.webp", 1000)
            if given.all:
                shutil.copytree(STARTERS / "garments", home.models / "mine")
                for name in ("upload-asks", "upload-refused"):
                    camera.unpack(coming[name])
                pages = {**jobs_of(made, going), **PAGES, **coming, **sold, "work": f"/works/{work}"}
                everything(camera, given.all, {name: pages[name] for name in given.only or pages})
            browser.close()


def jobs_of(made: str, going: str) -> dict[str, str]:
    """Pages of creation and of jobs: one that is done, and one that runs."""
    job = "/jobs/" + going.partition("job=")[2].partition("#")[0]
    from luokuan.studio.pages.create import tabs

    words = [kind.name.removeprefix("create.") for kind in tabs()]
    return {f"create-{word}": f"/create/{word}" for word in words} | {
        "made": made, "going": going, "jobs": "/jobs", "job": job,
    }  # fmt: skip


def everything(camera: Camera, folder: Path, pages: dict[str, str]) -> None:
    """These pages in every manner."""
    folder.mkdir(parents=True, exist_ok=True)
    ways = (("en", "light", WIDE), ("zh_CN", "dark", WIDE), ("zh_CN", "light", NARROW), ("en", "dark", NARROW))
    for name, page in pages.items():
        for language, theme, width in ways:
            data = camera.shoot(page, language, theme, width, whole=True)
            kept(data, folder / f"{name}-{language}-{theme}-{width}.webp", width)


if __name__ == "__main__":
    main()
