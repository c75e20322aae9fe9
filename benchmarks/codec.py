"""How far a codec's reconstructions lie from the pictures of a corpus, beside what two halves of the corpus differ by.

    python benchmarks/codec.py MODEL CORPUS [--size 64] [--seed 0]

Half of the corpus (all splits) is reconstructed and compared, as a set, with the other half: Fréchet distance and KID
on the feature network of ``luokuan evaluate``. The floor compares the same half itself. The codec may have learnt from
these pictures: for held-out ones see its card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from luokuan.foundation.compute import mix_seed, prepare
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.models.evaluation.metrics import frechet_distance, kernel_distance
from luokuan.models.evaluation.network import NAME, RESOLUTION, feature_network
from luokuan.models.registry import load_model
from luokuan.store.home import open_home


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    prepare()
    corpus, codec = open_corpus(options.corpus), load_model(options.model)
    pictures = load_pixels(corpus.items, options.size, cache=open_home().cache)
    order = np.random.default_rng(mix_seed(options.seed, "halves")).permutation(len(pictures))
    count = len(pictures) // 2
    chosen, rest = pictures[np.sort(order[:count])], pictures[np.sort(order[count:])]
    network = feature_network()
    known, real, rebuilt = (network.features(array) for array in (rest, chosen, codec.reconstruct(chosen)))
    result = {
        "model": codec.folder.name,
        "digest": codec.folder.digest,
        "corpus": corpus.digest,
        "pictures": [len(chosen), len(rest)],
        "size": options.size,
        "seed": options.seed,
        "features": f"{NAME} at {RESOLUTION}",
        "frechet_distance": frechet_distance(known, rebuilt),
        "frechet_floor": frechet_distance(known, real),
        "kernel_distance": kernel_distance(known, rebuilt, seed=options.seed)._asdict(),
        "kernel_floor": kernel_distance(known, real, seed=options.seed)._asdict(),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
