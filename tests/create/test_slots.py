"""Sentences with slots: what is taken out comes back, what can't be aligned is refused, errors are counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.slots import (
    SLOTS,
    TRUTHS,
    delexicalised,
    heading,
    lexicalised,
    normalised,
    placeholders,
    slot_errors,
    values_of,
)
from luokuan.foundation.corpus import open_texts

ROOT = Path(__file__).parents[2]
LAPTOP = [("name", "satellite pan 29"), ("type", "laptop"), ("family", "satellite"), ("memory", "4 gb")]
words = st.text("abcdefgh 0123456789.+-", min_size=1, max_size=12).map(str.strip).filter(bool)
names = st.sampled_from(sorted({name for known in SLOTS.values() for name in known} - TRUTHS))


@given(st.lists(st.tuples(names, words), min_size=1, max_size=6), st.data())
def test_what_is_taken_out_comes_back(attributes: list[tuple[str, str]], data: st.DataObject) -> None:
    # Sentences that hold the values, and others: both must come back or be refused.
    values = data.draw(st.permutations([value for _name, value in attributes]))
    between = data.draw(st.lists(words, min_size=len(values), max_size=len(values)))
    text = " ".join(part for pair in zip(between, values, strict=True) for part in pair)
    found = delexicalised(text, attributes)
    if found is not None:
        assert lexicalised(found, attributes) == text
        assert values_of(attributes).keys() == placeholders(found).keys()


@given(st.text(max_size=60), st.lists(st.tuples(names, st.text(max_size=8)), max_size=4))
def test_any_text_comes_back_or_is_refused(text: str, attributes: list[tuple[str, str]]) -> None:
    found = delexicalised(text, attributes)
    assert found is None or lexicalised(found, attributes) == text


def test_the_longer_value_wins_and_a_name_may_come_twice() -> None:
    text = "the satellite pan 29 is a laptop of the satellite family . satellite pan 29 has 4 gb"
    assert delexicalised(text, LAPTOP) == "the NAME is a TYPE of the FAMILY family . NAME has MEMORY"


@pytest.mark.parametrize(
    "text",
    [
        "the satellite pan 29 is a laptop of the satellite family",  # no memory
        "the satellite pan 29 is a satellite laptop with 14 gb",  # another memory
        "the satellite pan 29 is a satellite laptop with 4.5 gb , not 4 gbit",
        "the satellite pan 29 is a satellite laptop with 4 gb and 4 gb",  # which of them?
        "the satellite pan 29 is a satellite laptop with 4 gb MEMORY",  # looks like a slot
    ],
)
def test_what_is_not_aligned_is_refused(text: str) -> None:
    assert delexicalised(text, LAPTOP) is None


def test_common_words_are_taken_where_they_are_about_the_attribute() -> None:
    given = [("name", "eros 1"), ("type", "television"), ("ecorating", "a"), ("hdmiport", "2")]
    text = "the eros 1 is a television with a eco rating of a , 2 hdmi ports and 2 usb ports"
    found = delexicalised(text, [*given])
    assert found == "the NAME is a TYPE with ECORATING eco rating of a , HDMIPORT hdmi ports and 2 usb ports"


def test_products_to_compare_get_numbers() -> None:
    given = [("name", "pan 1"), ("memory", "4 gb"), ("name", "eos 2"), ("memory", "4 gb")]
    found = delexicalised("the pan 1 has 4 gb and the eos 2 has 4 gb", given)
    assert found == "the NAME has MEMORY and the NAME2 has MEMORY2"
    assert heading("compare", "laptop", given) == "compare laptop\nMEMORY NAME\nMEMORY2 NAME2\n"


def test_a_heading_tells_truths_and_no_values() -> None:
    assert heading("inform", "tv", [("type", "tv"), ("name", "x"), ("hasusbport", "false")]) == (
        "inform tv\nNAME TYPE hasusbport false\n"
    )


def test_spelling_is_made_one() -> None:
    text = "two laptop -s of  4 gbs , cheap -ly and 25.4 inches"
    assert normalised(text, [("memory", "4 gb"), ("dimension", "25.4 inch")]) == (
        "two laptops of 4 gb , cheaply and 25.4 inch"
    )


def test_errors_are_counted() -> None:
    wanted = [*LAPTOP, ("isforbusinesscomputing", "true")]
    assert slot_errors("the NAME is a TYPE of the FAMILY with MEMORY", wanted) == (0, 0, 4)
    assert slot_errors("the NAME NAME costs PRICE with MEMORY2", wanted) == (3, 3, 4)


def test_the_corpus_of_the_starter(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "LICENSE").write_text("Apache")
    good = {"domain": "laptop", "act": "inform", "attributes": LAPTOP}
    rows = [
        good | {"split": "train", "text": "the satellite pan 29 is an 4 gb laptop in the satellite family"},
        good | {"split": "test", "text": "satellite pan 29 , a laptop -s with 4 gb , family satellite"},
        good | {"split": "test", "text": "the satellite pan 29 is a laptop with 4 gb"},
        good | {"split": "valid", "text": "the satellite pan 29 is a laptop with 4 gb , satellite , and 3 usb ports"},
        good | {"split": "train", "text": "the pan satellite pan 29 is a laptop with 4 gb in satellite"},
    ]
    (source / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "scripts/make_copy_corpus.py", str(source), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "'not aligned': 1, 'another figure': 1, 'another name': 1" in done.stdout
    corpus = open_texts(tmp_path / "out")
    assert corpus.licence == "Apache-2.0"
    assert ["".join(pieces) for pieces in corpus.split("train")] == [
        "inform laptop\nFAMILY MEMORY NAME TYPE\nthe NAME is a MEMORY TYPE in the FAMILY family"
    ]
    assert ["".join(pieces) for pieces in corpus.split("test")] == [
        "inform laptop\nFAMILY MEMORY NAME TYPE\nNAME , a TYPE with MEMORY , family FAMILY"
    ]
