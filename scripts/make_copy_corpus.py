"""Build the corpus of the starter ``copy-en``: briefs of products, each above a sentence with slots.

    python scripts/make_copy_corpus.py SOURCE OUT

SOURCE is a folder with train.jsonl (domain, split, act, attributes as [[name, value], …], text), made of
github.com/shawnwun/RNNLG. A document of OUT is laid out as ``luokuan.create.slots`` says. Left out are pairs whose
values aren't all found in the sentence, and sentences that tell what no brief holds: another figure, another name.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from luokuan.create.slots import delexicalised, heading, normalised, placeholders
from luokuan.files import new_folder

SPLITS = {"train": "train", "valid": "validation", "test": "test"}
MAKERS = ("family", "name", "platform", "processor")
"""Attributes whose words belong to somebody's product: no sentence may hold them outside a slot."""
CARD = """\
title: "Sentences about laptops and televisions with slots (RNNLG)"
licence: "Apache-2.0"
credit: "Cambridge University Engineering Department, (c) 2016 Tsung-Hsien Wen"
source: "github.com/shawnwun/RNNLG"
consent: "crowd workers wrote them for publication"
personal_data: "none"
"""


def names_in(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Words of names that mean nothing else: those that every sentence has in a slot, if it has them."""
    words: Counter[str] = Counter()
    for row in rows:
        for name, value in row["attributes"]:
            if name in MAKERS:
                words.update(w for w in re.findall(r"[a-z]{3,}", value) if w not in ("pro", "core", "essentials"))
    return frozenset(words)


def document(row: Mapping[str, Any], names: frozenset[str]) -> tuple[str | None, str]:
    """The document, or None and why there is none."""
    attributes = [(str(name), str(value)) for name, value in row["attributes"]]
    if row["act"] == "compare" and len(attributes) % 2:
        return None, "products with different attributes"
    sentence = delexicalised(normalised(row["text"].lower(), attributes), attributes)
    if sentence is None:
        return None, "not aligned"
    bare = re.sub(r"\b(" + "|".join(placeholders(sentence) or ["-"]) + r")\b", "", sentence)
    if re.search(r"[\d_<>]", bare):
        return None, "another figure"
    if names & set(re.findall(r"[a-z]+", bare)):
        return None, "another name"
    # Whether "a" or "an" depends on the value: the model learns one, and filling the slot chooses.
    sentence = re.sub(r"\ban (?=[A-Z]{2})", "a ", sentence)
    return heading(str(row["act"]), str(row["domain"]), attributes) + sentence, ""


def main() -> None:
    """Write train, validation and test, card.yaml and the licence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    lines = (options.source / "train.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    names, left_out, kept = names_in(rows), Counter[str](), defaultdict(dict)
    for row in rows:
        text, why = document(row, names)
        if text is None:
            left_out[why] += 1
        else:
            kept[SPLITS[row["split"]]][text] = None  # the same sentence with other values is the same document
    seen: dict[str, None] = {}
    with new_folder(options.out) as part:
        for split in ("train", "validation", "test"):
            texts = [text for text in kept[split] if text not in seen]
            seen.update(kept[split])
            dumped = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
            if texts:
                (part / f"{split}.jsonl").write_text(dumped, encoding="utf-8")
            print(f"{split}: {len(texts)} documents")
        (part / "card.yaml").write_text(CARD, encoding="utf-8")
        for licence in options.source.glob("LICENSE*"):
            shutil.copy(licence, part)
    print(f"{len(rows)} pairs; left out: {dict(left_out.most_common())}; the others are equal but for their values")


if __name__ == "__main__":
    main()
