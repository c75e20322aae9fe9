"""Build the documentation into ./site and check that every local link and picture in it exists.

    python scripts/build_docs.py

Any warning of the builder, a missing page, a broken link, or a heading without its docstrings is a fault.
"""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
DOCUMENTED = ("frechet_distance", "export_work", "GanRun", "verify_file", "open_corpus")
"""Some names whose docstrings the reference must hold."""


class Links(HTMLParser):
    """Collects what a page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def broken_links(site: Path) -> list[str]:
    """Local targets that don't exist."""
    wrong = []
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue  # served from anywhere, so its links are absolute
        parser = Links()
        parser.feed(page.read_text(encoding="utf-8"))
        for link in parser.found:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            if not (page.parent / unquote(parts.path)).exists():
                wrong.append(f"{page.relative_to(site)}: {link}")
    return wrong


def pages() -> list[str]:
    """Every page of docs/ as the builder names it."""
    docs = ROOT / "docs"
    return [page.relative_to(docs).with_suffix(".html").as_posix() for page in sorted(docs.rglob("*.md"))]


def main() -> int:
    """Build and check."""
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout.strip(), done.stderr.strip(), sep="\n")
    site = ROOT / "site"
    faults = [f"{name} was not built" for name in pages() if not (site / name).is_file()]
    if not faults:
        faults = broken_links(site)
        reference = (site / "reference.html").read_text(encoding="utf-8")
        faults += [f"reference.html lacks {name}" for name in DOCUMENTED if name not in reference]
    faults += [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("griffe:")]
    for fault in faults:
        print("fault:", fault)
    return 1 if faults or done.returncode else 0


if __name__ == "__main__":
    raise SystemExit(main())
