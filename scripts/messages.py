"""Collect messages from src/, code and templates, merge them into the Chinese catalogue and compile it; --check only
compares.

    python scripts/messages.py [--check]

--check fails when a message has no translation, a translation is fuzzy or has other {fields}, or the compiled file is
older than its text.
"""

from __future__ import annotations

import argparse
import io
import string
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "luokuan"
PO = SOURCE / "locale" / "zh_CN" / "LC_MESSAGES" / "luokuan.po"
MO = PO.with_suffix(".mo")
HEADER = "# Chinese of Luokuan's messages. Collected by `make messages`; translated by hand."


class OurCatalogue(Catalog):
    """A catalogue whose header holds no dates, versions or names: equal messages, equal bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Name and value of each line of the header."""
        return [
            ("Project-Id-Version", "luokuan"),
            ("Language", "zh_CN"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def collect() -> dict[str, list[tuple[str, int]]]:
    """Message to the places that use it."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name, line, message, _comments, _context in extract_from_dir(
        SOURCE, method_map=[("**.py", "python"), ("**.html", "jinja2")], keywords={"_": None}
    ):
        if isinstance(message, str) and message:
            found.setdefault(message, []).append((f"src/luokuan/{name}", line))
    return found


def load() -> Catalog:
    """The Chinese catalogue as it is."""
    if not PO.exists():
        return Catalog(locale="zh_CN")
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def merged(found: dict[str, list[tuple[str, int]]], known: Catalog) -> Catalog:
    """A catalogue of exactly the messages in use, with the translations that are known."""
    catalogue = OurCatalogue(locale="zh_CN", charset="utf-8", fuzzy=False, header_comment=HEADER)
    for message in sorted(found):
        old = known.get(message)
        catalogue.add(message, old.string if old else "")
    return catalogue


def fields(text: str) -> set[str]:
    """Names of the {fields} in a format string."""
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as .mo bytes."""
    ours = merged({str(message.id): [] for message in catalogue if message.id}, catalogue)
    buffer = io.BytesIO()
    write_mo(buffer, ours)
    return buffer.getvalue()


def faults(found: dict[str, list[tuple[str, int]]], catalogue: Catalog) -> list[str]:
    """What is wrong with the catalogue, one line each."""
    wrong = []
    for message, places in sorted(found.items()):
        entry = catalogue.get(message)
        where = f"{places[0][0]}:{places[0][1]}"
        if entry is None or not entry.string:
            wrong.append(f"{where}: no Chinese for {message!r}")
        elif entry.fuzzy:
            wrong.append(f"{where}: fuzzy Chinese for {message!r}")
        elif fields(message) != fields(str(entry.string)):
            wrong.append(f"{where}: other fields in the Chinese for {message!r}")
    stale = {str(m.id) for m in catalogue if m.id} - found.keys()
    return wrong + [f"no longer used: {message!r}" for message in sorted(stale)]


def main() -> int:
    """Update the catalogue, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found, catalogue = collect(), load()
    if not options.check:
        catalogue = merged(found, catalogue)
        PO.parent.mkdir(parents=True, exist_ok=True)
        with PO.open("wb") as stream:
            write_po(stream, catalogue, width=100, omit_header=False)
        MO.write_bytes(compiled(catalogue))
    wrong = faults(found, catalogue)
    if not MO.exists() or MO.read_bytes() != compiled(catalogue):
        wrong.append(f"{MO.relative_to(ROOT)} is stale: run make messages")
    for line in wrong:
        print(line)
    print(len(found), "messages,", len(wrong), "faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
