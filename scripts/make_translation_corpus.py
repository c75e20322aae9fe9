"""Build the corpus of the starter ``en-zh``: sentences in English and simplified Chinese (Tatoeba).

    python scripts/make_translation_corpus.py SOURCE OUT [--held-out 1000] [--validation 500]

SOURCE is cmn.txt as manythings.org/anki gives it: English, Chinese and the attribution, with tabs between. OUT gets
train.jsonl, validation.jsonl and test.jsonl with the columns en and zh, and card.yaml. Sides are dealt by the SHA-256
of the English sentence without case, spaces and punctuation; training pairs whose Chinese side is held out are left
out, so that neither direction is measured on what it has seen.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from luokuan.files import new_folder, sha256_bytes
from luokuan.foundation.corpus.scripts import converter

CARD = """\
title: "Sentences in English and Chinese (Tatoeba, by manythings.org/anki, 2022-05-02), in simplified characters"
licence: "CC-BY-2.0-FR"
credit: "The contributors of Tatoeba (tatoeba.org) and manythings.org/anki"
source: "manythings.org/anki/cmn-eng.zip"
consent: "none needed"
personal_data: "none"
"""

Pair = tuple[str, str]


def key_of(text: str) -> str:
    """The text without case, spaces and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum()) or folded


def pairs_of(lines: Iterable[str]) -> tuple[list[Pair], int]:
    """(English, simplified Chinese) of all lines, each once, and how many lines lack a side."""
    convert, found, wrong = converter("simplified"), dict[Pair, None](), 0
    for line in lines:
        columns = [" ".join(unicodedata.normalize("NFC", part).split()) for part in line.split("\t")]
        if len(columns) < 2 or not columns[0] or not columns[1]:
            wrong += bool(line.strip())
            continue
        found[columns[0], convert(columns[1])] = None
    return list(found), wrong


def deal(pairs: Iterable[Pair], held_out: int, validation: int) -> dict[str, list[Pair]]:
    """Pairs of each split: ``held_out`` English sides are test, then ``validation`` ones, the others train."""
    groups: dict[str, list[Pair]] = {}
    for english, chinese in pairs:
        groups.setdefault(key_of(english), []).append((english, chinese))
    ranked = sorted(groups, key=lambda key: sha256_bytes(key.encode()))
    cuts = {"test": ranked[:held_out], "validation": ranked[held_out : held_out + validation]}
    found = {name: [pair for key in keys for pair in groups[key]] for name, keys in cuts.items()}
    seen = {key_of(chinese) for _english, chinese in found["test"]}
    found["validation"] = [pair for pair in found["validation"] if key_of(pair[1]) not in seen]
    seen |= {key_of(chinese) for _english, chinese in found["validation"]}
    rest = (pair for key in ranked[held_out + validation :] for pair in groups[key])
    found["train"] = [pair for pair in rest if key_of(pair[1]) not in seen]
    return found


def main() -> None:
    """Write the three files and card.yaml."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--held-out", type=int, default=1000)
    parser.add_argument("--validation", type=int, default=500)
    options = parser.parse_args()
    pairs, wrong = pairs_of(options.source.read_text(encoding="utf-8").split("\n"))
    dealt = deal(pairs, options.held_out, options.validation)
    with new_folder(options.out) as part:
        for name, found in dealt.items():
            lines = "".join(json.dumps({"en": en, "zh": zh}, ensure_ascii=False) + "\n" for en, zh in found)
            (part / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        (part / "card.yaml").write_text(CARD, encoding="utf-8")
    counts = {name: (len(found), len({key_of(pair[0]) for pair in found})) for name, found in dealt.items()}
    left_out = len(pairs) - sum(len(found) for found in dealt.values())
    print(f"{len(pairs)} pairs, {wrong} lines without a side; pairs and English sides: {counts}; "
          f"left out for a held-out Chinese side: {left_out}")  # fmt: skip


if __name__ == "__main__":
    main()
