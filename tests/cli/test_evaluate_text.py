"""`luokuan evaluate` of a language model."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main
from luokuan.foundation.corpus import open_texts
from luokuan.models.plm.measure import measure
from luokuan.models.registry import load_writing_model

EXAMPLE = Path(__file__).parents[2] / "examples/poems-small"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("evaluate") / "home"
    os.environ["LUOKUAN_HOME"] = str(place)
    choices = ["--size", "nano", "--context", "64", "--batch", "4", "--tokenizer", "chars", "--steps", "10", "--quiet"]
    choices += ["--rate", "0.003"]  # what it writes by chance is long enough to be a copy
    assert main(["train", "plm", str(EXAMPLE), "--name", "poet", *choices]) == 0
    return place


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LUOKUAN_HOME", str(home))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_figures_of_a_language_model(run: Any) -> None:
    code, out, _err = run("evaluate", "poet", EXAMPLE, "-n", 20, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["model"], found["seed"], found["written"]["texts"]) == ("poet", 0, 20)
    assert 4 < found["likelihood"]["nats_per_token"] < 9  # hardly better than chance among 2,375 tokens
    assert found["likelihood"]["tokens"] > 1000
    assert found["real"]["longest"] >= found["written"]["longest"] >= 1
    assert found["real"]["run"]
    assert len(found["verdicts"]) == 1
    code, out, _err = run("evaluate", "poet", EXAMPLE, "-n", 20)
    assert code == 0
    assert "nats a token" in out
    assert "No sign of copying" in out


def test_a_model_that_copies_is_found_out(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a corpus whose training text is what the model wrote, every text is a copy."""
    monkeypatch.setenv("LUOKUAN_HOME", str(home))
    model = load_writing_model("poet")
    from luokuan.models.plm.sampling import Manner
    from luokuan.models.plm.writing import write

    manner = Manner(temperature=1.0, max_tokens=200)
    for seed in range(3):
        (text,) = write(model, [""], seed=seed, manner=manner)
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / f"{seed}.txt").write_text(text.text + "。" * 40)
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "a.txt").write_text("春眠不觉晓，处处闻啼鸟。" * 10)
    found = measure(model, open_texts(tmp_path), cache=tmp_path, texts=3)
    assert found.written.copies == 1
    assert found.real.copies == 0
    assert "look for copies" in found.verdicts()[0]


@pytest.mark.parametrize("option", [["--truncation", "0.5"], ["--sheet", "a.png"], ["--importance", "5"]])
def test_options_of_pictures_are_refused(run: Any, option: list[str]) -> None:
    code, _out, err = run("evaluate", "poet", EXAMPLE, *option)
    assert code == 2
    assert "no pictures" in err


def test_a_corpus_of_pictures_is_refused(run: Any) -> None:
    code, _out, err = run("evaluate", "poet", EXAMPLE.parent / "clothing-small")
    assert code == 2
    assert "Traceback" not in err
