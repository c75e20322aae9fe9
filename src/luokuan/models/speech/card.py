"""The card of a voice, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def command(training: Mapping[str, Any]) -> str:
    """The command that repeats the run."""
    run = training["run"]
    parts = ["luokuan train speech CORPUS", f"--name {run['name']}", f"--steps {training['steps']}"]
    parts += [f"--batch {run['batch']}", f"--width {run['width']}", f"--decoder-width {run['decoder_width']}"]
    parts += [f"--decoder-layers {run['decoder_layers']} --latent {run['latent']} --flows {run['flows']}"]
    parts += [f"--rate {run['rate']:g} --kl {run['kl']:g} --adversary-from {run['adversary_from']:g}"]
    if "dropout" in run:
        parts.append(f"--dropout {run['dropout']:g}")
    if run["keep"] != "last":
        parts.append(f"--keep {run['keep']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def speech_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a voice.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    sections = [
        front_matter(name, training, config, "text-to-speech", made="speech-generation"),
        f"# {name}\n",
        f"A voice that reads English, {config['rate'] / 1000:g} kHz, about {config['hertz']:.0f} Hz high: a "
        "conditional VAE with a flow prior and a GAN decoder, after VITS (docs/speech.md).\n",
        f"朗读英语的声音，{config['rate'] / 1000:g} kHz，音高约 {config['hertz']:.0f} Hz：仿照 VITS 的条件 VAE，"
        "先验为流模型，解码器带对抗训练（docs/zh/speech.md）。\n",
        _consent(training["corpus"]),
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


def _consent(corpus: Mapping[str, Any]) -> str:
    said = str(corpus.get("consent") or "")
    if not said:
        return (
            "**No consent 没有同意**: its material doesn't say that the speaker agreed. What it says can't be "
            "published. 语料没有说明说话人已同意；用它生成的内容不能发布。\n"
        )
    return f"Consent of the speaker 说话人的同意: {said}\n"


def _validation(measured: Mapping[str, float], seed: int) -> str:
    found = {key.removeprefix("validation/"): value for key, value in measured.items()}
    if "said" not in found:
        return "No sentences were held out. 没有留出的句子。\n"
    words = f"; {found['word_errors']:.1%} of their words heard wrong" if "word_errors" in found else ""
    return (
        f"In training, on {found['utterances']:.0f} held-out sentences (seed {seed}): {found['said']:.3f} nats of "
        f"log-mel between a recording and the same said with its durations; KL {found['kl']:.2f} nats a frame{words}.\n"
    )


def evaluated_section(found: Mapping[str, Any] | None) -> str:
    """What ``luokuan evaluate --json`` found, as a table."""
    if found is None:
        return "Word errors were not measured. 尚未测量词错误率。Run `luokuan evaluate MODEL CORPUS`.\n"
    names = {"said": "this voice", "recorded": "recordings", "heart": "voice heart"}
    rows = ["| | words wrong, grammar of the sentences ↓ | free model ↓ |", "| --- | --- | --- |"]
    for key, title in names.items():
        if found.get(key):
            rows.append(f"| {title} | {found[key]['grammar']:.1%} | {found[key]['free']:.1%} |")
    return "\n".join(
        [
            *rows,
            "",
            f"{found['sentences']} held-out sentences, {found['words']} words, seed {found['seed']}; "
            f"{found['listener']}.",
            "",
            "```",
            f"luokuan evaluate MODEL CORPUS -n {found['sentences']} --seed {found['seed']}",
            "```",
            "",
        ]
    )
