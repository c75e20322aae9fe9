"""Fine-tuning from the command line: the model that comes of it, its lineage, resume, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import resolve
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.writing import write

EXAMPLE = Path(__file__).parents[2] / "examples/shakespeare-small"
BASE = ["--size", "nano", "--layers", 1, "--context", 64, "--batch", 4, "--tokenizer", "bytes", "--steps", 2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tuned") / "home"
    os.environ["LUOKUAN_HOME"] = str(place)
    assert main([str(a) for a in ("train", "plm", EXAMPLE, "--name", "base", *BASE, "--quiet")]) == 0
    return place


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], home: Path) -> Any:
    """Run a command in the shared home; returns (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        os.environ["LUOKUAN_HOME"] = str(home)
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def corpus(folder: Path, rows: list[Any], licence: str = "CC-BY-4.0") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "card.yaml").write_text(f"title: Sums\nlicence: {licence}\ncredit: Ada\n")
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [{"prompt": f"{i}+{i}=", "chosen": f"{2 * i}.", "rejected": f"{3 * i + 1}!"} for i in range(60)]
    return corpus(tmp_path_factory.mktemp("sums") / "sums", rows)


def tune(*more: object, batch: int = 4, steps: int = 3) -> list[object]:
    return ["--from", "base", "--batch", batch, "--steps", steps, *more]


def test_sft_writes_a_model_with_its_lineage(run: Any, home: Path, sums: Path) -> None:
    code, out, err = run("train", "plm", sums, "--name", "adder", *tune("--rate", 0.003, "--seed", 3))
    assert code == 0, err
    assert "training examples" in out + err and "Base: base, licence LicenseRef-public-domain; sft" in out + err
    folder, base = resolve(home / "models/adder"), resolve(home / "models/base")
    assert folder.training["corpus"]["base"]["digest"] == base.network_digest
    assert folder.licence == "CC-BY-4.0 AND LicenseRef-public-domain"
    record = folder.training["corpus"]
    assert record["examples"] + 10 > 50 and record["left_out"] == record["cut"] == 0
    measured = folder.training["measured"]
    assert measured["validation/examples"] >= 1 and 0 < measured["validation/nats_per_token"] < 10
    assert folder.config == base.config | {"dtype": "bfloat16"}
    assert (home / "models/adder/tokenizer.json").read_bytes() == (home / "models/base/tokenizer.json").read_bytes()
    card = (home / "models/adder/README.md").read_text(encoding="utf-8")
    assert "--from base --method sft --context 64 --steps 3 --batch 4 --rate 0.003 --seed 3" in card
    assert "Base 基础模型: base" in card and "held-out examples" in card and "examples seen" in card
    written = write(PlmModel.from_folder(folder), ["2+2="], seed=1)
    assert written[0].ended in ("end", "length", "context")
    assert list((home / "runs/adder/previews").glob("*.txt"))


def test_sft_on_text_goes_on_as_before(run: Any, home: Path) -> None:
    code, _out, err = run("train", "plm", EXAMPLE, "--name", "reader", *tune(), "--context", 32)
    assert code == 0, err
    training = resolve(home / "models/reader").training
    assert training["corpus"]["windows"] > 100 and training["corpus"]["bytes"] > 1000
    assert training["measured"]["validation/bits_per_byte"] > 0
    assert training["corpus"]["title"] == "Coriolanus, the first scenes" and training["run"]["context"] == 32


def test_a_conversation_gives_the_model_a_template(run: Any, home: Path, tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": "Yes."}]}
        for i in range(12)
    ]
    code, _out, err = run("train", "plm", corpus(tmp_path / "talk", rows), "--name", "talker", *tune())
    assert code == 0, err
    assert (home / "models/talker/chat_template.jinja").is_file()
    said = json.dumps([{"role": "user", "content": "3?"}])
    (tmp_path / "m.json").write_text(said)
    model = PlmModel.from_folder(resolve(home / "models/talker"))
    assert model.tokenizer.chat_template
    assert run("train", "plm", tmp_path / "talk", "--name", "talker2", *tune(), "--from", "talker", "-q")[0] == 0
    one, two = (home / f"models/{name}/chat_template.jinja" for name in ("talker", "talker2"))
    assert one.read_bytes() == two.read_bytes()
    lineage = resolve(home / "models/talker2").training["corpus"]["base"]
    assert lineage["name"] == "talker" and lineage["base"]["name"] == "base"


