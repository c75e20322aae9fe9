"""Fields of a request, taken one by one; what nobody takes is refused, so that nothing is silently left undone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.i18n import _
from luokuan.studio.openai.errors import ApiError

HARMLESS = (
    "user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
)  # fmt: skip
"""What may be said and changes nothing here."""
SETTLED: Mapping[str, tuple[Any, ...]] = {"service_tier": ("auto", "default"), "store": (False,)}
"""What may be said only as it is here anyway."""


class Fields:
    """What a client gave. ``null`` is as if it wasn't there.

    Args:
        values: The fields.
        form: They come from a form, where numbers are texts.
        inside: The field that they stand in, with a dot behind it.
    """

    def __init__(self, values: Mapping[str, Any], *, form: bool = False, inside: str = "") -> None:
        self._inside = inside
        self._left = {name: value for name, value in values.items() if value is not None}
        self._form = form
        for name in HARMLESS:
            self._left.pop(name, None)
        for name, allowed in SETTLED.items():
            self.settled(name, *allowed)

    def any(self, name: str) -> Any:
        """Whatever it is; None: it isn't there."""
        return self._left.pop(name, None)

    def text(self, name: str, *, required: bool = False, most: int = 20_000) -> str | None:
        """A text of ``most`` characters at most.

        Raises:
            ApiError: it is none; or it is missing (so it is with all below).
        """
        value = self.any(name)
        if value is None:
            if required:
                raise missing(self._inside + name)
            return None
        if not isinstance(value, str):
            raise wrong_type(self._inside + name, _("a text"))
        if len(value) > most:
            raise wrong(self._inside + name, _("at most {most} characters", most=most))
        return value

    def needed(self, name: str, *, most: int = 20_000) -> str:
        """A text that must be there, and not empty."""
        value = self.text(name, required=True, most=most)
        if not value:
            raise missing(self._inside + name)
        return value

    def integer(self, name: str, least: int, most: int, usual: int | None = None) -> int | None:
        """A whole number."""
        value = self.any(name)
        if self._form and isinstance(value, str):
            value = int(value) if value.removeprefix("-").isdecimal() and len(value) < 20 else value
        if value is None:
            return usual
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(self._inside + name, _("a whole number"))
        if not least <= value <= most:
            raise wrong(self._inside + name, f"{least} … {most}")
        return value

    def count(self, name: str, most: int) -> int:
        """How many, 1 if nothing is said."""
        return self.integer(name, 1, most, 1) or 1

    def number(self, name: str, least: float, most: float, usual: float | None = None) -> float | None:
        """A number."""
        value = self.any(name)
        if self._form and isinstance(value, str):
            try:
                value = float(value)
            except ValueError as error:
                raise wrong_type(self._inside + name, _("a number")) from error
        if value is None:
            return usual
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self._inside + name, _("a number"))
        if not (least <= value <= most and math.isfinite(value)):
            raise wrong(self._inside + name, f"{least:g} … {most:g}")
        return float(value)

    def flag(self, name: str) -> bool:
        """Yes or no; no if nothing is said."""
        value = self.any(name)
        if self._form and value in ("true", "false"):
            value = value == "true"
        if value is None:
            return False
        if not isinstance(value, bool):
            raise wrong_type(self._inside + name, _("true or false"))
        return value

    def one_of(self, name: str, allowed: Sequence[str], usual: str) -> str:
        """One of some words."""
        value = self.any(name)
        if value is None:
            return usual
        if not isinstance(value, str) or value not in allowed:
            raise wrong(self._inside + name, ", ".join(allowed))
        return value

    def texts(self, name: str, *, most: int, longest: int = 20_000) -> tuple[str, ...]:
        """A text or a list of them; empty if there are none."""
        value = self.any(name)
        if value is None:
            return ()
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise wrong_type(self._inside + name, _("a text or a list of texts"))
        if len(found) > most or any(len(one) > longest for one in found):
            raise wrong(
                self._inside + name, _("at most {count} of at most {most} characters", count=most, most=longest)
            )
        return tuple(found)

    def settled(self, name: str, *allowed: Any) -> None:
        """Something that can only be as it is: other values are refused."""
        if name not in self._left:
            return
        value = self._left.pop(name)
        spoken = [str(one).lower() if isinstance(one, bool | int) else one for one in allowed] if self._form else []
        if not any(type(value) is type(one) and value == one for one in (*allowed, *spoken)):
            numbers = isinstance(value, int | float) and not isinstance(value, bool)
            if not (numbers and any(not isinstance(one, bool) and value == one for one in allowed)):
                raise unsupported(self._inside + name, allowed)

    def done(self) -> None:
        """There must be nothing left.

        Raises:
            ApiError: there is; the first one is named.
        """
        for name in self._left:
            raise unsupported(self._inside + name[:80])


def missing(name: str) -> ApiError:
    """A field isn't there."""
    return ApiError(_("'{name}' is missing.", name=name), _("Add it."), code="missing_required_parameter", param=name)


def wrong(name: str, allowed: str) -> ApiError:
    """A field has a value that it can't have."""
    return ApiError(
        _("'{name}' can't have this value.", name=name), _("Allowed: {allowed}.", allowed=allowed),
        code="invalid_value", param=name,
    )  # fmt: skip


def wrong_type(name: str, wanted: str) -> ApiError:
    """A field has a value of another kind."""
    return ApiError(
        _("'{name}' isn't {wanted}.", name=name, wanted=wanted), _("Change it."), code="invalid_type", param=name
    )


def unsupported(name: str, allowed: Sequence[Any] = ()) -> ApiError:
    """A field can't be used here, or not with this value."""
    only = ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in allowed)
    return ApiError(
        _("'{name}' isn't supported here.", name=name),
        _("Leave it out, or say: {allowed}.", allowed=only) if only else _("Leave it out."),
        code="unsupported_parameter",
        param=name,
    )
