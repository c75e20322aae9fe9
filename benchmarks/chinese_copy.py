"""What Chinese copy is worth: slots, rules, variety and copying of lines by a model, beside held-out ones of people.

    python benchmarks/chinese_copy.py CORPUS [--model copy-zh] [--lines 200] [--among 16] [--seed 0] [--json]

CORPUS is that of ``scripts/make_copy_zh_corpus.py``. The headings of its test part are what is asked for, at most
``--lines`` of each kind: sentences about dishes (``dish``), couplets with given first characters (``couplet``) and
two-part sayings with a given word (``saying``). ``kept``: as ``luokuan create copy`` writes them, the best of
``--among`` drafts; ``free``: one draft without any rule; ``real``: the held-out lines themselves.

The slot error rate is (missing + redundant) / asked for over all marks of sentences (Wen et al. 2015, arXiv 1508.01745,
section 4); ``uncalled`` the share of sentences with a character that tells a fact (``dishes.GATED``) of which the
heading says nothing. Of couplets the shares that keep a rule of ``create.couplets``, of those whose characters the
table has. ``whole`` is the share of lines that stand in the training part as they are, the longest run that a line
shares with it is counted in characters, distinct-2 is that of all lines together.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from luokuan.create import couplets, dishes, sayings
from luokuan.create.chinesecopy import Line, best_of, faults_of
from luokuan.create.chinesewriting import LONGEST, write_lines
from luokuan.foundation.corpus import open_texts
from luokuan.models.evaluation.copying import Material, distinct, letters_of
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.writing import write
from luokuan.models.registry import load_writing_model

KINDS = ("dish", "couplet", "saying")


def line_of(head: str) -> tuple[str, Line] | None:
    """The kind of a heading and what it asks for; None for one that the command doesn't give."""
    name, *rest = head.strip("\n").split("·")
    if name == f"菜{dishes.TASTE}":
        _category, marks, facts = rest
        return "dish", Line(dishes.TASTE, head, frozenset({dishes.DISH, *marks}), facts, facts)
    if name == f"菜{dishes.MAKING}":
        _category, level, marks = rest
        return "dish", Line(dishes.MAKING, head, frozenset(marks), level=level)
    if name == couplets.COUPLET and rest[1].startswith(couplets.HEADS):
        length = couplets.NUMERALS.index(rest[0])
        return "couplet", Line(couplets.COUPLET, head, length=length, heads=rest[1][1:])
    return ("saying", Line("", head, word=rest[0])) if name == "歇" else None


def asked_of(corpus: Any, most: int) -> dict[str, list[tuple[Line, str]]]:
    """Lines of the test part with what they were asked by, at most so many of a kind."""
    found: dict[str, list[tuple[Line, str]]] = {kind: [] for kind in KINDS}
    for pieces in corpus.split("test"):
        head, _newline, text = "".join(pieces).partition("\n")
        if (asked := line_of(f"{head}\n")) is not None:
            found[asked[0]].append((asked[1], text))
    return {kind: rows[:most] for kind, rows in found.items()}


def kept(model: PlmModel, lines: Sequence[Line], among: int, seed: int) -> list[str]:
    """The best draft of each line."""
    found = []
    for number, line in enumerate(lines):
        drafts = write_lines(model, [line] * among, seed=seed + number * among, manner=Manner())
        (best,) = best_of([(line, text, nats) for text, nats in drafts], {m: m for m in dishes.MARKS}, 1)
        found.append(best[1])
    return found


def free(model: PlmModel, lines: Sequence[Line], seed: int) -> list[str]:
    """One draft of each line without any rule."""
    manner = Manner(max_tokens=LONGEST, stop=("\n",))
    return [one.text for one in write(model, [line.head for line in lines], seed=seed, manner=manner)]


