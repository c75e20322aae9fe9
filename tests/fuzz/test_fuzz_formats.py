from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mutations import MADE


def test_the_fuzzer_runs_and_finds_nothing_in_a_second(tmp_path: Path) -> None:
    script = Path(__file__).parent / "fuzz_formats.py"
    run = subprocess.run(
        [sys.executable, str(script), "1", "7"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "altered" in run.stdout
    assert not list(tmp_path.iterdir()), "a file that failed would be kept"


@pytest.mark.slow
def test_the_fuzzer_of_the_child_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(__file__).parent / "fuzz_pool.py"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = subprocess.run([sys.executable, str(script), "2", "7"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("fuzz_pool: ") == 1 + len(MADE)
