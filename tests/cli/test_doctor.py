"""The doctor describes this machine and names what is slow, missing or unsafe."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from luokuan.cli import doctor
from luokuan.cli.main import main
from luokuan.foundation.compute import Machine

ROOT = Path(__file__).parents[2]
GIB = 1 << 30
FINE = doctor.Report(
    machine=Machine("new", 4, 4, True, 16 * GIB, 8 * GIB, None, "cpu", "bf16"),
    gflops={"float32": 200.0, "bf16": 400.0},
    disk_free=100 * GIB,
    home=Path("home"),
    home_mode=0o700,
    home_writable=True,
    nvidia=False,
    font=True,
    versions={"torch": "2.13.0"},
    extras={"onnx": True},
)


def test_doctor_describes_the_machine(capfd: pytest.CaptureFixture[str], own_home: Path) -> None:
    assert main(["doctor", "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["machine"]["cores"] >= 1 and values["gflops"]["float32"] > 0
    assert ("bf16" in values["gflops"]) == values["machine"]["bf16"]
    assert values["versions"]["torch"] and values["font"] and set(values["extras"]) == set(doctor.EXTRAS)
    assert values["home"] == {"path": str(own_home), "mode": "0700", "writable": True}
    assert main(["doctor"]) == 0
    text = capfd.readouterr().out
    for part in ("GFLOP/s in float32", "GiB free", "torch 2", str(own_home)):
        assert part in text


def test_each_optional_part_is_looked_for() -> None:
    """By a module of every package that it asks for."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    parts = {extra: wanted for extra, wanted in asked.items() if extra not in ("dev", "docs")}
    assert set(doctor.EXTRAS) == set(parts)
    owners = packages_distributions()
    for extra, wanted in parts.items():
        found = {owner.lower().replace("_", "-") for module in doctor.EXTRAS[extra] for owner in owners[module]}
        assert {re.split(r"[\[>]", one)[0].lower().replace("_", "-") for one in wanted} == found, extra


def test_an_open_home_is_a_finding(capfd: pytest.CaptureFixture[str], own_home: Path) -> None:
    own_home.mkdir()
    own_home.chmod(0o755)
    main(["doctor", "--json"])
    found = json.loads(capfd.readouterr().out)["findings"]
    assert any("0755" in f["what"] and "chmod 700" in f["do"] for f in found)
    main(["doctor", "--quiet"])
    text = capfd.readouterr().out
    assert "0755" in text and "Versions" not in text


def test_a_fine_machine_has_no_findings() -> None:
    assert doctor.judge(FINE) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"machine": replace(FINE.machine, bf16=False), "gflops": {"float32": 90.0}}, "no bfloat16"),
        ({"gflops": {"float32": 12.0, "bf16": 20.0}}, "slow here (20 GFLOP/s)"),
        ({"gflops": {"float32": 200.0, "bf16": 190.0}}, "isn't faster"),
        ({"machine": replace(FINE.machine, threads=1)}, "1 of 4 cores"),
        ({"machine": replace(FINE.machine, memory_available=GIB)}, "Little memory"),
        ({"disk_free": GIB}, "Little room"),
        ({"home_writable": False}, "may not write"),
        ({"home_mode": 0o750}, "mode 0750"),
        ({"nvidia": True}, "NVIDIA"),
        ({"font": False}, "font"),
        ({"versions": {"torch": None}}, "missing: torch"),
        ({"extras": {"onnx": False, "hub": True}}, "not installed: onnx"),
    ],
)
def test_each_fault_is_one_finding(changes: dict[str, object], words: str) -> None:
    findings = doctor.judge(replace(FINE, **changes))  # type: ignore[arg-type]
    assert len(findings) == 1 and words in findings[0].what and findings[0].do.endswith(".")


def test_a_graphics_card_in_use_is_no_finding() -> None:
    machine = replace(FINE.machine, bf16=False, cuda="H", device="cuda", memory_available=8 * GIB)
    assert doctor.judge(replace(FINE, machine=machine, nvidia=True, gflops={"float32": 10.0})) == []