def measured(
    kind: str, lines: Sequence[Line], texts: Sequence[str], material: Material, whole: set[str]
) -> dict[str, Any]:
    """Figures of one text a line."""
    values = {mark: mark for mark in dishes.MARKS}
    shared = [material.longest_shared(text).length for text in texts]
    found: dict[str, Any] = {
        "lines": len(texts),
        "faultless": fmean(not faults_of(text, line, values) for text, line in zip(texts, lines, strict=True)),
        "distinct_2": distinct(texts, 2),
        "longest_shared_median": median(shared),
        "longest_shared_most": max(shared),
        "whole": fmean(letters_of(text) in whole for text in texts),
        "different": len(set(texts)) / len(texts),
    }
    return found | {"dish": _dishes, "couplet": _couplets, "saying": _sayings}[kind](lines, texts)


def _dishes(lines: Sequence[Line], texts: Sequence[str]) -> dict[str, Any]:
    asked = sum(len(line.marks) for line in lines)
    missing = sum(mark not in text for text, line in zip(texts, lines, strict=True) for mark in line.marks)
    redundant = sum(
        max(text.count(mark) - (mark in line.marks), 0)
        for text, line in zip(texts, lines, strict=True)
        for mark in dishes.MARKS
    )
    facts = [fact in text for text, line in zip(texts, lines, strict=True) for fact in line.facts]
    strange = [bool(set(dishes.facts_in(text)) - set(line.may)) for text, line in zip(texts, lines, strict=True)]
    return {
        "slots": asked,
        "slot_error_rate": (missing + redundant) / asked,
        "facts_told": fmean(facts) if facts else None,
        "uncalled": fmean(strange),
    }


def _couplets(lines: Sequence[Line], texts: Sequence[str]) -> dict[str, Any]:
    rules = [couplets.rules_kept(text) for text in texts]
    ends = [one.ends for one in rules if one.ends is not None]
    opposite = [one.opposite for one in rules if one.opposite is not None]
    heads = [
        all(own.startswith(head) for own, head in zip(couplets.lines_of(text), line.heads, strict=True))
        for text, line in zip(texts, lines, strict=True)
    ]
    return {
        "length": fmean(one.length for one in rules),
        "ends": fmean(ends) if ends else None,
        "opposite": fmean(opposite) if opposite else None,
        "repeats": fmean(one.repeats for one in rules),
        "all_rules": fmean(one.all_kept for one in rules),
        "heads": fmean(heads),
    }


def _sayings(lines: Sequence[Line], texts: Sequence[str]) -> dict[str, Any]:
    return {
        "two_parts": fmean(sayings.well_made(text) for text in texts),
        "word": fmean(line.word in text for text, line in zip(texts, lines, strict=True)),
    }


def compared(model: PlmModel, corpus: Any, most: int, among: int, seed: int) -> Mapping[str, Any]:
    """Figures of each kind, for ``kept``, ``free`` and ``real``."""
    documents = ["".join(pieces).partition("\n")[2] for pieces in corpus.split("train")]
    material, whole = Material(documents), {letters_of(text) for text in documents}
    found: dict[str, Any] = {}
    begun, count = time.perf_counter(), 0
    for kind, rows in asked_of(corpus, most).items():
        if not rows:
            continue
        lines, count = [line for line, _text in rows], count + len(rows)
        made = {
            "kept": kept(model, lines, among, seed),
            "free": free(model, lines, seed),
            "real": [text for _line, text in rows],
        }
        found[kind] = {who: measured(kind, lines, texts, material, whole) for who, texts in made.items()}
    seconds = (time.perf_counter() - begun) / max(count, 1)
    found["model"] = {
        "name": model.folder.name, "digest": model.folder.digest, "seed": seed, "among": among,
        "seconds_a_line": round(seconds, 3),
    }  # fmt: skip
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="copy-zh")
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--among", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = load_writing_model(options.model)
    found = compared(model, open_texts(options.corpus), options.lines, options.among, options.seed)
    if options.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for kind in KINDS:
        if kind not in found:
            continue
        print(f"{kind:<24}" + "".join(f"{who:>12}" for who in found[kind]))
        for key in found[kind]["kept"]:
            cells = (found[kind][who][key] for who in found[kind])
            print(f"{key:<24}" + "".join(f"{'-' if cell is None else format(cell, '.4g'):>12}" for cell in cells))
        print()
    print(", ".join(f"{key} {value}" for key, value in found["model"].items()))


if __name__ == "__main__":
    main()
