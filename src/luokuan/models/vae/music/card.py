"""The model card of a music VAE, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = [f"luokuan train vae CORPUS --kind music --encoding {run['encoding']}", f"--name {run['name']}"]
    if run.get("grid"):
        parts.append(f"--grid {run['grid']}")
    parts += [f"--latent {run['latent']} --width {run['width']}"]
    parts += [f"--beta {run['beta']:g} --warm-up {run['warm_up']:g} --free-bits {run['free_bits']:g}"]
    parts += [f"--hide {run['hide']:g} --dropout {run['dropout']:g}"]
    if not run["transpose"]:
        parts.append("--no-transpose")
    parts += [f"--steps {training['steps']} --batch {run['batch']} --rate {run['rate']:g}"]
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    return " ".join([*parts, f"--seed {run['seed']}", *machine_options(training)])


def music_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a music VAE.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    latent = config["latent"]
    what = "chorales in four voices" if config["encoding"] == "satb" else "melodies of two bars"
    chinese = "四部合唱" if config["encoding"] == "satb" else "两小节旋律"
    english = (
        f"A VAE of {what}: a latent of {latent} numbers for each segment, a decoder that sees all earlier frames."
        if latent
        else f"An autoregressive model of {what}: the decoder of the music VAE without latents."
    )
    sections = [
        front_matter(name, training, config, "other", made="music-generation"),
        f"# {name}\n",
        f"{english} Encoding `{config['encoding']}`, grid `{config['grid']}` (docs/music.md).\n",
        f"{chinese}的{'变分自编码器（VAE）：每段一个 ' + str(latent) + ' 维潜变量' if latent else '自回归模型'}。"
        f"编码 `{config['encoding']}`，网格 `{config['grid']}`。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _validation(training["measured"], latent, int(training["run"]["seed"])),
        _evaluation(evaluation),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _validation(measured: Mapping[str, float], latent: int, seed: int) -> str:
    found = {key.removeprefix("validation/"): value for key, value in measured.items()}
    if "nats_per_frame" not in found:
        return "No pieces were held out. 没有留出的乐曲。\n"
    text = (
        f"In training, on {found['pieces']:.0f} held-out pieces ({found['frames']:.0f} frames, seed {seed}): "
        f"{found['nats_per_frame']:.3f} nats a frame, {found['nats_per_note']:.3f} nats a note"
    )
    if not latent:
        return f"{text}.\n"
    return (
        f"{text} (importance-weighted bound, {found['importance_draws']:.0f} draws a segment; negative ELBO "
        f"{found['elbo_nats_per_frame']:.3f}); KL {found['kl_nats_per_segment']:.2f} nats a segment, "
        f"{found['active_units']:.0f} of {latent} latent values active.\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    mine, other = found["likelihood"], found["beside"]

    def row(title: str, key: str) -> str:
        cells = [f"{side[key]:.3f}" if side is not None and key in side else "-" for side in (mine, other)]
        return f"| {title} | {cells[0]} | {cells[1]} |"

    lines = [
        f"`luokuan evaluate`, float32: {mine['pieces']:.0f} whole pieces of the {found['split']} split, "
        f"{mine['frames']:.0f} frames, {mine['notes']:.0f} notes, in their own key; seed {found['seed']}"
        + (f", {mine['importance_draws']:.0f} draws a segment" if "importance_draws" in mine else "")
        + f"; {found['straddling']} held-out pieces have a near-duplicate in train.\n",
        "| figure | this model | the same decoder without latents |",
        "| --- | --- | --- |",
        row("upper bound of -log p(x) ↓ (nats a frame)", "nats_per_frame"),
        row("the same (nats a note)", "nats_per_note"),
        row("negative ELBO ↓ (nats a frame)", "elbo_nats_per_frame"),
        row("KL (nats a segment)", "kl_nats_per_segment"),
        row("active latent values", "active_units"),
        "",
    ]
    if published := found.get("published"):
        told = ", ".join(f"{name} {value:g}" for name, value in published.items())
        lines.append(f"Published, nats a quarter-note frame of JSB Chorales: {told}.\n")
    if found["written"] is not None:
        lines += ["| figure | its own pieces | held-out pieces |", "| --- | --- | --- |"]
        for key, meaning in found["units"].items():
            if key in found["written"]:
                lines.append(f"| {meaning} | {found['written'][key]:.3f} | {found['real'][key]:.3f} |")
        lines.append("")
    return "\n".join(lines)
