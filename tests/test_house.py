"""What keeps the house in order: both languages alike, short files, quick start, nothing of our machines in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGES = (
    "tutorial", "architecture", "gan", "codec", "prior", "upscaler", "vae", "music", "plm", "corpus", "text", "copy",
    "translation", "labels", "verify", "identity", "lineage", "log", "watermark", "watermark_sound", "fingerprints",
    "speech", "sound", "presenter", "video", "works", "studio", "jobs", "api", "rights", "market", "chain", "extend",
    "appraisal",
)  # fmt: skip
NOT_LOCKED = ("s3",)
"""Extras that tests can do without: with the server that stands for S3 they would be 160 MB more."""
BINARY = (".jpg", ".png", ".webp", ".safetensors", ".ttf", ".npy", ".mo", ".ogg")
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.splitlines()]


def structure(text: str) -> list[str]:
    """Heading levels, code fences and table widths of a Markdown text, in order."""
    found = []
    for line in text.splitlines():
        if re.match(r"(-|\d+\.) ", line):
            found.append(line.split()[0])
        elif match := re.match(r"#+(?= )", line):
            found.append(match.group())
        elif line.startswith("```"):
            found.append(line)
        elif line.startswith("|"):
            found.append(f"row {line.count('|') - line.count(chr(92) + '|')}")
    return found


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("README.md", "README.zh-CN.md"),
        *((f"docs/{name}.md", f"docs/zh/{name}.md") for name in PAGES),
    ],
)
def test_both_languages_have_the_same_parts(english: str, chinese: str) -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in (english, chinese)]
    assert structure(texts[0]) == structure(texts[1])
    options = [sorted(re.findall(r"--[a-z-]+", text)) for text in texts]
    assert options[0] == options[1]
    code = [sorted(re.findall(r"`[a-zA-Z0-9_./()]+`", text)) for text in texts]
    assert code[0] == code[1]


@pytest.mark.parametrize("language", ["", "zh/"])
def test_every_page_is_led_to(language: str) -> None:
    """By the first page and by the contents at the side."""
    first = (ROOT / "docs" / language / "index.md").read_text(encoding="utf-8")
    contents = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs" / language).glob("*.md")}
    assert pages - {"index.md"} == set(re.findall(r"\]\(([a-z_]+\.md)\)", first)) and len(pages) > 30
    assert all(f'"{language}{name}"' in contents for name in pages)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_files_are_short_and_say_what_they_are(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400
    assert lines and lines[0].startswith(('"""', 'r"""'))


def test_nothing_of_our_machines_is_in_the_project() -> None:
    # Written in pieces, so that this file doesn't hold what it looks for.
    places = ["/" + r"(work|root|opt/pypi|home/\w+)/", r"\.\./" + "shared", r"\.lib" + "rary/"]
    hosts = [r"python" + r"hosted\.", r"pypi" + r"\.org", r"download\.py" + "torch", "index" + "-url"]
    pattern = re.compile("|".join(places + hosts))
    wrong = []
    for path in tracked():
        if not path.is_file() or path.suffix in BINARY:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{path.relative_to(ROOT)}: {match.group()}" for match in pattern.finditer(text)]
    assert not wrong


def test_the_command_line_starts_without_anything_heavy() -> None:
    program = "import sys, luokuan.cli.app; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "torch",
        "numpy",
        "PIL",
        "sqlalchemy",
        "c2pa",
        "cryptography",
        "alembic",
        "scipy",
        "fastapi",
        "uvicorn",
        "jinja2",
        "eth_account",
    }
    assert not heavy & set(done.stdout.split())


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    from luokuan.cli.main import main

    groups = (
        "train",
        "create",
        "corpus",
        "models",
        "works",
        "waiver",
        "identity",
        "lineage",
        "log",
        "rights",
        "market",
        "chain",
        "studio",
    )
    # One as a process; twenty would read the same modules twenty times.
    command = [sys.executable, "-m", "luokuan", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and len(done.stdout) > 150
    for group in (*groups, "appraisal", "verify", "export", "evaluate", "doctor", "showcase"):
        assert main([*group.split(), "--help"]) == 0, group
        assert len(capsys.readouterr().out) > 150, group


def test_the_lock_names_exact_versions_and_no_place() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
        assert "torch==2.13.0" in lines
        assert all(re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9._!-]+", line) for line in lines)
        assert not any(line.startswith(("torchvision", "torchaudio", "nvidia", "mutagen")) for line in lines)


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    small, large = (locked(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert small.items() <= large.items()
    wanted = [(Requirement(text), small) for text in project["dependencies"]]
    for name, extra in project["optional-dependencies"].items():
        if name not in NOT_LOCKED:
            wanted += [(Requirement(text), large) for text in extra if not text.startswith("luokuan")]
    for requirement, versions in wanted:
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def locked(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] != "#"]
    return dict(line.split("==") for line in lines)


def test_make_offers_what_the_documents_name() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", ".ci/run"):
        named = re.findall(r"(?:`|^|exec )make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert named and set(named) <= targets
