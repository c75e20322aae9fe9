"""The VAE's model card, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train vae CORPUS", f"--name {run['name']}", f"--kind {run['kind']}", f"--size {run['size']}"]
    parts += [f"--latent {run['latent']}", f"--likelihood {run['likelihood']}", f"--scale {run['scale']}"]
    parts += [f"--beta {run['beta']:g}", f"--warm-up {run['warm_up']:g}", f"--steps {training['steps']}"]
    parts += [f"--batch {run['batch']}", f"--rate {run['rate']:g}", f"--rate-end {run['rate_end']:g}"]
    parts += [f"--seed {run['seed']}"]
    if not run["flip"]:
        parts.append("--no-flip")
    return " ".join([*parts, *machine_options(training)])


def vae_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a VAE.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    side, latent, k = config["size"], config["latent"], config["components"]
    shape = f"{config['likelihood']}, {config['scale']} scale"
    sections = [
        front_matter(name, training, config, "unconditional-image-generation"),
        f"# {name}\n",
        f"A VAE that makes pictures of {side} × {side} pixels from a vector of {latent} numbers; likelihood of the "
        f"8-bit values: {shape}; samples come from a mixture of {k} Gaussians on the aggregate posterior.\n",
        f"变分自编码器（VAE）：由 {latent} 个数的向量生成 {side} × {side} 像素的图片；"
        f"抽样用聚合后验上的 {k} 个高斯混合。\n",
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
    if "kl_nats" not in found:
        return "No pictures were held out. 没有留出的图片。\n"
    return (
        f"At the end of the training, on {found['pictures']:.0f} held-out pictures: reconstruction "
        f"-E_q[log p(x|z)] {found['reconstruction_nats']:.1f} nats a picture, KL(q(z|x) ‖ N(0, I)) "
        f"{found['kl_nats']:.1f} nats a picture; together {found['bits_per_value']:.3f} bits a value. "
        f"{found['active_units']:.0f} of {latent} latent values are active. Importance-weighted bound on -log p(x), "
        f"{found['importance_draws']:.0f} draws for each of {found['importance_pictures']:.0f} pictures (seed {seed}): "
        f"{found['importance_nats']:.1f} nats a picture.\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    bound, standard, floor = found["bound"], found["bound"]["standard"], found["floor"]

    def kernel(value: Mapping[str, float]) -> str:
        return f"{value['mean']:.4f} [{value['low']:.4f}, {value['high']:.4f}]"

    def row(title: str, mixture: Any, normal: Any, best: Any = "-") -> str:
        return f"| {title} | {mixture} | {normal} | {best} |"

    made = found["result"]
    lines = [
        f"`luokuan evaluate`, float32: on all {bound['pictures']} held-out pictures, reconstruction "
        f"{bound['reconstruction_nats']:.1f} and KL {bound['kl_nats']:.1f} nats a picture, "
        f"{bound['bits_per_value']:.3f} bits a value; {bound['active_units']} of {bound['latent']} latent values "
        "active.\n",
        "| figure | samples from the mixture | samples from N(0, I) | floor: real against real |",
        "| --- | --- | --- | --- |",
    ]
    if bound["importance_draws"]:
        lines.append(
            row(
                "importance-weighted bound on -log p(x) ↓ (nats a picture)",
                f"{bound['importance_mixture_nats']:.1f}",
                f"{bound['importance_nats']:.1f}",
            )
        )
    lines += [
        row(
            "Fréchet distance ↓ (squared feature units)",
            f"{made['frechet_distance']:.1f}",
            f"{standard['frechet_distance']:.1f}",
            f"{floor['frechet_distance']:.1f}",
        ),
        row(
            "kernel distance ↓ (squared kernel units) [95 %]",
            *(kernel(part["kernel_distance"]) for part in (made, standard, floor)),
        ),
        *(
            row(f"{key} ↑", f"{made[key]:.3f}", "-", f"{floor[key]:.3f}")
            for key in ("precision", "recall", "density", "coverage")
        ),
        "",
        f"{found['samples']} samples (seed {found['seed']}) against {found['held_out']} held-out pictures of "
        f"{found['corpus']} at {found['size']}²; features {found['network']} at {found['resolution']}²"
        + (
            f"; {bound['importance_draws']} draws for each of {bound['importance_pictures']} pictures, whose negative "
            f"ELBO is {bound['importance_elbo_nats']:.1f} nats a picture.\n"
            if bound["importance_draws"]
            else ".\n"
        ),
        f"```\nluokuan evaluate MODEL CORPUS -n {found['samples']} --seed {found['seed']} --resolution "
        f"{found['resolution']} --truncation {found['truncation']} --among {found['among']} --importance "
        f"{bound['importance_draws']}\n```\n",
    ]
    return "\n".join(lines)
