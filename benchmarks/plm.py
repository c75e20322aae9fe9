"""How soon a small language model learns, against a plain GPT with AdamW of nanoGPT's shape, in one run.

    python benchmarks/plm.py CORPUS [--steps 2000] [--batch 12] [--context 64] [--threads 1] [--seed 0] [--json]

Both read the same windows of characters of CORPUS for that many steps, 4 blocks of width 128 with 4 heads, and are
validated on the whole validation split every tenth of the run. The GPT (Radford et al. 2019: learnt positions,
LayerNorm, GELU, tied embedding) has the settings of nanoGPT's recipe for CPUs: AdamW 1e-3 falling to 1e-4 along a
cosine after 100 steps of warm-up, betas 0.9 and 0.99, weight decay 0.1, clipping at 1. Ours is ``luokuan train plm
--size nano --tokenizer chars``. Both compute in ``--precision``. Told are the nats a character at each validation with
the CPU seconds of the steps so far (validations don't count), and the CPU seconds to what the GPT reaches at its end.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation import compute
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.ema import Ema, decay
from luokuan.foundation.training import Settings, Training
from luokuan.models.plm.learning import PlmLearning
from luokuan.models.plm.likelihood import VALIDATED, windows_of
from luokuan.models.plm.train import PlmRun, PlmTraining
from luokuan.store.home import open_home

WIDTH, HEADS, LAYERS = 128, 4, 4


class Block(nn.Module):
    """Pre-norm attention and feed-forward layer of GPT-2."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, bias=False) for _n in range(2))
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.rise, self.fall = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, W)."""
        q, k, v = self.qkv(self.norms[0](x)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(found.transpose(1, 2).flatten(2))
        return x + self.fall(F.gelu(self.rise(self.norms[1](x))))


class Gpt(nn.Module):
    """GPT-2's architecture in its plainest form."""

    def __init__(self, vocabulary: int, context: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, WIDTH), nn.Embedding(context, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _n in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                std = 0.02 / math.sqrt(2 * LAYERS) if name.endswith(("out.weight", "fall.weight")) else 0.02
                nn.init.normal_(p, std=std)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) of tokens (B, T)."""
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return F.linear(self.norm(self.blocks(x)), self.words.weight)


def nats(logits: Tensor, rows: Tensor) -> Tensor:
    """Mean -log p of the next token."""
    return F.cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())


class Plain:
    """The GPT's side."""

    def __init__(self, game: PlmLearning, vocabulary: int, options: argparse.Namespace) -> None:
        context, steps = options.context, options.steps
        torch.manual_seed(options.seed)
        self.precision = options.precision
        self.game, self.steps, self.model = game, steps, Gpt(vocabulary, context)
        two = [p for p in self.model.parameters() if p.ndim == 2]
        one = [p for p in self.model.parameters() if p.ndim != 2]
        groups = [{"params": two, "weight_decay": 0.1}, {"params": one, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)

    def step(self, step: int, rows: Tensor) -> None:
        """One step of nanoGPT's recipe."""
        rise, progress = min((step + 1) / 100, 1.0), max(step - 100, 0) / max(self.steps - 100, 1)
        rate = 1e-3 * rise if rise < 1 else 1e-4 + 9e-4 * 0.5 * (1 + math.cos(math.pi * min(progress, 1)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with compute.autocast("cpu", self.precision):
            loss = nats(self.model(rows[:, :-1]), rows)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def validated(self) -> float:
        """Nats a character of the validation split, in windows that don't overlap."""
        total, seen = 0.0, 0
        held = self.game._held_out
        assert held is not None
        with torch.no_grad(), compute.autocast("cpu", self.precision):
            for rows in windows_of(held.tokens, self.game._context, most=VALIDATED):
                total += float(nats(self.model(rows[:, :-1]), rows)) * rows[:, 1:].numel()
                seen += rows[:, 1:].numel()
        return total / seen


def curve(steps: int, one: Callable[[int], None], validated: Callable[[], float]) -> list[dict[str, float]]:
    """Validation and CPU seconds of the steps so far, ten times."""
    spent, found = 0.0, []
    for step in range(steps):
        start = time.process_time()
        one(step)
        spent += time.process_time() - start
        if (step + 1) * 10 // steps > step * 10 // steps:
            found.append({"step": step + 1, "nats": validated(), "cpu_seconds": spent})
            print(found[-1], flush=True)
    return found


def seconds_to(target: float, rows: list[dict[str, float]]) -> float | None:
    """CPU seconds to ``target`` nats, between validations along a straight line; None if it isn't reached."""
    before = None
    for row in rows:
        if row["nats"] <= target:
            if before is None:
                return row["cpu_seconds"]
            share = (before["nats"] - target) / max(before["nats"] - row["nats"], 1e-9)
            return before["cpu_seconds"] + share * (row["cpu_seconds"] - before["cpu_seconds"])
        before = row
    return None


def main() -> None:
    """Print a table, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = compare(options, Path(place))
    if options.json:
        print(json.dumps(found))
        return
    print(f"\n{found['characters']} characters seen, {found['held_out']} held out, seed {options.seed}\n")
    print("| step | ours, nats a character | ours, CPU s | plain GPT, nats a character | plain GPT, CPU s |")
    print("| --- | --- | --- | --- | --- |")
    for ours, plain in zip(found["ours"], found["plain"], strict=True):
        print(
            f"| {ours['step']} | {ours['nats']:.3f} | {ours['cpu_seconds']:.1f} | {plain['nats']:.3f} "
            f"| {plain['cpu_seconds']:.1f} |"
        )
    ours = "not reached" if found["ours_to_target"] is None else f"{found['ours_to_target']:.1f} s"
    print(f"\nto {found['target']:.3f} nats: ours {ours}, plain GPT {found['plain_to_target']:.1f} s")


def compare(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Both curves, one after the other."""
    run = PlmRun(
        "ours",
        size="nano",
        tokenizer="chars",
        context=options.context,
        batch=options.batch,
        seed=options.seed,
        precision=options.precision,
    )
    prepared = PlmTraining((open_texts(options.corpus),), run, home=open_home(place), quiet=True)
    torch.set_num_threads(options.threads)
    game = prepared.learning
    assert isinstance(game, PlmLearning)
    settings = Settings(options.steps, options.batch, seed=options.seed, precision=prepared.machine.precision)
    training = Training(game, settings, place / "unused", quiet=True)
    plain = Plain(game, len(prepared.tokenizer), options)

    def windows(step: int) -> Tensor:
        torch.manual_seed(compute.mix_seed(options.seed, step, "data", 0))
        return game.batch(training._order.indices(step))

    theirs = curve(options.steps, lambda step: plain.step(step, windows(step)), plain.validated)
    average = Ema(game.model)

    def one(step: int) -> None:
        training.step(step)
        average.update(game.model, decay((step + 1) * options.batch, options.batch))

    def validated() -> float:
        with torch.no_grad(), compute.autocast("cpu", settings.precision):
            return float(game.validate({"model": average.module})["nats_per_token"])

    ours = curve(options.steps, one, validated)
    target = theirs[-1]["nats"]
    held = game._held_out
    return {
        "characters": options.steps * options.batch * options.context,
        "held_out": 0 if held is None else int(np.asarray(held.tokens).size) - 1,
        "ours": ours,
        "plain": theirs,
        "target": target,
        "ours_to_target": seconds_to(target, ours),
        "plain_to_target": theirs[-1]["cpu_seconds"],
        "precision": settings.precision,
        "threads": options.threads,
        "seed": options.seed,
    }


if __name__ == "__main__":
    main()
