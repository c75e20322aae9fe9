"""Write requirements.lock (what `make run` needs) and requirements-dev.lock (everything) from pyproject.toml.

Versions are resolved by pip into a throw-away environment and written down exactly; nothing but names and versions.
PyTorch is fixed at the version that the project is tested with, and taken from wherever this machine's pip finds it:
where pip finds the CPU build, no CUDA package comes along.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TORCH = "torch==2.13.0"
ROOT = Path(__file__).parents[1]
SKIP = {"luokuan", "pip", "wheel"}
HEAD = "# Exact versions, written by `make lock`. Install with: pip install -r {name}\n"


def resolve(requirements: list[str]) -> dict[str, str]:
    """Names and versions of all that ``requirements`` pull in, without installing it."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), *requirements], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    versions = {e["metadata"]["name"].lower().replace("_", "-"): e["metadata"]["version"] for e in found}
    return {k: v.split("+")[0] for k, v in versions.items() if k not in SKIP}


def write(path: Path, versions: dict[str, str]) -> None:
    """One line a package."""
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    path.write_text(HEAD.format(name=path.name) + "".join(lines), encoding="utf-8")
    print(path.name, len(lines), "packages")


def main() -> None:
    """Resolve both sets in one go each; the runtime set is pinned inside the larger one."""
    runtime = resolve([TORCH, "setuptools>=77", str(ROOT)])
    write(ROOT / "requirements.lock", runtime)
    pins = [f"{name}=={version}" for name, version in runtime.items()]
    everything = resolve([*pins, f"{ROOT}[dev,docs]"])
    write(ROOT / "requirements-dev.lock", everything)


if __name__ == "__main__":
    main()
