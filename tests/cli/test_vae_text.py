"""A VAE of sentences from the command line: plan, train, resume, measure, create, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from textvaes import sentences, write_corpus

from luokuan.cli.main import main
from luokuan.create.latenttexts import create_latent_text
from luokuan.foundation.modelfolder import resolve
from luokuan.models.vae.text.card import text_vae_card
from luokuan.store.home import open_home

CHOICES = ["--kind", "text", "--size", "nano", "--latent", "6", "--batch", "32"]
LETTERS = ["--tokenizer", "chars"]
PAIRS = ["--tokenizer", "bpe", "--vocabulary", "300"]
ONE, OTHER = sentences()[0], sentences()[-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("textvae") / "home"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("sentences") / "toys")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LUOKUAN_HOME", str(home))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        return code, *capfd.readouterr()

    return call


@pytest.fixture(scope="module")
def trained(home: Path, corpus: Path) -> Path:
    os.environ["LUOKUAN_HOME"] = str(home)
    assert main(["train", "vae", str(corpus), "--name", "toys", *CHOICES, *LETTERS, "--steps", "12", "--quiet"]) == 0
    return home / "models" / "toys"


def test_train_writes_a_whole_model(trained: Path, home: Path, run: Any) -> None:
    folder = resolve(trained)
    assert folder.licence == "CC0-1.0" and folder.config["kind"] == "text"
    assert {"length", "tone=question"} <= set(folder.config["directions"])
    assert (trained / "ngrams.safetensors").is_file() and (trained / "tokenizer.json").is_file()
    card = (trained / "README.md").read_text(encoding="utf-8")
    for part in ("--kind text --size nano --latent 6", "--autoencoder 0.15", "--free-bits 8", "nats a sentence"):
        assert part in card
    assert "training sentences" in card and "`length`" in card
    (preview,) = list((home / "runs/toys/previews").iterdir())[-1:]
    assert ONE.split()[0] in preview.read_text(encoding="utf-8") or preview.stat().st_size > 100
    code, out, _err = run("models", "show", "toys")
    assert code == 0 and "KL" in out


def test_the_plan_says_what_there_is(run: Any, corpus: Path) -> None:
    plan_of = ["train", "vae", corpus, "--name", "plan", *CHOICES, *PAIRS, "--steps", 5, "--dry-run"]
    code, out, _err = run(*plan_of, "--json")
    plan = json.loads(out)
    assert code == 0 and plan["unit"] == "texts" and plan["latent"] == 6 and plan["vocabulary"] == 300
    assert plan["training_items"] > 150 and plan["held_out_items"] > 0 and plan["left_out"] == 0
    code, out, _err = run(*plan_of)
    assert code == 0 and "sentences/s" in out and "6 numbers" in out


def test_evaluate_says_units_seed_and_count(trained: Path, run: Any, corpus: Path) -> None:
    code, out, _err = run("evaluate", "toys", corpus, "-n", 20, "--importance", 5, "--seed", 4, "--json")
    found = json.loads(out)
    assert code == 0 and found["importance_draws"] == 5 and found["seed"] == 4
    assert found["written"]["texts"] == found["real"]["texts"] == min(20, found["sentences"])
    assert found["importance_nats"] <= found["importance_bound_nats"] and found["units"]["self_bleu"]
    code, out, _err = run("evaluate", "toys", corpus, "-n", 20, "--importance", 5)
    assert code == 0
    for part in ("nats a sentence", "5 draws", "self-BLEU-4", "of 6 latent values", "seed 0"):
        assert part in out
    card = text_vae_card(
        "toys", resolve(trained).config, resolve(trained).training, evaluation=found, verdicts=["Toys."]
    )
    assert "self-BLEU-4" in card and "5 draws for each" in card and "- Toys." in card and "--seed 4" in card
    code, _out, err = run("evaluate", "toys", corpus, "--sheet", "x.png")
    assert code == 2 and "no pictures" in err


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ([], 1),
        (["--like", ONE], 1),
        (["--like", ONE, "--noise", "0"], 1),
        (["--like", ONE, "--toward", OTHER], 7),
        (["--like", ONE, "--toward", OTHER, "--steps", "3"], 3),
        (["--like", ONE, "--attribute", "length", "--amount", "-1.5"], 1),
        (["--attribute", "tone=question", "--attribute", "length", "--amount", "2", "--temperature", "0"], 1),
    ],
)
def test_texts_are_made_labelled_and_verified(trained: Path, run: Any, options: list[str], lines: int) -> None:
    code, out, err = run("create", "text", "-m", "toys", "-o", "made.txt", "--seed", 3, *options)
    assert (code, err) == (0, "")
    shown = out.split("\n\n")[0]
    assert len(shown.split("\n")) == lines and all(shown.split("\n"))
    text = Path("made.txt").read_text(encoding="utf-8")
    assert shown in text and "[luokuan:" in text
    code, out, _err = run("verify", "made.txt", "--json")
    assert code == 0 and json.loads(out)["verdict"] == "ours" and json.loads(out)["model"] == "toys"


def test_the_recipe_repeats_the_text(trained: Path, run: Any, home: Path) -> None:
    place = open_home(home)
    work = create_latent_text(ONE, model="toys", seed=5, noise=2.0, attributes={"length": 1.0}, home=place)
    parameters = work.recipe.parameters
    assert parameters["noise"] == 2.0 and parameters["attributes"] == {"length": 1.0} and parameters["like"] == ONE
    assert work.recipe.seed == 5 and work.recipe.licence == "CC0-1.0" and parameters["prior"] is None
    again = create_latent_text(
        parameters["like"],
        model=work.recipe.model,
        seed=work.recipe.seed,
        noise=parameters["noise"],
        attributes=parameters["attributes"],
        home=place,
    )
    assert work.data.split(b"\n")[0] == again.data.split(b"\n")[0]


def test_several_at_once(trained: Path, run: Any) -> None:
    code, out, _err = run("create", "text", "-m", "toys", "-n", 3, "--like", ONE, "--json")
    works = json.loads(out)["works"]
    assert code == 0 and len(works) == 3 and all(Path(work["path"]).name.startswith("toys-0-") for work in works)
    code, _out, err = run("create", "text", "-m", "toys", "-n", 2, "--like", ONE, "--toward", OTHER)
    assert code == 2 and "--count" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["A prompt"], "PROMPT"),
        (["--tokens", "9"], "--tokens"),
        (["--like", " "], "empty"),
        (["--like", "a dog " * 90], "reads 63"),
        (["--like", "one\ntwo"], "one line"),
        (["--toward", OTHER], "--like"),
        (["--noise", "1"], "--noise"),
        (["--attribute", "mood"], "mood"),
        (["--attribute", "length", "--amount", "99"], "--amount"),
        (["--amount", "1"], "--amount"),
    ],
)
def test_what_makes_no_sense_is_refused(trained: Path, run: Any, options: list[str], said: str) -> None:
    code, _out, err = run("create", "text", "-m", "toys", "-o", "made.txt", *options)
    assert code == 2 and said in err and "Traceback" not in err and not Path("made.txt").exists()


def test_a_language_model_has_no_latents(run: Any) -> None:
    code, _out, err = run("create", "text", "-m", "verse", "--like", "床前明月光")
    assert code == 2 and "nor a GAN of sentences" in err
    code, _out, err = run("create", "image", "a cat", "-m", "toys")
    assert code == 2 and "makes text" in err


@pytest.mark.parametrize(
    ("texts", "said"), [(["", "  ", "\t"], "too few"), (["Only this one."], "too few"), (["a b " * 99] * 1, "too few")]
)
def test_material_of_which_nothing_can_be_learnt(run: Any, tmp_path: Path, texts: list[str], said: str) -> None:
    place = write_corpus(tmp_path / "few", texts)
    code, _out, err = run("train", "vae", place, "--name", "few", *CHOICES, *PAIRS, "--steps", 2)
    assert code == 2 and said in err and "Traceback" not in err


def test_sentences_that_are_all_too_long(run: Any, tmp_path: Path) -> None:
    place = write_corpus(tmp_path / "long", [f"{n} " * 60 for n in range(40)])
    code, _out, err = run("train", "vae", place, "--name", "long", *CHOICES, *PAIRS, "--context", 16, "--steps", 2)
    assert code == 2 and "at most 15 tokens" in err


def test_mixed_scripts_are_learnt(run: Any, tmp_path: Path, home: Path) -> None:
    texts = [f"{hanzi}在山上 и река {n}: the sea 🙂" for n, hanzi in enumerate("春夏秋冬风花雪月" * 6)]
    place = write_corpus(tmp_path / "mixed", texts)
    assert run("train", "vae", place, "--name", "mixed", *CHOICES, *PAIRS, "--steps", 3, "-q")[0] == 0
    code, out, _err = run("create", "text", "-m", "mixed", "--like", "雪 🙂 water вода", "--noise", "0", "-q")
    assert code == 0 and "人工智能生成" in out
    # Of Chinese the characters are the tokens, and strange ones are named.
    poems = write_corpus(tmp_path / "poems", [f"{hanzi}在山上，{n}" for n, hanzi in enumerate("春夏秋冬风花雪月" * 6)])
    assert run("train", "vae", poems, "--name", "poems", *CHOICES, "--steps", 3, "-q")[0] == 0
    assert resolve(home / "models/poems").config["tokens"] == 24
    code, _out, err = run("create", "text", "-m", "poems", "--like", "雪在海上")
    assert code == 2 and "海" in err


def test_resume_gives_the_uninterrupted_result(run: Any, home: Path, corpus: Path) -> None:
    choices = [*CHOICES, *LETTERS, "--steps", 6, "--precision", "float32", "-q"]
    assert run("train", "vae", corpus, "--name", "whole", *choices)[0] == 0
    assert run("train", "vae", corpus, "--name", "cut", *choices)[0] == 0
    shutil.rmtree(home / "models/cut")
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "vae", corpus, "--name", "cut", "--resume", "-q")[0] == 0
    files = [(home / "models" / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]


def test_options_of_other_kinds_are_refused(run: Any, corpus: Path) -> None:
    for option in (["--no-flip"], ["--likelihood", "laplace"], ["--rate-end", "1e-5"]):
        code, _out, err = run("train", "vae", corpus, "--name", "wrong", *CHOICES, *option)
        assert code == 2 and "--kind text" in err and "no say" in err
    code, _out, err = run("train", "vae", corpus, "--name", "wrong", "--free-bits", 3)
    assert code == 2 and "--free-bits" in err and "--kind image" in err


@pytest.mark.parametrize(
    "choices",
    [
        ["--size", "64"],
        ["--latent", "0"],
        ["--tokenizer", "words"],
        ["--vocabulary", "3"],
        ["--context", "4"],
        ["--items", "words"],
        ["--beta", "-1"],
        ["--warm-up", "2"],
        ["--schedule", "random"],
        ["--autoencoder", "1"],
        ["--free-bits", "-1"],
        ["--word-dropout", "2"],
        ["--dropout", "1"],
        ["--rate", "0"],
        ["--keep", "all"],
    ],
)
def test_wrong_choices_are_refused(run: Any, corpus: Path, choices: list[str]) -> None:
    code, _out, err = run("train", "vae", corpus, "--name", "wrong", "--kind", "text", *choices)
    assert code == 2 and choices[0] in err and "Traceback" not in err
