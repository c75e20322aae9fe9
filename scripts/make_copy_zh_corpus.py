"""Build the corpus of the starter ``copy-zh``: sentences about dishes with slots, couplets, and two-part sayings.

    python scripts/make_copy_zh_corpus.py SOURCE OUT [--poems CLEAN]

SOURCE is a folder with dish_descriptions.jsonl (name, category, difficulty, ingredients, text; of
github.com/Anduin2017/HowToCook), couplets.jsonl (first, second; github.com/v-zich/couplet-clean-dataset) and
xiehouyu.jsonl (riddle, answer; github.com/pwxcoo/chinese-xinhua). CLEAN holds poems as
``scripts/make_verse_corpus.py`` takes them: the two middle couplets of regular verse, which are parallel by rule, go
into the training part alone.

Documents are laid out as ``luokuan.create.dishes``, ``.couplets`` and ``.sayings`` say. Of dishes a sentence is left
out if it tells of nutrition or health, if the checks of ``luokuan.create.claims`` find an absolute or a medical claim
in it, or if it holds a figure, place, tool or tale that no brief gives. One in ten of what is alike is held out: all
of one dish, lines and riddles that differ in one character at most.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from luokuan.create import couplets, dishes, sayings
from luokuan.create.claims import claims
from luokuan.files import new_folder

RARE = 3
"""Occurrences in the corpus below which a character is rare; documents with one are left out."""
TIMES = {"couplet": 3, "poem": 1, "saying": 4}
"""How often a training text comes, with other headings."""
POEMS = 8000
"""Couplets of poems, so that they don't outweigh the others."""
BRIGHT = re.compile("[春花香明新清喜乐晴暖甘甜鲜丰美欢彩锦芳荣]")
"""Of what poems tell, what an advertisement could."""
CATEGORIES = {
    "meat_dish": "荤菜", "vegetable_dish": "素菜", "aquatic": "水产", "staple": "主食", "breakfast": "早餐",
    "soup": "汤羹", "dessert": "甜品", "drink": "饮品", "semi-finished": "速食", "condiment": "酱料",
}  # fmt: skip
MAKING = re.compile("新手|简单|难度|步骤|上手|容易|复杂|繁琐|基础|耐心|火候|流程|做法|制作|操作")
CARD = """\
title: "Dishes, couplets and two-part sayings in Chinese (HowToCook, couplet-clean-dataset, chinese-xinhua{more})"
licence: "MIT AND Unlicense"
credit: "The authors of HowToCook; couplet-clean-dataset, (c) v-zich; chinese-xinhua, (c) pwxcoo{credit}"
source: "github.com/Anduin2017/HowToCook, github.com/v-zich/couplet-clean-dataset, \
github.com/pwxcoo/chinese-xinhua{url}"
consent: "published by their authors under these licences"
personal_data: "none"
"""
POEMS_CARD = {
    "more": ", chinese-poetry",
    "credit": "; chinese-poetry, (c) 2016 JackeyGao",
    "url": ", github.com/chinese-poetry/chinese-poetry",
}


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)


def foods_of(ingredients: Iterable[str]) -> list[str]:
    """Foods and seasonings, one each, without notes."""
    words = []
    for entry in ingredients:
        bare = re.sub(r"[（(].*?[）)]|^.{0,6}[：:]", "", entry)
        words += [word for word in re.split(r"[、，,/ 或和]+", bare) if re.fullmatch(r"[\u3400-\u9fff]{2,6}", word)]
    return words


