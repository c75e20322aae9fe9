"""A class is found whatever its case, hyphen, plural or script, and nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.brief import read_brief
from luokuan.errors import UserError

CLASSES = ("dress", "shirt", "shoes", "t-shirt", "长裤")


@pytest.mark.parametrize(
    ("brief", "name", "ignored"),
    [
        ("a red dress", "dress", ("red",)),
        ("DRESSES", "dress", ()),
        ("a T-shirt", "t-shirt", ()),
        ("t shirt", "t-shirt", ()),
        ("shirts", "shirt", ()),
        ("one shoe", "shoes", ("one",)),
        ("一条蓝色长裤", "长裤", ("蓝色",)),
        ("一条蓝色的长裤", "长裤", ("蓝色",)),
        ("长裤", "长裤", ()),
    ],
)
def test_briefs(brief: str, name: str, ignored: tuple[str, ...]) -> None:
    reading = read_brief(brief, CLASSES)
    assert reading.label is not None and CLASSES[reading.label] == name
    assert reading.ignored == ignored


@pytest.mark.parametrize(
    ("brief", "name", "ignored"),
    [
        ("a shirt, not a t-shirt", "shirt", ("not", "t", "shirt")),
        ("a dress without shoes", "dress", ("without", "shoes")),
        ("no shoes but a dress", "dress", ("no", "shoes", "but")),
        ("不要长裤，要连衣裙", "dress", ("要", "不要长裤")),
        ("I don't want shoes; a shirt", "shirt", ("i", "do", "not", "want", "shoes")),
    ],
)
def test_what_is_denied_is_no_match(brief: str, name: str, ignored: tuple[str, ...]) -> None:
    reading = read_brief(brief, CLASSES, {"连衣裙": "dress"})
    assert reading.label is not None and CLASSES[reading.label] == name and reading.ignored == ignored


@pytest.mark.parametrize(
    "brief",
    [
        "no shoes",
        "not a dress",
        "没有长裤",
        "不要长裤",
        "不要红长裤",
        "没有 长裤",
        "不穿运动长裤",
        "不要帽子和长裤",
        "别穿长裤",
    ],
)
def test_denials_alone_name_no_class(brief: str) -> None:
    with pytest.raises(UserError, match="only says what is not wanted"):
        read_brief(brief, CLASSES)


@pytest.mark.parametrize(
    "brief",
    ["无袖长裤", "别致的长裤", "不错的长裤", "没有口袋的长裤", "特别好看的长裤", "不是长裤是长裤", "不要帽子要长裤"],
)
def test_what_only_describes_denies_nothing(brief: str) -> None:
    assert read_brief(brief, CLASSES).label == CLASSES.index("长裤")


def test_aliases_name_classes_in_another_language() -> None:
    aliases = {"连衣裙": "dress", "T恤": "t-shirt", "自行车": "bicycle"}
    for brief, name in (("一条红色连衣裙", "dress"), ("白色T恤", "t-shirt")):
        label = read_brief(brief, CLASSES, aliases).label
        assert label is not None and CLASSES[label] == name
    with pytest.raises(UserError):
        read_brief("自行车", CLASSES, aliases)


def test_an_empty_brief_leaves_the_class_open() -> None:
    assert read_brief("  ", CLASSES).label is None


def test_without_classes_every_word_is_ignored() -> None:
    assert read_brief("a dress", ()).ignored == ("a", "dress")


def test_an_unknown_class_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="shoes"):
        read_brief("a bicycle", CLASSES)


@given(st.text(max_size=40))
def test_any_text_is_a_reading_or_one_sentence(brief: str) -> None:
    try:
        reading = read_brief(brief, CLASSES)
    except UserError:
        return
    assert reading.label is None or 0 <= reading.label < len(CLASSES)


@given(st.sampled_from(CLASSES))
def test_every_class_finds_itself(name: str) -> None:
    label = read_brief(name, CLASSES).label
    assert label is not None and CLASSES[label] == name


@pytest.mark.parametrize("classes", [CLASSES, ()])
def test_bytes_that_are_no_text_are_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        read_brief("a dress \udcff", classes)
    assert caught.value.code == "create.text"
