"""A hostile file costs the child process, and nothing else."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from drafts import GOLDEN, draft

from luokuan.colophon import sandbox
from luokuan.colophon.finish import finish
from luokuan.colophon.sandbox import Limits, Sandbox
from luokuan.colophon.verification import verify_file, verify_files
from luokuan.store.home import Home
from luokuan.store.secrets import watermark_key

# A child in which files of certain names do what hostile files have done to parsers.
CHILD = """
import base64, os, signal, subprocess, time
FORGED = {
    "short": bytes(7),
    "long": bytes(8 * 874 * 5),
    "nan": bytes.fromhex("0000c07f") * 2 * 874,
    "huge": bytes.fromhex("7699967e") * 2 * 874,
    "zero": bytes(8 * 874),
}
from luokuan.colophon import inspection, inspector
real = inspection.Inspector.inspect
def inspect(self, path, max_bytes):
    if path.name == "crash.png":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name == "spin.png":
        while True:
            pass
    if path.name == "sleep.png":
        time.sleep(600)
    if path.name == "eat.png":
        return bytearray(1 << 40)
    if path.name == "raise.png":
        raise ValueError("unexpected")
    if path.name == "orphan.png":
        subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
        time.sleep(600)
    if path.name.startswith("decoder"):
        self._path = path.name
    return real(self, path, max_bytes)
inspection.Inspector.inspect = inspect
looked = inspection.Inspector._trace
def trace(self, data, row):
    name = getattr(self, "_path", "")
    if self._traces and name == "decoder-crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if self._traces and name == "decoder-sleep":
        time.sleep(600)
    if self._traces and name.startswith("decoder-forge"):
        if name.endswith("junk"):
            return "no base 64", None, False
        return base64.b64encode(FORGED[name[14:]]).decode(), None, False
    return looked(self, data, row)
