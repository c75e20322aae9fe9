"""Reading what people typed: plain text of a length that is known, numbers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _


def text_in(form: Mapping[str, Any], name: str, *, most: int = 200) -> str:
    """One field, without spaces around it; empty where it is missing.

    Raises:
        UserError: it is a file, too long, or holds control characters.
    """
    value = form.get(name, "")
    if not isinstance(value, str) or len(value) > most or not is_plain(value):
        raise UserError(
            _("The field '{name}' can't be read.", name=name),
            _("Type plain text of at most {most} characters.", most=most),
            code="form.text",
            status=422,
        )
    return value.strip()


def lines_in(form: Mapping[str, Any], name: str, *, most: int) -> str:
    """A field of several lines, as it was typed; empty where it is missing.

    Raises:
        UserError: it is a file, too long, or holds control characters other than line breaks and tabs.
    """
    value = form.get(name, "")
    text = value.replace("\r\n", "\n") if isinstance(value, str) else ""
    if not isinstance(value, str) or len(text) > most or not is_plain(text.replace("\n", " ").replace("\t", " ")):
        raise UserError(
            _("The field '{name}' can't be read.", name=name),
            _("Type plain text of at most {most} characters.", most=most),
            code="form.text",
            status=422,
        )
    return text


def secret_in(form: Mapping[str, Any], name: str) -> str:
    """A password as it was typed; empty where it is missing, or no text."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def number_in(form: Mapping[str, Any], name: str, *, most: int = 10**15) -> int | None:
    """A whole number from 0 on; None where the field is empty.

    Raises:
        UserError: it is none, or above ``most``.
    """
    text = text_in(form, name, most=20)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise UserError(
            _("'{text}' is no whole number from 0 to {most}.", text=text, most=most),
            _("Type digits only, or leave the field empty."),
            code="form.number",
            status=422,
        )
    return int(text)


def is_plain(text: str) -> bool:
    """Whether a text has no control characters and nothing that no database holds."""
    return all(letter >= " " and letter != "\x7f" and not "\ud800" <= letter <= "\udfff" for letter in text)


def local_path(text: str) -> str:
    """``text`` if it leads to a page of ours, else the first page: no other site is anybody sent to."""
    fine = text.startswith("/") and not text.startswith("//") and "\\" not in text and is_plain(text)
    return text if fine and len(text) <= 1000 else "/"
