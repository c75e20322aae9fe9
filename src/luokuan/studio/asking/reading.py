"""From what was typed into a form to a brief, and from what is wrong with a brief to the fields where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from luokuan.i18n import _
from luokuan.studio.asking.fields import Field

if TYPE_CHECKING:
    from pydantic import ValidationError

_PAIR = re.compile(r"\s*([^:=：]+?)\s*[:=：]\s*(.*?)\s*")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
Typed = dict[str, Any]
"""What stands in a form, by the field's name: texts, and True for a tick."""


def typed_in(fields: Iterable[Field], form: Mapping[str, Any]) -> Typed:
    """What was typed, to be shown again if something is wrong with it. A file in the place of a text is nothing."""
    found: Typed = {}
    for field in fields:
        given = form.get(field.name, "")
        text = given.replace("\r\n", "\n") if isinstance(given, str) else ""
        found[field.name] = bool(text) if field.shape == "tick" else text
    return found


def typed_from(fields: Iterable[Field], brief: Mapping[str, Any]) -> Typed:
    """What must be typed to get this brief."""
    found: Typed = {}
    for field in fields:
        value: Any = brief
        for part in field.name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            value = field.default if field.shape == "tick" else None
        if field.shape == "tick":
            found[field.name] = bool(value)
        elif field.shape == "lines" and isinstance(value, (list, tuple)):
            found[field.name] = "\n".join(str(one) for one in value)
        elif field.shape == "pairs" and isinstance(value, Mapping):
            found[field.name] = "\n".join(f"{name}: {text}" for name, text in value.items())
        else:
            found[field.name] = "" if value is None else str(value)
    return found


def brief_of(fields: Sequence[Field], typed: Typed) -> tuple[dict[str, Any], dict[str, str]]:
    """The brief, as JSON values, and what is wrong by the field's name. What was left empty is left out."""
    brief: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in fields:
        text = typed[field.name]
        if isinstance(text, str) and not text.strip():
            if field.required:
                wrong[field.name] = _("This must be filled in.")
            continue
        try:
            value = _value(field, text)
        except ValueError as error:
            wrong[field.name] = str(error)
            continue
        place = brief
        *outer, last = field.name.split(".")
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return brief, wrong


def _value(field: Field, text: Any) -> Any:
    if field.shape == "tick":
        return bool(text)
    if field.shape == "number":
        return _number(field, text.strip())
    if field.shape == "choice":
        known = {sent: value for value, sent, _word in field.choices}
        if text not in known:
            raise ValueError(_("Choose one of the list."))
        return known[text]
    if field.shape == "lines":
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return [_number(field, line) for line in lines] if field.numbers else lines
    if field.shape == "pairs":
        pairs = [_PAIR.fullmatch(line) for line in text.split("\n") if line.strip()]
        if None in pairs:
            raise ValueError(_("Write a name, a colon and a value in each line."))
        found = {pair[1]: pair[2] for pair in pairs if pair is not None}
        return {name: _number(field, value) for name, value in found.items()} if field.numbers else found
    return text if field.shape == "words" else text.strip()


def _number(field: Field, text: str) -> int | float:
    if not _NUMBER.fullmatch(text) or (field.whole and "." in text):
        raise ValueError(_("Type a whole number.") if field.whole else _("Type a number, such as 0.5."))
    return int(text) if field.whole else float(text)


def faults_of(error: ValidationError, fields: Sequence[Field]) -> dict[str, str]:
    """What is wrong, by the name of the field where it is; under the empty name what belongs to no field."""
    names = {field.name: field for field in fields}
    found: dict[str, str] = {}
    for one in error.errors(include_url=False, include_input=False):
        parts = [str(part) for part in one["loc"]]
        name = next((".".join(parts[:end]) for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in names), "")
        found.setdefault(name, _sentence(one["type"], one.get("ctx", {}), one["msg"]))
    return found


def _sentence(kind: str, about: Mapping[str, Any], said: str) -> str:
    if kind in ("missing", "string_too_short", "too_short"):
        return _("This must be filled in.")
    if kind == "string_too_long":
        return _("At most {most} characters fit here.", most=about.get("max_length"))
    if kind == "too_long":
        return _("At most {most} lines fit here.", most=about.get("max_length"))
    if kind in ("greater_than_equal", "greater_than"):
        return _("Take {least} or more.", least=about.get("ge", about.get("gt")))
    if kind in ("less_than_equal", "less_than"):
        return _("Take {most} or less.", most=about.get("le", about.get("lt")))
    if kind == "literal_error":
        return _("Choose one of the list.")
    if kind == "value_error":
        return str(about.get("error", said))[:400]
    if kind == "string_pattern_mismatch":
        return _("Use letters, digits, dots, hyphens and underscores.")
    return said[:200]
