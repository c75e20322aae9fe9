"""What the speech benchmark and the scripts of the voice do, on what is made up."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from scripts_for_tests import loaded

import make_voice_zh
import make_word_list


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    return loaded("speech")


@pytest.mark.parametrize(
    ("wanted", "found", "count"),
    [("a b c", "a b c", 0), ("a b c", "a x c", 1), ("a b c", "a c", 1), ("a b", "a x b y", 2), ("a b", "", 2)],
)
def test_errors_are_counted(benchmark: ModuleType, wanted: str, found: str, count: int) -> None:
    assert benchmark.errors(wanted.split(), found.split()) == count


def test_warping_finds_what_is_alike_at_another_speed(benchmark: ModuleType) -> None:
    random = np.random.default_rng(0)
    one = np.cumsum(random.standard_normal((40, 12)), axis=0)
    slow = np.repeat(one, 2, axis=0)
    other = np.cumsum(random.standard_normal((60, 12)), axis=0)
    near, far = benchmark.warped(one, [slow, other])
    assert near < 0.01 < far


def test_a_break_is_heard(benchmark: ModuleType) -> None:
    wave = np.sin(2 * np.pi * 200 * np.arange(benchmark.RATE) / benchmark.RATE).astype(np.float32)
    broken = wave.copy()
    broken[12_000:] *= 0.5
    broken[12_030:] += 0.2
    assert benchmark.worst_click(broken) > benchmark.worst_click(wave) + 15


def test_sentences_are_drawn_by_the_seed(benchmark: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(f"line {number}" for number in range(50)), encoding="utf-8")
    first, again, other = (benchmark.drawn(path, lambda _line: True, 5, seed) for seed in (0, 0, 1))
    assert first == again != other and len(set(first)) == 5


def test_a_word_list_is_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, out = tmp_path / "lines.txt", tmp_path / "words.txt"
    lines.write_text("我们喜欢苹果。\n他们喜欢西瓜。\n我们喜欢西瓜\n" * 20, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["x", str(lines), "--words", "40", "--out", str(out)])
    make_word_list.main()
    found = dict(line.split("\t") for line in out.read_text(encoding="utf-8").splitlines())
    text = lines.read_text(encoding="utf-8")
    assert found and all(word in text and len(word) > 1 for word in found)
    assert all(re.fullmatch(r"-\d+\.\d\d", value) for value in found.values())


def test_a_voice_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "syllables"
    place.mkdir()
    for name in ("ma1", "jv4", "ma5"):
        wave = 0.3 * np.sign(np.sin(2 * np.pi * 220 * np.arange(9_600) / 16_000))
        soundfile.write(place / f"{name}.ogg", wave, 16_000, format="OGG", subtype="OPUS")
    monkeypatch.setattr(sys, "argv", ["x", str(place), "--out", str(tmp_path / "voice")])
    make_voice_zh.main()
    assert json.loads(capsys.readouterr().out)["syllables"] == 2
    index = json.loads((tmp_path / "voice" / "index.json").read_text(encoding="utf-8"))
    assert set(index["syllables"]) == {"ju4", "ma1"}
