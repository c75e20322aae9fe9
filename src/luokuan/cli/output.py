"""What commands print: sentences for people on stdout, one JSON object for programs, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer


def say(message: str, *, quiet: bool = False) -> None:
    """Print one line for a person, unless ``quiet``."""
    if not quiet:
        typer.echo(message)


def visible(text: object) -> str:
    """A file name, or what else came from a stranger, fit for a terminal: no control characters, only text."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(text))


def emit_json(value: Mapping[str, Any]) -> None:
    """Print ``value`` as the only line on stdout; in ASCII where stdout can't hold all of its characters."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8", sys.stdout.errors or "strict")
    except UnicodeEncodeError:
        text = json.dumps(value, allow_nan=False, default=str)
    sys.stdout.write(text + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table for a person. Cells are plain text: brackets and control characters in them do nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(title=title)
    for place, column in enumerate(columns):
        # In a narrow terminal a row grows; nothing is cut, and what the row is about stays in one piece.
        view.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in rows:
        view.add_row(*(Text(visible(cell)) for cell in row))
    Console().print(view)
