"""`luokuan create presenter`: drawn, verified, exported with its captions; what it lists and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.colophon import ffmpeg


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_a_file_is_said_verified_and_exported(run: Any) -> None:
    Path("script.txt").write_text("Hi, Bob.", encoding="utf-8")
    options = (
        "--aspect",
        "1:1",
        "--size",
        "128",
        "--fps",
        "8",
        "--title",
        "鲍勃",
        "--portrait",
        "发型=短发",
        "--captions",
    )
    code, out, err = run("create", "presenter", "--file", "script.txt", *options, "-o", "x.webm", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["media_type"] == "video/webm" and told["real_time_factor"] > 0 and told["seconds"] > 1
    assert told["real_time_factor"] == pytest.approx(told["took"] / told["seconds"], rel=0.02)
    assert "Hi, Bob." in Path("x.webm.srt").read_text(encoding="utf-8")
    assert run("verify", "x.webm")[0] == 0


def test_attributes_are_listed(run: Any) -> None:
    code, out, _err = run("create", "presenter", "--portraits")
    assert code == 0 and "headscarf" in out and "丸子头" in out
    code, out, _err = run("create", "presenter", "--portraits", "--json")
    assert code == 0 and "bun" in json.loads(out)["attributes"]["hair"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("",), "nothing in the text"),
        (("Hi", "--voice", "hart"), "heart"),
        (("Hi", "--portrait", "hair=bunn"), "bun"),
        (("Hi", "--portrait", "hair"), "NAME=VALUE"),
        (("Hi", "--size", "0"), "--size"),
        (("Hi", "--fps", "1e9"), "--fps"),
        (("Hi", "--mouth", "a,b"), "--mouth"),
        (("Hi", "--background", "nothing.png"), "nothing.png"),
        (("Hi", "--background", "blurple"), "colour"),
        (("Hi", "--portrait-file", "nothing.png"), "nothing.png"),
        (("Hi", "--file", "x.txt"), "Give one of them"),
        (("Hi", "-o", "x.avi", "--format", "avi"), "avi"),
        (("--file", "nothing.txt"), "nothing.txt"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Any, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run("create", "presenter", *arguments)
    assert code == 2 and says in err and "Traceback" not in err and not out
    assert not list(Path().glob("presenter*"))
