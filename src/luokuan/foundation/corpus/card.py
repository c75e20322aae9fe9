"""card.yaml: what a corpus is, whose it is, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.foundation.plainyaml import UNREADABLE
from luokuan.i18n import _

NAME = "card.yaml"
SIZE_LIMIT = 256 << 10
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Card:
    """The fields of card.yaml; all are text.

    Args:
        title: What the corpus is called.
        licence: SPDX identifier (``CC0-1.0``, ``CC-BY-4.0``), ``own`` for material of one's own, or ``unknown``.
        source: Where the material came from.
        credit: Who is to be named.
        consent: On what ground depicted or recorded persons agreed; ``none needed`` where there are none.
        personal_data: What personal data it holds; ``none`` where it holds none.
        aliases: Other words for classes, such as ``连衣裙: dress``.
    """

    title: str = ""
    licence: str = UNKNOWN
    source: str = ""
    credit: str = ""
    consent: str = ""
    personal_data: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    unknown_fields: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the fields that are empty, or a licence that is unknown."""
        texts = [f.name for f in fields(self) if f.name not in ("aliases", "unknown_fields")]
        return tuple(n for n in texts if not getattr(self, n) or (n == "licence" and self.licence == UNKNOWN))

    @property
    def sellable(self) -> bool:
        """Whether works made from the corpus may be sold at all: only with a known licence that allows it."""
        licence = self.licence.upper()
        return licence != UNKNOWN.upper() and "-NC" not in licence

    def to_yaml(self) -> str:
        """As written to card.yaml."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "unknown_fields"}
        values["aliases"] = dict(self.aliases)
        if not self.aliases:
            del values["aliases"]
        return yaml.safe_dump(values, allow_unicode=True, sort_keys=False)


def read_card(folder: Path) -> Card | None:
    """The card in ``folder``, or None when there is none.

    Raises:
        UserError: card.yaml is no YAML mapping of texts, or too large.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError("too large")
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no mapping")
        return _build(found)
    except UNREADABLE as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=path, why=str(error).replace("\n", " ")[:200]),
            _("Write lines such as `licence: CC0-1.0`, or make one with `luokuan corpus card`."),
            code="corpus.card",
        ) from error


def _build(found: Mapping[Any, Any]) -> Card:
    known = {f.name for f in fields(Card)} - {"aliases", "unknown_fields"}
    values: dict[str, Any] = {}
    for key in known & found.keys():
        value = found[key]
        if value is not None and not isinstance(value, str | int | float):
            raise ValueError(f"{key} is not text")
        values[key] = "" if value is None else str(value).strip()
    values["licence"] = values.get("licence") or UNKNOWN
    aliases = found.get("aliases") or {}
    if not isinstance(aliases, dict):
        raise ValueError("aliases is no mapping")
    unknown = tuple(sorted(str(key) for key in found.keys() - known - {"aliases"}))
    # Only plain values: the text of nested YAML anchors can be exponentially longer than the file.
    if not all(isinstance(v, str | int | float) for v in aliases.values()):
        raise ValueError("aliases hold more than text")
    return Card(**values, aliases={str(k): str(v) for k, v in aliases.items()}, unknown_fields=unknown)


def write_card(folder: Path, card: Card) -> Path:
    """Write card.yaml into ``folder``; atomic."""
    path = folder / NAME
    write_atomic(path, card.to_yaml().encode())
    return path
