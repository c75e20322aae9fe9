"""Limits, proposals, the register of rules, and books."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from projects_for_tests import project, stated, values, write

from luokuan.appraisal.appraise import appraise
from luokuan.appraisal.books import Receipt, read_books, with_books
from luokuan.appraisal.controls import Figure, findings, proposals
from luokuan.appraisal.rules import is_stale, read_rules
from luokuan.errors import UserError


def rule(metric: str, above: float, name: str = "rule") -> dict[str, Any]:
    return {
        "name": name, "metric": metric, "above": above, "propose": "stop and think", "source": "a test",
        "date": "2026-11-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, "unknown"),
        (0.0, "kept"),
        (16.0, "kept"),
        (16.1, "near"),
        (20.0, "near"),
        (20.1, "broken"),
        (math.inf, "broken"),
    ],
)
def test_a_figure_stands_to_its_limit(value: float | None, state: str) -> None:
    found = project(limits={"failed_jobs": stated(20, "%")})
    (finding,) = findings(found, {"failed_jobs": Figure(value, "records")})
    assert (finding.state, finding.limit, finding.unit) == (state, 20, "%")


def test_rules_propose_above_their_bound_and_touch_nothing() -> None:
    found = project(stop_loss=[rule("failed_jobs", 10), rule("unit_cost", 1), rule("budget_burn", 110)])
    before = found.model_dump()
    figures = {"failed_jobs": Figure(10.5, ""), "unit_cost": Figure(1.0, ""), "budget_burn": Figure(None, "")}
    (proposal,) = proposals(found, figures)
    assert (proposal.metric, proposal.value, proposal.above, proposal.unit) == ("failed_jobs", 10.5, 10, "%")
    assert found.model_dump() == before
    with pytest.raises(AttributeError):
        proposal.value = 1  # type: ignore[misc]


def test_an_appraisal_finds_what_is_broken_and_says_that_nothing_was_done() -> None:
    limits = {"payback": stated(3, "month"), "budget": stated(5000, "EUR"), "loss_probability": stated(50, "%")}
    found = appraise(
        project(limits=limits, stop_loss=[rule("budget", 4000)], horizon=6), paths=100, on=date(2027, 1, 1)
    )
    assert {finding.metric: finding.state for finding in found.findings} == {
        "payback": "broken", "budget": "near", "loss_probability": "broken",
    }  # fmt: skip
    told = found.to_json()
    assert told["limits"][2]["metric"] == "payback" and told["limits"][2]["value"] is None
    assert told["proposals"][0]["acted"] is False
    assert told["advice"] == ["Decision support, not advice.", "决策参考，不构成投资建议。"]


def test_several_rates_of_return_are_flagged() -> None:
    # Money back early, and a large cost at the end.
    months = [{"month": f"2027-{m:02d}", "source": "ledger", "revenue": 0, "cost": 0} for m in range(1, 13)]
    months[0] |= {"invested": 1600}
    months[5] |= {"revenue": 10_000}
    months[11] |= {"cost": 10_000}
    found = appraise(project(actuals=months), paths=10)
    assert found.returns.several and len(found.to_json()["stated"]["irr"]) == 2


def test_the_register_knows_its_days() -> None:
    found = {one.id: one for one in read_rules()}
    assert [one.since for one in read_rules()] == sorted(one.since for one in read_rules())
    label, act = found["gb-45438-2025"], found["eu-ai-act-50"]
    assert (label.since, act.since, act.old_until) == (date(2025, 9, 1), date(2026, 8, 2), date(2026, 12, 2))
    assert [label.status(day) for day in (date(2025, 8, 31), date(2025, 9, 1))] == ["coming", "in force"]
    days = (date(2026, 8, 1), date(2026, 8, 2), date(2026, 12, 1), date(2026, 12, 2))
    assert [act.status(day) for day in days] == ["coming", "transition", "transition", "in force"]
    over = act.model_copy(update={"until": date(2030, 1, 1)})
    assert over.status(date(2030, 1, 2)) == "over"
    assert not is_stale(act, date(2026, 12, 1)) and is_stale(act, date(2027, 12, 1))


def test_a_register_is_spoken_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    (act,) = (one for one in read_rules() if one.id == "eu-ai-act-50")
    assert act.said[0].startswith("EU AI Act")
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert act.said[0].startswith("欧盟")


def test_a_wrong_register_is_refused(tmp_path: Path) -> None:
    for text in ("luokuan_rules: 1\nrules: []\n", "rules: 3\n", "luokuan_rules: 1\nrules: [{id: x}]\n"):
        (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as caught:
            read_rules(tmp_path / "r.yaml")
        assert caught.value.code == "appraisal.rules"


ACTUALS = [{"month": "2027-01", "cost": 5, "source": "ledger"}, {"month": "2027-02", "revenue": 9, "source": "ledger"}]


def test_revenue_comes_from_the_books(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(
        "date,amount,currency,reference\n2027-01-03,10.10,EUR,no 1\n2027-01-30,20.20,EUR,no 2\n"
        "2027-01-31,-10.10,EUR,back\n",
        encoding="utf-8-sig",
    )
    found = with_books(project(actuals=ACTUALS), read_books(tmp_path / "b.csv"), "b.csv")
    assert [actual.revenue for actual in found.actuals] == [20.2, 0]
    assert found.actuals[0].cost == 5 and found.actuals[0].source == "b.csv, 3 receipts; the rest: ledger"


@pytest.mark.parametrize(
    ("receipts", "code"),
    [
        ([Receipt(date(2027, 1, 1), 1, "CNY", "a")], "appraisal.currency"),
        ([Receipt(date(2027, 3, 1), 1, "EUR", "a")], "appraisal.books"),
        ([Receipt(date(2027, 1, 1), -1, "EUR", "a")], "appraisal.books"),
    ],
)
def test_books_that_dont_fit_are_refused(receipts: list[Receipt], code: str) -> None:
    with pytest.raises(UserError) as caught:
        with_books(project(actuals=ACTUALS), receipts, "books")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "line", ["2027-01-01,nan,EUR,a", "2027-01-01,inf,EUR,a", "2027-01-01,1e13,EUR,a", "x,1,EUR,a", "2027-01-01,1,EUR,",
             "2027-01-01,1,EUR", "2027-01-01,1,EUR,a,b", "2027-01-01,one,EUR,a"],
)  # fmt: skip
def test_a_line_that_is_no_receipt_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "b.csv").write_text(f"date,amount,currency,reference\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2 is no receipt"):
        read_books(tmp_path / "b.csv")


def test_other_columns_and_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("day,amount\n", encoding="utf-8")
    for name in ("b.csv", "none.csv"):
        with pytest.raises(UserError) as caught:
            read_books(tmp_path / name)
        assert caught.value.code == "appraisal.books"


def test_values_are_written_as_they_are_read(tmp_path: Path) -> None:
    from luokuan.appraisal.appraise import read_project

    assert read_project(write(tmp_path / "p.yaml", values())) == project()
