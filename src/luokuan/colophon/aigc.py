"""The implicit label of GB 45438-2025, Annex E: seven strings that say who made a work, and that it was generated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _

LABELS = ("1", "2", "3")
"""1: is AI-generated; 2: may be; 3: suspected."""

MAX_LENGTH = 8_192
"""Longest JSON text that is parsed, in characters; ours has about 200."""

_FIELDS = {
    "Label": "label",
    "ContentProducer": "producer",
    "ProduceID": "produce_id",
    "ReservedCode1": "reserved1",
    "ContentPropagator": "propagator",
    "PropagateID": "propagate_id",
    "ReservedCode2": "reserved2",
}


@dataclass(frozen=True, slots=True)
class Aigc:
    """One label. Each value is printable ASCII, 0x21 to 0x7E; all but ``label`` may be empty.

    Args:
        label: ``1`` is AI-generated, ``2`` may be, ``3`` suspected.
        producer: Who generated: a name, or the 27-character code of the standard.
        produce_id: The producer's number for this work.
        reserved1: For the producer's own checks.
        propagator: Who passed it on; empty in an original.
        propagate_id: The propagator's number.
        reserved2: For the propagator's own checks.

    Raises:
        UserError: a value breaks these rules.
    """

    label: str
    producer: str
    produce_id: str
    reserved1: str = ""
    propagator: str = ""
    propagate_id: str = ""
    reserved2: str = ""

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise _invalid(_("The field {field} of the AIGC label isn't 1, 2 or 3.", field="Label"))
        for name, attribute in _FIELDS.items():
            value = getattr(self, attribute)
            if not isinstance(value, str) or any(not 0x21 <= ord(letter) <= 0x7E for letter in value):
                raise _invalid(
                    _("The field {field} of the AIGC label isn't printable ASCII without spaces.", field=name)
                )

    def passed_on(self, propagator: str, propagate_id: str, reserved2: str = "") -> Aigc:
        """The label of a work that is passed on: what its producer said stays, the propagator's fields are new."""
        return replace(self, propagator=propagator, propagate_id=propagate_id, reserved2=reserved2)

    def to_dict(self) -> dict[str, str]:
        """The label under the standard's names, in its order."""
        return {name: getattr(self, attribute) for name, attribute in _FIELDS.items()}

    def build(self) -> str:
        """The label as JSON text: the bare object, ASCII, no spaces."""
        return json.dumps(self.to_dict(), separators=(",", ":"))


def from_dict(values: Mapping[str, str]) -> Aigc:
    """The label from what ``to_dict`` gave.

    Raises:
        UserError: a value breaks the rules.
    """
    return Aigc(**{attribute: values[name] for name, attribute in _FIELDS.items()})


def parse(text: str) -> Aigc:
    """Read a label from JSON text, strictly: one object, exactly the seven names once each, string values.

    Raises:
        UserError: the text is anything else.
    """
    if len(text) > MAX_LENGTH:
        raise _invalid(_("The AIGC label is too long."))
    try:
        values: Any = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _invalid(_("The AIGC label isn't JSON with each name once.")) from error
    if not isinstance(values, Mapping) or set(values) != set(_FIELDS):
        raise _invalid(_("The AIGC label hasn't exactly the seven fields of GB 45438-2025."))
    return from_dict(values)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands there twice")
    return values


def _invalid(what: str) -> UserError:
    return UserError(what, _("Write it as GB 45438-2025, Annex E says."), code="aigc.invalid")
