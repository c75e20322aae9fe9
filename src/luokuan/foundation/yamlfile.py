"""YAML files that people write, read strictly: who errs is told the line and the field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.reader import ReaderError

from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.foundation.plainyaml import BAD_VALUES, UNREADABLE
from luokuan.i18n import _

SIZE_LIMIT = 1 << 20
"""Bytes of a file."""

DEEPEST = 12
"""Levels of lists and fields."""
_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken,
            yaml.BlockMappingStartToken)  # fmt: skip
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


def read_yaml(path: Path | str, kind: type[Model], *, code: str) -> Model:
    """The file as ``kind`` has it.

    Args:
        path: The file, UTF-8.
        kind: A Pydantic model.
        code: What the error is called to programs.

    Raises:
        UserError: no such file, too large, no YAML, a name twice, or a field that is unknown, missing or wrong.
    """
    place = expand(path)
    try:
        with place.open("rb") as file:  # never more than that of a device
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise _unfit(str(place), _("it is too large"), code)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise _unfit(str(place), error.strerror or "OSError", code) from error
    except UnicodeDecodeError as error:
        raise _unfit(str(place), _("it is no UTF-8 text"), code) from error
    return parse_yaml(text, kind, name=str(place), code=code)


def parse_yaml(text: str, kind: type[Model], *, name: str, code: str) -> Model:
    """A text of YAML as ``kind`` has it.

    Args:
        text: The text.
        kind: A Pydantic model.
        name: What the text is called in what is said of it.
        code: What the error is called to programs.

    Raises:
        UserError: see ``read_yaml``.
    """
    try:
        root, values = _parsed(text)
    except _Unusual as error:
        raise _unfit(name, str(error), code) from error
    except UNREADABLE as error:
        raise _unfit(name, _of_yaml(error, text), code) from error
    if not isinstance(values, dict):
        raise _unfit(name, _("it holds no fields"), code)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _unfit(name, _told(error.errors()[0], root), code) from error


def place_in(text: str, place: Place) -> tuple[int, str]:
    """The line of what ``place`` leads to in a text that ``parse_yaml`` has read, or of the last thing on the way that
    stands there; and the way in words."""
    return _line_of(place, yaml.compose(text, Loader=yaml.SafeLoader))


class FieldFault(ValueError):
    """A fault of a file that concerns several fields; ``place`` leads to the one that is to be changed."""

    def __init__(self, place: tuple[str | int, ...], what: str) -> None:
        super().__init__(what)
        self.place = place


class _Unusual(ValueError):
    """A key stands twice, something refers to another place, or lies too deep."""


def _parsed(text: str) -> tuple[yaml.Node | None, Any]:
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > DEEPEST:
            raise _Unusual(_("line {line}: too many levels", line=token.start_mark.line + 1))
        # A few lines of references to references would grow into gigabytes.
        if isinstance(token, yaml.AliasToken):
            raise _Unusual(_("line {line}: references (*) aren't allowed", line=token.start_mark.line + 1))
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    _refuse_doubles(root)
    try:
        return root, yaml.safe_load(text)
    except BAD_VALUES as error:
        for one in _scalars(root):
            if not _has_value(one):
                line, value = one.start_mark.line + 1, one.value[:40]
                raise _Unusual(
                    _("line {line}: '{value}' is no value that can be read", line=line, value=value)
                ) from error
        raise


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.CollectionNode):
        for one in node.value:
            for part in one if isinstance(one, tuple) else (one,):
                yield from _scalars(part)


def _has_value(node: yaml.ScalarNode) -> bool:
    try:
        yaml.SafeLoader("").construct_object(node)
    except BAD_VALUES:
        return False
    return True


def _refuse_doubles(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Unusual(_("line {line}: a field's name is one word", line=key.start_mark.line + 1))
            if key.value in seen:
                raise _Unusual(_("line {line}: '{field}' stands twice", line=key.start_mark.line + 1, field=key.value))
            seen.add(key.value)
            _refuse_doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_doubles(value)


def _of_yaml(error: Exception, text: str) -> str:
    if isinstance(error, ReaderError):
        line, sign = text.count("\n", 0, error.position) + 1, f"#x{error.character:04x}"
        return _("line {line}: the character {sign} can't stand there", line=line, sign=sign)
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is not None:
        return _("line {line}: {reason}", line=mark.line + 1, reason=problem or "YAML")
    return str(error).split("\n", maxsplit=1)[0][:120].rstrip(".") or type(error).__name__


def _told(found: ErrorDetails, root: yaml.Node | None) -> str:
    place, cause = tuple(found["loc"]), found.get("ctx", {}).get("error")
    if isinstance(cause, FieldFault):
        place = cause.place
    line, field = _line_of(place, root)
    return _("line {line}: '{field}': {reason}", line=line, field=field, reason=_reason(found))


def _line_of(place: Place, root: yaml.Node | None) -> tuple[int, str]:
    """The line of what ``place`` leads to, or of the last thing on the way that exists; and the way in words."""
    node, line, known = root, 1, []
    for at, part in enumerate(place):
        below: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    below, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
            line = below.start_mark.line + 1
        if below is None and at < len(place) - 1:
            continue  # the name of a kind in a choice of several, which the file doesn't show
        known.append(str(part + 1) if isinstance(part, int) else part)
        node = below or node
    return line, ".".join(known) or "."


def _reason(found: ErrorDetails) -> str:
    kind, bounds = found["type"], found.get("ctx", {})
    sentences = {
        "missing": lambda: _("it is missing"),
        "extra_forbidden": lambda: _("there is no such field"),
        "finite_number": lambda: _("it is no finite number"),
        "greater_than_equal": lambda: _("it must be at least {bound}", bound=f"{bounds['ge']:g}"),
        "less_than_equal": lambda: _("it must be at most {bound}", bound=f"{bounds['le']:g}"),
        "greater_than": lambda: _("it must be above {bound}", bound=f"{bounds['gt']:g}"),
        "literal_error": lambda: _("it must be one of {choices}", choices=bounds["expected"]),
        "union_tag_invalid": lambda: _("it must be one of {choices}", choices=bounds["expected_tags"]),
        "union_tag_not_found": lambda: _("'{name}' is missing", name="kind"),
        "string_too_long": lambda: _("it is longer than {most} characters", most=bounds["max_length"]),
        "too_long": lambda: _("it has more than {most} entries", most=bounds["max_length"]),
        "too_short": lambda: _("it has fewer than {least} entries", least=bounds["min_length"]),
        "value_error": lambda: str(bounds["error"]),
    }
    if kind in sentences:
        return sentences[kind]()
    if kind.startswith(("float", "int")):
        return _("it is no number") if kind.startswith("float") else _("it is no whole number")
    if kind.startswith("date"):
        return _("it is no date such as 2026-11-27")
    return _("it has the wrong type")


def _unfit(path: str, why: str, code: str) -> UserError:
    return UserError(_("{path} can't be used: {why}.", path=path, why=why), _("Correct it and try again."), code=code)