def test_dpo_reports_what_pairs_show(run: Any, home: Path, sums: Path) -> None:
    choices = tune("--method", "dpo", "--rate", 0.001, "--beta", 0.2, steps=8)
    code, out, err = run("train", "plm", sums, "--name", "judge", *choices)
    assert code == 0, err
    assert "training pairs" in out and "pairs were held out: too few to tell" in out
    folder = resolve(home / "models/judge")
    found = {key.removeprefix("validation/"): value for key, value in folder.training["measured"].items()}
    assert 0 <= found["win_rate_low"] <= found["win_rate"] <= found["win_rate_high"] <= 1
    assert found["kl_per_token"] > 0 and found["pairs"] >= 1 and folder.training["corpus"]["pairs"] > 40
    assert len(folder.training["verdicts"]) == 2  # in both languages
    card = (home / "models/judge/README.md").read_text(encoding="utf-8")
    assert "--method dpo" in card and "--beta 0.2" in card and "paired bootstrap" in card and "pairs seen" in card
    kept = list((home / "cache/reference").glob("*.json"))
    assert len(kept) == 2
    assert write(PlmModel.from_folder(folder), ["2+2="], seed=1)


def test_lora_writes_a_model_like_any_other(run: Any, home: Path, sums: Path) -> None:
    pytest.importorskip("peft")
    choices = tune("--method", "lora", "--rate", 0.01, "--rank", 4, steps=8)
    code, _out, err = run("train", "plm", sums, "--name", "light", *choices)
    assert code == 0, err
    folder, base = resolve(home / "models/light"), resolve(home / "models/base")
    assert folder.tensor_count == base.tensor_count and folder.config == base.config | {"dtype": "bfloat16"}
    new, old = (PlmModel.from_folder(place).network.state_dict() for place in (folder, base))
    changed = {name for name in old if not torch.equal(new[name], old[name])}
    assert changed and all(".layers." in name and name.endswith("proj.weight") for name in changed)
    card = (home / "models/light/README.md").read_text(encoding="utf-8")
    assert "--method lora" in card and "--rank 4 --alpha 8" in card and "low-rank update" in card
    assert run("train", "plm", EXAMPLE, "--name", "light-text", *tune("--method", "lora"), "-q")[0] == 0
    assert run("train", "plm", sums, "--name", "plan", *tune("--method", "lora", "--dry-run", "--json"))[0] == 0


def test_a_model_that_was_made_elsewhere_goes_on(run: Any, home: Path, sums: Path, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=320, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=128, tie_word_embeddings=True, bos_token_id=0, eos_token_id=[0, 2],
    )  # fmt: skip
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "llama")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(home / "models/base" / name, tmp_path / "llama" / name)
    (tmp_path / "llama/chat_template.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n"
        "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}")  # fmt: skip
    (tmp_path / "llama/README.md").write_text("---\nlicense: apache-2.0\n---\n")
    for number, method in enumerate(("sft", "dpo")):
        choices = tune("--chat", "--method", method, "--from", tmp_path / "llama", "--dropout", 0.1)
        code, _out, err = run("train", "plm", sums, "--name", f"llama{number}", *choices)
        assert code == 0, err
        folder = resolve(home / f"models/llama{number}")
        assert folder.licence == "Apache-2.0 AND CC-BY-4.0" and folder.family == "plm"
        assert folder.tensor_count == resolve(tmp_path / "llama").tensor_count  # the tied head is no tensor of its own
        model = PlmModel.from_folder(folder)
        assert "assistant: " in str(model.tokenizer.chat_template)
        assert "license: other" in (home / f"models/llama{number}/README.md").read_text(encoding="utf-8")


