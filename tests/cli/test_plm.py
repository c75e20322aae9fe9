"""A language model from the command line: plan, train, resume, read by transformers, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve

EXAMPLE = Path(__file__).parents[2] / "examples/shakespeare-small"
SMALL = ["--size", "nano", "--context", "32", "--batch", "4"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plm") / "home"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        os.environ["LUOKUAN_HOME"] = str(home)
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    os.environ["LUOKUAN_HOME"] = str(home)
    choices = ["--tokenizer", "chars", "--steps", "20", "--quiet"]
    assert main(["train", "plm", str(EXAMPLE), "--name", "mine", *SMALL, *choices]) == 0
    return home / "models/mine"


def test_the_rate_and_precision_that_the_size_implies_are_recorded(trained: Path) -> None:
    training = json.loads((trained / "training.json").read_text())
    assert (
        training["precision"] == "float32"
        and training["run"]["rate"] == 0.004
        and "--rate 0.004" in (trained / "README.md").read_text()
    )


def test_train_writes_a_folder_of_transformers(trained: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, report = AutoModelForCausalLM.from_pretrained(trained, output_loading_info=True)
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    tokenizer = AutoTokenizer.from_pretrained(trained)
    given = tokenizer("Speak", return_tensors="pt", add_special_tokens=False)
    with torch.no_grad():
        model.lm_head.weight[len(tokenizer) :] = 100 * model.lm_head.weight.abs().max()  # rows that only round it up
    torch.manual_seed(0)
    rows = model.generate(**given, max_new_tokens=20)
    assert tokenizer.decode(rows[0]).startswith("Speak") and rows.max() < len(tokenizer)


def test_the_record_tells_what_it_learnt_from(trained: Path) -> None:
    folder = resolve(trained)
    corpus = folder.training["corpus"]
    text = (EXAMPLE / "coriolanus.txt").read_text(encoding="utf-8")
    assert corpus["title"] == "Coriolanus, the first scenes" and folder.licence == "LicenseRef-public-domain"
    assert corpus["bytes"] == int(0.9 * len(text)) == corpus["tokens"] - 1 and corpus["documents"] == 1
    measured = folder.training["measured"]
    assert measured["validation/tokens"] == len(text) - int(0.9 * len(text))
    assert measured["validation/nats_per_token"] < np.log(67)
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "--tokenizer chars --context 32 --steps 20" in card and "nats a token" in card and "windows seen" in card
    assert "image-generation" not in card and "library_name: transformers" in card


def test_the_digest_covers_the_tokenizer(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "copy")
    assert resolve(tmp_path / "copy").network_digest == resolve(trained).network_digest
    path = tmp_path / "copy/tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert resolve(tmp_path / "copy").network_digest != resolve(trained).network_digest
    assert resolve(tmp_path / "copy").digest != resolve(trained).digest


def test_it_loads_strictly(trained: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from luokuan.errors import UserError
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.registry import load_model

    model = load_model(trained)
    assert isinstance(model, PlmModel) and model.tokenizer.decode(model.tokenizer("Speak")["input_ids"]) == "Speak"
    shutil.copytree(trained, tmp_path / "copy")
    weights = load_file(trained / "model.safetensors")
    for changed in (
        {k: v for k, v in weights.items() if k != "lm_head.weight"},
        weights | {"more": torch.zeros(2)},
        weights | {"model.norm.weight": torch.zeros(5)},
    ):
        save_file(changed, tmp_path / "copy/model.safetensors", metadata={"format": "pt"})
        with pytest.raises(UserError, match=r"fit their|can't be loaded"):
            load_model(tmp_path / "copy")


def test_the_plan(run: Any) -> None:
    choices = ["--name", "plan", "--tokenizer", "bytes", "--steps", 10, "--dry-run", *SMALL]
    code, out, _err = run("train", "plm", EXAMPLE, *choices, "--json")
    plan = json.loads(out)
    assert code == 0 and plan["unit"] == "windows" and plan["vocabulary"] == 257 and plan["context"] == 32
    assert plan["training_items"] == (plan["tokens"] - 1) // 32 and plan["gflop_per_item"] > 0
    code, out, _err = run("train", "plm", EXAMPLE, *choices)
    assert code == 0 and "windows of training text" in out and "pictures" not in out


def test_resume_gives_the_uninterrupted_result(run: Any, home: Path) -> None:
    choices = [*SMALL, "--tokenizer", "bpe", "--vocabulary", 300, "--steps", 6, "--dropout", 0.2, "-q"]
    for name in ("whole", "cut"):
        assert run("train", "plm", EXAMPLE, "--name", name, *choices)[0] == 0
    shutil.rmtree(home / "models/cut")
    shutil.rmtree(home / "cache")  # tokenizer and tokens are made again
    for folder in (home / "runs/cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "plm", EXAMPLE, "--name", "cut", "--resume", "-q")[0] == 0
    for file in ("model.safetensors", "tokenizer.json"):
        assert (home / "models/whole" / file).read_bytes() == (home / "models/cut" / file).read_bytes()


def test_a_tokenizer_may_come_from_another_model(trained: Path, run: Any, home: Path) -> None:
    choices = ["--tokenizer", "mine", "--steps", 1, "-q", *SMALL]
    assert run("train", "plm", EXAMPLE, "--name", "other", *choices)[0] == 0
    assert (home / "models/other/tokenizer.json").read_bytes() == (trained / "tokenizer.json").read_bytes()


def test_a_tokenizer_that_changed_is_refused_on_resume(trained: Path, run: Any, home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "lent")
    choices = ["--tokenizer", tmp_path / "lent", "--steps", 2, "-q", *SMALL]
    assert run("train", "plm", EXAMPLE, "--name", "lender", *choices)[0] == 0
    record = resolve(home / "models/lender").training
    assert record["run"]["tokenizer"] == "lent"  # and no folder of this machine
    assert str(tmp_path) not in (home / "models/lender/README.md").read_text(encoding="utf-8")
    shutil.rmtree(home / "models/lender")
    path = tmp_path / "lent/tokenizer.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = table["model"]["vocab"]
    vocabulary["a"], vocabulary["e"] = vocabulary["e"], vocabulary["a"]
    path.write_text(json.dumps(table), encoding="utf-8")
    code, _out, err = run("train", "plm", EXAMPLE, "--name", "lender", "--resume", "-q")
    assert code == 2 and "'tokenizer', on which the run rests, has changed" in err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_hidden_layers": 10_000_000}, "num_hidden_layers"),
        ({"transformers_weights": "other.safetensors"}, "'transformers_weights', which is not supported"),
        ({"auto_map": {"AutoModelForCausalLM": "evil.Evil"}}, "'auto_map', which is not supported"),
        ({"model_type": "nothing"}, "can't be loaded as a language model"),
    ],
)
def test_hostile_configs_are_refused(trained: Path, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    from luokuan.errors import UserError
    from luokuan.models.registry import load_model

    shutil.copytree(trained, tmp_path / "copy")
    path = tmp_path / "copy/config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        load_model(tmp_path / "copy")


def test_models_and_pictures_are_told_apart(trained: Path, run: Any, tmp_path: Path) -> None:
    code, out, _err = run("models", "list", "--json")
    (mine,) = (model for model in json.loads(out)["models"] if model["name"] == "mine")
    assert mine["family"] == "plm" and mine["size"] is None
    code, _out, err = run("create", "image", "-m", "mine", "-o", tmp_path / "a.png")
    assert code == 2 and "makes text and no pictures" in err
    code, _out, err = run("models", "export", "mine", "-o", tmp_path / "a.onnx")
    assert code == 2 and "language model" in err
    code, _out, err = run("evaluate", "mine", EXAMPLE, "--guidance", "2")
    assert code == 2 and "makes text and no pictures" in err
    assert run("models", "export", "mine", "--to", "hub-folder", "-o", tmp_path / "hub")[0] == 0
    assert {p.name for p in (tmp_path / "hub").iterdir()} == {p.name for p in trained.iterdir()}


def test_export_for_llama_cpp(trained: Path, run: Any, tmp_path: Path) -> None:
    import gguf

    choices = ["--tokenizer", "bpe", "--vocabulary", 300, "--steps", 3, "-q", *SMALL]
    assert run("train", "plm", EXAMPLE, "--name", "pairs", *choices)[0] == 0
    code, out, _err = run("models", "export", "pairs", "--to", "gguf", "-o", tmp_path / "a.gguf", "--json")
    told = json.loads(out)
    assert code == 0 and told["type"] == "bf16" and told["largest_difference"] == 0  # as the folder keeps it
    reader = gguf.GGUFReader(tmp_path / "a.gguf")
    assert reader.fields["luokuan.digest"].contents() == resolve("pairs").digest
    code, out, _err = run("models", "export", "pairs", "--to", "gguf", "--type", "q8_0", "-o", tmp_path / "b.gguf")
    assert code == 0 and "carries no colophon" in out
    assert (tmp_path / "b.gguf").stat().st_size < 0.6 * (tmp_path / "a.gguf").stat().st_size
    for choices, said in (
        (["mine", "--to", "gguf"], "cuts text into characters"),
        (["garments-32", "--to", "gguf"], "no language model"),
        (["pairs", "--to", "hub-folder", "--type", "f16"], "--type has no say with --to hub-folder."),
        (["pairs", "--to", "hub-folder", "--type", "int8"], "other programs read it"),
        (["pairs", "--to", "gguf", "--type", "int8"], "GGUF has no type int8."),
    ):
        code, _out, err = run("models", "export", *choices, "-o", tmp_path / "c")
        assert code == 2 and said in err and not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["--size", "huge"], "--size"),
        (["--context", "4"], "--context"),
        (["--vocabulary", "20"], "--vocabulary"),
        (["--tokenizer", "bytes", "--vocabulary", "500"], "--vocabulary has no say with --tokenizer bytes."),
        (["--tokenizer", "absent"], "There is no model 'absent'."),
        (["--tokenizer", "garments-32"], "no tokenizer that can be used"),
        (["--dropout", "1"], "--dropout"),
        (["--keep", "first"], "Allowed: best, last."),
        (["--context", "30000", "--tokenizer", "bpe"], "tokens of training text"),
    ],
)
def test_wrong_choices_are_refused(run: Any, choices: list[str], said: str) -> None:
    code, _out, err = run("train", "plm", EXAMPLE, "--name", "wrong", "--steps", 1, *choices)
    assert code == 2 and said in err and "Traceback" not in err


def test_a_corpus_of_one_line_is_too_little(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One line.")
    code, _out, err = run("train", "plm", tmp_path, "--name", "wrong", "--tokenizer", "bytes", *SMALL, "--steps", 1)
    assert code == 2 and "9 tokens of training text, and a window takes 33." in err


def test_patience_is_kept_with_the_run(run: Any, home: Path) -> None:
    choices = ["--tokenizer", "chars", "--steps", "20", "--patience", "2", "--quiet"]
    assert run("train", "plm", EXAMPLE, "--name", "patient", *SMALL, *choices)[0] == 0
    model = resolve(str(home / "models/patient"))
    assert model.training["run"]["patience"] == 2 and "--patience 2" in (model.path / "README.md").read_text()


@pytest.mark.parametrize("choices", [["--patience", "10"], ["--patience", "1", "--keep", "last"]])
def test_patience_that_has_no_say_is_refused(run: Any, choices: list[str]) -> None:
    code, _out, err = run("train", "plm", EXAMPLE, "--name", "no", *SMALL, *choices)
    assert code == 2 and "--patience" in err and "Traceback" not in err
