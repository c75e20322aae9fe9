"""What prose is worth: variety and copying of continuations by a model, beside the held-out text itself.

    python benchmarks/prose.py CORPUS [--model prose-zh] [--texts 40] [--characters 150] [--seed 0] [--json]

Of each held-out document passages are taken at even distances. The model goes on from the first ``--opening``
characters of each, at temperature 0.8 and top-p 0.95; ``real`` are the passages themselves, cut to the same length. Two
figures: distinct-2, the share of different pairs of characters among all pairs of all texts; and the longest run of
characters that a text shares with the training text, opening left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from statistics import median
from typing import Any

from luokuan.foundation.corpus import open_texts
from luokuan.models.evaluation.copying import Material, distinct
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.writing import write
from luokuan.models.registry import load_writing_model

MANNER = {"temperature": 0.8, "top_p": 0.95}


def passages(documents: Sequence[str], count: int, length: int) -> list[str]:
    """``count`` passages of ``length`` characters, at even distances over all documents; fewer where there is less."""
    found = []
    for number, document in enumerate(documents):
        share = count // len(documents) + (number < count % len(documents))
        room = len(document) - length
        if room < 0:
            continue
        found += [document[room * place // max(share, 1) :][:length] for place in range(share)]
    return found


def measured(texts: Sequence[str], material: Material) -> dict[str, Any]:
    """Figures of texts."""
    shared = [material.longest_shared(text).length for text in texts]
    return {
        "texts": len(texts),
        "characters_mean": sum(map(len, texts)) / len(texts),
        "distinct_2": distinct(list(texts), 2),
        "longest_shared_median": median(shared),
        "longest_shared_most": max(shared),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="prose-zh")
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--characters", type=int, default=150)
    parser.add_argument("--opening", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    corpus = open_texts(options.corpus)
    material = Material("".join(pieces) for pieces in corpus.split("train"))
    held_out = ["".join(pieces) for name in ("test", "validation") for pieces in corpus.split(name)]
    model = load_writing_model(options.model)
    real = passages(held_out, options.texts, options.opening + options.characters)
    openings = [passage[: options.opening] for passage in real]
    manner = Manner(max_tokens=options.characters, **MANNER)
    written = [found.text for found in write(model, openings, seed=options.seed, manner=manner)]
    result: dict[str, Any] = {
        "model": {"name": model.folder.name, "digest": model.folder.digest, "seed": options.seed},
        "made": measured(written, material),
        "real": measured([passage[options.opening :] for passage in real], material),
        "samples": [[opening, text] for opening, text in zip(openings, written, strict=True)][:6],
    }
    if options.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    for key in result["made"]:
        print(f"{key:<24}{result['made'][key]:>12.4g}{result['real'][key]:>12.4g}")
    for opening, text in result["samples"]:
        print(f"\n{opening}…{text}")
    print(f"\nmodel {model.folder.digest}, seed {options.seed}")


if __name__ == "__main__":
    main()
