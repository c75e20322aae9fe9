"""What copy with slots is worth: slot error rate and BLEU on the held-out part, beside a baseline and people.

    python benchmarks/copywriting.py CORPUS [--model copy-en] [--briefs 0] [--among 8] [--seed 0] [--json]

CORPUS is that of ``scripts/make_copy_corpus.py``. Sentences of its test part with the same brief are the references of
that brief together; briefs of two products to compare, which the command doesn't write, are left out.
``kept``: as ``luokuan create copy`` writes them, each slot once at most, the best of ``--among``
drafts; ``free``: one draft without any rule; ``nearest``: a training sentence with the same brief, or with most of its
slots and fewest others, its placeholders as they are; ``real``: one of the references, against the others where there
are some.

The slot error rate is (missing + redundant) / asked for, summed over all briefs (Wen et al. 2015, arXiv 1508.01745,
section 4); ``truths`` is the share of true-or-false attributes that the words tell, ``faultless`` that of
sentences in which nothing is found (see ``create.slotcopy.faults_of``). BLEU (sacrebleu, with its
signature) is that of the sentences with slots.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from luokuan.create.slotcopy import Task, best_of, faults_of, truth_told
from luokuan.create.slots import TRUTHS, slot_errors
from luokuan.create.slotwriting import write_sentences
from luokuan.foundation.corpus import open_texts
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.registry import load_writing_model


def briefs_of(corpus: Any, split: str) -> dict[str, list[str]]:
    """Heading to the sentences that people wrote for it."""
    found: dict[str, list[str]] = {}
    for pieces in corpus.split(split):
        head, _newline, sentence = "".join(pieces).rpartition("\n")
        found.setdefault(f"{head}\n", []).append(sentence)
    return found


def task_of(head: str) -> Task:
    """The task under a heading: attributes with their placeholders for values."""
    attributes: list[tuple[str, str]] = []
    for line in head.split("\n")[1:]:
        words = line.split()
        while words:
            word = words.pop(0)
            pair = (word, words.pop(0)) if word in TRUTHS else (word.rstrip("23456789").lower(), word)
            attributes.append(pair)
    return Task(head, tuple(attributes))


def nearest(heads: Sequence[str], train: Mapping[str, Sequence[str]], draw: random.Random) -> list[str]:
    """For each heading a sentence of the training heading that shares most words with it, of these the shortest."""
    known = [(head, Counter(head.split())) for head in sorted(train)]
    found = []
    for head in heads:
        words = Counter(head.split())
        near = max(known, key=lambda one: ((one[1] & words).total(), -one[1].total()))[0]
        found.append(draw.choice(list(train[near])))
    return found


def kept(model: PlmModel, tasks: Sequence[Task], among: int, seed: int) -> list[str]:
    """The best draft for each task."""
    drafts = write_sentences(model, tasks, seed=seed, among=among, manner=Manner())
    return [best_of(task, own, 1)[0] for task, own in zip(tasks, drafts, strict=True)]


def measured(sentences: Sequence[str], tasks: Sequence[Task], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Figures of one sentence a task."""
    from sacrebleu.metrics import BLEU

    errors = [slot_errors(text, task.attributes) for text, task in zip(sentences, tasks, strict=True)]
    missing, redundant, asked = (sum(column) for column in zip(*errors, strict=True))
    truths = [
        truth_told(name, value, text)
        for text, task in zip(sentences, tasks, strict=True)
        for name, value in task.attributes
        if name in TRUTHS
    ]
    bleu = BLEU(tokenize="none", force=True)  # the sentences are tokenised as they are
    most = max(map(len, references))
    streams = [[own[place] if place < len(own) else None for own in references] for place in range(most)]
    score = bleu.corpus_score(list(sentences), streams)  # type: ignore[arg-type] # None: no more references
    return {
        "briefs": len(sentences),
        "slots": asked,
        "slot_error_rate": (missing + redundant) / asked,
        "missing": missing,
        "redundant": redundant,
        "faultless": fmean(not faults_of(t, task.attributes) for t, task in zip(sentences, tasks, strict=True)),
        "truths": fmean(truths) if truths else None,
        "truths_asked": len(truths),
        "bleu": score.score,
        "bleu_signature": str(bleu.get_signature()),
        "references_mean": fmean(map(len, references)),
        "different": len(set(sentences)) / len(sentences),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="copy-en")
    parser.add_argument("--briefs", type=int, default=0, help="so many, drawn by the seed; 0: all")
    parser.add_argument("--among", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    corpus, draw = open_texts(options.corpus), random.Random(options.seed)
    test, train = briefs_of(corpus, "test"), briefs_of(corpus, "train")
    heads = sorted(head for head in test if not head.startswith("compare "))
    if 0 < options.briefs < len(heads):
        heads = sorted(draw.sample(heads, options.briefs))
    tasks, references = [task_of(head) for head in heads], [test[head] for head in heads]
    model = load_writing_model(options.model)
    begun = time.perf_counter()
    result: dict[str, Any] = {"kept": measured(kept(model, tasks, options.among, options.seed), tasks, references)}
    seconds = (time.perf_counter() - begun) / len(tasks)
    free = [one for (one,) in write_sentences(model, tasks, seed=options.seed, among=1, manner=Manner(), strict=False)]
    result["free"] = measured(free, tasks, references)
    result["nearest"] = measured(nearest(heads, train, draw), tasks, references)
    several = [place for place, own in enumerate(references) if len(own) > 1]
    result["real"] = measured([own[0] for own in references], tasks, references) | {"bleu": None}
    if several:
        others = [references[place][1:] for place in several]
        own = measured([references[place][0] for place in several], [tasks[place] for place in several], others)
        result["real"] |= {"bleu": own["bleu"], "bleu_briefs": len(several)}
    result["model"] = {
        "name": model.folder.name,
        "digest": model.folder.digest,
        "seed": options.seed,
        "among": options.among,
        "seconds_a_brief": round(seconds, 3),
        "briefs_in_training": sum(head in train for head in heads),
    }
    if options.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    rows = ("kept", "free", "nearest", "real")
    print(f"{'':<20}" + "".join(f"{name:>12}" for name in rows))
    for key in (
        "briefs",
        "slots",
        "slot_error_rate",
        "missing",
        "redundant",
        "truths",
        "faultless",
        "bleu",
        "different",
    ):
        cells = (result[name][key] for name in rows)
        print(f"{key:<20}" + "".join(f"{'-' if cell is None else format(cell, '.4g'):>12}" for cell in cells))
    print(f"{result['kept']['bleu_signature']}, {result['kept']['references_mean']:.2f} references a brief")
    print(", ".join(f"{key} {value}" for key, value in result["model"].items()))


if __name__ == "__main__":
    main()
