"""The card of a model of clips, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def command(training: Mapping[str, Any]) -> str:
    """The command that repeats the run."""
    run = training["run"]
    parts = ["luokuan train clip CORPUS", f"--name {run['name']}", f"--size {run['size']} --frames {run['frames']}"]
    parts += [f"--steps {training.get('planned_steps', training['steps'])}", f"--batch {run['batch']}"]
    if run["codec"]:
        parts.append(f"--codec {run['codec']}")
    else:
        parts += [f"--codec-share {run['codec_share']:g}", f"--levels {','.join(map(str, run['levels']))}"]
        parts.append(f"--rate {run['rate']:g}")
    parts += [f"--width {run['width']} --layers {run['layers']} --prior-rate {run['prior_rate']:g}"]
    parts += [f"--dropout {run['dropout']:g} --blank {run['blank']:g}"]
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def clip_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a model of clips.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    size, frames = config["size"], config["frames"]
    channels = f"{len(config['levels'])} channels of {' × '.join(map(str, config['levels']))} levels"
    codec = (
        f"the codec {config['codec']} (`{config['codec_digest'][:16]}`)" if config["codec"] else "a codec of its own"
    )
    known = "; ".join(
        f"{name}: {', '.join(values)}" for name, values in zip(config["attributes"], config["values"], strict=True)
    )
    sections = [
        front_matter(name, training, config, "text-to-video", made="video-generation"),
        f"# {name}\n",
        f"Makes clips of {frames} frames of {size} × {size} pixels by attributes: a transformer over the tokens of all "
        f"frames, by {codec}, {channels} a cell of 8 × 8 pixels (docs/video.md).\n",
        f"按属性生成短片，{frames} 帧，每帧 {size} × {size} 像素："
        "在各帧令牌上工作的 Transformer（docs/zh/video.md）。\n",
        f"It can be told 可指定的属性: {known or '-'}.\n",
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


def _validation(measured: Mapping[str, float], seed: int) -> str:
    found = {key.removeprefix("validation/"): value for key, value in measured.items()}
    if "nats_per_cell" not in found:
        return "No clips were held out. 没有留出的短片。\n"
    return (
        f"In training, on {found['clips']:.0f} held-out clips (seed {seed}): PSNR {found['psnr_db']:.2f} dB between a "
        f"frame and the same encoded and decoded; -log p {found['nats_per_cell']:.3f} nats a cell, "
        f"{found['nats_per_cell_untold']:.3f} without its attributes.\n"
    )


def evaluated_section(found: Mapping[str, Any] | None) -> str:
    """What ``luokuan evaluate --json`` found, as a table."""
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    sides = ("made", "encoded", "real")
    rows = ["| figure | made | held-out clips, encoded and decoded | held-out clips |", "| --- | --- | --- | --- |"]
    for name in found["attributes"]:
        cells = " | ".join(f"{found[side]['accuracy'][name]:.3f}" for side in sides)
        rows.append(f"| {name}: recognised by the classifier ↑ | {cells} |")
    for key, meaning in (
        ("flicker", "flicker: mean difference of neighbouring frames (0..255)"),
        ("nearest", "distance to the nearest training clip (median, 0..255)"),
        ("copies", "nearly copies of a training clip (share)"),
    ):
        rows.append(f"| {meaning} | " + " | ".join(f"{found[side][key]:.3f}" for side in sides) + " |")
    rows += [
        "",
        f"{found['made']['clips']} clips were made with the attributes of {found['real']['clips']} held-out clips, "
        f"seed {found['seed']}; the classifier learnt from {found['training_clips']} training clips.",
        "",
        "```",
        f"luokuan evaluate MODEL CORPUS -n {found['made']['clips']} --seed {found['seed']}",
        "```",
        "",
    ]
    return "\n".join(rows)
