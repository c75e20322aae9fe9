"""From works, models, files and corpora to sources: what records say, and what is asked of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drafts import DIGEST, picture, sound_draft, text_draft
from PIL import Image
from upscalers_for_tests import BETTER, save_upscaler

from luokuan.colophon.derive import finish_again
from luokuan.colophon.erasure import erase_work
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.ingredients import Origin, edited, take_in
from luokuan.colophon.lineage import Edge, Lineage, Node
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.errors import UserError
from luokuan.foundation.corpus.card import Card, write_card
from luokuan.foundation.modelfolder import starters
from luokuan.rights.gather import before, of_lineage, shipped
from luokuan.rights.permission import Permission, permission_of
from luokuan.rights.records import record_source
from luokuan.rights.rules import Answer
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home

STARTERS = {
    "garments-32": (Answer.YES, set()),
    "chorale": (Answer.YES, set()),
    "sentences": (Answer.YES, set()),
    "prose-zh": (Answer.YES, set()),
    "en-zh": (Answer.ONLY_IF, {"credit"}),
    "sprites": (Answer.ONLY_IF, {"credit", "share-alike"}),
    "verse": (Answer.ONLY_IF, {"credit", "licence-text"}),
    "copy-en": (Answer.ONLY_IF, {"credit", "licence-text"}),
    **dict.fromkeys(
        ("garments", "portraits", "emoji", "upscaler", "picture-codec"),
        (Answer.ONLY_IF, {"credit", "licence-text", "font"}),
    ),
}


def kinds(found: Permission) -> set[str]:
    return {one.kind for one in found.conditions}


def rules(found: Permission) -> set[str]:
    return {one.rule.id for one in found.reasons}


def trained(home: Home, **corpus: Any) -> Recipe:
    """A model of the store, as the recipe of a work names it."""
    values = {"title": "Photos", "licence": "CC-BY-4.0", "digest": "d" * 64, "credit": "Ann", "consent": "none needed"}
    folder = save_upscaler(home.models / "mine", training={**BETTER, "corpus": {**values, **corpus}})
    return Recipe("mine", folder.digest, licence=folder.licence, corpus_digest="d" * 64)


def made(home: Home, recipe: Recipe) -> Work:
    return finish(Draft(picture(), recipe), home=home)


@pytest.mark.parametrize("name", sorted(starters()))
def test_every_starter_that_is_shipped(home: Home, name: str) -> None:
    found = permission_of(name, home)
    answer, conditions = STARTERS.get(name, (found.answer, kinds(found)))
    assert (found.answer, kinds(found)) == (answer, conditions)
    # Whatever is shipped may be sold, on conditions that its records are enough to meet.
    assert found.answer is not Answer.NO and not kinds(found) & {"consent", "name", "material", "record", "verify"}
    assert found.answer is Answer.YES or any(one.required for one in found.credits)


def test_what_is_known_of_shipped_corpora_is_about_them() -> None:
    digests = {digest for name in starters() for digest in _digests(name)}
    assert shipped().keys() <= digests
    assert all(row["consent"].startswith("none needed; ") for row in shipped().values())


def _digests(name: str) -> set[str]:
    from luokuan.foundation.modelfolder import STARTERS as PLACE

    corpus = json.loads((PLACE / name / "training.json").read_text())["corpus"]
    tools = [corpus.get(part, {}).get("corpus_digest") for part in ("codec", "base")]
    return {corpus["digest"], *corpus.get("digests", ()), *filter(None, tools)}


def test_a_work_asks_what_its_material_asks(home: Home, tmp_path: Path) -> None:
    work = export_work(made(home, trained(home)), tmp_path / "a.png")
    for reference in (work.id, str(work.path)):
        found = permission_of(reference, home)
        assert (found.subject, found.answer, kinds(found)) == (work.id, Answer.ONLY_IF, {"credit"})
        assert [(one.title, one.names) for one in found.credits] == [("Photos", ("Ann",))]
    assert permission_of(work.id, home, "personal").answer is Answer.YES
    copy = finish_again(work.id, home=home, media_type="image/jpeg")
    found = permission_of(copy.id, home)
    assert (found.answer, kinds(found)) == (Answer.ONLY_IF, {"credit"})
    assert len(found.credits) == 1


@pytest.mark.parametrize(
    ("corpus", "answer", "rule"),
    [
        ({"licence": "unknown"}, Answer.NO, "licence-unknown"),
        ({"licence": "CC-BY-NC-4.0"}, Answer.NO, "non-commercial"),
        ({"personal_data": "faces", "consent": "none"}, Answer.NO, "consent-missing"),
        ({"consent": ""}, Answer.ONLY_IF, "consent-unsaid"),
        ({"codec": {"name": "k", "digest": "e" * 64, "licence": "CC-BY-NC-4.0"}}, Answer.NO, "non-commercial"),
        ({"base": {"name": "b", "digest": "e" * 64}}, Answer.NO, "licence-unknown"),
        ({"base": {"name": "b", "digest": "e" * 64, "licence": "MIT", "corpus_digest": "f" * 64,
                   "base": {"name": "c", "digest": "c" * 64, "licence": "CC-BY-ND-4.0"}}}, Answer.NO, "no-derivatives"),
    ],
)  # fmt: skip
def test_what_lies_deep_in_the_lineage_counts(home: Home, corpus: dict[str, Any], answer: Answer, rule: str) -> None:
    trained(home, **corpus)
    found = permission_of("mine", home)
    assert found.answer is answer and rule in rules(found)


def test_a_model_whose_folder_is_gone_leaves_the_licence_of_its_works(home: Home) -> None:
    found = permission_of(made(home, Recipe("gone", DIGEST, licence="MIT", corpus_digest="8" * 64)).id, home)
    assert found.answer is Answer.ONLY_IF and "record" in kinds(found)
    assert permission_of(made(home, Recipe("away", "c" * 64)).id, home).answer is Answer.NO


def test_voices_are_people(home: Home) -> None:
    base = sound_draft()

    def spoken(consent: str, licence: str = "CC-BY-SA") -> Permission:
        told = [{"name": "wang", "digest": "e" * 64, "licence": licence, "consent": consent}]
        recipe = replace(base.recipe, parameters={"voices": told}, licence=licence, credit="Voice by Wang")
        return permission_of(finish(replace(base, recipe=recipe), home=home, media_type="audio/wav").id, home)

    found = spoken("She agreed.")
    assert (found.answer, found.under, kinds(found)) == (Answer.ONLY_IF, "CC-BY-SA-4.0", {"share-alike", "credit"})
    assert [one.names for one in found.credits] == [("Voice by Wang",)]
    assert "consent-missing" in rules(spoken(""))


def test_a_photo_that_somebody_brought(home: Home, tmp_path: Path) -> None:
    Image.fromarray(picture(80, 90).pixels).save(tmp_path / "me.png")
    recipe = trained(home, licence="CC0-1.0")
    given = take_in(tmp_path / "me.png", home, "parentOf")
    changed = finish(Draft(picture(), recipe), home=home, origin=edited(given))
    looked = Origin("reference", (take_in(tmp_path / "me.png", home, "inputTo"),))
    like = finish(Draft(picture(seed=3), recipe), home=home, origin=looked)
    found = permission_of(changed.id, home)
    assert (found.answer, kinds(found)) == (Answer.ONLY_IF, {"consent"})
    # What was only looked at isn't covered by what the work's maker said of the work.
    assert rules(permission_of(like.id, home)) == {"licence-unknown"}
    record_source(str(tmp_path / "me.png"), home, who="Ann", licence="own", consent="It is me, and I agree.")
    assert permission_of(changed.id, home).answer is Answer.YES
    assert permission_of(like.id, home).answer is Answer.YES


def test_a_record_of_a_model_is_about_its_material(home: Home) -> None:
    trained(home, consent="", licence="CC0-1.0")
    assert kinds(permission_of("mine", home)) == {"consent"}
    row = record_source("mine", home, who="Ann", consent="none needed; flowers")
    assert (row.digest, row.title) == ("d" * 64, "Photos")
    assert permission_of("mine", home).answer is Answer.YES
    row = record_source("d" * 64, home, who="Bo", personal_data="none")
    assert (row.consent, row.personal_data, row.who) == ("none needed; flowers", "none", "Bo")


@pytest.mark.parametrize("said", [{}, {"consent": "a\nb"}, {"licence": "x" * 1001}, {"credit": "  "}])
def test_records_that_say_nothing(home: Home, said: dict[str, str]) -> None:
    with pytest.raises(UserError) as caught:
        record_source("e" * 64, home, who="Ann", **said)
    assert caught.value.code == "rights.record"


def test_states_of_a_work(home: Home) -> None:
    from luokuan.rights.notices import Claim, file_notice, withdraw

    recipe = trained(home, licence="CC0-1.0")
    one, two = (finish(Draft(picture(seed=seed), recipe), home=home) for seed in (1, 2))
    derived = finish_again(one.id, home=home)
    file_notice(one.id, Claim("Bo", "bo@example.org", "copyright", "It is mine."), home)
    assert rules(permission_of(one.id, home)) == rules(permission_of(derived.id, home)) == {"disputed"}
    withdraw(one.id, home, who="Ann", reason="a mistake")
    assert rules(permission_of(derived.id, home, "personal")) == {"withdrawn"}
    with open_database(home) as database:
        erase_work(home, database, two.id)
    assert "erased" in rules(permission_of(two.id, home))


def test_a_strangers_file_is_only_what_it_says(home: Home, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    recipe = Recipe("toy", DIGEST, licence="CC-BY-4.0")
    work = export_work(finish(Draft(picture(), recipe), home=other), tmp_path / "a.png")
    for place in (home, None):
        found = permission_of(str(work.path), place)
        assert found.answer is Answer.ONLY_IF and {"verify", "consent"} <= kinds(found)
    Image.fromarray(picture().pixels).save(tmp_path / "plain.png")
    assert rules(permission_of(str(tmp_path / "plain.png"), home)) >= {"nothing-known"}


def test_corpora_by_their_cards(home: Home, tmp_path: Path) -> None:
    folder = home.corpora / "roses"
    folder.mkdir()
    assert permission_of(folder, home).answer is Answer.NO
    write_card(folder, Card("Roses", "CC-BY-SA-4.0", "here", "Ann", "none needed", "none"))
    for reference in ("roses", str(folder)):
        found = permission_of(reference, home)
        assert (found.answer, kinds(found)) == (Answer.ONLY_IF, {"share-alike", "credit"})


@pytest.mark.parametrize("reference", ["", "nothing", "f" * 16, "../..", "no/such/place", "a" * 300, "a\0b"])
def test_what_isnt_there(home: Home, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if reference == "../..":  # a folder that is there, without a card
        assert permission_of(reference, home).answer is Answer.NO
        return
    with pytest.raises(UserError):
        permission_of(reference, home)


def test_a_circle_is_walked_once(home: Home) -> None:
    nodes = {key: Node(key, "model", key, rights={"licence": "MIT", "credit": "Ann"}) for key in "abc"}
    edges = [Edge("a", "b", "base"), Edge("b", "c", "base"), Edge("c", "a", "base"), Edge("b", "b", "base")]
    lineage = Lineage("a", True, nodes=nodes, edges=edges)
    assert before(lineage) == ["a", "c", "b"]
    assert {one.key for one in of_lineage(lineage, home)} == set("abc")


def test_a_model_that_names_itself(home: Home) -> None:
    first = save_upscaler(home.models / "loop", training=BETTER)
    learnt = {"title": "T", "digest": "d" * 64, "licence": "CC0-1.0", "consent": "none needed"}
    base = {"name": "loop", "digest": first.network_digest, "licence": "CC0-1.0", "corpus_digest": "d" * 64}
    (first.path / "training.json").write_text(json.dumps({"corpus": {**learnt, "base": {**base, "base": base}}}))
    assert permission_of("loop", home).answer is Answer.YES


def test_texts_keep_whole_credits(home: Home) -> None:
    names = "; ".join(f"Author number {number}" for number in range(60))
    recipe = trained(home, credit=names)
    work = finish(
        replace(text_draft(), recipe=replace(recipe, licence="CC-BY-4.0")), home=home, media_type="text/plain"
    )
    assert len(permission_of(work.id, home).credits[0].names) == 60
