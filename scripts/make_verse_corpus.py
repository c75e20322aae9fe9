"""Build the corpus of the starter ``verse``: Chinese poems, each under a line with its form and title.

    luokuan corpus check POEMS --script simplified --personal keep --clean CLEAN
    python scripts/make_verse_corpus.py CLEAN OUT

CLEAN holds train.jsonl with the columns text, title and kind (shi or ci), as github.com/chinese-poetry/chinese-poetry
tells them. A document of OUT is ``FORM·TITLE``, a line feed, and the poem, a sentence a line. Left out are poems whose
form has no name, and those with a character that is rarer than ``RARE``: nobody learns it from so few. ``--forms``
keeps some forms alone, ``--untitled`` leaves out the first line: the corpus of ``verse-vae`` is made with
``--forms 五绝 七绝 --untitled``.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from luokuan.files import new_folder

RARE = 12
"""Occurrences in all poems below which a character is rare."""
LONGEST = 240
"""Characters of the longest poem."""
FORMS = {(4, 5): "五绝", (4, 7): "七绝", (8, 5): "五律", (8, 7): "七律"}
"""Names of the regular forms, by lines and characters of a line."""
_SENTENCE = re.compile(r"(?<=[。？！])")
_LINE = re.compile(r"[，。？！；、：]")
_NUMBER = re.compile(r"(?:其|之|第)?[一二三四五六七八九十百]+$")
_HANZI = re.compile(r"[\u3400-\u9fff]+")
CARD = """\
title: "Chinese poems (chinese-poetry), in simplified characters"
licence: "MIT"
credit: "The authors of chinese-poetry, (c) 2016 JackeyGao"
source: "github.com/chinese-poetry/chinese-poetry"
consent: "none needed"
personal_data: "none"
"""


def form_of(kind: str, text: str) -> str | None:
    """The name of a poem's form, or None."""
    if kind == "ci":
        return "词"
    lines = [line for line in _LINE.split(text) if line]
    lengths = {len(line) for line in lines}
    if not all(_HANZI.fullmatch(line) for line in lines) or len(lengths) != 1 or len(lines) % 2:
        return None
    (length,) = lengths
    if (len(lines), length) in FORMS:
        return FORMS[len(lines), length]
    return {5: "五古", 7: "七古"}.get(length) if len(lines) > 4 else None


def title_of(title: str) -> str:
    """The title without notes and without its number in a series."""
    bare = re.sub(r"[（(\[〔].*?[）)\]〕]", "", title).split(" ")[0].split("·")[-1]
    bare = _NUMBER.sub("", re.sub(r"[一二三四五六七八九十百]+首.*$", "", bare)) or bare
    return "".join(_HANZI.findall(bare))[:16] or "无题"


def documents(clean: Path) -> Iterator[tuple[str, str, list[str]]]:
    """(form, title, sentences) of the poems whose form has a name."""
    for file in sorted(clean.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if not line:
                continue
            row = json.loads(line)
            text = "".join(str(row["text"]).split())
            form = form_of(str(row["kind"]), text)
            if form is None or len(text) > LONGEST or not all(_HANZI.match(c) or _LINE.match(c) for c in text):
                continue
            sentences = [sentence for sentence in _SENTENCE.split(text) if sentence]
            yield form, title_of(str(row["title"])), sentences


def main() -> None:
    """Write train.jsonl and card.yaml."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clean", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--forms", nargs="+", metavar="FORM", help="keep these alone, such as 五绝 (default: all)")
    parser.add_argument("--untitled", action="store_true", help="leave out form and title")
    options = parser.parse_args()
    # What is rare is counted in all poems, whatever is kept of them.
    poems: list[tuple[str, str]] = []
    for form, title, sentences in documents(options.clean):
        poems.append((form, "\n".join(sentences if options.untitled else [f"{form}·{title}", *sentences])))
    counts = Counter(character for _form, poem in poems for character in poem)
    kept = [
        (form, poem)
        for form, poem in poems
        if (not options.forms or form in options.forms) and all(counts[character] >= RARE for character in poem)
    ]
    with new_folder(options.out) as part:
        lines = "".join(json.dumps({"text": poem}, ensure_ascii=False) + "\n" for _form, poem in kept)
        (part / "poems.jsonl").write_text(lines, encoding="utf-8")
        (part / "card.yaml").write_text(CARD, encoding="utf-8")
        for licence in options.clean.glob("LICENSE*"):
            shutil.copy(licence, part)
    forms = Counter(form for form, _poem in kept)
    characters = len({character for _form, poem in kept for character in poem})
    print(f"{len(kept)} of {len(poems)} poems, {characters} different characters: {dict(forms.most_common())}")


if __name__ == "__main__":
    main()