inspection.Inspector._trace = trace
inspector.main()
"""
GOOD = GOLDEN / "golden.png"
ROOT = GOLDEN / "root.pem"


@pytest.fixture(autouse=True)
def children_start_quickly() -> None:
    """Not here: each inspector is a program of its own, not a fork."""


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "COMMAND", [sys.executable, "-P", "-c", CHILD])


@pytest.mark.parametrize(
    ("name", "limits", "problem"),
    [
        ("crash.png", Limits(), "crashed"),
        ("eat.png", Limits(), "crashed"),
        ("raise.png", Limits(), "crashed"),
        ("spin.png", Limits(cpu_seconds=2), "crashed"),
        ("sleep.png", Limits(wall_seconds=3.0), "time"),
    ],
)
def test_a_hostile_file_is_unreadable_and_the_next_one_is_checked(
    hostile: None, tmp_path: Path, name: str, limits: Limits, problem: str
) -> None:
    bad = tmp_path / name
    bad.write_bytes(GOOD.read_bytes())
    began = time.monotonic()
    with Sandbox(b"", ROOT.read_bytes(), limits) as box:
        assert box.inspect(bad).problem == problem
        assert box.inspect(GOOD).state == "Trusted"
        assert box.inspect(GOOD).problem is None
    assert time.monotonic() - began < 15
    words = [verdict.verdict for verdict in verify_files([bad, GOOD], None, [ROOT], limits=limits)]
    assert words == ["unreadable", "trusted"]


@pytest.mark.parametrize("name", ["decoder-crash", "decoder-sleep"])
def test_a_file_that_kills_its_decoder_keeps_what_its_signature_says(
    hostile: None, home: Home, tmp_path: Path, name: str
) -> None:
    watermark_key(home)
    bad, limits = tmp_path / name, Limits(wall_seconds=3.0)
    bad.write_bytes(GOOD.read_bytes())
    first, good, again = verify_files([bad, GOOD, bad], home, [ROOT], limits=limits)
    assert (first.verdict, good.verdict, again.verdict) == ("trusted", "trusted", "trusted")
    assert (first.unchanged, first.watermark) == (True, None)
    assert good.watermark is not None, "the next file is looked at as before"
    assert any("samples could not be looked at" in line for line in first.evidence)
    assert not any("samples could not" in line for line in good.evidence)
    bad.write_bytes(GOOD.read_bytes()[:-40])
    (cut,) = verify_files([bad], home, [ROOT], limits=limits)
    assert cut.verdict == "altered"


def test_the_secret_never_enters_the_child(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, sent = watermark_key(home), []
    real = sandbox.Child.send
    monkeypatch.setattr(sandbox.Child, "send", lambda self, value: (sent.append(repr(value)), real(self, value)))
    path = tmp_path / "a.png"
    work = finish(draft(), home=home)
    path.write_bytes(work.data)
    (verdict,) = verify_files([path], home)
    assert verdict.watermark is not None and verdict.watermark["id"] == work.id
    assert len(sent) == 2, "settings, and a path"
    for form in (secret.hex(), repr(secret), base64.b64encode(secret).decode()):
        assert not any(form in text for text in sent)


@pytest.mark.parametrize("how", ["short", "long", "nan", "huge", "junk"])
def test_a_child_in_strange_hands_forges_no_mark(hostile: None, home: Home, tmp_path: Path, how: str) -> None:
    watermark_key(home)
    bad = tmp_path / f"decoder-forge-{how}"
    bad.write_bytes(GOOD.read_bytes())
    (verdict,) = verify_files([bad], home, [ROOT])
    assert (verdict.verdict, verdict.watermark) == ("trusted", None)
    assert any("samples could not be looked at" in line for line in verdict.evidence)


def test_numbers_that_mean_nothing_are_no_mark(hostile: None, home: Home, tmp_path: Path) -> None:
    watermark_key(home)
    bad = tmp_path / "decoder-forge-zero"
    bad.write_bytes(GOOD.read_bytes())
    (verdict,) = verify_files([bad], home, [ROOT])
    assert verdict.watermark is not None and not verdict.watermark["marked"]


def test_samples_that_can_t_be_decoded_are_told(home: Home, tmp_path: Path) -> None:
    watermark_key(home)
    whole = (GOLDEN / "golden.webp").read_bytes()
    at = whole.index(b"VP8 ") + 8
    path = tmp_path / "a.webp"
    path.write_bytes(whole[: at + 3] + b"???" + whole[at + 6 :])
    verdict = verify_file(path, home, [ROOT])
    assert verdict.verdict == "altered"
    assert any("samples could not be looked at" in line for line in verdict.evidence)


def test_what_the_child_has_called_ends_with_it(hostile: None, tmp_path: Path) -> None:
    bad = tmp_path / "orphan.png"
    bad.write_bytes(b"")
    with Sandbox(b"", b"", Limits(wall_seconds=2.0)) as box:
        box.inspect(GOOD)
        assert box._child is not None
        group = box._child.process.pid
        assert box.inspect(bad).problem == "time"
    until = time.monotonic() + 5
    while time.monotonic() < until:  # those of the group that are nobody's children any more are reaped by the system
        states = [state for state in _states(group) if state != "Z"]
        if not states:
            return
        time.sleep(0.05)
    raise AssertionError(states)


def _states(group: int) -> list[str]:
    """States of the processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                found.append(fields[0])
    return found


def test_an_unreadable_verdict_has_exit_code_2_and_a_sentence(hostile: None, tmp_path: Path) -> None:
    bad = tmp_path / "crash.png"
    bad.write_bytes(b"")
    verdict = verify_file(bad)
    assert (verdict.verdict, int(verdict.exit_code), verdict.unchanged) == ("unreadable", 2, None)
    assert "made the program that read it fail" in verdict.evidence[0]


def test_the_child_loads_nothing_heavy_and_ignores_the_folder_it_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c2pa.py").write_text("raise SystemExit('hijacked')")
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    assert verify_file(GOOD, None, [ROOT]).verdict == "trusted"
    code = (
        "import sys, luokuan.colophon.inspector as i;"
        "print([m for m in ('torch', 'numpy', 'PIL', 'sqlalchemy', 'cryptography') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_many_files_use_one_child(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    real = sandbox.Child

    def counted(*how: Any) -> sandbox.Child:
        started.append(1)
        return real(*how)

    monkeypatch.setattr(sandbox, "Child", counted)
    assert {v.verdict for v in verify_files([GOOD] * 20, None, [ROOT])} == {"trusted"}
    assert len(started) == 1
    monkeypatch.setattr(sandbox, "RECYCLE", 3)
    assert [v.verdict for v in verify_files([GOOD] * 7, None, [ROOT])] == ["trusted"] * 7
    assert len(started) == 4, "three, three, and one"
