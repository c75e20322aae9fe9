"""The right to stop, against cases whose value is known."""

from __future__ import annotations

import pytest
from projects_for_tests import event, project, stated, tranche

from luokuan.appraisal.risk import simulate
from luokuan.appraisal.staging import staged_value

FREE = {"discount_rate": stated(0, "%/year"), "fixed_cost": stated(0, "EUR/month")}


def test_who_sees_the_failure_doesnt_pay_for_it() -> None:
    # An event takes all revenue from its month on, 30 % a month. Months 1 to 11 bring 800 each, the gate costs 4000.
    found = project(
        assumptions=FREE,
        events=[event("fails", 30, revenue=-100, lasts=None, since=0)],
        tranches=[tranche("a", 0, 100), tranche("b", 2, 4000)],
    )
    simulation = simulate(found, paths=20_000, seed=1)
    staging = staged_value(found, simulation)
    assert staging is not None
    (gate,) = staging.gates
    # Failed until the gate: 1 - 0.7^2; those who fail have only their costs ahead. Who has not yet goes on if it pays.
    failed = 1 - 0.7**2
    assert gate.reached == 1 and gate.stopped >= failed - 0.015
    assert staging.option > 0.9 * failed * 4000
    assert staging.committed == pytest.approx(simulation.mean)
    assert staging.staged == pytest.approx(staging.results.mean())


def test_what_is_recovered_is_paid_back_where_it_stops() -> None:
    # Nothing is ever sold: going on is worth -900 for sure, stopping brings back half of 1000.
    found = project(
        assumptions={**FREE, "first_units": stated(0, "unit/month")},
        tranches=[tranche("a", 0, 1000), tranche("b", 3, 900, recovered=50)],
    )
    staging = staged_value(found, simulate(found, paths=1000))
    assert staging is not None
    assert staging.gates[0].stopped == 1
    assert staging.committed == pytest.approx(-1900) and staging.staged == pytest.approx(-500)


def test_nobody_stops_what_pays_for_sure() -> None:
    found = project(assumptions=FREE, tranches=[tranche("a", 0, 100), tranche("b", 3, 100), tranche("c", 5, 100)])
    staging = staged_value(found, simulate(found, paths=1000))
    assert staging is not None
    assert [gate.stopped for gate in staging.gates] == [0, 0]
    assert staging.option == pytest.approx(0)


def test_without_gates_or_paths_nothing_is_fitted() -> None:
    assert staged_value(project(), simulate(project(), paths=1000)) is None
    found = project(tranches=[tranche("a", 0, 1), tranche("b", 3, 1)])
    assert staged_value(found, simulate(found, paths=100)) is None
    # A gate that lies in the past is no decision any more.
    months = [{"month": f"2027-{m:02d}", "source": "ledger"} for m in (1, 2, 3, 4)]
    past = project(tranches=[tranche("a", 0, 1), tranche("b", 3, 1)], actuals=months)
    assert staged_value(past, simulate(past, paths=1000)) is None
