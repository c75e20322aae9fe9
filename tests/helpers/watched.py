"""A real browser, and pages of which everything is noted that it complains about. Debian's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from people import PASSWORD

AXE = Path(__file__).parents[1] / "data" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Watched:
    """A page of which everything is noted that a browser complains about."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(address) or self.elsewhere.append(request.url))

    def _note(self, message: Any) -> None:
        # That an answer was 404 or 401 is no complaint about the page.
        if message.type == "error" and "status of 4" not in message.text and "Status Error Code 4" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Any:
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def login(self, name: str = "chief") -> Any:
        page = self.open("/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url("**/library")
        return page

    def wide(self) -> int:
        """Pixels by which a page is wider than its window."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return found

    def faults(self) -> list[str]:
        """What axe-core calls serious or critical, by WCAG 2.1 A and AA."""
        # Through the debugger: the page's own policy lets no script of others in.
        session = self.page.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
        found = session.send(
            "Runtime.evaluate",
            {
                "expression": f"axe.run({{runOnly: {tags}}}).then(r => r.violations.filter(v => ['serious', 'critical']"
                ".includes(v.impact)).map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        return list(found["result"]["value"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        # Tests may run as root, where Chromium's own sandbox doesn't start.
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
