"""A VAE of sentences against a language model with the same decoder and the same time, in one run.

    python benchmarks/vae_text.py CORPUS [--minutes 10] [--free-bits 8 [4 12 ...]] [--draws 500] [--sentences 500]
        [--items lines] [--tokenizer bpe] [--size micro] [--context 64] [--threads 2] [--seed 0] [--json]

Both learn from the same sentences for ``--minutes`` of wall time each; the VAE's autoencoder counts. The language
model is the VAE's decoder without z: the same code, width, depth, embedding, dropout, optimisers and rates, and the
average that predicted the validation split best. Told are, on the same sentences of the test split, float32: the exact
-log p of the language model and the importance-weighted bound of the VAE with N(0, I) as its prior, nats a sentence,
their ratio, the same with the fitted mixture (from which it samples; fitting it is part of the time), the KL term to
N(0, I), active units. Several values of ``--free-bits`` give the trade-off between the bound and what z carries, one
VAE each.

The aim: a ratio of 1.02 at most, with 10 active units of 32 or more and a KL of 5 nats or more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from luokuan.foundation import compute
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.corpus.sentences import read_sentences
from luokuan.foundation.objective import Objective, Phase
from luokuan.foundation.optim import Together
from luokuan.foundation.training import Settings, Training
from luokuan.media import Text
from luokuan.models.vae import elbo
from luokuan.models.vae.text.learning import TextVaeLearning, optimisers_of, posteriors, rate_of, terms
from luokuan.models.vae.text.material import Padded, Row, by_length, lay_out, log_given, padded
from luokuan.models.vae.text.measure import weigh
from luokuan.models.vae.text.networks import TextVaeNetwork
from luokuan.models.vae.text.train import TextVaeRun, TextVaeTraining, prior_of
from luokuan.store.home import open_home

RATIO, ACTIVE, KL = 1.02, 10, 5.0
FITTING = 0.05
"""Share of a VAE's time that is kept for fitting its prior."""


