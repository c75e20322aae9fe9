"""The model card of a language model, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train plm CORPUS", f"--name {run['name']}", f"--size {run['size']}"]
    if run.get("layers") is not None:
        parts.append(f"--layers {run['layers']}")
    if run.get("tied"):
        parts.append("--tied")
    parts += [f"--tokenizer {run['tokenizer']}"]
    if run["tokenizer"] == "bpe":
        parts.append(f"--vocabulary {run['vocabulary']}")
    if run["context"] is not None:
        parts.append(f"--context {run['context']}")
    parts += [
        f"--steps {training.get('planned_steps', training['steps'])}",
        f"--batch {run['batch']}",
        f"--rate {run['rate']:g}",
    ]
    if run["dropout"]:
        parts.append(f"--dropout {run['dropout']:g}")
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    if run.get("patience"):
        parts.append(f"--patience {run['patience']}")
    parts.append(f"--seed {run['seed']}")
    return " ".join([*parts, *machine_options(training)])


def plm_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    verdicts: Sequence[str] = (),
    measured: str = "",
) -> str:
    """The card of a language model.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
        measured: More figures, in Markdown.
    """
    layers, width, context = config["num_hidden_layers"], config["hidden_size"], config["max_position_embeddings"]
    kind = training["run"]["tokenizer"]
    sections = [
        front_matter(name, training, config, "text-generation", made="text", library="transformers"),
        f"# {name}\n",
        f"A language model of the architecture Qwen3, trained from scratch: {layers} blocks, {width} wide, context of "
        f"{context} tokens ({kind}). `AutoModelForCausalLM.from_pretrained` loads it.\n",
        f"从头训练的语言模型，Qwen3 架构：{layers} 层，宽 {width}，上下文 {context} 个词元（{kind}）。"
        "可用 `AutoModelForCausalLM.from_pretrained` 加载。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _measured(training),
        *([measured] if measured else []),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _measured(training: Mapping[str, Any]) -> str:
    found = {key.removeprefix("validation/"): value for key, value in training["measured"].items()}
    if "nats_per_token" not in found:
        return "No text was held out. 没有留出的文本。\n"
    return (
        f"On {found['tokens']:.0f} held-out tokens after step {training['kept']}: "
        f"{found['nats_per_token']:.4f} nats a token, {found['bits_per_byte']:.4f} bits a byte "
        f"(seed {training['seed']}, weights before rounding to bfloat16). "
        f"Held-out characters that the tokenizer doesn't know: {training['corpus']['held_out_unknown']}.\n"
    )
