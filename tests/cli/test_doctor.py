"""The doctor describes this machine and names what is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from luokuan.cli import doctor
from luokuan.cli.main import main
from luokuan.foundation.compute import Machine


def test_doctor_describes_the_machine(capfd: pytest.CaptureFixture[str], own_home: Path) -> None:
    assert main(["doctor", "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["machine"]["cores"] >= 1 and values["gflops"]["float32"] > 0
    assert values["versions"]["torch"] and values["home"] == {"path": str(own_home), "mode": "0700"}
    assert main(["doctor"]) == 0
    assert "GFLOP/s" in capfd.readouterr().out


def test_an_open_home_is_a_finding(capfd: pytest.CaptureFixture[str], own_home: Path) -> None:
    own_home.mkdir()
    own_home.chmod(0o755)
    main(["doctor", "--json"])
    found = json.loads(capfd.readouterr().out)["findings"]
    assert any("0755" in f["what"] and "chmod 700" in f["do"] for f in found)


def test_findings_of_a_poor_machine() -> None:
    poor = Machine("old", 4, 1, False, 4 << 30, 1 << 30, None, "cpu", "float32")
    rates = {"float32": 50.0, "bf16": 10.0}
    found = doctor._judge(poor, rates, 1 << 20, 0o700, {"onnx": False, "hub": True})
    text = " ".join(f.what for f in found)
    for part in ("bfloat16", "1 of 4", "memory", "room", "onnx"):
        assert part in text
    assert os.environ["LUOKUAN_LANG"] == "en"
