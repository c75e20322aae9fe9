"""From words, attributes and classes to prefixes."""

from __future__ import annotations

import json
from pathlib import Path

import priors_for_tests as tiny
from PIL import Image

from luokuan.foundation.corpus import Item, open_corpus
from luokuan.models.prior.condition import (
    Wish,
    attribute_table,
    prefix_of,
    prefix_shape,
    prefixes,
    vocabulary,
    words_of,
)
from luokuan.models.prior.config import WORDS
from luokuan.models.prior.train import fitting_condition

TEXT = tiny.config(condition="text", classes=(), class_counts=(), words=("cat", "red", "红"))
ATTRIBUTES = tiny.config(
    condition="attributes",
    classes=(),
    class_counts=(),
    attributes=("hair", "hat"),
    values=(("black", "red"), ("none", "top")),
    value_counts=((3, 1), (2, 2)),
)


def item(**more: object) -> Item:
    return Item(Path("x"), "x", None, None, "0", 1, 1, **more)  # type: ignore[arg-type]


def test_words_are_latin_words_and_single_characters() -> None:
    assert words_of("A Red-Haired cat_2, 红苹果!") == ["a", "red", "haired", "cat", "2", "红", "苹", "果"]
    assert words_of("") == [] and words_of("…!?") == []


def test_vocabulary_by_frequency_then_alphabet() -> None:
    assert vocabulary(["b a", "a c", "a b"]) == ("a", "b", "c")


def test_prefixes_say_what_is_known() -> None:
    assert prefix_of(tiny.config(), Wish(1)) == [2] and prefix_of(tiny.config(), Wish()) == [0]
    assert prefix_shape(ATTRIBUTES) == (5, 2)
    assert prefix_of(ATTRIBUTES, Wish(attributes={"hat": "top"})) == [0, 4]
    assert prefix_of(ATTRIBUTES, Wish(attributes={"hair": "green", "hat": "none"})) == [0, 3]
    assert prefix_shape(TEXT) == (4, WORDS)
    assert prefix_of(TEXT, Wish(text="red unknown cat"))[:3] == [2, 1, 0]
    assert len(prefix_of(TEXT, Wish(text="cat " * 10_000))) == WORDS
    assert prefix_of(tiny.config(condition="none", classes=(), class_counts=()), Wish(1)) == [0]


def test_prefixes_of_items() -> None:
    items = [item(text="red\n红"), item(), item(text="cat red")]
    found = prefixes(TEXT, items)
    assert found.shape == (3, 2, WORDS)
    assert found[:, 0, :2].tolist() == [[2, 0], [0, 0], [1, 2]]  # first lines
    assert found[:, 1, :2].tolist() == [[3, 0], [0, 0], [1, 2]]
    assert prefixes(TEXT, []).shape == (0, 1, WORDS)


def test_columns_that_name_single_pictures_are_no_attributes() -> None:
    items = [
        item(attributes=(("file", str(i)), ("hair", "red" if i % 2 else "black"), ("style", "x"))) for i in range(16)
    ]
    assert dict(attribute_table(items)) == {"hair": {"black": 8, "red": 8}}


def test_blank_captions_are_no_captions(tmp_path: Path) -> None:
    rows = []
    for number in range(6):
        Image.new("RGB", (16, 16), (40 * number, 90, 200 - 30 * number)).save(tmp_path / f"{number}.png")
        rows.append({"file_name": f"{number}.png", "text": " ", "label": "ab"[number % 2]})
    (tmp_path / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert fitting_condition(open_corpus(tmp_path)) == "class"