def test_without_peft_lora_says_what_to_install(run: Any, sums: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    code, _out, err = run("train", "plm", sums, "--name", "wrong", *tune("--method", "lora"))
    assert code == 2 and "luokuan[finetune]" in err


@pytest.mark.parametrize("method", ["sft", "dpo", "lora"])
def test_resume_gives_the_uninterrupted_result(run: Any, home: Path, sums: Path, method: str) -> None:
    if method == "lora":
        pytest.importorskip("peft")
    for name in ("whole", "cut"):
        choices = tune("--method", method, "--dropout", 0.2, "--rate", 0.003, steps=5)
        code, _out, err = run("train", "plm", sums, "--name", f"{name}-{method}", *choices, "-q")
        assert code == 0, err
    name = f"cut-{method}"
    shutil.rmtree(home / "models" / name)
    shutil.rmtree(home / "cache", ignore_errors=True)
    for folder in (home / f"runs/{name}/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    assert run("train", "plm", sums, "--name", name, "--resume", "-q")[0] == 0
    weights = [(home / f"models/{n}-{method}/model.safetensors").read_bytes() for n in ("whole", "cut")]
    assert weights[0] == weights[1]


def test_a_base_that_changed_is_refused_on_resume(run: Any, home: Path, sums: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "models/base", tmp_path / "lent")
    assert run("train", "plm", sums, "--name", "heir", *tune(), "--from", tmp_path / "lent", "-q")[0] == 0
    training = (home / "models/heir/training.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in training + (home / "models/heir/README.md").read_text(encoding="utf-8")
    shutil.rmtree(home / "models/heir")
    (tmp_path / "lent/config.json").write_text(
        json.dumps(json.loads((tmp_path / "lent/config.json").read_text()) | {"note": 1})
    )
    code, _out, err = run("train", "plm", sums, "--name", "heir", "--resume", "-q")
    assert code == 2 and "'lent', on which the run rests, has changed" in err


def test_the_plan(run: Any, sums: Path) -> None:
    code, out, err = run("train", "plm", sums, "--name", "plan", *tune("--dry-run", "--json"))
    assert code == 0, err
    plan = json.loads(out)
    assert plan["unit"] == "examples" and plan["method"] == "sft" and plan["context"] == 64
    assert plan["training_items"] > 40 and plan["held_out_items"] >= 1 and plan["gflop_per_item"] > 0
    assert plan["licence"] == "CC-BY-4.0 AND LicenseRef-public-domain"
    code, out, _err = run("train", "plm", sums, "--name", "plan", *tune("--dry-run"))
    assert code == 0 and "training examples" in out and "prompts left out" in out


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["--size", "nano"], "--size has no say with --from."),
        (["--tokenizer", "bytes"], "--tokenizer has no say with --from."),
        (["--from", "absent"], "There is no model 'absent'."),
        (["--from", "garments-32"], "is a model of the family 'gan' and no language model."),
        (["--method", "magic"], "--method is out of its range."),
        (["--context", "128"], "'base' looks at 64 tokens at a time, fewer than 128."),
        (["--rank", "8"], "--rank has no say without --method lora."),
        (["--method", "dpo", "--alpha", "8"], "--alpha has no say without --method lora."),
        (["--method", "lora", "--rank", "0"], "--rank is out of its range."),
        (["--beta", "0.1"], "--beta has no say without --method dpo."),
        (["--method", "dpo", "--beta", "0"], "--beta is out of its range."),
        (["--rate", "0"], "--rate is out of its range."),
    ],
)
def test_wrong_choices_are_refused(run: Any, sums: Path, choices: list[str], said: str) -> None:
    code, _out, err = run("train", "plm", sums, "--name", "wrong", *tune(), *choices)
    assert code == 2 and said in err and "Traceback" not in err


def test_options_of_fine_tuning_need_a_base(run: Any) -> None:
    for option in (["--method", "sft"], ["--chat"], ["--beta", "0.1"]):
        code, _out, err = run("train", "plm", EXAMPLE, "--name", "wrong", "--steps", 1, *option)
        assert code == 2 and f"{option[0]} has no say without --from." in err


def test_unusable_material_is_refused(run: Any, tmp_path: Path) -> None:
    rows = [{"prompt": f"{i}" * 70, "completion": "x"} for i in range(10, 20)]
    for name, lines, said in (
        ("one", rows[:1], "only one prompt"),
        ("empty", [{"prompt": "a", "completion": ""}], "no usable examples"),
        ("long", rows, "leave no room for an answer in 64 tokens"),
    ):
        code, _out, err = run("train", "plm", corpus(tmp_path / name, lines), "--name", "wrong", *tune())
        assert code == 2 and said in err
    rows = [{"prompt": f"{i}", "chosen": "x"} for i in range(5)]
    choices = tune("--method", "dpo")
    code, _out, err = run("train", "plm", corpus(tmp_path / "half", rows), "--name", "wrong", *choices)
    assert code == 2 and "it has no text in the column 'rejected'" in err and "chosen and rejected" in err
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.txt").write_text("One line.")
    code, _out, err = run("train", "plm", tmp_path / "text", "--name", "wrong", *tune())
    assert code == 2 and "9 tokens of training text, and a window takes 65." in err
    code, _out, err = run("train", "plm", tmp_path / "text", "--name", "wrong", *tune("--chat"))
    assert code == 2 and "holds text and no examples" in err
