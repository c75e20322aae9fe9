"""`luokuan create speech`: spoken, labelled, verified, exported, and what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech") / "home"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_text_is_spoken_verified_and_exported(run: Any) -> None:
    code, out, err = run("create", "speech", "你好，Luokuan。", "-o", "x.flac")
    assert (code, err) == (0, "")
    assert "人工智能生成 AI generated" in out and "Chen Wang" in out and ".srt, .vtt" in out
    assert "Luokuan" in Path("x.flac.srt").read_text(encoding="utf-8")
    assert Path("x.flac.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    code, out, _err = run("verify", "x.flac")
    assert code == 0 and "Chen Wang" in out
    assert run("verify", ".")[0] == 0  # captions beside it are no strangers
    assert run("export", "x.flac", "-o", "all.zip")[0] == 0
    with zipfile.ZipFile("all.zip") as archive:
        names = [name.split(".", 1)[1] for name in archive.namelist()]
        index = json.loads(archive.read("index.json"))
    assert {"flac", "flac.srt", "flac.vtt"} <= set(names)
    assert "Chen Wang" in index["works"][0]["credit"]


def test_a_copy_is_labelled_as_its_policy_asks(run: Any) -> None:
    assert run("create", "speech", "Hello.", "--policy", "cn", "--label", "cn", "-o", "x.wav")[0] == 0
    first = Path("x.wav.srt").read_text(encoding="utf-8")
    assert "--> 00:00:01,5" in first  # the rhythm
    assert run("works", "copy", "x.wav", "-o", "y.flac", "--label", "en")[0] == 0
    second = Path("y.flac.srt").read_text(encoding="utf-8")
    assert "[AI generated]" in second and "--> 00:00:01,5" not in second.split("\n\n")[0]
    assert run("works", "copy", "x.wav", "-o", "z.flac", "--label", "en", "--label-heard", "rhythm")[0] == 0
    assert "--> 00:00:01,5" in Path("z.flac.srt").read_text(encoding="utf-8")


def test_json_tells_all(run: Any) -> None:
    code, out, _err = run("create", "speech", "hello мир", "--json", "-o", "x.wav")
    record = json.loads(out)
    assert code == 0 and record["model"] == "heart" and record["left_out"] == "мир" and record["credit"] is None
    assert "x.wav.srt" in record["beside"] and record["licence"] == "Apache-2.0"


def test_a_file_is_read(run: Any) -> None:
    Path("letter.txt").write_text("\ufeffDear all,\n\nthank you.\n", encoding="utf-8")
    assert run("create", "speech", "--input", "letter.txt", "-o", "x.wav")[0] == 0
    assert "Dear all," in Path("x.wav.srt").read_text(encoding="utf-8")


def test_voices_are_listed(run: Any) -> None:
    code, out, _err = run("create", "speech", "--voices", "--json")
    found = {voice["name"]: voice for voice in json.loads(out)["voices"]}
    assert code == 0 and found["mandarin"]["licence"] == "CC-BY-SA" and found["heart"]["consent"]
    assert "mandarin" in run("create", "speech", "--voices")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["😀🎉"], "nothing"),
        (["好" * 100_000], "too long"),
        (["hi", "--voice", "hart"], "heart"),
        (["hi", "--rate", "0"], "--rate"),
        (["hi", "--rate", "nan"], "--rate"),
        (["hi", "--pitch", "99"], "--pitch"),
        (["hi", "--format", "aiff"], "aiff"),
        (["hi", "--input", "x.txt"], "--input"),
        (["a\ud800b"], "half a character"),
        (["مرحبا"], "nothing"),
    ],
)
def test_what_is_refused(run: Any, arguments: list[str], words: str) -> None:
    code, out, err = run("create", "speech", *arguments, "-o", "x.wav")
    assert code == 2 and words in err and out == ""
    assert list(Path().iterdir()) == []
