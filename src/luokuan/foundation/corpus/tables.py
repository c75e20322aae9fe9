"""metadata.jsonl and metadata.csv: rows with their numbers, and what is said of a row that can't be used."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _

CSV = "metadata.csv"
LIMIT = 64 << 20


def json_rows(file: Path, example: str) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, each with the number of its line.

    Args:
        example: A row as it should be.

    Raises:
        UserError: the file can't be read, or a line is no object.
    """
    rows = []
    for number, line in enumerate(_text(file, example).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise row_error(file, number, str(error), example) from error
        if not isinstance(row, dict):
            raise row_error(file, number, _("it is no object"), example)
        rows.append((number, row))
    return rows


def csv_rows(file: Path, example: str) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a table with names at its head, split by comma, semicolon, bar or tab.

    Raises:
        UserError: the file can't be read.
    """
    text = _text(file, example)
    head = text.split("\n", 1)[0]
    mark = max(",|;\t", key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)
        return [(reader.line_num, dict(row)) for row in reader]
    except csv.Error as error:
        raise row_error(file, 1, str(error), example) from error


def row_error(file: Path, number: int, why: str, example: str) -> UserError:
    """What is said of a row."""
    return UserError(
        _("Line {number} of {file} can't be used: {why}.", number=number, file=file, why=why),
        _("Each line is an object such as {example}, or a row of a table with these names at its head.",
          example=example),
        code="corpus.metadata",
    )  # fmt: skip


def _text(file: Path, example: str) -> str:
    try:
        if file.stat().st_size > LIMIT:
            raise row_error(file, 1, _("the file is larger than {limit} MB", limit=LIMIT >> 20), example)
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise row_error(file, 1, str(error), example) from error
