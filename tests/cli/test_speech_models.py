"""`luokuan train speech`, `create speech -m` and `evaluate` of it, as one types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from speechmodels import CONSENT, RATE, save_speech_model, spoken, voices_as_before, write_corpus

from luokuan.cli.main import main
from luokuan.colophon import ffmpeg

SHAPE = ["--width", 16, "--decoder-width", 16, "--decoder-layers", 1, "--latent", 4, "--flows", 2]
RUN = ["--steps", 2, "--batch", 4, "--precision", "float32", "--adversary-from", 1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    write_corpus(folder / "corpus", consent="''")
    save_speech_model(folder / "home/models/mine")
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("LUOKUAN_HOME", str(place / "home"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        with voices_as_before():
            code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_voice_is_trained_and_speaks(run: Any, place: Path) -> None:
    code, out, err = run("train", "speech", place / "corpus", "--name", "new", *SHAPE, *RUN)
    assert code == 0, err
    assert "nothing of the speaker's consent" in out and "-m new" in out
    code, out, err = run(
        "create", "speech", "Good morning.", "-m", "new", "-o", "x.wav", "--json", "--label-heard", "rhythm"
    )
    assert code == 0, err
    assert json.loads(out)["licence"] == "unknown"  # without consent it can't be published
    assert Path("x.wav.vtt").read_text(encoding="utf-8").count("Good") == 1
    assert run("verify", "x.wav")[0] == 0


def test_a_stored_voice_is_asked_for_by_name(run: Any, place: Path) -> None:
    code, out, err = run(
        "create", "speech", "We saw a seal.", "--voice", "mine", "--pitch", 3, "-o", "y.flac", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["licence"] == "CC0-1.0" and json.loads(out)["credit"] == "nobody"
    code, out, _err = run("evaluate", "mine", place / "corpus", "--truncation", 0.5)
    assert code == 2 and out == ""


def test_voices_of_the_home_are_listed_and_present(run: Any) -> None:
    code, out, err = run("create", "speech", "--voices", "--json")
    assert code == 0, err
    cards = {card["name"]: card for card in json.loads(out)["voices"]}
    assert len(cards) == len(json.loads(out)["voices"]) and "kathleen" in cards, "each once"
    assert cards["mine"]["consent"] == CONSENT and {"heart", "mandarin"} <= set(cards)
    if not ffmpeg.encodes("libvpx-vp9"):
        pytest.skip("no ffmpeg with VP9")
    told = ["--size", 128, "--fps", 12, "-o", "p.webm", "--json"]
    code, out, err = run("create", "presenter", "We saw a seal.", "--voice", "mine", *told)
    assert code == 0 and json.loads(out)["licence"] == "CC0-1.0", err
    scene = "scenes:\n  - background: {scenery: hills}\n    speech: {say: 'Hi.', voice: mine}\n"
    Path("board.yaml").write_text(f"aspect: 1:1\nsize: 96\nfps: 5\n{scene}", encoding="utf-8")
    code, out, err = run("create", "video", "board.yaml", "-o", "v.webm", "--json")
    assert code == 0, err
    Path("board.yaml").write_text(f"aspect: 1:1\nsize: 96\nfps: 5\n{scene.replace('mine', 'mime')}", encoding="utf-8")
    code, _out, err = run("create", "video", "board.yaml", "-o", "w.webm")
    assert code == 2 and "no voice called 'mime'" in err and "line 6" in err and not Path("w.webm").exists()


@pytest.mark.parametrize(
    ("case", "what"),
    [("text", "has no text"), ("silence", "silence"), ("broken", "damaged"), ("one", "too few"),
     ("none", "not a folder")],
)  # fmt: skip
def test_bad_corpora_are_refused_in_a_sentence(run: Any, tmp_path: Path, place: Path, case: str, what: str) -> None:
    folder = tmp_path / "c"
    if case != "none":
        folder.mkdir()
        soundfile.write(folder / "a.wav", spoken("Hello.") if case != "silence" else np.zeros(RATE), RATE)
        (folder / "a.txt").write_text("" if case == "text" else "Hello.", encoding="utf-8")
    if case == "broken":
        (folder / "a.wav").write_bytes(b"RIFF")
    code, out, err = run("train", "speech", folder, "--name", "bad", *SHAPE, *RUN)
    assert code == 2 and out == "" and what in err and "Traceback" not in err
    assert not (place / "home/runs/bad").exists()
