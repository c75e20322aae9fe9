"""Model cards: README.md with Hub metadata, in English and Chinese, from what the training record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from luokuan.foundation.corpus.card import UNKNOWN

HUB_LICENCES = {"CC0-1.0": "cc0-1.0", "CC-BY-4.0": "cc-by-4.0", "Apache-2.0": "apache-2.0", "MIT": "mit"}
UNITS = (
    "windows",
    "examples",
    "pairs",
    "sentences",
    "texts",
    "pieces",
    "excerpts",
    "clips",
    "animations",
    "utterances",
)
"""What an item of a training is, by the entry of training.json's ``corpus`` that counts them; else pictures."""


def front_matter(
    name: str,
    training: Mapping[str, Any],
    config: Mapping[str, Any],
    task: str,
    *,
    made: str = "image-generation",
    library: str = "luokuan",
) -> str:
    """The Hub's metadata; ``task`` is its pipeline tag, ``made`` one more tag, ``library`` that which loads it."""
    corpus = training["corpus"]
    values = {
        "license": HUB_LICENCES.get(corpus["licence"], "other"),
        "library_name": library,
        "pipeline_tag": task,
        "tags": ["luokuan", str(config["family"]), made],
        "model_name": name,
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---\n"


def _command(training: Mapping[str, Any]) -> str:
    run, steps = training["run"], int(training["steps"])
    parts = ["luokuan train gan CORPUS", f"--name {run['name']}", f"--size {run['size']}"]
    if run.get("space", "pixels") != "pixels":
        parts += [f"--space {run['space']}", f"--codec {run['codec']}"]
        if run["crops"] != 1:
            parts.append(f"--crops {run['crops']}")
    parts += [f"--objective {run['objective']}", f"--condition {run['condition']}", f"--steps {steps}"]
    parts += [f"--batch {run['batch']}", f"--rate {run['rate']:g}", f"--rate-end {run['rate_end']:g}"]
    parts += [f"--seed {run['seed']}"]
    if run.get("gamma") is not None:
        parts.append(f"--gamma {run['gamma']:g}")
    if run.get("preset"):
        parts.append(f"--preset {run['preset']}")
    if not run.get("flip", True):
        parts.append("--no-flip")
    return " ".join([*parts, *machine_options(training)])


def machine_options(training: Mapping[str, Any]) -> list[str]:
    """Options of a run's command that depend on the machine: named as they were used, since another machine would
    choose others."""
    run, parts = training["run"], []
    if (run.get("accumulate") or 1) != 1:
        parts.append(f"--accumulate {run['accumulate']}")
    if run.get("device"):
        parts.append(f"--device {run['device']}")
    return [*parts, f"--precision {training['precision']}"]


def material_section(training: Mapping[str, Any]) -> str:
    """What it learnt from, under which licence."""
    corpus = training["corpus"]
    licence = corpus["licence"]
    lines = [
        "## Material 语料\n",
        f"- {corpus['title']}: {_amount(corpus)}, digest `{corpus['digest']}`",
        f"- Licence 许可: {licence}" + (" (works can't be sold 作品不可出售)" if licence == UNKNOWN else ""),
        f"- Source 来源: {corpus['source'] or '-'}; credit 署名: {corpus['credit'] or '-'}\n",
    ]
    lines[-1] = lines[-1].removesuffix("\n")
    if codec := corpus.get("codec"):
        lines += [
            f"- Codec 编解码器: {codec['name']}, digest `{codec['digest']}`; without it the model makes no pictures "
            "没有它本模型不能生成图片",
            f"- The codec's material 编解码器的语料: {_material_of(codec)}",
        ]
    base = corpus.get("base")
    while base:
        lines += [
            f"- Base 基础模型: {base['name']}, digest `{base['digest']}`; its weights were the start "
            "训练从它的权重开始",
            f"- The base's material 基础模型的语料: {_material_of(base)}",
        ]
        base = base.get("base")
    lines[-1] += "\n"
    return "\n".join(lines)


def _unit(training: Mapping[str, Any]) -> str:
    return next((unit for unit in UNITS if unit in training["corpus"]), "pictures")


def _amount(corpus: Mapping[str, Any]) -> str:
    for unit in ("examples", "pairs"):
        if unit in corpus:
            return f"{corpus[unit]} training {unit}, {corpus['answer_tokens']} tokens of answers"
    if "sentences" in corpus:
        machine = f", {corpus['synthetic']} of them with a source that a machine wrote" if corpus["synthetic"] else ""
        return f"{corpus['sentences']} training sentences with translations{machine}, {corpus['target_tokens']} tokens"
    if "pieces" in corpus:
        return f"{corpus['pieces']} training pieces, {corpus['frames']} frames"
    if "excerpts" in corpus:
        return f"{corpus['songs']} training pieces, {corpus['bars']} bars, {corpus['tokens']} tokens"
    if "clips" in corpus:
        return f"{corpus['clips']} training clips, {corpus['seconds']:g} s"
    if "utterances" in corpus:
        return f"{corpus['utterances']} training utterances, {corpus['seconds']:g} s"
    if "animations" in corpus:
        return f"{corpus['animations']} training clips, {corpus['seconds']:g} s"
    if "texts" in corpus:
        return f"{corpus['texts']} training sentences, {corpus['tokens']} tokens"
    if "tokens" in corpus:
        return f"{corpus['documents']} training documents, {corpus['bytes']} bytes, {corpus['tokens']} tokens"
    return f"{corpus['pictures']} training pictures"


def _material_of(other: Mapping[str, str]) -> str:
    return (
        f"{other['title'] or '-'}, digest `{other['corpus_digest'] or '-'}`, licence 许可 {other['licence']}, "
        f"credit 署名 {other['credit'] or '-'}; its licence binds too, "
        "and is part of the one above 其许可同样有效，已并入上面的许可"
    )


def recipe_section(training: Mapping[str, Any], command: str) -> str:
    """The command that repeats the run, and what it ran on."""
    versions = ", ".join(f"{key} {value}" for key, value in training["versions"].items())
    lines = [
        "## Recipe 训练\n",
        f"```\n{command}\n```\n",
        f"{training['steps']} steps, {training['items']} {_unit(training)} seen; {training['precision']}, "
        f"{training['threads']} threads on {training['machine']['cpu'] or 'an unnamed CPU'}; versions {versions}.\n",
    ]
    return "\n".join(lines)


def storage_section(*, measured: bool) -> str:
    """How the weights are stored, if it is as int8.

    Args:
        measured: The card's figures are of these weights.
    """
    lines = [
        "## Storage 存储\n",
        "Weights: int8 with a float32 scale for each row; small tensors float16. They are read as float32. "
        "权重：int8，每行一个 float32 缩放系数；小张量为 float16。读取后均为 float32。\n",
    ]
    if not measured:
        lines.append(
            "The figures above are of the weights before rounding to int8. 上文数字测自舍入为 int8 之前的权重。\n"
        )
    return "\n".join(lines)


def gan_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    ranked: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a GAN.

    Args:
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card says that nothing was measured.
        ranked: The same with the settings of ``luokuan create`` (truncation, best of several), as a second column.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the evaluation.
    """
    classes = ", ".join(config["classes"]) or "none"
    size, space = training["run"]["size"], ("", "")
    if config.get("space", "pixels") == "latent":
        grid = f"{config['size']} × {config['size']} × {config['channels']}"
        space = (
            f" in the latents ({grid}) of the codec {config['codec']}",
            f"在编解码器 {config['codec']} 的潜变量（{grid}）中",
        )
    sections = [
        front_matter(name, training, config, "unconditional-image-generation"),
        f"# {name}\n",
        f"A GAN{space[0]} that makes pictures of {size} × {size} pixels. Classes: {classes}.\n",
        f"{space[1]}生成 {size} × {size} 像素图片的生成对抗网络（GAN）。类别：{classes}。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        measured_section(evaluation, ranked),
        "## Verdict 评价\n",
        "\n".join(f"- {v}" for v in (verdicts or (evaluation or {}).get("verdicts") or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def measured_section(evaluation: Mapping[str, Any] | None, ranked: Mapping[str, Any] | None) -> str:
    """What ``luokuan evaluate --json`` found, as a table; see ``gan_card``."""
    if evaluation is None:
        return "Nothing was measured on this model. 尚未测量。Run `luokuan evaluate MODEL CORPUS`.\n"
    columns = [("as they come", evaluation["result"])]
    if ranked is not None:
        guidance = "" if ranked.get("guidance") is None else f", guidance {ranked['guidance']:g}"
        columns.append((f"best of {ranked['among']}, truncation {ranked['truncation']}{guidance}", ranked["result"]))
    columns.append(("floor: real against real", evaluation["floor"]))

    def row(title: str, key: str, form: str) -> str:
        return f"| {title} | " + " | ".join(f"{values[key]:{form}}" for _name, values in columns) + " |"

    def kernel(value: Mapping[str, float]) -> str:
        return f"{value['mean']:.4f} [{value['low']:.4f}, {value['high']:.4f}]"

    seed = evaluation["seed"]
    lines = [
        "| figure | " + " | ".join(name for name, _values in columns) + " |",
        "| --- |" + " --- |" * len(columns),
        row("Fréchet distance ↓ (squared feature units)", "frechet_distance", ".1f"),
        "| kernel distance ↓ (squared kernel units) [95 %] | "
        + " | ".join(kernel(v["kernel_distance"]) for _name, v in columns)
        + " |",
        row("precision ↑ (share of samples)", "precision", ".3f"),
        row("recall ↑ (share of held-out pictures)", "recall", ".3f"),
        row("density ↑ (may exceed 1)", "density", ".3f"),
        row("coverage ↑ (share of held-out pictures)", "coverage", ".3f"),
        *_nearest(evaluation, ranked),
        "",
        f"{evaluation['samples']} samples (seed {seed}) against {evaluation['held_out']} held-out pictures of "
        f"{evaluation['corpus']} at {evaluation['size']}²; the floor has {evaluation['floor_pictures']} training "
        f"pictures; features {evaluation['network']} at {evaluation['resolution']}²; "
        f"k = {evaluation['neighbours_k']}.",
        "",
        "```",
        *(_evaluation_command(found) for found in (evaluation, ranked) if found is not None),
        "```\n",
    ]
    return "\n".join(lines)


def _nearest(evaluation: Mapping[str, Any], ranked: Mapping[str, Any] | None) -> list[str]:
    """The row on copies of training pictures, where it was measured."""
    found = [v["memorisation"] for v in (evaluation, ranked) if v is not None]
    if not all(found):
        return []
    medians = [*(f"{memory['samples_median']:.2f}" for memory in found), f"{found[0]['held_out_median']:.2f}"]
    return ["| distance to the nearest training picture (median, feature units) | " + " | ".join(medians) + " |"]


def _evaluation_command(found: Mapping[str, Any]) -> str:
    parts = ["luokuan evaluate MODEL CORPUS", f"-n {found['samples']}", f"--seed {found['seed']}"]
    parts += [f"--resolution {found['resolution']}", f"--truncation {found['truncation']}", f"--among {found['among']}"]
    if found.get("guidance") is not None:
        parts.append(f"--guidance {found['guidance']:g}")
    return " ".join(parts)
