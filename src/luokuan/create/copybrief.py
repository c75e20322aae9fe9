"""Briefs of copywriting: what is to be said of a product, to whom, how, and what not; from options or from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.i18n import _

FORMS = ("ad", "description", "news", "slogan", "post")
LANGUAGES = ("en", "zh")
MOST, LONGEST = 40, 300
"""Entries of a list, and characters of one."""
SHORTEST, LENGTH = 3, 2000
"""Words (English) or characters (Chinese) that ``length`` may say."""
SIZE_LIMIT = 64 << 10
HANZI = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Brief:
    """What is wanted.

    Args:
        product: Its name, as it is to be written.
        attributes: Names and values, such as ``("memory", "8 GB")``.
        form: One of ``FORMS``.
        language: One of ``LANGUAGES``; empty: ``zh`` if product, attributes or must hold a Chinese character, else
            ``en``.
        audience: Who is to read it.
        tone: How it is to sound.
        length: Most words (English) or characters (Chinese); None: as the form has.
        must: Words that must stand in it, literally but for case, spaces and marks.
        must_not: Words that mustn't.
    """

    product: str
    attributes: tuple[tuple[str, str], ...] = ()
    form: str = "description"
    language: str = ""
    audience: str = ""
    tone: str = ""
    length: int | None = None
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """``en`` or ``zh``."""
        told = (self.product, *self.must, *(text for pair in self.attributes for text in pair))
        return self.language or ("zh" if any(HANZI.search(text) for text in told) else "en")

    @property
    def facts(self) -> tuple[str, ...]:
        """All texts of the brief that may stand in the copy."""
        pairs = (text for pair in self.attributes for text in pair)
        return (self.product, *pairs, self.audience, self.tone, *self.must)

    def check(self) -> None:
        """Refuse what can't be written.

        Raises:
            UserError: no product, an unknown form or language, a length out of its range, too much or strange text, or
                a word that must and mustn't stand in it.
        """
        lists = (self.attributes, self.must, self.must_not)
        texts = (*self.facts, *self.must_not)
        named = [*(name for name, _value in self.attributes), *(value for _name, value in self.attributes)]
        both = [word for word in self.must if word.casefold() in {other.casefold() for other in self.must_not}]
        faults = (
            (not self.product.strip(), _("The brief names no product.")),
            (
                self.form not in FORMS,
                _("'{form}' is no form of copy: {forms}.", form=self.form[:40], forms=", ".join(FORMS)),
            ),
            (
                self.language not in ("", *LANGUAGES),
                _("Copy is written in en or zh, not in '{language}'.", language=self.language[:40]),
            ),
            (
                self.length is not None and not SHORTEST <= self.length <= LENGTH,
                _("The length lies in {least}…{most} words or characters.", least=SHORTEST, most=LENGTH),
            ),
            (
                any(len(entries) > MOST for entries in lists) or any(len(text) > LONGEST for text in texts),
                _(
                    "The brief is too long: {most} entries of a list, {longest} characters each.",
                    most=MOST,
                    longest=LONGEST,
                ),
            ),
            (
                not all(text.strip() for text in (*named, *self.must, *self.must_not)),
                _("An attribute, a must or a must not is empty."),
            ),
            (
                not all(text.isprintable() for text in texts),
                _("The brief holds line breaks, control characters or half characters."),
            ),
            (bool(both), _("'{word}' must and mustn't stand in the copy.", word=(both or [""])[0])),
        )
        for wrong, what in faults:
            if wrong:
                raise UserError(what, _("Change the brief."), code="copy.brief")


FIELDS = ("product", "attributes", "form", "language", "audience", "tone", "length", "must", "must_not")
"""Keys of a file."""


def read_brief_file(path: Path | str) -> dict[str, Any]:
    """Fields of ``Brief`` from a YAML or JSON file; they are checked by ``Brief.check`` alone.

    ``attributes`` is a mapping, ``must`` and ``must_not`` are lists or one text. Figures stay as they are written:
    8.10 doesn't become 8.1.

    Raises:
        UserError: no such file, no UTF-8, too large, no YAML or JSON, or an unknown or wrong field.
    """
    place = expand(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise _unfit(place, error.strerror or "OSError") from error
    if len(data) > SIZE_LIMIT:
        raise _unfit(place, _("it is too large"))
    try:
        text = data.decode("utf-8-sig")
        json_values: dict[str, Any] = {"parse_int": str, "parse_float": str, "parse_constant": str}
        if place.suffix.lower() == ".json":
            found = json.loads(text, **json_values)
        else:
            found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings alone
    except UnicodeDecodeError as error:
        raise _unfit(place, _("it is no UTF-8 text")) from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise _unfit(place, str(error).split("\n")[0][:120].rstrip(".")) from error
    if not isinstance(found, dict):
        raise _unfit(place, _("it holds no fields"))
    if strange := [str(key) for key in found if key not in FIELDS]:
        raise _unfit(place, _("'{name}' is no field of it", name=strange[0][:40]))
    try:
        return _fields(found)
    except ValueError as error:
        raise _unfit(place, _("'{name}' has the wrong type", name=str(error))) from error


def _fields(found: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in found.items():
        if key == "attributes":
            if not isinstance(value, dict):
                raise ValueError(key)
            fields[key] = tuple((str(name), _text(key, one)) for name, one in value.items())
        elif key in ("must", "must_not"):
            fields[key] = tuple(_text(key, one) for one in (value if isinstance(value, list) else [value]))
        elif key == "length":
            if not re.fullmatch(r"[0-9]{1,6}", _text(key, value)):
                raise ValueError(key)
            fields[key] = int(value)
        else:
            fields[key] = _text(key, value)
    return fields


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):  # of JSON
        return str(value).lower()
    if not isinstance(value, str):
        raise ValueError(key)
    return value.strip()


def _unfit(path: Path, why: str) -> UserError:
    return UserError(
        _("The brief in {path} can't be used: {why}.", path=path, why=why),
        _("It is YAML or JSON with the fields {fields}.", fields=", ".join(FIELDS)),
        code="copy.file",
    )
