"""Costs of a home with known records, by a price table whose prices are powers of ten."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from projects_for_tests import project, write

from luokuan.appraisal import cost as cost_module
from luokuan.appraisal.controls import live_figures
from luokuan.appraisal.cost import BASE_GB, Item, costs_of, only
from luokuan.appraisal.energy import counters, joules, watts_under_load
from luokuan.appraisal.prices import exchange, read_prices
from luokuan.errors import UserError
from luokuan.store.database import open_database
from luokuan.store.feedback import put_feedback
from luokuan.store.home import Home, open_home
from luokuan.store.tables import job, job_output
from luokuan.store.works import WorkRow, insert_work

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30.4375)


def table(**changes: Any) -> dict[str, Any]:
    """Values of a price file."""
    units = {
        "compute": "core-hour",
        "memory": "GB-hour",
        "storage": "GB-month",
        "tokens": "million tokens",
        "energy": "kWh",
    }
    prices = [
        {"resource": name, "unit": unit, "price": 10.0**-at, "since": "2026-01-01", "source": "a test"}
        for at, (name, unit) in enumerate(units.items())
    ]
    watts = {"value": 100, "source": "a test", "date": "2026-01-01"}
    return {"luokuan_prices": 1, "currency": "EUR", "watts_per_core": watts, "prices": prices, **changes}


def add_job(home: Home, number: int, state: str, seconds: float, works: list[str], makes: str | None = None) -> None:
    """A job's row."""
    row = {
        "id": f"{number:024d}", "owner": "ann", "kind": "create.text", "brief": {}, "language": "en",
        "body_digest": "", "makes": makes, "state": state, "priority": 0, "needs": "", "attempts": 1, "tries": 3,
        "run_after": NOW, "fence": 1, "share": 1.0, "message": "", "outputs": len(works), "created_at": NOW - MONTH,
        "ended_at": NOW, "compute_seconds": seconds, "revision": 1, "events": 0,
        "error": {"what": "w"} if state == "failed" else None,
    }  # fmt: skip
    with open_database(home) as database, database.write() as connection:
        connection.execute(job.insert().values(**row))
        for place, work_id in enumerate(works):
            connection.execute(job_output.insert().values(job_id=row["id"], place=place, work_id=work_id))


def add_work(home: Home, number: int, model: str = "mine", size: int = 10**9) -> str:
    """A text's row, two months old."""
    name = f"{number:016x}"
    row = WorkRow(
        name, "text", f"{number:064x}", size, "text/plain", model, "ab" * 32, {}, bytes(32), "cd" * 32, "CC0-1.0",
        "AI", 1, NOW - 2 * MONTH,
    )  # fmt: skip
    with open_database(home) as database, database.write() as connection:
        insert_work(connection, row)
    return name


