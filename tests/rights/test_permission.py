"""May I sell this? Forty cases by hand, and what must hold whatever the sources are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.i18n import LANGUAGES, speaking
from luokuan.rights.credits import as_markdown, as_text, credits_of
from luokuan.rights.licences import known_licences, licence_of, parse, terms_in
from luokuan.rights.permission import conditions_of, decide, use_of
from luokuan.rights.reasons import because
from luokuan.rights.rules import CONDITIONS, TABLE, USES, Answer, Use
from luokuan.rights.sources import Source

NO, ONLY_IF, YES = Answer.NO, Answer.ONLY_IF, Answer.YES


def corpus(licence: str = "CC0-1.0", **more: Any) -> Source:
    """A corpus with nobody in it."""
    values = {"consent": "none needed", "personal_data": "none", "credit": "Ann", **more}
    return Source(f"corpus:{licence}", "corpus", f"under {licence}", licence, **values)


def voice(licence: str = "CC0-1.0", consent: str = "The speaker agreed.") -> Source:
    return Source("voice:v", "voice", "a voice", licence, "Bo", consent)


def model(licence: str = "CC0-1.0", *states: Any) -> Source:
    return Source("model:m", "model", "a model", licence, "Ann", states=frozenset(states))


def work(*states: Any) -> Source:
    return Source("work:w", "work", "a work", "CC0-1.0", states=frozenset(states))


PHOTO = Source("file:f", "file", "me.png", "own", "Ann")
CASES: tuple[tuple[str, list[Source], Use, Answer, set[str]], ...] = (
    # What is free.
    ("CC0", [corpus("CC0-1.0")], "commercial", YES, set()),
    ("public domain in a card's words", [corpus("public domain")], "commercial", YES, set()),
    ("public domain as a reference", [corpus("LicenseRef-public-domain")], "commercial", YES, set()),
    ("public domain in Chinese", [corpus("公有领域")], "commercial", YES, set()),
    ("one's own", [corpus("own")], "commercial", YES, set()),
    ("all of that together", [corpus("CC0-1.0"), corpus("own"), corpus("public domain")], "commercial", YES, set()),
    # What blocks.
    ("nobody knows", [corpus("unknown")], "commercial", NO, set()),
    ("nobody knows, for oneself", [corpus("unknown")], "personal", NO, set()),
    ("nothing is said", [corpus("")], "commercial", NO, set()),
    ("one unknown among many free", [corpus("CC0-1.0"), corpus("unknown"), corpus("own")], "commercial", NO, set()),
    ("unknown in an expression", [corpus("MIT AND unknown")], "commercial", NO, set()),
    ("a licence that isn't in the table", [corpus("openrail")], "commercial", NO, set()),
    ("an expression that can't be read", [corpus("MIT AND (")], "commercial", NO, set()),
    ("an exception that isn't in the table", [corpus("GPL-2.0-only WITH X")], "commercial", NO, set()),
    ("all rights reserved", [corpus("all rights reserved")], "editorial", NO, set()),
    ("nothing at all", [], "commercial", NO, set()),
    # Money.
    ("BY-NC, for sale", [corpus("CC-BY-NC-4.0")], "commercial", NO, set()),
    ("BY-NC, published", [corpus("CC-BY-NC-4.0")], "editorial", ONLY_IF, {"credit", "not-for-money"}),
    ("BY-NC, for oneself", [corpus("CC-BY-NC-4.0")], "personal", YES, set()),
    ("BY-NC without a version", [corpus("CC BY-NC")], "commercial", NO, set()),
    ("no derivatives", [corpus("CC-BY-ND-4.0")], "commercial", NO, set()),
    # Names and texts.
    ("BY", [corpus("CC-BY-4.0")], "commercial", ONLY_IF, {"credit"}),
    ("BY 2.0 France", [corpus("CC-BY-2.0-FR")], "commercial", ONLY_IF, {"credit"}),
    ("BY of nobody", [corpus("CC-BY-4.0", credit="")], "commercial", ONLY_IF, {"credit", "name"}),
    ("MIT", [corpus("MIT")], "commercial", ONLY_IF, {"credit", "licence-text"}),
    ("Apache", [corpus("Apache-2.0")], "commercial", ONLY_IF, {"credit", "licence-text"}),
    ("the starter emoji", [corpus("CC0-1.0 AND OFL-1.1 AND Unicode-3.0")], "commercial", ONLY_IF,
     {"credit", "licence-text", "font"}),
    ("a font, published", [corpus("OFL-1.1")], "editorial", ONLY_IF, {"credit", "licence-text"}),
    # Share-alike.
    ("BY-SA", [corpus("CC-BY-SA-4.0")], "commercial", ONLY_IF, {"share-alike", "credit"}),
    ("BY-SA 3.0 and 4.0: 4.0", [corpus("CC-BY-SA-3.0"), corpus("CC-BY-SA-4.0")], "commercial", ONLY_IF,
     {"share-alike", "credit"}),
    ("BY-SA 1.0 and 4.0", [corpus("CC-BY-SA-1.0"), corpus("CC-BY-SA-4.0")], "commercial", NO, set()),
    ("BY-SA and the GPL", [corpus("CC-BY-SA-4.0"), corpus("GPL-3.0-only")], "commercial", NO,
     set()),
    ("BY-SA and BY-NC, published", [corpus("CC-BY-SA-4.0"), corpus("CC-BY-NC-4.0")], "editorial", NO,
     set()),
    # A choice.
    ("MIT or unknown", [corpus("MIT OR unknown")], "commercial", ONLY_IF, {"credit", "licence-text"}),
    ("BY-NC or CC0", [corpus("CC-BY-NC-4.0 OR CC0-1.0")], "commercial", YES, set()),
    ("the licence that another source asks for", [corpus("CC-BY-SA-4.0 OR GPL-3.0-only"), corpus("GPL-3.0-only")],
     "commercial", ONLY_IF, {"share-alike", "credit", "licence-text"}),
    # People.
    ("a voice that agreed", [voice()], "commercial", YES, set()),
    ("a voice that nobody asked", [voice(consent="")], "commercial", NO, set()),
    ("a voice, for oneself", [voice(consent="")], "personal", ONLY_IF, {"consent"}),
    ("faces and no consent", [corpus(consent="", personal_data="faces")], "commercial", NO, set()),
    ("faces that agreed", [corpus(consent="signed releases", personal_data="faces")], "commercial", YES, set()),
    ("a refusal", [corpus(consent="none", personal_data="faces")], "editorial", NO, set()),
    ("one of two corpora without", [corpus(consent="signed; none", personal_data="faces")], "commercial", NO, set()),
    ("faces and none needed", [corpus(personal_data="faces")], "commercial", ONLY_IF, {"consent"}),
    ("nobody says", [corpus(consent="", personal_data="")], "commercial", ONLY_IF, {"consent"}),
    ("somebody's photo", [PHOTO], "commercial", ONLY_IF, {"consent"}),
    # Records.
    ("a model of others", [model("CC0-1.0", "unsaid")], "commercial", ONLY_IF, {"material"}),
    ("a model that is gone", [work(), model("CC0-1.0", "absent")], "commercial", ONLY_IF, {"record"}),
    ("a stranger's claim", [work("said")], "commercial", ONLY_IF, {"verify"}),
    ("a lineage without an end", [work("cut")], "commercial", NO, set()),
    ("a withdrawn work", [work("withdrawn")], "personal", NO, set()),
    ("an erased work", [work("erased")], "commercial", NO, set()),
    ("a notice that is open", [work("disputed")], "commercial", NO, set()),
)  # fmt: skip


@pytest.mark.parametrize(("sources", "use", "answer", "conditions"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_cases_by_hand(sources: list[Source], use: Use, answer: Answer, conditions: set[str]) -> None:
    found = decide("it", sources, use)
    assert found.answer is answer
    if answer is not NO:
        assert {one.kind for one in found.conditions} == conditions
    assert found.allowed() is (answer is YES)
    assert found.allowed(CONDITIONS) is (answer is not NO)
    assert bool(found.reasons)
    for name in LANGUAGES:
        with speaking(name):
            assert found.sentence and all(one.words for one in found.to_json()["conditions"] and found.conditions)
            assert all(because(one) for one in found.findings)


def test_there_are_forty_cases_and_every_rule_is_in_one() -> None:
    assert len(CASES) >= 40
    used = {one.rule.id for case in CASES for one in decide("", case[1], case[2]).findings}
    assert used == {rule.id for rule in TABLE}


def test_what_is_asked_is_asked_once_and_for_all_sources() -> None:
    found = decide("it", [model("MIT"), corpus("MIT"), corpus("CC-BY-4.0"), corpus("Apache-2.0")])
    asked = {(one.kind, one.licence): one.sources for one in found.conditions}
    assert asked == {
        ("credit", ""): ("under MIT", "under CC-BY-4.0", "under Apache-2.0"),
        ("licence-text", "MIT"): ("under MIT",),
        ("licence-text", "Apache-2.0"): ("under Apache-2.0",),
    }
    assert [one.kind for one in found.unmet(["credit"])] == ["licence-text", "licence-text"]


def test_the_licence_of_the_whole_is_chosen() -> None:
    assert decide("it", [corpus("CC-BY-SA-2.0"), corpus("MIT"), corpus("CC-BY-SA")]).under == "CC-BY-SA-4.0"
    assert decide("it", [corpus("MIT OR CC-BY-SA-4.0")]).under == ""
    found = decide("it", [corpus("CC-BY-SA-3.0")])
    assert found.under == "CC-BY-SA-4.0"
    assert "CC-BY-SA-4.0" in found.conditions[0].words


LICENCES = (*known_licences(), "unknown", "CC-BY-SA-3.0", "CC-BY-SA", "CC-BY-NC-SA-3.0", "CC-BY-2.0-FR")
texts = st.recursive(
    st.sampled_from(LICENCES),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner),
    max_leaves=4,
)
states = st.frozensets(st.sampled_from(["absent", "unsaid", "said", "cut", "erased", "withdrawn"]), max_size=1)
sources = st.builds(
    Source,
    st.just("k"),
    st.sampled_from(["corpus", "voice", "file", "model", "work"]),
    st.sampled_from(["one", "two"]),
    texts,
    st.sampled_from(["", "Ann"]),
    st.sampled_from(["", "none needed", "none", "they agreed"]),
    st.sampled_from(["", "none", "faces"]),
    states=states,
)


@given(st.lists(sources, min_size=1, max_size=4), sources, st.sampled_from(USES))
def test_one_more_source_never_allows_more(known: list[Source], more: Source, use: Use) -> None:
    before, after = decide("", known, use), decide("", [*known, more], use)
    assert after.answer <= before.answer


@given(
    st.lists(sources, min_size=1, max_size=4),
    st.integers(0, 3),
    st.sampled_from(["unknown", "all rights reserved", "and", "credit", "consent", "persons", "state"]),
    st.sampled_from(LICENCES),
    st.sampled_from(USES),
)
def test_a_more_restrictive_source_never_allows_more(
    known: list[Source], place: int, how: str, licence: str, use: Use
) -> None:
    one = known[place % len(known)]
    stricter = {
        "unknown": replace(one, licence="unknown"),
        "all rights reserved": replace(one, licence="all rights reserved"),
        "and": replace(one, licence=f"({one.licence}) AND {licence}"),
        "credit": replace(one, credit=""),
        "consent": replace(one, consent="none"),
        "persons": replace(one, personal_data="faces"),
        "state": replace(one, states=one.states | {"withdrawn"}),
    }[how]
    others = [stricter if other is one else other for other in known]
    assert decide("", others, use).answer <= decide("", known, use).answer


@given(st.lists(sources, min_size=1, max_size=4), st.integers(0, 3), st.sampled_from(LICENCES), st.sampled_from(USES))
def test_a_choice_never_allows_less(known: list[Source], place: int, licence: str, use: Use) -> None:
    one = known[place % len(known)]
    freer = replace(one, licence=f"({one.licence}) OR {licence}")
    assert (
        decide("", [freer if other is one else other for other in known], use).answer >= decide("", known, use).answer
    )


@given(st.lists(sources, min_size=1, max_size=4))
def test_the_uses_are_in_order(known: list[Source]) -> None:
    answers = [decide("", known, use).answer for use in USES]
    assert answers == sorted(answers)


@given(st.lists(sources, min_size=1, max_size=3), st.randoms())
def test_the_order_of_sources_doesnt_matter(known: list[Source], random: Any) -> None:
    other = list(known)
    random.shuffle(other)
    one, two = decide("", known), decide("", other)
    assert (one.answer, one.allowed(CONDITIONS)) == (two.answer, two.allowed(CONDITIONS))


def test_every_rule_is_a_row_that_is_sound() -> None:
    assert len({rule.id for rule in TABLE}) == len(TABLE)
    for rule in TABLE:
        # Money asks most, keeping it for oneself least; who asks for something says what.
        assert list(rule.effect) == sorted(rule.effect)
        assert (rule.condition is not None) == (ONLY_IF in rule.effect)


@given(st.text(max_size=60))
def test_any_text_can_be_read_as_an_expression(text: str) -> None:
    assert list(terms_in(parse(text)))


@pytest.mark.parametrize("text", ["(" * 5000, "MIT AND " * 9000 + "MIT", "((MIT)", "AND", ")", "OR MIT"])
def test_hostile_expressions_are_unknown(text: str) -> None:
    assert [term.licence for term in terms_in(parse(text))] == [None]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("cc0-1.0", "CC0-1.0"), ("CC BY 4.0", "CC-BY-4.0"), ("cc-by-sa-3.0-igo", "CC-BY-SA-3.0-IGO"), ("MIT", "MIT"),
        ("Public  Domain", "public domain"), ("自有", "own"), ("GPL-3.0", "GPL-3.0-only"), ("CC-BY-5.0", None),
        ("CC-BY-NC-ND-4.0", "CC-BY-NC-ND-4.0"), ("CC-BY-ND-SA-4.0", None), ("llama3", None), ("", None),
    ],
)  # fmt: skip
def test_words_of_cards(text: str, id: str | None) -> None:
    found = licence_of(text)
    assert (None if found is None else found.id) == id


def test_what_is_asked_for_by_a_wrong_name() -> None:
    for call, code in ((lambda: use_of("resale"), "rights.use"), (lambda: conditions_of(["x"]), "rights.condition")):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == code
    assert use_of(" Editorial ") == "editorial"


def test_credits_are_collected_once_and_safe_in_markdown() -> None:
    known = [
        model("MIT"),
        corpus("MIT", credit="Ann; Bo", where="here.example"),
        replace(corpus("CC-BY-4.0", credit="[x](javascript:1) <b>", where=""), title="*photos*"),
        corpus("MIT", credit="Ann; Bo", where="here.example"),
        corpus("CC0-1.0", credit=""),
        Source("model:n", "model", "of others", "Apache-2.0", "Cy"),
    ]
    found = credits_of(known)
    assert [(one.title, one.names, one.required) for one in found] == [
        ("under MIT", ("Ann", "Bo"), True), ("*photos*", ("[x](javascript:1) <b>",), True),
        ("of others", ("Cy",), True),
    ]  # fmt: skip
    assert as_text(found).splitlines()[0] == "under MIT: Ann; Bo; licence MIT; here.example"
    lines = as_markdown(found).splitlines()
    assert lines[0] == "- under MIT: Ann; Bo; licence [MIT](https://spdx.org/licenses/MIT.html); here.example"
    assert lines[1].startswith(r"- \*photos\*: \[x\]\(javascript:1\) \<b\>; licence [CC-BY-4.0](https://spdx.org/")
    assert as_text(()) == as_markdown(()) == ""


def test_records_fill_gaps_and_overrule_nothing() -> None:
    said = {"licence": "own", "credit": "Cy", "consent": "agreed", "personal_data": "faces"}
    unsaid = Source("file:f", "file", "a.png")
    assert unsaid.with_record(said) == replace(unsaid, **said)
    strict = corpus("CC-BY-NC-4.0", consent="none", personal_data="faces")
    assert strict.with_record(said) == strict
