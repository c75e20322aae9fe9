"""What leaves as a wheel or a source archive holds all that a clone holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = 200_000
"""Bytes."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, with a stand-in for a starter model (also while none is trained)."""
    target = tmp_path_factory.mktemp("package") / "clone"
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).stat().st_size > HEAVY:
                (target / name).write_text("stand-in")  # names are what is compared, and weights are slow to compress
            else:
                shutil.copyfile(ROOT / name, target / name)
    starter = target / "src/luokuan/starters/stand-in"
    starter.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "training.json", "README.md", "samples.webp"):
        (starter / name).write_text("stand-in")
    return target


def build(clone: Path, kind: str) -> Path:
    program = f"from setuptools import build_meta as b; b.build_{kind}('dist')"
    subprocess.run([sys.executable, "-c", program], cwd=clone, capture_output=True, check=True)
    (found,) = (clone / "dist").glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return found


def files(folder: Path, below: str) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / below).rglob("*")
        if path.is_file() and "egg-info" not in str(path) and "__pycache__" not in str(path)
    }


def test_the_wheel_holds_every_file_of_the_package(clone: Path) -> None:
    with zipfile.ZipFile(build(clone, "wheel")) as archive:
        names = set(archive.namelist())
    wanted = {name for name in files(clone / "src", "luokuan") if not name.endswith(".po")}
    assert "luokuan/starters/stand-in/samples.webp" in wanted
    assert not wanted - names
    assert not {name for name in names if name.startswith("tests")}


def test_the_source_archive_holds_the_clone(clone: Path) -> None:
    wanted = set().union(*(files(clone, part) for part in ("src", "tests", "docs", "examples", "scripts")))
    wanted |= {"README.zh-CN.md", "CHANGELOG.md", "Makefile", ".ci/run", "requirements.lock", "zensical.toml"}
    with tarfile.open(build(clone, "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert not wanted - names
