"""`luokuan appraisal`: what it prints, writes, refuses, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from projects_for_tests import project, risk, stated, values, write
from safetensors.numpy import save_file

from luokuan.cli.main import main
from luokuan.store.home import open_home


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this test's folder; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["appraisal", *(str(a) for a in arguments)])
        out, err = capfd.readouterr()
        return code, out, err

    return call


RISKY = {"risks": [risk("price", "price", {"kind": "normal", "mean": 10, "sd": 3})], "horizon": 24}


def test_new_show_run_report(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run("new", "p.yaml")
    assert (code, err) == (0, "") and "luokuan appraisal run p.yaml" in out
    code, out, err = run("new", "p.yaml")
    assert code == 2 and "exists already" in err
    code, out, _err = run("show", "p.yaml", "--json")
    assert code == 0 and json.loads(out)["project"]["currency"] == "EUR"
    assert "5 risks, 3 events, 8 limits" in run("show", "p.yaml")[1]
    code, out, err = run("run", "p.yaml", "--paths", 500, "--seed", 3, "--json")
    found = json.loads(out)
    assert (code, err) == (1, "") and found["simulated"]["paths"] == 500 and found["simulated"]["seed"] == 3
    assert run("run", "p.yaml", "--paths", 500, "--seed", 3, "--json")[1] == out
    code, out, _err = run("run", "p.yaml", "--paths", 500)
    assert code == 1 and "broken" in out and out.endswith("Decision support, not advice.\n")
    code, out, _err = run("report", "p.yaml", "--paths", 500)
    assert (code, out) == (0, "Wrote p.html.\n")
    assert "<svg" in Path("p.html").read_text(encoding="utf-8")
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert run("new", "z.yaml")[0] == 0
    assert "应用层" in Path("z.yaml").read_text(encoding="utf-8")


def test_a_project_that_keeps_its_limits_ends_with_0(run: Any, tmp_path: Path) -> None:
    good = values(limits={"budget": stated(9000, "EUR")}, **RISKY)
    code, out, err = run("run", write(tmp_path / "p.yaml", good), "--paths", 50)
    assert (code, err) == (0, "") and "kept" in out


def test_reports_have_two_forms(run: Any, tmp_path: Path) -> None:
    place = write(tmp_path / "p.yaml", values(**RISKY))
    code, _out, err = run("report", place, "-o", "r.docx")
    assert code == 2 and "ends in .html or .pdf" in err and not Path("r.docx").exists()
    pytest.importorskip("fpdf")
    label = Path(__file__).parents[2] / "src/luokuan/colophon/fonts/label.ttf"
    code, _out, err = run("report", place, "-o", "r.pdf", "--paths", 50, "--font", label)
    assert code == 2 and "No font was found" in err and not Path("r.pdf").exists()


def test_wrong_files_end_with_2_and_one_sentence(run: Any, tmp_path: Path) -> None:
    bad = values()
    bad["assumptions"]["price"]["value"] = float("nan")
    place = write(tmp_path / "p.yaml", bad)
    for command in ("show", "run", "report"):
        code, out, err = run(command, place)
        assert (code, out) == (2, "") and "'assumptions.price.value': it is no finite number" in err
    code, out, _err = run("run", place, "--json")
    assert code == 2 and json.loads(out)["error"]["code"] == "appraisal.project"
    good = write(tmp_path / "good.yaml", values())
    assert run("run", good, "--paths", 1)[0] == 2
    assert run("run", good, "--on", "tomorrow")[0] == 2
    assert run("run", good, "--books", "none.csv")[0] == 2
    assert run("run", good, "--prices", "none.yaml")[0] == 2
    assert run("run", "none.yaml")[0] == 2


def test_cost_of_an_empty_home(run: Any) -> None:
    code, out, _err = run("cost", "--json")
    assert code == 0 and json.loads(out)["total"] == 0 and json.loads(out)["watts_origin"] == "estimated"
    assert "no records" in run("cost")[1]
    code, _out, err = run("cost", "--currency", "CHF")
    assert code == 2 and "--prices" in err


def test_a_portfolio(run: Any, tmp_path: Path) -> None:
    risky = {"kind": "uniform", "low": 0, "high": 22}
    one = write(tmp_path / "one.yaml", values(name="one", **RISKY))
    two = write(
        tmp_path / "two.yaml", values(name="two", layer="technology", risks=[risk("x", "price", risky)], horizon=24)
    )
    code, out, err = run(
        "portfolio", one, two, "--cvar", 40, "--direction", "application=50", "--paths", 2000, "--json"
    )
    found = json.loads(out)
    assert (code, err) == (0, "")
    weights = {row["project"]: row["weight"] for row in found["weights"]}
    assert weights["one"] <= 0.5 + 1e-9 and found["cvar"] <= 0.4 + 1e-9
    assert sum(weights.values()) + found["unspent"] == pytest.approx(1)
    assert "of the budget" in run("portfolio", one, two, "--paths", 100)[1]
    for wrong in (("--direction", "application"), ("--direction", "application=150"), ("--direction", "sky=5"),
                  ("--cvar", -1), ("--level", 100), ("--most", 0)):  # fmt: skip
        assert run("portfolio", one, two, *wrong)[0] == 2
    assert run("portfolio", one)[0] == 2
    other = write(tmp_path / "three.yaml", values(name="three", currency="CHF"))
    assert run("portfolio", one, other)[0] == 2


def test_rules_as_of_a_day(run: Any) -> None:
    code, out, _err = run("rules", "--on", "2026-08-01", "--json")
    status = {rule["id"]: rule["status"] for rule in json.loads(out)["rules"]}
    assert code == 0 and status["eu-ai-act-50"] == "coming" and status["gb-45438-2025"] == "in force"
    out = run("rules", "--on", "2028-01-01")[1]
    assert "look again" in out and "No legal advice" in out


def test_a_report_counts_the_models_of_its_project_alone(run: Any, tmp_path: Path) -> None:
    home = open_home()
    folder = home.models / "mine"
    folder.mkdir()
    (folder / "config.json").write_text('{"family": "gan"}', encoding="utf-8")
    (folder / "training.json").write_text('{"run": {"minutes": 60}, "machine": {"cores": 2}}', encoding="utf-8")
    save_file({"w": np.zeros(10, dtype=np.float32)}, folder / "model.safetensors")
    for name, models, shown in (("its", ["mine"], True), ("other", [], False)):
        place = write(tmp_path / f"{name}.yaml", values(models=models))
        assert run("report", place, "--paths", 50, "-o", f"{name}.html")[0] == 0
        text = Path(f"{name}.html").read_text(encoding="utf-8")
        assert ("Cost by the home" in text) == shown and ("core-hour" in text) == shown
    found = json.loads(run("cost", "--project", tmp_path / "its.yaml", "--json")[1])
    (item,) = found["items"]
    line = next(line for line in item["lines"] if line["resource"] == "compute")
    assert found["currency"] == "EUR" and line["amount"] == 2 and line["origin"] == "estimated"
    assert line["price"] == pytest.approx(0.06 * 0.125)


def test_books_reach_the_flows(run: Any, tmp_path: Path) -> None:
    place = write(
        tmp_path / "p.yaml", values(actuals=[{"month": "2027-01", "cost": 300, "invested": 5000, "source": "x"}])
    )
    before = json.loads(run("run", place, "--paths", 10, "--json")[1])["stated"]["npv"]
    Path("b.csv").write_text("date,amount,currency,reference\n2027-01-05,250,EUR,one\n", encoding="utf-8")
    after = json.loads(run("run", place, "--paths", 10, "--books", "b.csv", "--json")[1])["stated"]["npv"]
    assert after - before == pytest.approx(250)
    assert project().horizon == 12
