"""What a translator is worth: chrF and BLEU on held-out sentences, beside a translation memory.

    python benchmarks/translation.py CORPUS [--model en-zh] [--from en --to zh] [--sentences 1000] [--beams 4] [--json]

CORPUS is that of ``scripts/make_translation_corpus.py``. The held-out sentences are the different sides of its test
split, the first ``--sentences`` of them by the seed; the references of one are all its translations there. ``memory``
gives the translation of the training sentence that is most like it: the cosine of tf-idf vectors of characters, 1 to 4
in a row. chrF (Popović 2015) and BLEU (Papineni et al. 2002) are sacrebleu's, with their signatures and 95 % intervals
by 1,000 bootstrap samples; ``difference`` is chrF of the model minus that of the memory on the same samples.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from scipy.sparse import csr_matrix

from luokuan.foundation.compute import prepare
from luokuan.foundation.corpus import ParallelCorpus, open_parallel
from luokuan.models.registry import load_model
from luokuan.models.seq2seq.decoding import Search, translate
from luokuan.models.seq2seq.model import Seq2SeqModel

GRAMS = (1, 2, 3, 4)
SAMPLES = 1000


def held_out(corpus: ParallelCorpus, start: str, count: int, seed: int) -> tuple[list[str], list[list[str]]]:
    """Different sentences of the test split in ``start``, and the translations of each."""
    side = corpus.languages.index(start)
    found: dict[str, list[str]] = {}
    for pair in corpus.split("test"):
        found.setdefault(pair.texts[side], []).append(pair.texts[1 - side])
    order = np.random.default_rng(seed).permutation(len(found))[:count]
    sources = list(found)
    return [sources[i] for i in order], [found[sources[i]] for i in order]


class Memory:
    """A translation memory: the translation of the most similar sentence."""

    def __init__(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        self.sources, self.targets = list(sources), list(targets)
        self._places: dict[str, int] = {}
        for text in self.sources:
            for gram in _grams(text):
                self._places.setdefault(gram, len(self._places))
        counts = self._counted(self.sources)
        seen = np.asarray((counts > 0).sum(0)).ravel()
        self._weights = np.log((1 + len(self.sources)) / (1 + seen)) + 1
        self._vectors = self._normed(counts)

    def _counted(self, texts: Sequence[str]) -> csr_matrix:
        rows, columns = [], []
        for row, text in enumerate(texts):
            known = [self._places[gram] for gram in _grams(text) if gram in self._places]
            rows += [row] * len(known)
            columns += known
        values = np.ones(len(rows), dtype=np.float64)
        return csr_matrix((values, (rows, columns)), shape=(len(texts), len(self._places)))

    def _normed(self, counts: csr_matrix) -> csr_matrix:
        weighted = counts.multiply(self._weights[None]).tocsr()
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
        return weighted.multiply(1 / np.maximum(norms, 1e-12)[:, None]).tocsr()

    def translate(self, texts: Sequence[str]) -> list[str]:
        """The translation of the most similar sentence, the first one of several."""
        found: list[str] = []
        for start in range(0, len(texts), 100):
            vectors = self._normed(self._counted(texts[start : start + 100]))
            likeness = (vectors @ self._vectors.T).toarray()  # (100, sentences)
            found += [self.targets[place] for place in likeness.argmax(1)]
        return found


def _grams(text: str) -> list[str]:
    folded = f" {text.casefold()} "
    return [folded[i : i + n] for n in GRAMS for i in range(len(folded) - n + 1)]


def scored(written: Sequence[str], references: Sequence[Sequence[str]], to: str) -> dict[str, Any]:
    """chrF and BLEU, 0 to 100, with 95 % intervals (half their width) and signatures."""
    most = max(map(len, references))
    columns = [[row[place] if place < len(row) else None for row in references] for place in range(most)]
    found: dict[str, Any] = {}
    for name, metric in (("chrf", CHRF()), ("bleu", BLEU(tokenize="zh" if to == "zh" else "13a"))):
        score = metric.corpus_score(list(written), columns, n_bootstrap=SAMPLES)
        found[name] = {"score": float(score.score), "ci": float(score._ci), "signature": str(metric.get_signature())}
    return found


def difference(
    first: Sequence[str], second: Sequence[str], references: Sequence[Sequence[str]], seed: int
) -> dict[str, float]:
    """chrF of ``first`` minus that of ``second``: in all, and the middle 95 % of paired bootstrap samples."""
    metric = CHRF()
    most = max(map(len, references))
    columns = [[row[place] if place < len(row) else None for row in references] for place in range(most)]
    parts = []
    for written in (first, second):
        metric._check_corpus_score_args(list(written), columns)
        parts.append(np.array(metric._extract_corpus_statistics(list(written), columns)))
    random = np.random.default_rng(seed)
    rows = [np.arange(len(first)), *(random.integers(len(first), size=len(first)) for _i in range(SAMPLES))]
    values = [
        metric._compute_f_score(parts[0][row].sum(0).tolist()) - metric._compute_f_score(parts[1][row].sum(0).tolist())
        for row in rows
    ]
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {"chrf": float(values[0]), "low": float(low), "high": float(high)}


def measure(
    model: Seq2SeqModel, corpus: ParallelCorpus, start: str, to: str, *, count: int, beams: int, seed: int
) -> dict[str, Any]:
    """All figures of one direction."""
    sources, references = held_out(corpus, start, count, seed)
    side = corpus.languages.index(start)
    known = [pair for pair in corpus.split("train") if not pair.synthetic]
    memory = Memory([pair.texts[side] for pair in known], [pair.texts[1 - side] for pair in known])
    begun = time.perf_counter()
    written = translate(model, sources, start=start, to=to, search=Search(beams))
    seconds = time.perf_counter() - begun
    recalled = memory.translate(sources)
    return {
        "from": start,
        "to": to,
        "sentences": len(sources),
        "references": sum(map(len, references)),
        "model": scored(written, references, to),
        "memory": scored(recalled, references, to),
        "difference": difference(written, recalled, references, seed),
        "seconds_a_sentence": seconds / len(sources),
        "examples": [
            {"source": source, "model": one, "memory": other, "references": list(row)}
            for source, one, other, row in list(zip(sources, written, recalled, references, strict=True))[:10]
        ],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="en-zh")
    parser.add_argument("--from", dest="start", default="en")
    parser.add_argument("--to", default="zh")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    prepare()
    corpus = open_parallel(options.corpus, (options.start, options.to))
    model = load_model(options.model)
    ways = [(options.start, options.to), (options.to, options.start)]
    found = [
        measure(model, corpus, start, to, count=options.sentences, beams=options.beams, seed=options.seed)
        for start, to in ways
        if not model.directions or (start, to) in model.directions
    ]
    if options.json:
        told = {"model": model.folder.name, "digest": model.folder.digest, "corpus": corpus.digest}
        print(json.dumps(told | {"seed": options.seed, "beams": options.beams, "directions": found},
                         indent=1, ensure_ascii=False))  # fmt: skip
        return
    for row in found:
        print(f"{row['from']} → {row['to']}: {row['sentences']} sentences, {row['references']} references, "
              f"seed {options.seed}, {options.beams} beams, {row['seconds_a_sentence']:.3f} s a sentence")  # fmt: skip
        for name in ("model", "memory"):
            parts = (f"{key} {row[name][key]['score']:.1f} ± {row[name][key]['ci']:.1f}" for key in ("chrf", "bleu"))
            print(f"  {name:<8}" + "   ".join(parts))
        apart = row["difference"]
        print(f"  chrF of the model minus the memory's: {apart['chrf']:.1f} [{apart['low']:.1f}, {apart['high']:.1f}]")
        print(f"  {row['model']['chrf']['signature']}\n  {row['model']['bleu']['signature']}")
        for example in row["examples"]:
            print(f"    {example['source']}\n      {example['model']}\n      ({example['references'][0]})")
    print(f"model {model.folder.digest}")


if __name__ == "__main__":
    main()
