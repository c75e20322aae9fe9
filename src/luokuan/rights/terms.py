"""Licence terms as data: what somebody may do with a work, where, for how long, and what it costs.

Presets, words for people and other formats stand beside: ``presets``, ``words``, ``odrl``, ``metadata``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Literal, get_args

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.money import Money

SCHEMA, VERSION = "org.luokuan.terms", 1
"""Name and version of the JSON form. Old versions must be readable forever."""

Use = Literal["personal", "education", "editorial", "commercial", "advertising", "merchandise"]
Derivatives = Literal["none", "allowed", "share-alike", "revenue-share"]
Training = Literal["allowed", "ask", "forbidden"]

USES: tuple[Use, ...] = get_args(Use)
PAID_USES: tuple[Use, ...] = ("commercial", "advertising", "merchandise")
"""Uses that make money."""
WORLD = "world"
WHOLE = 10_000
"""Shares are counted in basis points: 10,000 are the whole."""
LONGEST_TERM = 36_500
"""Days."""
MAX_CREDIT = 500
"""Characters."""
MAX_JSON = 64 << 10


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence lets its holder do.

    Args:
        uses: What the work may be used for, in the order of ``USES``; none: it may be looked at.
        territory: ``("world",)``, or codes of countries as in ISO 3166-1 (``CN``, ``FR``), sorted.
        days: How long from the grant on, 1 to ``LONGEST_TERM``; None: for ever.
        exclusive: Whether nobody else gets such a licence while it runs.
        attribution: Whether the maker must be named.
        credit: How, one line; empty: by the name on the work.
        derivatives: Whether something new may be made of the work: not at all, freely, under the same terms, or for a
            share of what it earns.
        revenue_share: That share in basis points, 1 to ``WHOLE`` with ``revenue-share``, else 0.
        ai_training: Whether models may be trained on it: yes, after asking, no.
        price: What the licence costs; None: it isn't offered for a price, ask.
        royalty: Share of each later sale that goes to the maker, in basis points, 0 to ``WHOLE``.

    Raises:
        UserError: a value is out of its range, or two contradict each other.
    """

    uses: tuple[Use, ...] = ()
    territory: tuple[str, ...] = (WORLD,)
    days: int | None = None
    exclusive: bool = False
    attribution: bool = True
    credit: str = ""
    derivatives: Derivatives = "none"
    revenue_share: int = 0
    ai_training: Training = "forbidden"
    price: Money | None = None
    royalty: int = 0

    def __post_init__(self) -> None:
        self._check_words()
        self._check_numbers()
        self._check_together()

    def _check_words(self) -> None:
        if not _texts(self.uses) or not set(self.uses) <= set(USES) or len(set(self.uses)) != len(self.uses):
            raise _wrong("uses", ", ".join(USES))
        object.__setattr__(self, "uses", tuple(use for use in USES if use in self.uses))
        places = self.territory
        if not _texts(places) or not places or len(set(places)) != len(places):
            raise _wrong("territory", "world, CN, FR …")
        if places != (WORLD,) and not set(places) <= territories():
            raise _wrong("territory", "world, CN, FR …")
        object.__setattr__(self, "territory", tuple(sorted(places)))
        for name, kind in (("derivatives", Derivatives), ("ai_training", Training)):
            if getattr(self, name) not in get_args(kind):
                raise _wrong(name, ", ".join(get_args(kind)))
        for name in ("exclusive", "attribution"):
            if type(getattr(self, name)) is not bool:
                raise _wrong(name, "true, false")
        credit = self.credit
        if not isinstance(credit, str) or len(credit) > MAX_CREDIT or not (credit == "" or credit.isprintable()):
            raise _wrong("credit", _("one line of at most {most} characters", most=MAX_CREDIT))

    def _check_numbers(self) -> None:
        ranges = {"days": (1, LONGEST_TERM), "revenue_share": (0, WHOLE), "royalty": (0, WHOLE)}
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if name == "days" and value is None:
                continue
            if type(value) is not int or not least <= value <= most:
                raise _wrong(name, f"{least} … {most}")
        if self.price is not None and not isinstance(self.price, Money):
            raise _wrong("price", '{"minor": 1250, "currency": "EUR"}')

    def _check_together(self) -> None:
        if (self.derivatives == "revenue-share") != (self.revenue_share > 0):
            raise UserError(
                _("A share of what derived works earn and derivatives: revenue-share go together."),
                _("Give both, or neither."),
                code="terms.share",
            )
        if self.exclusive and not self.uses:
            raise UserError(
                _("An exclusive licence lets its holder use the work for something."),
                _("Give it uses, such as commercial."),
                code="terms.exclusive",
            )

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with schema and version."""
        values = {**asdict(self), "uses": list(self.uses), "territory": list(self.territory)}
        values["price"] = None if self.price is None else self.price.to_json()
        return {"schema": SCHEMA, "version": VERSION, **values}

    @classmethod
    def from_json(cls, value: object) -> Terms:
        """From what ``to_json`` gave; what is left out has its default.

        Raises:
            UserError: it is no such object, holds unknown keys, is of a newer version, or see ``Terms``.
        """
        if not isinstance(value, dict) or value.get("schema") != SCHEMA or type(value.get("version")) is not int:
            raise UserError(
                _("These aren't licence terms: schema {schema} and a version are missing.", schema=SCHEMA),
                _("Begin with what `luokuan rights terms commercial --json` prints."),
                code="terms.schema",
            )
        if not 1 <= value["version"] <= VERSION:
            raise UserError(
                _("These licence terms are of version {found}; this Luokuan knows {known}.",
                  found=value["version"], known=VERSION),
                _("Update Luokuan."),
                code="terms.version",
            )  # fmt: skip
        known = {field.name for field in fields(cls)}
        unknown = sorted(str(key) for key in value.keys() - known - {"schema", "version"})
        if unknown:
            raise UserError(
                _("Licence terms have no '{key}'.", key=unknown[0][:40]),
                _("They have: {known}.", known=", ".join(sorted(known))),
                code="terms.key",
            )
        values: dict[str, Any] = {key: value[key] for key in known & value.keys()}
        for name in ("uses", "territory"):
            if name in values:
                if not isinstance(values[name], list):
                    raise _wrong(name, "[…]")
                values[name] = tuple(values[name])
        if values.get("price") is not None:
            values["price"] = Money.from_json(values["price"])
        return cls(**values)


def read_terms(text: str | bytes) -> Terms:
    """Terms from the text of a JSON file.

    Raises:
        UserError: it is no JSON, too long, or see ``Terms.from_json``.
    """
    try:
        if len(text) > MAX_JSON:
            raise ValueError
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UserError(
            _("The licence terms can't be read: they are no JSON."),
            _("Begin with what `luokuan rights terms commercial --json` prints."),
            code="terms.json",
        ) from error
    return Terms.from_json(found)


@lru_cache(maxsize=1)
def territories() -> frozenset[str]:
    """Codes of countries and areas, two letters (CLDR's, which hold those of ISO 3166-1)."""
    from babel import Locale

    listed: Mapping[str, str] = Locale("en").territories
    # Besides countries: what CLDR uses for tests, for outlying Oceania and for no known region.
    return frozenset(code for code in listed if len(code) == 2 and code.isalpha()) - {"ZZ", "XA", "XB", "QO"}


def _texts(values: object) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, str) for value in values)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _wrong(name: str, allowed: str) -> UserError:
    return UserError(
        _("The licence term '{name}' is out of its range.", name=name),
        _("Allowed: {allowed}.", allowed=allowed),
        code="terms.value",
    )
