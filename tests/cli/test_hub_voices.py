"""`luokuan create speech -m` with voices of others, as one types it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hubvoices import change, save_hub_voice
from speechmodels import save_speech_model, voices_as_before

from luokuan.cli.main import main
from luokuan.colophon import ffmpeg


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_hub_voice(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in a folder and home of its own; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        with voices_as_before():
            code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_folder_speaks_with_captions(run: Any, place: Path) -> None:
    told = ["create", "speech", "Good morning, Max. 13 cats!", "--label-heard", "rhythm"]
    code, out, err = run(*told, "-m", place, "-o", "a.wav", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert (record["model"], record["licence"], record["left_out"]) == ("tiny", "unknown", "x")
    assert "Good morning, Max." in Path("a.wav.srt").read_text(encoding="utf-8") and Path("a.wav.vtt").is_file()
    assert run("verify", "a.wav")[0] == 0
    code, out, err = run(*told, "-m", place, "-o", "b.wav")
    assert code == 0 and "Left out, as no voice here speaks it: x" in out, err


def test_one_in_the_store_is_asked_for_by_name(run: Any, place: Path, own_home: Path) -> None:
    assert run("models", "export", place, "--to", "hub-folder", "-o", own_home / "models/mine")[0] == 0
    code, out, err = run("create", "speech", "Hello.", "--voice", "mine", "--pitch", 3, "-o", "a.flac", "--json")
    assert code == 0 and json.loads(out)["model"] == "mine", err
    code, out, err = run("create", "speech", "--voices")
    assert code == 0 and "mine: Nobody says whose voice it is." in out, err
    assert "vits" in run("models", "list")[1]
    if not ffmpeg.encodes("libvpx-vp9"):
        pytest.skip("no ffmpeg with VP9")
    told = ["--size", 128, "--fps", 12, "-o", "p.webm", "--json"]
    code, out, err = run("create", "presenter", "Hello there.", "--voice", "mine", *told)
    assert code == 0 and json.loads(out)["licence"] == "unknown", err


@pytest.mark.parametrize(
    ("case", "what"),
    [("phonemes", "under the GPL"), ("pickle", "can run code"), ("taken", "called 'heart' already"),
     ("sizes", "config.json can't be used"), ("romanised", "uroman")],
)  # fmt: skip
def test_what_cannot_speak_is_refused_in_a_sentence(run: Any, place: Path, case: str, what: str) -> None:
    folder = Path(shutil.copytree(place, "heart" if case == "taken" else "copy"))
    if case == "phonemes":
        change(folder / "tokenizer_config.json", phonemize=True)
    elif case == "romanised":
        change(folder / "tokenizer_config.json", is_uroman=True)
    elif case == "sizes":
        change(folder / "config.json", hidden_size=10**9)
    elif case == "pickle":
        (folder / "model.bin").write_bytes(b"\x80")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "uroman", None)  # whether it is installed or not
        code, out, err = run("create", "speech", "Hello 안녕", "-m", f"./{folder}", "-o", "a.wav")
    assert code == 2 and out == "" and what in err and "Traceback" not in err and not Path("a.wav").exists()


def test_without_a_connection_the_hub_is_named(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_given: object, **_named: object) -> None:
        raise OSError("there is no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    spoken = run("create", "speech", "Hello.", "-m", "owner/voice", "-o", "a.wav")
    written = run("create", "text", "Hello.", "-m", "owner/voice", "-o", "a.txt")
    assert spoken == written and spoken[0] == 2
    assert "'owner/voice' can't be fetched from the Hub: there is no network." in spoken[2]


def test_what_is_no_use_of_a_voice_is_refused(run: Any, place: Path, own_home: Path) -> None:
    save_speech_model(own_home / "models/own")
    for model in (place, "own"):
        code, out, err = run("models", "export", model, "-o", "a.onnx")
        assert code == 2 and "is a voice: it is not written as ONNX" in err and out == ""
    code, _out, err = run("evaluate", place, place)
    assert code == 2 and "was made elsewhere" in err and "Traceback" not in err
    code, _out, err = run("create", "image", "-m", place, "-o", "a.png")
    assert code == 2 and "makes speech and no pictures" in err
