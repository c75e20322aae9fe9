"""Small projects, as values and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from luokuan.appraisal.project import Project


def stated(value: float, unit: str) -> dict[str, Any]:
    """An assumption."""
    return {"value": value, "unit": unit, "source": "a test", "date": "2026-11-01"}


def tranche(name: str, month: int, amount: float, **more: Any) -> dict[str, Any]:
    """A tranche."""
    return {"name": name, "month": month, "amount": amount, "source": "a test", "date": "2026-11-01", **more}


def risk(name: str, affects: str, distribution: dict[str, Any], *, how: str = "value", **more: Any) -> dict[str, Any]:
    """A market risk."""
    return {
        "name": name, "category": "market", "affects": affects, "how": how, "distribution": distribution,
        "source": "a test", "date": "2026-11-01", **more,
    }  # fmt: skip


def event(name: str, probability: float, **more: Any) -> dict[str, Any]:
    """A policy event."""
    return {
        "name": name, "category": "policy", "probability": probability, "source": "a test", "date": "2026-11-01", **more
    }  # fmt: skip


def values(**changes: Any) -> dict[str, Any]:
    """A project without tax, growth or risk: 100 units a month of 10 EUR from month 1 on, cost 2 and 300 a month, 5000
    invested, 12 months; ``assumptions`` are added to its own."""
    more = changes.pop("assumptions", {})
    assumptions = {
        "price": stated(10, "EUR/unit"),
        "first_units": stated(100, "unit/month"),
        "most_units": stated(100, "unit/month"),
        "variable_cost": stated(2, "EUR/unit"),
        "fixed_cost": stated(300, "EUR/month"),
        "discount_rate": stated(12, "%/year"),
        "launch": stated(1, "month"),
        **more,
    }
    whole = {
        "luokuan_project": 1, "name": "Test", "layer": "application", "stage": "platform", "currency": "EUR",
        "start": "2027-01", "horizon": 12, "tranches": [tranche("All", 0, 5000)],
    }  # fmt: skip
    return {**whole, "assumptions": assumptions, **changes}


def project(**changes: Any) -> Project:
    """The project itself."""
    return Project.model_validate(values(**changes))


class _Plain(yaml.SafeDumper):
    """Writes what stands at two places twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(path: Path, found: dict[str, Any]) -> Path:
    """Write values as YAML, one field a line."""
    path.write_text(yaml.dump(found, Dumper=_Plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
