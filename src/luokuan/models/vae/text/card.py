"""The card of a VAE of sentences, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train vae CORPUS", f"--name {run['name']}", f"--kind {run['kind']}", f"--size {run['size']}"]
    parts.append(f"--latent {run['latent']}")
    if run["tokenizer"] is not None:
        parts.append(f"--tokenizer {run['tokenizer']}")
    parts += [f"--vocabulary {run['vocabulary']}", f"--context {run['context']}", f"--items {run['items']}"]
    parts += [f"--autoencoder {run['autoencoder']:g}", f"--schedule {run['schedule']}", f"--beta {run['beta']:g}"]
    parts += [f"--warm-up {run['warm_up']:g}", f"--free-bits {run['free_bits']:g}"]
    parts += [f"--word-dropout {run['word_dropout']:g}", f"--dropout {run['dropout']:g}", f"--keep {run['keep']}"]
    parts += [f"--steps {training['steps']}", f"--batch {run['batch']}", f"--rate {run['rate']:g}"]
    parts.append(f"--seed {run['seed']}")
    return " ".join([*parts, *machine_options(training)])


def text_vae_card(
    name: str,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None = None,
    verdicts: Sequence[str] = (),
) -> str:
    """The card of a VAE of sentences.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
        evaluation: What ``luokuan evaluate --json`` printed; without it the card has the training's own validation.
        verdicts: What its author thinks of it, in sentences; empty: the verdicts of the training.
    """
    latent, most = config["latent"], config["context"] - 1
    known = ", ".join(f"`{one}`" for one in config["directions"]) or "-"
    sections = [
        front_matter(name, training, config, "text-generation", made="text"),
        f"# {name}\n",
        f"A VAE of lines or poems of at most {most} tokens: a transformer reads one into {latent} numbers, another "
        f"writes it again. Between two of them lie others; attributes with a direction: {known}.\n",
        f"句子或诗的变分自编码器（VAE）：一个变换器把至多 {most} 个词元的一句或一首读成 {latent} 个数，另一个再写出来。"
        f"两者之间还有别的；有方向的属性：{known}。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _validation(training, latent),
        _evaluation(evaluation),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in (verdicts or training.get("verdicts") or [])),
        "",
    ]
    return "\n".join(sections)


def _validation(training: Mapping[str, Any], latent: int) -> str:
    found = {key.removeprefix("validation/"): value for key, value in training["measured"].items()}
    if "kl_nats" not in found:
        return "No sentences were held out. 没有留出的句子。\n"
    return (
        f"After step {training['kept']}, on {found['sentences']:.0f} held-out sentences: reconstruction "
        f"-E_q[log p(x|z)] {found['reconstruction_nats']:.2f} nats a sentence, KL(q(z|x) ‖ N(0, I)) "
        f"{found['kl_nats']:.2f}; {found['active_units']:.0f} of {latent} latent values are active. On as many "
        f"training sentences the two together are {found['training_nats']:.2f}, held out {found['bound_nats']:.2f}. "
        f"Importance-weighted bound on -log p(x), {found['importance_draws']:.0f} draws for each of "
        f"{found['importance_sentences']:.0f} sentences (seed {training['seed']}): {found['importance_nats']:.2f} nats "
        "a sentence.\n"
    )


def _evaluation(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Samples were not measured. 尚未测量样本。Run `luokuan evaluate MODEL CORPUS`.\n"
    written, real = found["written"], found["real"]
    lines = [
        f"`luokuan evaluate`, float32, on {found['sentences']} sentences of the {found['split']} split "
        f"({found['tokens']} tokens, seed {found['seed']}): reconstruction {found['reconstruction_nats']:.2f} and KL "
        f"{found['kl_nats']:.2f} nats a sentence; {found['active_units']} of {found['latent']} latent values active."
    ]
    if found["importance_draws"]:
        lines.append(
            f"Importance-weighted bound on -log p(x), {found['importance_draws']} draws for each of "
            f"{found['importance_sentences']} sentences: {found['importance_nats']:.2f} nats a sentence with N(0, I) "
            f"as p(z), {found['importance_mixture_nats']:.2f} with the mixture (negative ELBO of these "
            f"{found['importance_bound_nats']:.2f})."
        )
    lines += [
        f"BLEU-4 of {found['reconstructed']} reconstructions {found['reconstruction_bleu']:.3f} (against an unrelated "
        f"sentence {found['unrelated_bleu']:.3f}); {found['exact']:.1%} are the original.\n",
        "| figure | samples, temperature 1 | real, held out |",
        "| --- | --- | --- |",
        f"| sentences | {written['texts']} | {real['texts']} |",
        f"| self-BLEU-4 ↓ | {written['self_bleu']:.3f} | {real['self_bleu']:.3f} |",
        f"| distinct-2 (share of pairs of letters) ↑ | {written['distinct_2']:.3f} | {real['distinct_2']:.3f} |",
        f"| copies of training sentences ↓ | {written['copies']:.1%} | {real['copies']:.1%} |",
        "",
        f"```\nluokuan evaluate MODEL CORPUS -n {written['texts']} --seed {found['seed']} --importance "
        f"{found['importance_draws']}\n```\n",
    ]
    return "\n".join(lines)
