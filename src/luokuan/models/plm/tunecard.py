"""The model card of a fine-tuned language model, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luokuan.foundation.modelcard import front_matter, machine_options, material_section, recipe_section

METHODS = {
    "sft": ("all its weights learnt", "全部权重参与学习"),
    "lora": (
        "a low-rank update beside its linear layers learnt (LoRA) and added to them",
        "学习线性层的低秩更新（LoRA）并并入权重",
    ),
    "dpo": ("all its weights learnt which of two answers is preferred (DPO)", "全部权重学习两个回答中哪个更好（DPO）"),
}
"""How each method is named in a card."""


def _command(training: Mapping[str, Any]) -> str:
    run = training["run"]
    parts = ["luokuan train plm CORPUS", f"--name {run['name']}", f"--from {run['base']}", f"--method {run['method']}"]
    if run["chat"]:
        parts.append("--chat")
    parts += [f"--context {run['context']}", f"--steps {training.get('planned_steps', training['steps'])}"]
    parts.append(f"--batch {run['batch']}")
    parts.append(f"--rate {run['rate']:g}")
    for option in ("rank", "alpha"):
        if run.get(option):
            parts.append(f"--{option} {run[option]:g}")
    if run.get("beta"):
        parts.append(f"--beta {run['beta']:g}")
    if run["dropout"]:
        parts.append(f"--dropout {run['dropout']:g}")
    if run["keep"] != "best":
        parts.append(f"--keep {run['keep']}")
    if run.get("patience"):
        parts.append(f"--patience {run['patience']}")
    parts.append(f"--seed {run['seed']}")
    return " ".join([*parts, *machine_options(training)])


def tuned_card(name: str, config: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    """The card of a fine-tuned language model.

    Args:
        name: The model's name.
        config: config.json.
        training: training.json: corpus, run, steps, machine, versions.
    """
    run, base = training["run"], training["corpus"]["base"]
    kind = str((config.get("architectures") or ["-"])[0]).removesuffix("ForCausalLM")
    english, chinese = METHODS[run["method"]]
    sections = [
        front_matter(name, training, {"family": "plm", **config}, "text-generation", made="text",
                     library="transformers"),
        f"# {name}\n",
        f"A language model of the architecture {kind}, fine-tuned from {base['name']}: {english}. "
        "`AutoModelForCausalLM.from_pretrained` loads it.\n",
        f"由 {base['name']} 微调的语言模型，{kind} 架构：{chinese}。"
        "可用 `AutoModelForCausalLM.from_pretrained` 加载。\n",
        material_section(training),
        recipe_section(training, _command(training)),
        "## Measured 测量\n",
        _measured(training),
        _left_out(training["corpus"]),
        "## Verdict 评价\n",
        "\n".join(f"- {sentence}" for sentence in training.get("verdicts") or []),
        "",
    ]  # fmt: skip
    return "\n".join(sections)


def _measured(training: Mapping[str, Any]) -> str:
    found = {key.removeprefix("validation/"): value for key, value in training["measured"].items()}
    end = f"after step {training['kept']} (seed {training['seed']}, weights as they are saved, in bfloat16)"
    if "win_rate" in found:
        return _preferences(found, training, end)
    if "nats_per_token" not in found:
        return "Nothing was held out. 没有留出的语料。\n"
    if "examples" in found:
        return (
            f"On {found['examples']:.0f} held-out examples, {found['tokens']:.0f} tokens of their answers, {end}: "
            f"{found['nats_per_token']:.4f} nats a token.\n"
        )
    return (
        f"On {found['tokens']:.0f} held-out tokens {end}: {found['nats_per_token']:.4f} nats a token, "
        f"{found['bits_per_byte']:.4f} bits a byte.\n"
    )


def _preferences(found: Mapping[str, float], training: Mapping[str, Any], end: str) -> str:
    return (
        f"On {found['pairs']:.0f} held-out pairs {end}, which had no part in choosing that step unless all held-out "
        "pairs are of one split:\n\n"
        "| figure | value |\n| --- | --- |\n"
        f"| win rate: implied reward higher for the chosen answer, draws half [95 %, bootstrap over pairs] | "
        f"{found['win_rate']:.3f} [{found['win_rate_low']:.3f}, {found['win_rate_high']:.3f}] |\n"
        f"| reward margin, nats (β = {training['run']['beta']:g}) | {found['reward_margin']:+.4f} |\n"
        f"| share whose chosen answer is the likelier one | {found['likelier']:.3f}, before "
        f"{found['likelier_before']:.3f} |\n"
        f"| its change [95 %, paired bootstrap] | {found['likelier'] - found['likelier_before']:+.3f} "
        f"[{found['likelier_change_low']:+.3f}, {found['likelier_change_high']:+.3f}] |\n"
        f"| KL from the reference, nats a token of the chosen answers, exact over the vocabulary | "
        f"{found['kl_per_token']:.5f} |\n"
    )


def _left_out(corpus: Mapping[str, Any]) -> str:
    if "answer_tokens" not in corpus:
        return ""
    return (
        f"Training prompts left out because they fill the context: {corpus['left_out']}; "
        f"answers whose end didn't fit into it: {corpus['cut']}.\n"
    )
