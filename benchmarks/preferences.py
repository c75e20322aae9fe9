"""Whether models come to prefer what was chosen, over all pairs of a corpus.

    python benchmarks/preferences.py CORPUS --from MODEL [--sft-steps 0] [--steps 200] [--folds 5]

Pairs are dealt to folds by the digests of their prompts. For each fold a model learns from the others, first by sft on
the chosen answers if asked, then by dpo, and judges the pairs of the fold: each is judged once, by a model that hasn't
seen its prompt. All judgements together give win rate and change with 95 % intervals by (paired) bootstrap over pairs;
that the models differ from fold to fold is not part of them. The last average is kept, so that no held-out pair
chooses. MODEL may not have learnt from the corpus. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from luokuan.files import sha256_bytes
from luokuan.foundation.corpus import Example, ExampleCorpus, open_examples
from luokuan.foundation.modelfolder import resolve
from luokuan.models.plm.finetune import TuneRun, TuneTraining, open_material
from luokuan.models.plm.preferences import Preferring, preference_verdict, told_of
from luokuan.store.home import Home, open_home


def fold_of(example: Example, folds: int) -> int:
    """0 … folds - 1, the same for equal prompts."""
    return int(sha256_bytes(example.key.encode())[8:16], 16) % folds


def write_fold(corpus: ExampleCorpus, fold: int, folds: int, folder: Path) -> Path:
    """The pairs as a corpus whose test split is ``fold``."""
    folder.mkdir(parents=True)
    rows = [
        {
            "prompt": example.prompt,
            "chosen": example.answers[0],
            "rejected": example.answers[1],
            "split": "test" if fold_of(example, folds) == fold else "train",
        }
        for example, _split in corpus.examples
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "pairs.jsonl").write_text(text, encoding="utf-8")
    return folder


def judge(folder: Path, run: TuneRun, sft: TuneRun | None, home: Home) -> tuple[torch.Tensor, torch.Tensor]:
    """log π and log π_ref of the answers of the fold's pairs, nats, each (2, N)."""
    if sft is not None:
        _outcome, model = TuneTraining((open_material(folder, sft),), sft, home=home, quiet=True).train()
        assert model is not None
        run = replace(run, base=model.name)
    training = TuneTraining((open_material(folder, run),), run, home=home, quiet=True)
    outcome, _model = training.train()
    assert isinstance(training.learning, Preferring)
    return training.learning.outcomes(outcome.average["model"])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All folds, and what they show together."""
    corpus, base = open_examples(options.corpus, "pairs"), str(resolve(options.base, open_home()).path)
    common: dict[str, Any] = {"base": base, "batch": options.batch, "seed": options.seed, "keep": "last"}
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    with tempfile.TemporaryDirectory() as place:
        home = open_home(Path(place) / "home")
        for fold in range(options.folds):
            folder = write_fold(corpus, fold, options.folds, Path(place) / f"fold-{fold}")
            sft = TuneRun(name=f"sft-{fold}", steps=options.sft_steps, rate=options.sft_rate, **common)
            run = TuneRun(
                name=f"dpo-{fold}", method="dpo", steps=options.steps, rate=options.rate, beta=options.beta, **common
            )
            found.append(judge(folder, run, sft if options.sft_steps else None, home))
    policy, reference = (torch.cat([part[side] for part in found], 1) for side in (0, 1))
    figures = told_of(policy, reference, options.beta)
    return {
        **figures,
        "verdict": preference_verdict(figures),
        "folds": [int(part[0].shape[1]) for part in found],
        "corpus": corpus.digest,
        **{
            name: getattr(options, name) for name in ("sft_steps", "sft_rate", "steps", "rate", "beta", "batch", "seed")
        },
    }


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--from", dest="base", required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--sft-steps", type=int, default=0)
    parser.add_argument("--sft-rate", type=float, default=1e-4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1e-5)
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(measure(parsed()), indent=1, ensure_ascii=False))
