"""The card of a GAN of sentences, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train gan CORPUS", f"--name {run['name']}", f"--kind {run['kind']}", f"--codec {run['codec']}"]
    parts += [f"--objective {run['objective']}", f"--width {run['width']}", f"--depth {run['depth']}"]
    parts += [f"--gamma {run['gamma']:g}", f"--keep {run['keep']}", f"--steps {training['steps']}"]
    parts += [f"--batch {run['batch']}", f"--rate {run['rate']:g}", f"--rate-end {run['rate_end']:g}"]
    parts.append(f"--seed {run['seed']}")
    return " ".join([*parts, *machine_options(training)])


def text_gan_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a GAN of sentences.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    codec, digest = config["codec"], config["codec_digest"][:16]
    sections = [
        front_matter(name, training, config, "text-generation", made="text"),
        f"# {name}\n",
        f"A GAN of sentences: its generator makes {config['points']} numbers, of which the VAE {codec} (`{digest}`) "
        "writes a sentence; without that VAE it writes nothing.\n",
        f"句子的生成对抗网络（GAN）：生成器给出 {config['points']} 个数，变分自编码器 {codec}"
        f"（`{digest}`）据此写出句子；没有它本模型不能写作。\n",
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
        return "Too few sentences were held out. 留出的句子太少。\n"
    return (
        f"After step {training['kept']}: Fréchet distance {found['validation/frechet']:.3f} (squared standard "
        f"deviations of codes) of {found['validation/samples']:.0f} generated codes from as many held-out sentences' "
        f"(seed {training['seed']}).\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Sentences were not measured. 尚未测量句子。Run `luokuan evaluate MODEL CORPUS`.\n"
    columns = [found[key] for key in ("generator", "mixture", "standard", "real")]
    lines = [
        "| figure | generator | its VAE, mixture | its VAE, N(0, I) | real, held out |",
        "| --- | --- | --- | --- | --- |",
        "| Fréchet distance of sentences read again ↓ | " + " | ".join(f"{c['frechet']:.2f}" for c in columns) + " |",
        "| self-BLEU-4 ↓ | " + " | ".join(f"{c['texts']['self_bleu']:.3f}" for c in columns) + " |",
        "| distinct-2 (share of pairs of letters) ↑ | "
        + " | ".join(f"{c['texts']['distinct_2']:.3f}" for c in columns)
        + " |",
        "| copies of training sentences ↓ | " + " | ".join(f"{c['texts']['copies']:.1%}" for c in columns) + " |",
        "",
        f"{found['sentences']} sentences of each, temperature {found['temperature']:g}, seed {found['seed']}, against "
        f"as many of the {found['split']} split.\n",
        f"```\nluokuan evaluate MODEL CORPUS -n {found['sentences']} --seed {found['seed']}\n```\n",
    ]
    return "\n".join(lines)
