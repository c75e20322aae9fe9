"""Frozen dataclasses from JSON, strictly: no unknown field, none missing, no wrong type."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from luokuan.errors import UserError
from luokuan.i18n import _

Config = TypeVar("Config")


def strict_config(cls: type[Config], mapping: Mapping[str, Any]) -> Config:
    """Build the dataclass ``cls`` from JSON values.

    Types: int, float (an int will do), bool, str, tuple[X, ...] from a list, dict[str, X], and unions with None.
    The class's own ``__post_init__`` may refuse values with ``ValueError``.

    Raises:
        UserError: naming the first few fields that are wrong.
    """
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    wrong = [_("'{name}' is unknown", name=name) for name in mapping.keys() - fields.keys()]
    values: dict[str, Any] = {}
    for name, spec in fields.items():
        if name not in mapping:
            if spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
                wrong.append(_("'{name}' is missing", name=name))
            continue
        try:
            values[name] = _convert(hints[name], mapping[name])
        except TypeError:
            wrong.append(_("'{name}' has the wrong type", name=name))
    if not wrong:
        try:
            return cls(**values)
        except ValueError as error:
            wrong = [str(error)]
    raise UserError(
        _("config.json can't be used: {what}.", what="; ".join(sorted(wrong)[:3])),
        _("Take another copy of the model, or train it again."),
        code="model.config",
    )


def _convert(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item) for item in value)
    if origin is dict and isinstance(value, dict):
        return {str(key): _convert(arguments[1], item) for key, item in value.items()}
    if kind is float and type(value) in (int, float):
        return float(value)
    # type() and not isinstance(): True is an int to Python, but not to us.
    if kind in (int, bool, str) and type(value) is kind:
        return value
    raise TypeError(kind)
