"""The card of a model of sound effects, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section
from luokuan.models.sound.config import LEAST_CLIPS


def command(training: Mapping[str, Any]) -> str:
    """The command that repeats the run."""
    run = training["run"]
    parts = ["luokuan train sound CORPUS", f"--name {run['name']}", f"--steps {training['steps']}"]
    parts += [f"--batch {run['batch']}", f"--codec-share {run['codec_share']:g}", f"--codec-width {run['codec_width']}"]
    parts += [f"--codec-layers {run['codec_layers']}", f"--levels {','.join(map(str, run['levels']))}"]
    parts += [f"--width {run['width']} --layers {run['layers']} --window {run['window']}"]
    parts += [f"--rate {run['rate']:g} --prior-rate {run['prior_rate']:g}"]
    parts += [f"--dropout {run['dropout']:g} --blank {run['blank']:g} --variants {run['variants']}"]
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def sound_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a model of sound effects.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    cell = 1000 * config["hop"] * config["stride"] / config["rate"]
    sections = [
        front_matter(name, training, config, "text-to-audio", made="sound-generation"),
        f"# {name}\n",
        f"Makes sound effects of a category, {config['rate'] / 1000:g} kHz, mono: a transformer over the tokens of a "
        f"codec, {len(config['levels'])} channels of {' × '.join(map(str, config['levels']))} levels every {cell:g} ms "
        "(docs/sound.md).\n",
        f"按类别生成音效，{config['rate'] / 1000:g} kHz，单声道：在编解码器的令牌上工作的 Transformer"
        "（docs/zh/sound.md）。\n",
        _categories(config),
        material_section(training),
        recipe_section(training, command(training)),
        "## Measured 测量\n",
        _validation(training["measured"], int(training["run"]["seed"])),
        evaluated_section(evaluation),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _categories(config: Mapping[str, Any]) -> str:
    pairs = list(zip(config["classes"], config["clips"], strict=True))
    if not pairs:
        return "It knows no categories. 没有类别。\n"
    enough = ", ".join(f"{name} ({count})" for name, count in pairs if count >= LEAST_CLIPS)
    few = ", ".join(f"{name} ({count})" for name, count in pairs if count < LEAST_CLIPS)
    lines = [f"Categories, with the clips that were learnt 类别及学习的片段数: {enough or '-'}.\n"]
    if few:
        lines.append(
            f"**Nearly copies 近乎复制**: of these there were fewer than {LEAST_CLIPS} clips, so that what comes is "
            f"nearly a copy of one of them; they are made with `--copies` alone. 下列类别的片段少于 {LEAST_CLIPS} 个，"
            f"生成结果近乎其中某一片段的复制，只有加上 `--copies` 才会生成: {few}.\n"
        )
    return "\n".join(lines)


def _validation(measured: Mapping[str, float], seed: int) -> str:
    found = {key.removeprefix("validation/"): value for key, value in measured.items()}
    if "nats_per_cell" not in found:
        return "No clips were held out. 没有留出的片段。\n"
    return (
        f"In training, on {found['clips']:.0f} held-out clips (seed {seed}): spectral distance {found['distance']:.3f} "
        f"between a clip and the same encoded and decoded; -log p {found['nats_per_cell']:.3f} nats a cell, "
        f"{found['nats_per_cell_untold']:.3f} without the category.\n"
    )


def evaluated_section(found: Mapping[str, Any] | None) -> str:
    """What ``luokuan evaluate --json`` found, as a table."""
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    columns = (("made", "made"), ("encoded", "held-out clips, encoded and decoded"), ("real", "held-out clips"))
    rows = [
        "| figure | " + " | ".join(title for _key, title in columns) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name, meaning, form in (
        ("accuracy", "recognised by the classifier ↑", ".3f"),
        ("frechet", "Fréchet distance to training clips ↓", ".2f"),
        ("nearest", "distance to the nearest training clip (median, dB)", ".2f"),
    ):
        rows.append(f"| {meaning} | " + " | ".join(_shown(found[key][name], form) for key, _title in columns) + " |")
    each = ", ".join(f"{name} {value:.2f}" for name, value in found["per_class"].items())
    rows += [
        "",
        f"{found['made']['windows']} windows of {found['seconds']:g} s were made and {found['real']['windows']} are "
        f"held out, seed {found['seed']}; features: {found['features']}. Recognised, by category: {each}.",
        "",
        "```",
        f"luokuan evaluate MODEL CORPUS -n {found['made']['windows']} --seed {found['seed']}",
        "```",
        "",
    ]
    return "\n".join(rows)


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"
