"""The upscaler's model card, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section
from luokuan.models.upscaler.record import COMPARISON, worth_using

TITLES = {"upscaler": "this upscaler", "bicubic": "bicubic (Pillow)", "lanczos": "Lanczos (Pillow)"}


def command(training: Mapping[str, Any]) -> str:
    """The command that repeats the run."""
    run = training["run"]
    parts = ["luokuan train upscaler CORPORA", f"--name {run['name']}", f"--steps {training['steps']}"]
    parts += [f"--batch {run['batch']}", f"--rate {run['rate']:g}", f"--rate-end {run['rate_end']:g}"]
    parts += [f"--adversary {run['adversary']:g}", f"--adversary-from {run['adversary_from']:.4g}"]
    parts += [f"--matching {run['matching']:g}", f"--seed {run['seed']}"]
    return " ".join([*parts, *machine_options(training)])


def upscaler_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluations: Sequence[Mapping[str, Any]] = (),
    verdicts: Sequence[str] = (),
) -> str:
    """The card of an upscaler.

    Args:
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions, comparison.
        evaluations: What ``luokuan evaluate --json`` printed, one for each corpus and size.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    sections = [
        front_matter(name, training, config, "image-to-image"),
        f"# {name}\n",
        "Makes pictures twice as large, twice over four times: bicubic interpolation and a learnt residual.\n",
        "把图片放大两倍，两次即四倍：双三次插值加学得的残差。\n",
        material_section(training),
        recipe_section(training, command(training)),
        "## Measured 测量\n",
        _at_the_end(training),
        *(_evaluated(found) for found in evaluations),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _at_the_end(training: Mapping[str, Any]) -> str:
    found = training.get(COMPARISON)
    if not found:
        return (
            "Too few pictures were held out to compare it: `--upscale` uses Lanczos in its place. "
            "留出的图片太少，无法比较：`--upscale` 改用 Lanczos。\n"
        )
    if worth_using(training):
        use = "It beats bicubic in both figures, so `--upscale` uses it. 两项都优于双三次插值，`--upscale` 使用它。"
    else:
        use = (
            "It doesn't beat bicubic in PSNR and kernel distance: `--upscale` uses Lanczos in its place. "
            "它未能在两项上都优于双三次插值：`--upscale` 改用 Lanczos。"
        )
    return f"At the end of the training, on all corpora together:\n\n{comparison_table(found)}\n{use}\n"


def comparison_table(found: Mapping[str, Any]) -> str:
    """A comparison as a Markdown table, with what it rests on below."""

    def kernel(value: Mapping[str, float]) -> str:
        return f"{value['mean']:.4f} [{value['low']:.4f}, {value['high']:.4f}]"

    lines = [
        "| way | PSNR ↑ dB | SSIM ↑ | Fréchet distance ↓ | kernel distance ↓ [95 %] |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {title} | {row['psnr']:.2f} | {row['ssim']:.3f} | {row['frechet']:.1f} | {kernel(row['kernel'])} |"
            for key, title in TITLES.items()
            for row in (found["methods"][key],)
        ),
        f"| floor: the pictures themselves | - | - | {found['frechet_floor']:.1f} | {kernel(found['kernel_floor'])} |",
        "",
        f"{found['held_out']} held-out pictures of {found['size']}² pixels, halved (bicubic) and enlarged again; sets "
        f"against {found['reference']} training pictures; features {found['network']} at {found['resolution']}², seed "
        f"{found['seed']}.",
        "",
    ]
    return "\n".join(lines)


def _evaluated(found: Mapping[str, Any]) -> str:
    command_line = f"luokuan evaluate MODEL CORPUS --size {found['size'] // 2} --seed {found['seed']}"
    return f"{found['corpus']}:\n\n{comparison_table(found)}\n```\n{command_line}\n```\n"
