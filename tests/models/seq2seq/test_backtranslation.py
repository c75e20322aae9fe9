"""Pairs by a machine: marked, without what is held out, and gone on with after a stop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import counting
import pytest

from luokuan.cli.main import main
from luokuan.foundation.corpus import open_parallel
from luokuan.models.registry import load_model
from luokuan.models.seq2seq import backtranslation
from luokuan.models.seq2seq.backtranslation import back_translate, letters_of, read_sentences
from luokuan.models.seq2seq.decoding import Search

SHAPE = ["--size", "nano", "--width", "64", "--layers", "1+1", "--vocabulary", "300"]
RUN = ["--batch", "16", "--precision", "float32", "--quiet"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("back")
    os.environ["LUOKUAN_HOME"] = str(found / "home")
    corpus = counting.write_corpus(found / "corpus", licence="CC-BY-4.0")
    assert main(["train", "seq2seq", str(corpus), "--name", "first", "--steps", "40", *SHAPE, *RUN]) == 0
    texts = [zh for _en, zh in counting.pairs()] + ["一二三四", "一二三四。", "五六五六五六", "---", "", "一" * 500]
    (found / "mono").mkdir()
    (found / "mono" / "zh.txt").write_text("\n".join(texts), encoding="utf-8")
    (found / "mono" / "card.yaml").write_text("title: Chinese\nlicence: CC0-1.0\n", encoding="utf-8")
    return found


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("LUOKUAN_HOME", str(place / "home"))
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_pairs_are_marked_and_train_goes_on_with_them(run: Any, place: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    command = ["corpus", "back-translate", place / "mono" / "zh.txt", "-o", out, "-m", "first", "--from", "zh"]
    code, said, err = run(*command, "--to", "en", "--without", place / "corpus", "--json")
    assert code == 0, err
    told = json.loads(said)
    corpus = open_parallel(out, ("en", "zh"))
    assert told["pairs"] == len(corpus.pairs) > 0 and corpus.licence == "CC-BY-4.0 AND CC0-1.0"
    assert all(pair.synthetic == "en" for pair, _split in corpus.pairs)
    held = open_parallel(place / "corpus", ("en", "zh"))
    barred = {pair.texts[1] for split in ("validation", "test") for pair in held.split(split)}
    made = [pair.texts[1] for pair, _split in corpus.pairs]
    assert not barred & set(made) and made.count("一二三四") + made.count("一二三四。") <= 1 and "---" not in made
    code, _said, err = run(
        "train", "seq2seq", place / "corpus", out, "--name", "second", "--base", "first", "--steps", 5, *RUN
    )
    assert code == 0, err
    folder = load_model(place / "home" / "models" / "second").folder
    learnt = folder.training["corpus"]
    # Sources by the machine stand in one direction only.
    assert learnt["synthetic"] == len(made) and learnt["sentences"] == 2 * len(held.split("train")) + len(made)
    assert folder.licence == "CC-BY-4.0 AND CC0-1.0" and learnt["base"]["name"] == "first"
    card = (folder.path / "README.md").read_text(encoding="utf-8")
    assert f"{len(made)} of them with a source that a machine wrote" in card and "--base first" in card


def test_what_was_stopped_goes_on(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtranslation, "PORTION", 50)
    model = load_model(place / "home" / "models" / "first")
    sentences = read_sentences(place / "mono" / "zh.txt", model, most=120)
    assert len(sentences.texts) == 120

    def make(name: str, stop: int | None) -> list[int]:
        seen: list[int] = []

        def tell(more: int) -> None:
            seen.append(more)
            if stop is not None and sum(seen) >= stop:
                raise KeyboardInterrupt

        back_translate(
            sentences, tmp_path / name, model=model, start="zh", to="en", search=Search(beams=1),
            cache=tmp_path / f"cache-{name}", on_done=tell,
        )  # fmt: skip
        return seen

    make("whole", None)
    with pytest.raises(KeyboardInterrupt):
        make("parts", 70)
    assert not (tmp_path / "parts").exists() and list((tmp_path / "cache-parts").rglob("00000.json"))
    assert sum(make("parts", None)) == 120
    files = [(tmp_path / name / "pairs.jsonl").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1] and not list((tmp_path / "cache-parts").rglob("*.json"))


def test_what_cant_be_used_is_refused(run: Any, place: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "empty.txt").write_text("---\n\n", encoding="utf-8")
    good = place / "mono" / "zh.txt"
    way = ["--from", "zh", "--to", "en"]
    cases = [
        ([tmp_path / "none.txt", *way, "-m", "first"], "can't be used"),
        ([tmp_path / "bad.txt", *way, "-m", "first"], "UTF-8"),
        ([tmp_path / "empty.txt", *way, "-m", "first"], "no sentences"),
        ([good, "--from", "zh", "--to", "de", "-m", "first"], "de"),
        ([good, "--from", "zh", "--to", "zh", "-m", "first"], "same language"),
        ([good, *way, "-m", "garments"], "train seq2seq"),
        ([good, *way, "-m", "nobody"], "no model"),
    ]
    for arguments, what in cases:
        code, _out, err = run("corpus", "back-translate", *arguments, "-o", tmp_path / "out")
        assert code == 2 and what in err and "Traceback" not in err, err
    assert not (tmp_path / "out").exists()


def test_letters_alone_tell_copies() -> None:
    assert letters_of("Ｈello, World!") == letters_of("hello world") == "helloworld"


def test_resume_is_bit_exact_and_options_are_checked(run: Any, place: Path) -> None:
    command = ["train", "seq2seq", place / "corpus", "--steps", 12, *SHAPE, *RUN]
    assert run(*command, "--name", "whole")[0] == 0
    from luokuan.models.seq2seq.train import prepare
    from luokuan.store.home import open_home

    home = open_home(place / "home")
    choices = {"size": "nano", "width": 64, "layers": "1+1", "vocabulary": 300, "batch": 16, "steps": 12}
    prepared = prepare([place / "corpus"], resume=False, home=home, quiet=True, name="parts", precision="float32",
                       **choices)  # fmt: skip
    original = prepared._training

    def stopping(steps: int) -> Any:
        training = original(steps)
        step = training.step

        def one(number: int) -> Any:
            if number == 5:
                training.stop()
            return step(number)

        training.step = one  # type: ignore[method-assign]
        return training

    prepared._training = stopping  # type: ignore[method-assign]
    outcome, model = prepared.train()
    assert model is None and outcome.step == 6
    code, _out, err = run("train", "seq2seq", place / "corpus", "--name", "parts", "--resume", "--quiet")
    assert code == 0, err
    weights = [(place / "home" / "models" / n / "model.safetensors").read_bytes() for n in ("whole", "parts")]
    assert weights[0] == weights[1]
    for option in (["--layers", "4"], ["--width", "100"], ["--size", "huge"], ["--rate", "1"], ["--to", "en"],
                   ["--base", "first", "--size", "nano"], ["--base", "garments"]):  # fmt: skip
        code, _out, err = run("train", "seq2seq", place / "corpus", "--name", "x", *option, "--steps", 1, "--quiet")
        assert code == 2 and "Traceback" not in err, option
    code, out, err = run("train", "seq2seq", place / "corpus", "--name", "x", "--steps", 3, *SHAPE, "--dry-run")
    assert code == 0 and "en → zh" in out and "sentences" in out, err
