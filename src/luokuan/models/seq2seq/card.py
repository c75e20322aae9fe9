"""The model card of an encoder-decoder, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    corpora = " ".join(["CORPUS", *("MORE" for _digest in training["corpus"].get("digests", [])[1:])])
    parts = [f"luokuan train seq2seq {corpora}", f"--name {run['name']}", f"--from {run['start']} --to {run['to']}"]
    if not run["both"]:
        parts.append("--one-way")
    if run.get("base") is not None:
        parts.append(f"--base {run['base']}")
    else:
        parts.append(f"--size {run['size']}")
        parts += [f"--{key} {run[key]}" for key in ("layers", "width") if run.get(key) is not None]
        parts.append(f"--vocabulary {run['vocabulary']}")
    parts += [f"--steps {training['steps']}", f"--batch {run['batch']}", f"--rate {run['rate']:g}"]
    parts += [f"--dropout {run['dropout']:g}"]
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    parts.append(f"--seed {run['seed']}")
    return " ".join([*parts, *machine_options(training)])


def seq2seq_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    verdicts: Sequence[str] = (),
    measured: str = "",
) -> str:
    """The card of an encoder-decoder.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
        measured: More figures, in Markdown.
    """
    ways = ", ".join(f"{start} → {to}" for start, to in config["directions"])
    layers, width = f"{config['encoder_layers']} + {config['decoder_layers']}", config["d_model"]
    longest = config["max_position_embeddings"]
    sections = [
        front_matter(name, training, config, "translation", made="text", library="transformers"),
        f"# {name}\n",
        f"An encoder-decoder of the architecture MarianMT that translates sentences ({ways}): {layers} blocks, "
        f"{width} wide, at most {longest} tokens a side. `AutoModelForSeq2SeqLM.from_pretrained` loads it; a source "
        "begins with the mark of the language wanted, such as `>>zh<<`.\n",
        f"翻译句子的编码器-解码器（{ways}），MarianMT 架构：{layers} 层，宽 {width}，每侧至多 {longest} 个词元。"
        "可用 `AutoModelForSeq2SeqLM.from_pretrained` 加载；原文以目标语言的标记开头，如 `>>zh<<`。\n",
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
        return "No pairs were held out. 没有留出的句对。\n"
    ways = ", ".join(
        f"{value:.4f} into {key.removeprefix('nats_per_token_to_')}"
        for key, value in found.items()
        if key.startswith("nats_per_token_to_")
    )
    return (
        f"On {found['tokens']:.0f} held-out target tokens after step {training['kept']}: "
        f"{found['nats_per_token']:.4f} nats a token ({ways}; seed {training['seed']}, without label smoothing, "
        "weights before rounding to bfloat16).\n"
    )
