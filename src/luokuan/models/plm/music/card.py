"""The model card of a language model of music, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def command(training: Mapping[str, Any]) -> str:
    """What trains the same again."""
    run = training["run"]
    parts = ["luokuan train plm CORPUS --kind music", f"--name {run['name']}", f"--size {run['size']}"]
    if run["layers"] is not None:
        parts.append(f"--layers {run['layers']}")
    parts.append(f"--context {run['context']} --fill {run['fill']:g}")
    if not run["transpose"]:
        parts.append("--no-transpose")
    parts.append(f"--steps {training.get('planned_steps', training['steps'])} --batch {run['batch']}")
    parts.append(f"--rate {run['rate']:g}")
    if run["dropout"]:
        parts.append(f"--dropout {run['dropout']:g}")
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    if run["patience"]:
        parts.append(f"--patience {run['patience']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def music_plm_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a language model of music.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    layers, width, context = config["num_hidden_layers"], config["hidden_size"], config["max_position_embeddings"]
    sections = [
        front_matter(name, training, config, "other", made="music-generation", library="transformers"),
        f"# {name}\n",
        f"A language model of music over REMI tokens (docs/music.md): melody, bridge and piano, with key, tempo, "
        f"density and bars in front. Qwen3, trained from scratch: {layers} blocks, {width} wide, windows of {context} "
        "tokens. It writes pieces, goes on with one, accompanies a melody and fills gaps.\n",
        f"以 REMI 词元写成的音乐语言模型（docs/music.md）：旋律、副旋律与钢琴三个声部，前置调、速度、疏密与小节数。"
        f"Qwen3 架构，从头训练：{layers} 层，宽 {width}，窗口 {context} 个词元。"
        "可以作新曲、续写、为旋律配伴奏、填补空缺。\n",
        material_section(training),
        recipe_section(training, command(training)),
        "## Measured 测量\n",
        _validation(training),
        _evaluation(evaluation),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _validation(training: Mapping[str, Any]) -> str:
    found = {key.removeprefix("validation/"): value for key, value in training["measured"].items()}
    if "nats_per_token" not in found:
        return "No pieces were held out. 没有留出的乐曲。\n"
    return (
        f"On {found['songs']:.0f} held-out pieces ({found['tokens']:.0f} tokens, {found['notes']:.0f} notes) after "
        f"step {training['kept']}: {found['nats_per_token']:.4f} nats a token, {found['nats_per_note']:.3f} nats a "
        f"note (seed {training['seed']}, weights before rounding to bfloat16).\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    mine, real = found["written"], found["real"]
    lines = [
        f"`luokuan evaluate`, seed {found['seed']}, temperature {found['temperature']:g}, top-p {found['top_p']:g}: "
        f"{mine['pieces']} pieces of {found['bars']} bars in the keys, tempi and densities of as many held-out "
        f"excerpts ({found['split']} split), which stand beside them; copies are looked for in {found['training']} "
        "training pieces, in any key. "
        f"{found['straddling']} held-out pieces have a near-duplicate in train. "
        f"{found['nats_per_token']:.4f} nats a token, {found['nats_per_note']:.3f} a note on the {found['split']} "
        "split.\n",
        "| figure | its own pieces | held-out excerpts |",
        "| --- | --- | --- |",
        *(
            f"| {meaning} | {_shown(mine[key])} | {_shown(real[key])} |"
            for key, meaning in found["units"].items()
            if key in mine
        ),
        "",
    ]
    return "\n".join(lines)


def _shown(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