class LanguageModel:
    """The VAE's decoder without z, as an objective of the training loop.

    Args:
        vae: Whose sentences, settings and shape it takes.
        held_out: For validation.
        seed: Of the initial weights.
    """

    def __init__(self, vae: TextVaeLearning, held_out: Sequence[Row], seed: int) -> None:
        self._vae, self._held_out = vae, held_out
        self.config = replace(vae.config, latent=0, encoder=0)
        torch.manual_seed(mix_seed(seed, "weights"))
        self.network = TextVaeNetwork(self.config, dropout=vae.settings.dropout)
        self._optimisers = optimisers_of(self.network, vae.settings)

    def modules(self) -> Mapping[str, nn.Module]:
        """The decoder."""
        return {"lm": self.network}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """The VAE's."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The average is what is kept."""
        return ("lm",)

    def items(self) -> int:
        """The VAE's."""
        return self._vae.items()

    def batch(self, indices: Any) -> list[Padded]:
        """The VAE's."""
        return self._vae.batch(indices)

    def phases(self, _step: int, _steps: int) -> Iterator[Phase]:
        """One: cross-entropy, nats a token."""
        rate = rate_of(self._vae.settings, 0)
        together = Together(*self._optimisers.values())
        yield Phase("lm", list(self.network.parameters()), together, rate, self._loss, clip=1.0)

    def _loss(self, groups: list[Padded], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        total = -torch.cat([log_given(self.network, part, None) for part in groups]).sum()
        return total / sum(part.tokens for part in groups), {}

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p of the held-out sentences, nats a sentence."""
        return {"bound_nats": exact(cast(TextVaeNetwork, average["lm"]), self._held_out)}

    def preview(self, _average: Mapping[str, nn.Module]) -> Text | None:
        """None."""
        return None

    def verdict(self, _history: Sequence[Mapping[str, Any]]) -> list[str]:
        """None."""
        return []


@torch.no_grad()
def exact(network: TextVaeNetwork, rows: Sequence[Row]) -> float:
    """-log p of sentences under a language model, nats a sentence."""
    found = []
    for group in by_length(rows):
        part = padded([rows[place] for place in group], end=network.config.end)
        found.append(-log_given(network, part, None))
    return float(torch.cat(found).double().mean())


def trained(
    learning: Objective, name: str, options: argparse.Namespace, place: Path, *, share: float = 1.0
) -> tuple[nn.Module, dict[str, Any]]:
    """What is kept after a share of ``options.minutes``, and how long it took."""
    precision = compute.machine().precision
    settings = Settings(1000, options.batch, seed=options.seed, precision=precision)
    seconds = Training(learning, settings, place / "probe", quiet=True).probe()
    steps = max(round(60 * share * options.minutes / seconds), 20)
    settings = replace(settings, steps=steps, best_by="bound_nats", checkpoint_seconds=1e9, preview_seconds=1e9)
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = Training(learning, settings, place / "run", title=name, quiet=options.json).run()
    (module,) = outcome.average.values()
    return module, {
        "steps": outcome.step,
        "kept": outcome.kept,
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "sentences_per_second": round(outcome.step * options.batch / (time.perf_counter() - wall), 1),
    }


def test_rows(prepared: TextVaeTraining, most: int) -> tuple[str, list[Row]]:
    """At most so many sentences of the test split, or of the validation split where there is none."""
    parts = read_sentences(prepared.corpora[0], whole=prepared.run.items == "documents")
    split = "test" if parts["test"] else "validation"
    rows = lay_out(prepared.tokenizer, parts[split], context=prepared.run.context).rows
    return split, list(rows[:: -(-len(rows) // most)])


def measured(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All figures."""
    home = open_home(place / "home")
    corpus, rows = open_texts(options.corpus), list[dict[str, Any]]()
    language: dict[str, Any] | None = None
    for number, free in enumerate(options.free_bits):
        run = TextVaeRun(
            "vae", size=options.size, tokenizer=options.tokenizer, context=options.context, items=options.items,
            free_bits=free, batch=options.batch, seed=options.seed,
        )  # fmt: skip
        prepared = TextVaeTraining((corpus,), run, home=home, quiet=True)
        learning = cast(TextVaeLearning, prepared.learning)
        if language is None:
            network, language = trained(
                LanguageModel(learning, learning.held_out, options.seed), "language model", options, place / "lm"
            )
            model = network
        title = f"VAE, {free:g} nats free"
        network, spent = trained(learning, title, options, place / f"vae-{number}", share=1 - FITTING)
        vae, start = cast(TextVaeNetwork, network), time.perf_counter()
        mixture = prior_of(*posteriors(vae, learning.rows), learning.config.components, seed=options.seed)
        spent["fitting_seconds"] = round(time.perf_counter() - start, 1)
        split, chosen = test_rows(prepared, options.sentences)
        bound, weighed, fitted = weigh(vae, chosen, mixture=mixture, draws=options.draws, seed=options.seed)
        assert fitted is not None
        nats = exact(cast(TextVaeNetwork, model), chosen)
        with compute.seeded(options.seed, "elbo"), torch.no_grad():
            _fitted, kl, means = terms(vae, chosen)
        language |= {"nats": nats, "parameters": sum(p.numel() for p in model.parameters())}
        rows.append(
            {
                "free_bits": free,
                "importance_nats": weighed,
                "bound_nats": bound,
                "ratio": weighed / nats,
                "importance_mixture_nats": fitted,
                "ratio_mixture": fitted / nats,
                "kl_nats": float(kl.double().mean()),
                "active_units": elbo.active_units(means),
                **spent,
                "parameters": sum(p.numel() for p in network.parameters()),
            }
        )
    tokens = sum(len(row) + 1 for row in chosen)
    return {
        "corpus": Path(options.corpus).name, "split": split, "sentences": len(chosen), "tokens": tokens,
        "draws": options.draws, "seed": options.seed, "minutes": options.minutes,
        "language_model": language, "vae": rows,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--free-bits", type=float, nargs="+", default=[8.0])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--items", default="lines")
    parser.add_argument("--tokenizer")
    parser.add_argument("--size", default="micro")
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(options, Path(folder))
    if options.json:
        print(json.dumps(found))
        return
    language = found["language_model"]
    print(f"{found['sentences']} {found['split']} sentences, {found['tokens']} tokens, seed {found['seed']}")
    spent = f"{language['steps']} steps, {language['wall_seconds']} s"
    print(f"language model: {language['nats']:.2f} nats a sentence ({spent})")
    for row in found["vae"]:
        good = row["ratio"] <= RATIO and row["active_units"] >= ACTIVE and row["kl_nats"] >= KL
        spent = f"{row['steps']} steps, {row['wall_seconds'] + row['fitting_seconds']:.1f} s"
        print(
            f"VAE, {row['free_bits']:g} nats free: {row['importance_nats']:.2f} nats a sentence, ratio "
            f"{row['ratio']:.4f}; with the mixture {row['importance_mixture_nats']:.2f}, ratio "
            f"{row['ratio_mixture']:.4f}; KL {row['kl_nats']:.2f}, {row['active_units']} active, negative ELBO "
            f"{row['bound_nats']:.2f} ({found['draws']} draws; {spent}): " + ("reached" if good else "missed")
        )


if __name__ == "__main__":
    main()