def add_model(home: Home, name: str = "mine", **training: Any) -> Path:
    """A folder that can be read, without weights worth speaking of."""
    import numpy as np
    from safetensors.numpy import save_file

    folder = home.models / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}), encoding="utf-8")
    (folder / "training.json").write_text(json.dumps(training), encoding="utf-8")
    save_file({"w": np.zeros(250_000, dtype=np.float32)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def prices(tmp_path: Path) -> Any:
    return read_prices(write(tmp_path / "prices.yaml", table()))


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_module, "usable_cores", lambda: 4)


def lines(item: Item) -> dict[str, tuple[float, str]]:
    return {line.resource: (line.amount, line.origin) for line in item.lines}


def test_an_empty_home_costs_nothing(home: Home, prices: Any) -> None:
    found = costs_of(home, prices, on=NOW)
    assert (found.total, found.items, found.models) == (0, (), ())
    assert not home.has_database


def test_works_share_the_seconds_of_their_job(home: Home, prices: Any) -> None:
    ids = [add_work(home, number) for number in (1, 2, 3)]
    add_job(home, 1, "done", 3600, ids[:2])
    found = costs_of(home, prices, on=NOW)
    first, _second, third = found.items
    assert lines(first) == {
        "compute": (pytest.approx(2), "recorded"),  # half an hour on four cores
        "memory": (pytest.approx(0.5 * BASE_GB), "estimated"),
        "energy": (pytest.approx(0.2), "estimated"),
        "storage": (pytest.approx(2), "recorded"),  # 1 GB for two months
    }
    assert first.cost == pytest.approx(2 * 1 + 0.25 * 0.1 + 2 * 0.01 + 0.2 * 0.0001)
    assert first.timed and first.estimated
    assert not third.timed and lines(third) == {"storage": (pytest.approx(2), "recorded")}
    (model,) = found.models
    assert (model.name, model.works, model.untimed, model.training) == ("mine", 3, 1, 0)
    assert model.unit == pytest.approx(found.total / 3)
    assert found.by_resource()["compute"][:3] == (pytest.approx(4), "core-hour", pytest.approx(4))


def test_training_is_counted_by_the_best_record_there_is(home: Home, prices: Any) -> None:
    training = {
        "run": {"minutes": 30, "context": 100}, "items": 5000, "machine": {"cores": 2},
        "corpus": {"tokens": 100, "bytes": 400},
    }  # fmt: skip
    add_model(home, **training)
    item = next(item for item in costs_of(home, prices, on=NOW).items if item.kind == "model")
    assert lines(item)["compute"] == (pytest.approx(1), "estimated")  # half an hour on its two cores
    assert lines(item)["tokens"] == (pytest.approx(0.5), "recorded")
    assert lines(item)["memory"][0] == pytest.approx(0.5 * (BASE_GB + 4 * 0.001), rel=1e-3)
    (home.runs / "mine").mkdir()
    rows = [{"step": at, "items": at, "time": 1000.0 + when} for at, when in enumerate((0, 600, 1200, 90_000, 90_600))]
    (home.runs / "mine" / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"half')
    item = next(item for item in costs_of(home, prices, on=NOW).items if item.kind == "model")
    assert lines(item)["compute"] == (pytest.approx(1), "measured")  # the night in between isn't counted
    add_job(home, 7, "done", 7200, [], makes="model:mine")
    found = costs_of(home, prices, on=NOW)
    item = next(item for item in found.items if item.kind == "model")
    assert lines(item)["compute"] == (pytest.approx(4), "recorded")
    assert [item.kind for item in found.items] == ["model"]
    work = add_work(home, 1, size=4 * 10**6)
    found = costs_of(home, prices, on=NOW)
    assert lines(found.works[0])["tokens"] == (pytest.approx(1), "estimated")
    assert found.models[0].unit == pytest.approx(found.total)
    assert work == found.works[0].name


def test_failed_jobs_cost_as_well_and_a_project_sees_its_own(home: Home, prices: Any) -> None:
    add_job(home, 1, "failed", 900, [])
    add_job(home, 2, "done", 0, [])
    add_work(home, 1, model="mine")
    add_work(home, 2, model="other")
    found = costs_of(home, prices, on=NOW)
    assert [item.kind for item in found.items] == ["work", "work", "job"]
    assert found.items[2].cost == pytest.approx(1 + 0.25 * BASE_GB * 0.1 + 0.1 * 0.0001)
    own = only(found, ["mine"])
    assert [item.model for item in own.items] == ["mine"] and own.total < found.total


def test_live_figures_come_from_the_records(home: Home, prices: Any) -> None:
    ids = [add_work(home, number) for number in (1, 2, 3, 4)]
    add_job(home, 1, "done", 3600, ids)
    add_job(home, 2, "failed", 10, [])
    with open_database(home) as database, database.write() as connection:
        for work, liked in zip(ids, (True, True, False), strict=False):
            put_feedback(connection, work, liked, NOW)
    found = project(models=["mine"], actuals=[{"month": "2027-01", "invested": 5500, "source": "ledger"}])
    costs = costs_of(home, prices, on=NOW)
    figures = live_figures(found, home, costs, date(2027, 3, 1))
    assert figures["failed_jobs"].value == pytest.approx(50)
    assert figures["disliked_works"].value == pytest.approx(100 / 3)
    assert figures["budget_burn"].value == pytest.approx(110)
    assert figures["unit_cost"].value == pytest.approx(costs.models[0].unit)
    nothing = live_figures(project(), None, None, date(2027, 3, 1))
    assert {figure.value for figure in nothing.values()} == {None}


def test_prices_change_on_their_day_and_are_exchanged(tmp_path: Path, home: Home) -> None:
    values = table(exchange=[{"currency": "CNY", "rate": 8, "since": "2026-05-01", "source": "a bank"}])
    late = {"resource": "storage", "unit": "GB-month", "price": 5, "since": "2026-10-01", "source": "later"}
    values["prices"].append(late)
    found = read_prices(write(tmp_path / "p.yaml", values))
    assert [found.at("storage", day)[0].price for day in (date(2026, 9, 30), date(2026, 10, 1))] == [0.01, 5]
    assert found.at("storage", date(2025, 1, 1)) == (found.prices[2], False)
    assert exchange(found, "CNY", date(2026, 5, 1)).factor == 8
    add_work(home, 1)
    assert costs_of(home, found, currency="CNY", on=NOW).total == pytest.approx(2 * 0.01 * 8)
    for currency, day in (("USD", date(2026, 5, 1)), ("CNY", date(2026, 4, 30))):
        with pytest.raises(UserError) as caught:
            exchange(found, currency, day)
        assert caught.value.code == "appraisal.currency"


def test_the_table_that_comes_along_is_whole_and_says_that_it_is_assumed() -> None:
    found = read_prices()
    assert found.currency == "CNY"
    assert all("Assumption" in price.source or "Own models" in price.source for price in found.prices)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"currency": "XQX"}, "no currency"),
        ({"prices": []}, "fewer than 1"),
        ({"watts_per_core": {"value": float("nan"), "source": "x", "date": "2026-01-01"}}, "no finite number"),
        ({"watts_per_core": {"value": -3, "source": "x", "date": "2026-01-01"}}, "at least 0"),
        ({"exchange": [{"currency": "CNY", "rate": 0, "since": "2026-01-01", "source": "x"}]}, "above 0"),
    ],
)
def test_wrong_prices_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as caught:
        read_prices(write(tmp_path / "p.yaml", table(**change)))
    assert told in caught.value.what and caught.value.code == "appraisal.prices"
    for field, value in (("unit", "hour"), ("price", -1), ("price", float("inf")), ("price", 1e9), ("since", "soon")):
        values = table()
        values["prices"][0][field] = value
        with pytest.raises(UserError):
            read_prices(write(tmp_path / "p.yaml", values))
    with pytest.raises(UserError, match="'energy' is missing"):
        read_prices(write(tmp_path / "p.yaml", table(prices=table()["prices"][:-1])))


