"""The codec's model card, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section
from luokuan.models.codec.config import USUAL_CHANNELS


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train codec CORPORA", f"--name {run['name']}", f"--bottleneck {run['bottleneck']}"]
    if run["bottleneck"] == "fsq":
        parts.append(f"--levels {','.join(str(level) for level in run['levels'])}")
    else:
        parts.append(f"--latent-channels {run['latent_channels'] or USUAL_CHANNELS}")
    parts += [
        f"--steps {training['steps']}",
        f"--batch {run['batch']}",
        f"--rate {run['rate']:g}",
        f"--rate-end {run['rate_end']:g}",
    ]
    parts += [f"--perceptual {run['perceptual']:g}"]
    parts += [f"--adversary {run['adversary']:g}", f"--adversary-from {run['adversary_from']:.4g}"]
    parts += [f"--seed {run['seed']}"]
    return " ".join([*parts, *machine_options(training)])


def codec_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    fidelity: Sequence[Mapping[str, Any]] = (),
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a codec.

    Args:
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        fidelity: What ``luokuan evaluate --json`` printed, one for each corpus and size.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    channels = config["latent_channels"]
    if config["bottleneck"] == "fsq":
        levels = "·".join(str(level) for level in config["levels"])
        kind = f"{channels} token channels of {levels} levels a cell", f"每格 {channels} 个量化通道（{levels} 级）"
    else:
        kind = f"{channels} continuous channels a cell", f"每格 {channels} 个连续通道"
    sections = [
        front_matter(name, training, config, "image-to-image"),
        f"# {name}\n",
        f"A VAE codec of pictures: one latent cell for 8 × 8 pixels, {kind[0]}.\n",
        f"图片变分自编码器（VAE）编解码器：每 8 × 8 像素一个潜变量格，{kind[1]}。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _validation(training["measured"]),
        _fidelity(fidelity),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _validation(measured: Mapping[str, float]) -> str:
    if "validation/reconstruction_nats" not in measured:
        return "No pictures were held out. 没有留出的图片。\n"
    nats, kl, bits, count = (
        measured[f"validation/{key}"] for key in ("reconstruction_nats", "kl_nats", "bits_per_value", "pictures")
    )
    return (
        f"The ELBO's two terms on {count:.0f} held-out pictures at 64 px: reconstruction {nats:.0f} nats a picture "
        f"(8-bit values, Laplace), KL {kl:.0f} nats a picture; together {bits:.2f} bits a value.\n"
    )


def _fidelity(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return "Nothing else was measured. 尚未另行测量。Run `luokuan evaluate MODEL CORPUS`.\n"

    def kernel(value: Mapping[str, float]) -> str:
        return f"{value['mean']:.4f} [{value['low']:.4f}, {value['high']:.4f}]"

    lines = [
        "| corpus, pixels, held-out pictures | PSNR ↑ dB | SSIM ↑ | Fréchet distance ↓ (floor) "
        "| kernel distance ↓ [95 %] (floor) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in found:
        lines.append(
            f"| {row['corpus']}, {row['size']}², {row['held_out']} | {row['psnr']:.2f} | {row['ssim']:.3f} "
            f"| {row['frechet']:.0f} ({row['frechet_floor']:.0f}) "
            f"| {kernel(row['kernel'])} ({kernel(row['kernel_floor'])}) |"
        )
    first = found[0]
    lines += [
        "",
        "Reconstructions of held-out pictures against as many training pictures (all, if there are fewer); the floor "
        f"has the held-out pictures themselves in their place. Features {first['network']} at {first['resolution']}², "
        f"seed {first['seed']}.",
        "",
        f"```\nluokuan evaluate MODEL CORPUS --size SIZE --seed {first['seed']}\n```\n",
    ]
    return "\n".join(lines)
