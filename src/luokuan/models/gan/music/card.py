"""The card of a GAN of music, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = [f"luokuan train gan CORPUS --kind music --encoding {run['encoding']}", f"--name {run['name']}"]
    if run.get("grid"):
        parts.append(f"--grid {run['grid']}")
    parts += [f"--objective {run['objective']} --width {run['width']} --depth {run['depth']}"]
    parts += [f"--gamma {run['gamma']:g}"]
    if not run["transpose"]:
        parts.append("--no-transpose")
    parts += [f"--steps {training['steps']} --batch {run['batch']}"]
    parts += [f"--rate {run['rate']:g} --rate-end {run['rate_end']:g}"]
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def music_gan_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a GAN of music.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    what = "chorales in four voices" if config["encoding"] == "satb" else "melodies of two bars"
    chinese = "四部合唱" if config["encoding"] == "satb" else "两小节旋律"
    sections = [
        front_matter(name, training, config, "other", made="music-generation"),
        f"# {name}\n",
        f"A GAN of {what}: its generator makes frames of symbols of noise, in a key and a density of notes. Encoding "
        f"`{config['encoding']}`, grid `{config['grid']}` (docs/gan.md).\n",
        f"{chinese}的生成对抗网络（GAN）：生成器由噪声按调和音符疏密写出各帧的符号。编码 `{config['encoding']}`，"
        f"网格 `{config['grid']}`。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _validation(training),
        _evaluation(evaluation),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _validation(training: Mapping[str, Any]) -> str:
    found = training["measured"]
    if "validation/frechet" not in found:
        return "Too little music was held out. 留出的乐曲太少。\n"
    return (
        f"After step {training['kept']}: Fréchet distance {found['validation/frechet']:.1f} (squared standard "
        f"deviations of counted figures) of {found['validation/samples']:.0f} generated windows from as many held-out "
        f"ones (seed {training['seed']}).\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    sides = [("this model", found["generator"]), (str(found["beside_name"]), found["beside"])]
    columns = [(head, side) for head, side in [*sides, ("real, held out", found["real"])] if side is not None]
    lines = [
        "| " + " | ".join(["figure", *(head for head, _side in columns)]) + " |",
        "| --- " * (len(columns) + 1) + "|",
    ]

    def row(meaning: str, values: Sequence[float | None]) -> str:
        return f"| {meaning} | " + " | ".join("-" if value is None else f"{value:.3f}" for value in values) + " |"

    for key, meaning in found["units"].items():
        if key in found["generator"]:
            lines.append(row(meaning, [side[key] for _head, side in columns]))
        elif key in found["generator"]["figures"]:
            lines.append(row(meaning, [side["figures"][key] for _head, side in columns]))
    beside = "" if found["beside_name"] is None else f" --beside {found['beside_name']}"
    lines += [
        "",
        f"{found['pieces']} pieces of each, of {found['bars']} bars, temperature 1, seed {found['seed']}, against as "
        f"many of the {found['split']} split; real ones of the {found['floor']} split; distances from "
        f"{found['segments']} segments of each.\n",
        f"```\nluokuan evaluate MODEL CORPUS -n {found['pieces']} --seed {found['seed']}{beside}\n```\n",
    ]
    return "\n".join(lines)
