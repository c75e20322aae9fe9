"""Numbers and names as people read them, in their language."""

from __future__ import annotations

import math

from luokuan.i18n import _, language


def whole(value: float) -> str:
    """A number without decimals, grouped."""
    from babel.numbers import format_decimal

    text: str = format_decimal(round(value) + 0, format="#,##0", locale=language())
    return text


def exact(value: float) -> str:
    """A number with as many decimals as it needs to be told from its neighbours."""
    from babel.numbers import format_decimal

    size = abs(value)
    digits = 0 if size >= 1000 or size == int(size) else 2 if size >= 1 else min(2 - math.floor(math.log10(size)), 9)
    text: str = format_decimal(round(value, digits) + 0, format="#,##0." + "#" * digits, locale=language())
    return text


def compact(value: float) -> str:
    """A number for an axis: 200K, or 20万."""
    from babel.numbers import format_compact_decimal

    if abs(value) < 10_000:  # Chinese counts in ten thousands; below that Babel rounds nothing
        return exact(value)
    text: str = format_compact_decimal(value, fraction_digits=1, locale=language())
    return text


def money(value: float, currency: str) -> str:
    """An amount with its currency's code."""
    return f"{whole(value)} {currency}"


def small_money(value: float, currency: str) -> str:
    """An amount that may be far below one."""
    return f"{exact(value)} {currency}"


def percent(share: float, digits: int = 1) -> str:
    """A part of 1 in per cent."""
    return f"{100 * share:.{digits}f} %"


def months_or_never(count: float | None) -> str:
    """A number of months; None or infinite: it doesn't come."""
    if count is None or math.isinf(count):
        return _("not within the horizon")
    return _("{count} months", count=f"{count:g}")


def layer_word(layer: str) -> str:
    """A layer of the value chain."""
    return {
        "foundation": _("foundation layer"),
        "technology": _("technology layer"),
        "application": _("application layer"),
    }[layer]


def stage_word(stage: str) -> str:
    """A stage of the value chain."""
    return {
        "infrastructure": _("infrastructure"),
        "research": _("technical research"),
        "applications": _("development of applications"),
        "platform": _("building of platforms"),
    }[stage]


def category_word(category: str) -> str:
    """A kind of risk."""
    return {"technology": _("technology"), "market": _("market"), "policy": _("policy")}[category]


def quantity_word(name: str) -> str:
    """A quantity that a project is computed from."""
    return {
        "price": _("price"),
        "first_units": _("units in the first month"),
        "growth": _("growth of units"),
        "most_units": _("most units"),
        "demand_volatility": _("volatility of demand"),
        "variable_cost": _("cost of a unit"),
        "royalty": _("royalty on revenue"),
        "fixed_cost": _("fixed cost"),
        "cost_growth": _("growth of fixed cost"),
        "tax": _("tax on profit"),
        "discount_rate": _("discount rate"),
        "launch": _("month of the launch"),
        "end_value": _("value at the end"),
    }[name]


def resource_word(resource: str) -> str:
    """A resource of the price table."""
    return {
        "compute": _("computing"),
        "memory": _("memory"),
        "storage": _("storage"),
        "tokens": _("tokens"),
        "energy": _("energy"),
    }[resource]


def origin_word(origin: str) -> str:
    """How an amount is known."""
    return {"recorded": _("recorded"), "measured": _("measured"), "estimated": _("estimated")}[origin]