def dish_texts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Headings and sentences of one dish; long ones come without one of their clauses, too."""
    category = CATEGORIES[row["category"]]
    level = dishes.LEVELS[(int(row["difficulty"]) - 1) // 2] if row["difficulty"] else dishes.LEVELS[1]
    foods = foods_of(row["ingredients"])
    for sentence in re.split(r"(?<=[。！？])", row["text"]):
        if not sentence.strip() or next(claims(sentence, "zh"), None) is not None:
            continue
        text, _values = dishes.delexicalised(sentence, row["name"], foods)
        for part in parts_of(text):
            if not dishes.fit_to_learn(part) or not 8 <= len(part) <= 80:
                continue
            marks = dishes.marks_in(part)
            facts = dishes.facts_in(part)
            if marks <= {dishes.TIME} and not facts and MAKING.search(part):
                yield dishes.making_heading(category, level, dishes.TIME in marks), part
            elif part.startswith(dishes.DISH) and dishes.TIME not in marks and not MAKING.search(part):
                yield dishes.taste_heading(category, marks - {dishes.DISH}, facts), part


_BOUND = re.compile("^(?:又|也|但|却|再|还|并|而|同时|甚至|就|才|既|不仅|如果|只要|使|让|令)|^(?:是|为)")


def parts_of(sentence: str) -> Iterator[str]:
    """The sentence with one mark at its end, and if a clause may be left out without another missing it, without."""
    bare = sentence.rstrip("。！？；")
    clauses = re.split("[，；]", bare)
    yield bare + "。"
    # A clause with what no brief could give is left out where the others stand without it.
    for place in range(1, len(clauses)):
        rest = clauses[:place] + clauses[place + 1 :]
        after = clauses[place + 1 : place + 2]
        if len(rest) > 1 and not _BOUND.match(clauses[place]) and not any(map(_BOUND.match, after)):
            yield "，".join(rest) + "。"


def couplet_pairs(first: str, second: str) -> Iterator[tuple[str, str]]:
    """The parallel pairs of a couplet: its clauses, two by two."""
    ones, others = (re.split("[，；、：。！？,]", line) for line in (first, second))
    if len(ones) == len(others):
        for one, other in zip(ones, others, strict=True):
            if len(one) == len(other) and len(one) in couplets.LENGTHS and not couplets.UNFIT.search(one + other):
                yield one, other


def poem_pairs(clean: Path) -> Iterator[tuple[str, str]]:
    """The two middle couplets of each poem of eight lines of five or seven characters, if one line is bright."""
    for file in sorted(clean.glob("*.jsonl")):
        for row in rows_of(file):
            lines = [line for line in re.split("[，。？！；、：]", "".join(str(row["text"]).split())) if line]
            if row["kind"] == "shi" and len(lines) == 8 and {len(line) for line in lines} in ({5}, {7}):
                for place in (2, 4):
                    pair = lines[place], lines[place + 1]
                    if not any(map(BRIGHT.search, pair)) or couplets.UNFIT.search("".join(pair)):
                        continue
                    if couplets.rules_kept("，".join(pair)).all_kept:
                        yield pair


class Groups:
    """What is alike: texts that share a key."""

    def __init__(self) -> None:
        self._leader: dict[str, str] = {}

    def find(self, key: str) -> str:
        """The least key of the group."""
        while (above := self._leader.setdefault(key, key)) != key:
            self._leader[key] = self._leader[above]
            key = above
        return key

    def join(self, keys: Iterable[str]) -> str:
        """One group of all of them."""
        found = sorted({self.find(key) for key in keys})
        for other in found[1:]:
            self._leader[other] = found[0]
        return found[0]


def keys_of(line: str) -> list[str]:
    """What lines have in common that differ in one character at most; short ones must be equal."""
    return [line] + [f"{line[:place]}*{line[place + 1 :]}" for place in range(len(line)) if len(line) >= 5]


def split_of(leader: str) -> str:
    """The part of a group: 5 % each are held out."""
    percent = int(hashlib.sha256(leader.encode()).hexdigest()[:8], 16) % 100
    return "validation" if percent < 5 else "test" if percent < 10 else "train"


def wishes_for(first: str, second: str, source: str, times: int, draw: random.Random) -> Iterator[str]:
    """Headings of a couplet: without a wish, with its heads, with a word in it."""
    length = len(first)
    word = draw.choice((first, second))
    size = draw.choice((1, 2, 2))
    place = draw.randrange(length - size + 1)
    found = [
        couplets.heading(source, length, couplets.HEADS, first[0] + second[0]),
        couplets.heading(source, length, couplets.WITHIN, word[place : place + size]),
        couplets.heading(source, length),
    ]
    yield from found if times >= len(found) else draw.sample(found, times)


def words_of(riddle: str, answer: str, draw: random.Random) -> str:
    """A character or two of a saying."""
    part = draw.choice((riddle, riddle, answer))
    size = draw.choice((1, 1, 2))
    place = draw.randrange(max(len(part) - size, 0) + 1)
    return part[place : place + size]


def documents(source: Path, poems: Path | None, draw: random.Random) -> tuple[dict[str, list[str]], Counter[str]]:
    """Documents by part, and how many texts of each kind went where."""
    groups, texts = Groups(), list[tuple[str, str, Any]]()
    for row in rows_of(source / "dish_descriptions.jsonl"):
        leader = groups.join([f"dish {row['name']}"])
        texts += [("dish", leader, (head, text)) for head, text in dict.fromkeys(dish_texts(row))]
    for row in rows_of(source / "couplets.jsonl"):
        pairs = list(couplet_pairs(row["first"], row["second"]))
        if pairs:
            leader = groups.join(key for pair in pairs for line in pair for key in keys_of(line))
            texts += [("couplet", leader, pair) for pair in pairs]
    more = list(dict.fromkeys(poem_pairs(poems))) if poems else []
    for pair in draw.sample(more, min(POEMS, len(more))):
        texts.append(("poem", groups.join(key for line in pair for key in keys_of(line)), pair))
    for row in rows_of(source / "xiehouyu.jsonl"):
        saying = sayings.saying_of(row["riddle"], row["answer"])
        if saying and sayings.kind(saying):
            texts.append(("saying", groups.join(keys_of(row["riddle"].strip())), saying))
    rare = Counter(c for _kind, _leader, what in texts for c in ("".join(what) if isinstance(what, tuple) else what))
    kept: dict[str, dict[str, None]] = {"train": {}, "validation": {}, "test": {}}
    counts: Counter[str] = Counter()
    for kind, leader, what in dict.fromkeys(texts):
        part = split_of(groups.find(leader))
        whole = "".join(what)
        strange = any(rare[character] < RARE for character in whole if character not in dishes.MARKS)
        if strange or (kind == "poem" and part != "train"):
            continue
        counts[f"{kind} {part}"] += 1
        kept[part].update(dict.fromkeys(laid_out(kind, what, part == "train", draw)))
    return {part: list(found) for part, found in kept.items()}, counts


def laid_out(kind: str, what: Any, train: bool, draw: random.Random) -> Iterator[str]:
    """The documents of one text."""
    if kind == "dish":
        head, text = what
        yield head + text
        marks = sorted(set(dishes.MAIN).intersection(text))
        if train and len(marks) > 1:  # which food is the first one says nothing
            yield head + text.translate(str.maketrans("".join(marks), "".join(marks[1:] + marks[:1])))
    elif kind in ("couplet", "poem"):
        first, second = what
        name = couplets.COUPLET if kind == "couplet" else couplets.POEM
        times = TIMES[kind] if train else 1
        for head in wishes_for(first, second, name, times, draw):
            yield f"{head}{first}{couplets.BETWEEN}{second}"
    else:
        riddle, _dash, answer = what.partition(sayings.DASH)
        for _time in range(TIMES["saying"] if train else 1):
            yield sayings.heading(words_of(riddle, answer, draw)) + what


def main() -> None:
    """Write train, validation and test, card.yaml and the licences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--poems", type=Path, help="poems in simplified characters, for more couplets to learn from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found, counts = documents(options.source, options.poems, random.Random(options.seed))
    with new_folder(options.out) as part:
        for split, texts in found.items():
            dumped = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
            if texts:
                (part / f"{split}.jsonl").write_text(dumped, encoding="utf-8")
            print(f"{split}: {len(texts)} documents, {sum(map(len, texts))} characters")
        (part / "card.yaml").write_text(
            CARD.format_map(defaultdict(str, POEMS_CARD if options.poems else {})), encoding="utf-8"
        )
        for folder in (options.source, options.poems):
            for licence in folder.glob("LICENSE*") if folder else ():
                name = licence.name if folder == options.source else f"{licence.stem}-chinese-poetry"
                shutil.copy(licence, part / name)
    print(f"{len({c for texts in found.values() for text in texts for c in text})} different characters; texts: "
          f"{dict(sorted(counts.items()))}")  # fmt: skip


if __name__ == "__main__":
    main()
