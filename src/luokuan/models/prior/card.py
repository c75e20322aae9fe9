"""The model card of a prior, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import (
    front_matter,
    machine_options,
    material_section,
    measured_section,
    recipe_section,
)
from luokuan.models.prior.learning import PriorSettings

_DEFAULTS = PriorSettings()


def _command(config: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train prior CORPUS", f"--name {run['name']}", f"--codec {run['codec']}", f"--size {run['size']}"]
    parts += [f"--condition {config['condition']}", f"--order {run['order']}", f"--width {run['width']}"]
    parts += [f"--layers {run['layers']}", f"--steps {training['steps']}", f"--batch {run['batch']}"]
    parts += [f"--rate {run['rate']:g}", f"--seed {run['seed']}"]
    if run.get("base"):
        parts.append(f"--base {run['base']}")
    if run["crops"] != 1:
        parts.append(f"--crops {run['crops']}")
    if not run["flip"]:
        parts.append("--no-flip")
    if run.get("dropout"):
        parts.append(f"--dropout {run['dropout']:g}")
    if run.get("blank", _DEFAULTS.blank) != _DEFAULTS.blank:
        parts.append(f"--blank {run['blank']:g}")
    if run.get("keep", "last") != "best":  # before there was a choice, the last one was kept
        parts.append("--keep last")
    return " ".join([*parts, *machine_options(training)])


def _told(config: Mapping[str, Any]) -> tuple[str, str]:
    kind = config["condition"]
    if kind == "class":
        names = ", ".join(config["classes"])
        return f"It is told a class: {names}.", f"按类别生成：{names}。"
    if kind == "attributes":
        names = ", ".join(config["attributes"])
        return f"It is told attributes: {names}.", f"按属性生成：{names}。"
    if kind == "text":
        count = len(config["words"])
        return f"It is told words; it knows {count}.", f"按文字生成，认识 {count} 个词。"
    return "It is told nothing.", "无条件生成。"


def prior_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    ranked: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a prior.

    Args:
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card says that nothing was measured.
        ranked: The same with the settings of ``luokuan create``, as a second column.
        verdicts: What its author thinks of it, in sentences; empty: those of the evaluation or the training.
    """
    told = _told(config)
    size, codec = config["size"], f"{config['codec']} (`{config['codec_digest'][:16]}`)"
    said = verdicts or (evaluation or {}).get("verdicts") or training.get("verdicts") or []
    sections = [
        front_matter(name, training, config, "text-to-image" if config["condition"] == "text" else "image-generation"),
        f"# {name}\n",
        f"A transformer over the tokens of the codec {codec} that makes pictures of {size} × {size} pixels.\n",
        f"{told[0]}\n",
        f"在编解码器 {codec} 的令牌上训练的 Transformer，生成 {size} × {size} 像素的图片。{told[1]}\n",
        material_section(training),
        recipe_section(training, _command(config, training)),
        "## Measured 测量\n",
        _validation(training),
        measured_section(evaluation, ranked),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in said),
        "",
    ]
    return "\n".join(sections)


def _validation(training: Mapping[str, Any]) -> str:
    measured, kept = training["measured"], training.get("kept", training["steps"])
    if "validation/nats_per_cell" not in measured:
        return "No pictures were held out. 没有留出的图片。\n"
    told, untold, count = (
        measured[f"validation/{key}"] for key in ("nats_per_cell", "nats_per_cell_untold", "pictures")
    )
    where = "" if kept == training["steps"] else f"Kept 保留: the average after step {kept}, the best on these. "
    return (
        f"{where}-log p of a cell of 8 × 8 pixels on {count:.0f} held-out pictures: {told:.3f} nats with their "
        f"condition, {untold:.3f} without.\n"
    )
