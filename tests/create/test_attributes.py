"""Briefs for models with attributes: values, colours of things, things, aliases, and words that mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.attributes import given_attributes, read_attributes
from luokuan.errors import UserError

KNOWN = {
    "face": ("smile", "smileBig", "rage"),
    "glasses": ("dark01", "light02"),
    "hairColor": ("#bd1700", "#28150a", "#cab188"),
    "headColor": ("#c93305", "#2c1b18"),
    "mouth": ("happy01", "happy02", "sad03"),
}


def terms(brief: str, aliases: dict[str, str] | None = None) -> dict[str, dict[str, tuple[str, ...]]]:
    return {term.words: dict(term.alternatives) for term in read_attributes(brief, KNOWN, aliases)[0]}


def test_values_by_their_stem() -> None:
    assert terms("a smiling woman") == {"smiling": {"face": ("smile", "smileBig")}}
    assert terms("Happy!") == {"happy": {"mouth": ("happy01", "happy02")}}
    assert read_attributes("a smiling woman", KNOWN)[1] == ("woman",)


def test_colours_belong_to_the_thing_beside_them() -> None:
    assert terms("red hair") == {"red hair": {"hairColor": ("#bd1700",)}}
    assert terms("hair black") == {"black hair": {"hairColor": ("#28150a",)}}
    assert terms("blond curly hair") == {"blond hair": {"hairColor": ("#cab188",)}}
    assert read_attributes("smile, green hair", KNOWN)[1] == ("green", "hair")  # no green one; a colour is no thing


def test_small_words_ask_for_nothing() -> None:
    known = {"face": ("angryWithFang", "smile")}
    found, ignored = read_attributes("a smile with the", known)
    assert [term.words for term in found] == ["smile"] and ignored == ()


def test_pale_shades_keep_their_hue() -> None:
    backgrounds = {"background": ("#b6e3f4", "#ffd5dc", "#ffffff")}
    (term,) = read_attributes("blue background", backgrounds)[0]
    assert term.alternatives == {"background": ("#b6e3f4",)}
    (term,) = read_attributes("white background", backgrounds)[0]
    assert term.alternatives == {"background": ("#ffffff",)}


def test_things_by_their_name() -> None:
    assert terms("with glasses") == {"glasses": {"glasses": ("dark01", "light02")}}


DENIED = KNOWN | {"head": ("noHair3", "bun", "hat2"), "hair": ("longHair1", "shortHair2")}
CHINESE = {"微笑": "smile", "眼镜": "glasses", "帽子": "hat", "头发": "hair", "红": "red"}


@pytest.mark.parametrize(
    ("brief", "asked"),
    [
        ("a smile without the dark glasses", ["smile"]),
        ("smile, not wearing any hat", ["smile"]),
        ("smile, doesn't wear glasses", ["smile"]),
        ("smile without glasses or hat", ["smile"]),
        ("no red hair, smile", ["smile"]),
        ("smile, no long hair", ["smile"]),
        ("no hair smiling", ["no hair", "smiling"]),
        ("no hair no glasses", ["no hair"]),
        ("no hat but a smile", ["smile"]),
        ("smile, no", ["smile"]),
        ("微笑不戴眼镜", ["smile"]),
        ("不要眼镜的微笑女人", ["smile"]),
        ("微笑，没有帽子和眼镜", ["smile"]),
        ("微笑，没有红的头发", ["smile"]),
        ("特别微笑", ["smile"]),
        ("without glasses", []),
    ],
)
def test_what_is_denied_is_never_asked_for(brief: str, asked: list[str]) -> None:
    found, ignored = read_attributes(brief, DENIED, CHINESE)
    assert sorted(term.words for term in found) == sorted(asked)
    assert all(term.alternatives == {"head": ("noHair3",)} for term in found if term.words == "no hair")
    assert ignored or brief.startswith("no hair smiling")


def test_a_brief_of_unknown_words_and_denials_is_refused() -> None:
    with pytest.raises(UserError, match="says nothing that this model knows"):
        read_attributes("a lorry without glasses", DENIED)


def test_a_colour_given_outright_by_its_name() -> None:
    (term,) = given_attributes({"hairColor": "red"}, KNOWN)
    assert term.alternatives == {"hairColor": ("#bd1700",)}
    with pytest.raises(UserError, match="no value 'green'"):
        given_attributes({"hairColor": "green"}, KNOWN)


def test_aliases_in_both_scripts() -> None:
    aliases = {"微笑": "smile", "红": "red", "头发": "hair", "hair": "hair head"}
    assert terms("红头发的微笑", aliases) == {
        "red hair": {"hairColor": ("#bd1700",), "headColor": ("#c93305",)},
        "smile": {"face": ("smile", "smileBig")},
    }


def test_an_empty_brief_asks_for_nothing() -> None:
    assert read_attributes(" …", KNOWN) == ((), ())


def test_a_brief_without_meaning_is_refused() -> None:
    with pytest.raises(UserError, match="says nothing that this model knows") as error:
        read_attributes("a steam engine", KNOWN)
    assert error.value.code == "create.attribute" and "face, glasses" in str(error.value.do)


def test_outright_attributes_suggest_the_nearest() -> None:
    (term,) = given_attributes({"face": "rage"}, KNOWN)
    assert term.alternatives == {"face": ("rage",)}
    with pytest.raises(UserError, match="no attribute 'glases'") as error:
        given_attributes({"glases": "dark01"}, KNOWN)
    assert "glasses" in str(error.value.do)
    with pytest.raises(UserError, match="no value 'smil'") as error:
        given_attributes({"face": "smil"}, KNOWN)
    assert "smile" in str(error.value.do)


@given(st.text(max_size=200))
def test_any_text_gives_known_values_or_one_sentence(brief: str) -> None:
    try:
        found, _ignored = read_attributes(brief, KNOWN)
    except UserError:
        return
    assert all(set(values) <= set(KNOWN[name]) for term in found for name, values in term.alternatives.items())
