"""Monte Carlo of a project: time of all paths, against a plain Python loop over paths and months.

    python benchmarks/appraisal.py [--paths 100000] [--plain 500] [--seed 0] [--json]

The project is the example's, 60 months. The loop draws nothing: it takes the quantities, demand and events of the first
paths and computes them month by month, so that both sides must come to the same values (the largest difference is
printed). Its time is without the drawing, ours is with it. The ratio is of processor time, one run each: a busy
machine changes the clock's seconds more.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.appraisal.appraise import read_project
from luokuan.appraisal.cashflow import plan_of
from luokuan.appraisal.project import QUANTITIES, Project
from luokuan.appraisal.risk import draw_demand, draw_events, draw_quantities, simulate

ROOT = Path(__file__).parents[1]


def inputs(
    project: Project, paths: int, seed: int
) -> tuple[dict[str, list[float]], list[list[float]], list[list[float]]]:
    """What is drawn, as lists: quantities, demand by month, and the month of each event."""
    values, _clipped = draw_quantities(project, paths, seed)
    columns = {name: np.broadcast_to(np.ravel(values[name]), paths).tolist() for name in QUANTITIES}
    demand: list[list[float]] = []
    for _rows, found in draw_demand(project, plan_of(project), paths, seed):
        assert found is not None
        demand += found.tolist()
    return columns, demand, draw_events(project.events, paths, seed).tolist()


def plain(
    project: Project, columns: dict[str, list[float]], demand: list[list[float]], first: list[list[float]]
) -> list[float]:
    """Net present values, path by path and month by month."""
    launch, tax = int(project.quantity("launch")), project.quantity("tax") / 100
    spent = {tranche.month: tranche.amount for tranche in project.tranches}
    found = []
    for path in range(len(demand)):
        v = {name: column[path] for name, column in columns.items()}
        total = highest = worth = 0.0
        for t in range(project.horizon):
            units = 0.0
            if t >= launch:
                units = min(
                    v["first_units"] * (1 + v["growth"] / 100) ** (t - launch) * demand[path][t], v["most_units"]
                )
            up, dear, lost = 1.0, 1.0, 0.0
            for event, start in zip(project.events, first[path], strict=True):
                if start <= t < start + (event.lasts or project.horizon):
                    up *= 1 + event.revenue / 100
                    dear *= 1 + event.cost / 100
                lost += event.loss if t == start else 0.0
            revenue = v["price"] * units * up
            fixed = v["fixed_cost"] * (1 + v["cost_growth"] / 100) ** (t / 12)
            cost = (v["variable_cost"] * units + v["royalty"] / 100 * revenue + fixed) * dear + lost
            profit = revenue - cost - spent.get(t, 0.0) + (v["end_value"] if t == project.horizon - 1 else 0.0)
            total += profit
            due = tax * max(total - highest, 0.0)
            highest = max(highest, total)
            worth += (profit - due) * (1 + v["discount_rate"] / 100) ** (-t / 12)
        found.append(worth)
    return found


def measure(paths: int, few: int, seed: int) -> dict[str, Any]:
    """All figures."""
    project = read_project(ROOT / "examples/project.yaml")
    simulate(project, paths=2, seed=seed)  # imports
    start, used = time.perf_counter(), time.process_time()
    npv = simulate(project, paths=paths, seed=seed).npv
    took, used = time.perf_counter() - start, time.process_time() - used
    drawn = inputs(project, few, seed)
    start = time.process_time()
    slow = plain(project, *drawn)
    loop = time.process_time() - start
    return {
        "paths": paths,
        "months": project.horizon,
        "seconds": took,
        "processor_seconds": used,
        "plain_paths": few,
        "plain_processor_seconds": loop,
        "ratio_per_path": (loop / few) / (used / paths),
        "largest_difference": float(np.abs(npv[:few] - slow).max() / np.abs(slow).max()),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--plain", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.paths, min(arguments.plain, arguments.paths), arguments.seed)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name}: {value:g}" for name, value in result.items()))
