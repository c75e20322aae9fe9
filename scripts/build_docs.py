"""Build the documentation into ./site and check that every local link and picture in it exists.

    python scripts/build_docs.py [--check]

--check builds into a throw-away folder.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
PAGES = (
    "index.html",
    "architecture.html",
    "tutorial.html",
    "gan.html",
    "extend.html",
    "reference.html",
    "zh/index.html",
)


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


def main() -> int:
    """Build and check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--clean"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    site = ROOT / "site"
    print(done.stdout.strip(), done.stderr.strip(), sep="\n")
    faults = [f"{name} was not built" for name in PAGES if not (site / name).is_file()]
    faults += broken_links(site) if not faults else []
    reference = (site / "reference.html").read_text(encoding="utf-8") if not faults else ""
    if reference and not re.search(r"frechet_distance", reference):
        faults.append("reference.html holds no docstrings")
    if options.check:
        keep = Path(tempfile.mkdtemp())
        shutil.move(site, keep / "site")
        shutil.rmtree(keep)
    for fault in faults:
        print(fault)
    return 1 if faults or done.returncode else 0


if __name__ == "__main__":
    raise SystemExit(main())
