"""What the watermark of texts costs, how surely it is heard, and how seldom it is heard where it isn't.

    python benchmarks/watermark.py CORPUS [--model verse] [--texts 100] [--passages 5000] [--keys 20] [--seed 0]

Each of ``--texts`` texts of 200 tokens is written with and without the mark at temperature 1. Cost: -log p of their
tokens by the model without the mark, nats a token. Heard: share of marked texts of which the first 50, 100 and 200
tokens count as marked. By chance: passages of 200 tokens of the held-out text of CORPUS against random secrets; how
many count as marked, and the largest z.
"""

from __future__ import annotations

import argparse
import json
import math
from statistics import fmean
from typing import Any

import numpy as np
import torch

from luokuan.foundation.corpus import open_texts
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.tokenizers import encode
from luokuan.models.plm.watermark import CHANCE, SHARE, STRENGTH, Watermark
from luokuan.models.plm.writing import end_tokens, write
from luokuan.models.registry import load_writing_model

LENGTHS = (50, 100, 200)


def nats(model: PlmModel, tokens: list[int]) -> float:
    """-log p of each token but the first, mean, nats."""
    ids = torch.tensor([[min(end_tokens(model)), *tokens]])
    with torch.inference_mode():
        logits = model.network(ids).logits[0, :-1].float()
    return float(torch.nn.functional.cross_entropy(logits, ids[0, 1:]))


def texts_of(model: PlmModel, count: int, seed: int, key: bytes | None) -> list[list[int]]:
    """Tokens of texts, each of 200: where one ends, the next goes on."""
    words = int(model.network.get_input_embeddings().weight.shape[0])
    mark = None if key is None else Watermark(key, words)
    manner, found = Manner(temperature=1.0, max_tokens=max(LENGTHS)), []
    for number in range(count):
        tokens: list[int] = []
        part = 0
        while len(tokens) < max(LENGTHS):
            (one,) = write(model, [""], seed=seed + 1000 * number + part, manner=manner, watermark=mark)
            tokens += one.tokens
            part += 1
        found.append(tokens[: max(LENGTHS)])
    return found


def passages(model: PlmModel, corpus: Any, count: int) -> list[list[int]]:
    """Tokens of held-out passages."""
    found: list[list[int]] = []
    waiting: list[int] = []
    for split in ("test", "validation"):
        for pieces in corpus.split(split):
            waiting += encode(model.tokenizer, ["".join(pieces)])[0]
            while len(waiting) >= max(LENGTHS) and len(found) < count:
                found.append(waiting[: max(LENGTHS)])
                waiting = waiting[max(LENGTHS) :]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="verse")
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--passages", type=int, default=5000)
    parser.add_argument("--keys", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = load_writing_model(options.model)
    words = int(model.network.get_input_embeddings().weight.shape[0])
    rng = np.random.default_rng(options.seed)
    key = rng.bytes(32)
    marked = texts_of(model, options.texts, options.seed, key)
    plain = texts_of(model, options.texts, options.seed, None)
    human = passages(model, open_texts(options.corpus), options.passages)
    mark = Watermark(key, words)
    heard = {n: fmean(mark.count(tokens[:n]).marked for tokens in marked) for n in LENGTHS}
    strange = [Watermark(rng.bytes(32), words) for _ in range(options.keys)]
    counts = [other.count(tokens) for other in strange for tokens in human]
    cost = {"marked": fmean(nats(model, t) for t in marked), "plain": fmean(nats(model, t) for t in plain)}
    result = {
        "model": model.folder.name,
        "digest": model.folder.digest,
        "seed": options.seed,
        "share": SHARE,
        "strength": STRENGTH,
        "chance": CHANCE,
        "texts": options.texts,
        "nats_a_token": cost,
        "perplexity_ratio": math.exp(cost["marked"] - cost["plain"]),
        "heard": heard,
        "z_of_200": fmean(mark.count(tokens).z for tokens in marked),
        "passages": len(human),
        "keys": options.keys,
        "by_chance": sum(count.marked for count in counts),
        "largest_z": max((count.z for count in counts), default=0.0),
    }
    print(json.dumps(result, indent=1) if options.json else "\n".join(f"{k:<18}{v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