def rapl(root: Path, name: str, energy: int, most: int = 10_000_000) -> Path:
    """A counter as Linux shows it."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def test_energy_is_read_where_the_machine_tells(tmp_path: Path) -> None:
    first = rapl(tmp_path, "intel-rapl:0", 9_000_000)
    rapl(tmp_path, "intel-rapl:0:0", 1)  # the cores, which are in their package
    rapl(tmp_path, "intel-rapl:1", 500)
    (tmp_path / "intel-rapl:2").mkdir()
    found = counters(tmp_path)
    assert [counter.path.name for counter in found] == ["intel-rapl:0", "intel-rapl:1"]
    before = [counter.read() for counter in found]
    (first / "energy_uj").write_text("2000000\n")  # started again at 10 J
    assert joules(before, [counter.read() for counter in found], found) == pytest.approx(3)
    assert watts_under_load(0.01, tmp_path) == 0
    assert watts_under_load(0.01, tmp_path / "none") is None


def test_measured_power_is_marked_so(home: Home, prices: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add_job(home, 1, "done", 3600, [add_work(home, 1)])
    monkeypatch.setattr(cost_module, "watts_under_load", lambda: 60.0)
    found = costs_of(home, prices, on=NOW, measure=True)
    assert (found.watts, found.watts_origin) == (60, "measured")
    assert lines(found.works[0])["energy"] == (pytest.approx(0.06), "recorded")
    monkeypatch.setattr(cost_module, "watts_under_load", lambda: None)
    assert costs_of(home, prices, on=NOW, measure=True).watts_origin == "estimated"
