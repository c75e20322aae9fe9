"""How far a codec's reconstructions, or a model's samples, lie from a corpus, beside what two halves of it differ by.

    python benchmarks/halves.py MODEL CORPUS [--size PIXELS] [--seed 0] [--truncation 1] [--among 1] [--guidance 1]

Half of the corpus (all splits) is reconstructed, or as many samples with the same balance of classes are made, and
compared, as a set, with the other half: Fréchet distance, KID and coverage on the feature network of ``luokuan
evaluate``. The floor compares the first half itself. The model may have learnt from these pictures: for held-out ones
see its card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from luokuan.foundation.compute import mix_seed, prepare
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.corpus.pictures import fit
from luokuan.models.codec.model import Codec
from luokuan.models.evaluation.metrics import coverage_of, frechet_distance, kernel_distance
from luokuan.models.evaluation.network import NAME, RESOLUTION, feature_network
from luokuan.models.interface import takes_wishes
from luokuan.models.registry import load_model
from luokuan.store.home import open_home


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--size", type=int, help="side in pixels; default: 64 for a codec, else the model's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truncation", type=float, default=1.0)
    parser.add_argument("--among", type=int, default=1)
    parser.add_argument("--guidance", type=float, default=1.0)
    options = parser.parse_args()
    prepare()
    corpus, model = open_corpus(options.corpus), load_model(options.model)
    size = options.size or (64 if isinstance(model, Codec) else model.size)
    pictures = load_pixels(corpus.items, size, cache=open_home().cache)
    order = np.random.default_rng(mix_seed(options.seed, "halves")).permutation(len(pictures))
    count = len(pictures) // 2
    chosen, rest = pictures[np.sort(order[:count])], pictures[np.sort(order[count:])]
    if isinstance(model, Codec):
        made = model.reconstruct(chosen)
    else:
        labels = [corpus.items[i].label for i in np.sort(order[:count])] if model.classes == corpus.classes else None
        manner = {"guidance": options.guidance} if takes_wishes(model) else {}
        made = model.sample_ranked(
            count,
            seed=options.seed,
            labels=labels or None,
            truncation=options.truncation,
            among=options.among,
            **manner,
        )
        if size != model.size:
            made = np.stack([fit(Image.fromarray(picture), size) for picture in made])
    network = feature_network()
    known, real, rebuilt = (network.features(array) for array in (rest, chosen, made))
    result = {
        "model": model.folder.name,
        "digest": model.folder.digest,
        "corpus": corpus.digest,
        "pictures": [len(chosen), len(rest)],
        "size": size,
        "seed": options.seed,
        "truncation": options.truncation,
        "among": options.among,
        "guidance": options.guidance,
        "features": f"{NAME} at {RESOLUTION}",
        "frechet_distance": frechet_distance(known, rebuilt),
        "frechet_floor": frechet_distance(known, real),
        "coverage": coverage_of(known, rebuilt),
        "coverage_floor": coverage_of(known, real),
        "kernel_distance": kernel_distance(known, rebuilt, seed=options.seed)._asdict(),
        "kernel_floor": kernel_distance(known, real, seed=options.seed)._asdict(),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
