"""Feedback on works: kept in the home, and turned into pairs to learn from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.create.feedback import PAIRS, gather_pairs, give_feedback
from luokuan.errors import UserError
from luokuan.foundation.corpus import open_examples
from luokuan.media import Text
from luokuan.store.database import open_database
from luokuan.store.feedback import rated_works
from luokuan.store.home import Home, open_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def written(home: Home, prompt: str, answer: str, *, chat: bool = True, media_type: str = "text/plain") -> Work:
    recipe = Recipe(
        model="m", model_digest="a" * 64, brief=prompt, parameters={"chat": chat, "system": ""}, licence="CC0-1.0"
    )
    text = answer if chat else prompt + answer
    return finish(Draft(Text(text), recipe, kind="text"), home=home, media_type=media_type)


def rated(home: Home) -> list[tuple[str, bool]]:
    with open_database(home) as database, database.read() as connection:
        return [(row.id, liked) for row, liked in rated_works(connection)]


def test_what_is_thought_is_kept_changed_and_taken_back(home: Home, tmp_path: Path) -> None:
    work = export_work(written(home, "Say", "yes"), tmp_path / "a.txt")
    assert give_feedback(work.id, "up", home=home) == work.id
    assert rated(home) == [(work.id, True)]
    assert give_feedback(tmp_path / "a.txt", "down", home=home) == work.id
    assert rated(home) == [(work.id, False)]
    (tmp_path / "a.txt").write_text("changed\n" + (tmp_path / "a.txt").read_text(encoding="utf-8"), encoding="utf-8")
    assert give_feedback(str(tmp_path / "a.txt"), "none", home=home) == work.id
    assert rated(home) == []


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown", "application/json"])
def test_opposites_for_a_prompt_become_pairs(home: Home, tmp_path: Path, media_type: str) -> None:
    works = [
        (written(home, "Greet\nme:", " Hello.\nHow are you?", chat=False, media_type=media_type), "up"),
        (written(home, "Greet\nme:", " Hi.", chat=False, media_type=media_type), "up"),
        (written(home, "Greet\nme:", " Go away.", chat=False, media_type=media_type), "down"),
        (written(home, "Sing", "La la.", media_type=media_type), "up"),
        (written(home, "Sing", "No.", media_type=media_type), "down"),
        (written(home, "Dance", "Left foot.", media_type=media_type), "up"),
    ]
    for work, opinion in works:
        give_feedback(work.id, opinion, home=home)
    found = gather_pairs(tmp_path / "pairs", home=home)
    assert (found.pairs, found.prompts, found.alone, found.unusable) == (3, 2, 1, 0)
    rows = [json.loads(line) for line in (tmp_path / "pairs" / PAIRS).read_text(encoding="utf-8").splitlines()]
    assert {(row["prompt"], row["chosen"], row["rejected"]) for row in rows} == {
        ("Greet\nme:", " Hello.\nHow are you?", " Go away."),
        ("Greet\nme:", " Hi.", " Go away."),
        ("Sing", "La la.", "No."),
    }
    corpus = open_examples(tmp_path / "pairs", "pairs")
    assert len(corpus.examples) == 3 and corpus.licence == "CC0-1.0"


def test_other_works_are_left_out(home: Home, tmp_path: Path) -> None:
    recipe = Recipe(model="verse", model_digest="b" * 64, brief="月")
    verse = finish(Draft(Text("月\n\n床前明月光"), recipe, kind="verse"), home=home, media_type="text/plain")
    for work, opinion in ((verse, "up"), (written(home, "A", "b"), "up"), (written(home, "A", "c"), "down")):
        give_feedback(work.id, opinion, home=home)
    assert gather_pairs(tmp_path / "pairs", home=home).unusable == 1


def test_what_stands_in_no_pair_binds_nobody(home: Home, tmp_path: Path) -> None:
    recipe = Recipe(model="m", model_digest="c" * 64, brief="Alone", parameters={"chat": True}, licence="unknown")
    lone = finish(Draft(Text("x"), recipe, kind="text"), home=home, media_type="text/plain")
    same = [written(home, "Same", "equal") for _ in range(2)]
    works = [lone, *same, written(home, "A", "b"), written(home, "A", "c")]
    for work, opinion in zip(works, ("up", "up", "down", "up", "down"), strict=True):
        give_feedback(work.id, opinion, home=home)
    found = gather_pairs(tmp_path / "pairs", home=home)
    assert (found.licence, found.pairs, found.prompts, found.alone) == ("CC0-1.0", 1, 1, 3)


@pytest.mark.parametrize("ratings", [[], ["up"], ["up", "up"], ["down", "down"]])
def test_without_opposites_nothing_is_written(home: Home, tmp_path: Path, ratings: list[str]) -> None:
    for number, opinion in enumerate(ratings):
        give_feedback(written(home, "A", f"b{number}").id, opinion, home=home)
    with pytest.raises(UserError, match="No prompt has both"):
        gather_pairs(tmp_path / "pairs", home=home)
    assert not (tmp_path / "pairs").exists()


def test_nothing_is_lost_where_something_stands(home: Home, tmp_path: Path) -> None:
    give_feedback(written(home, "A", "b").id, "up", home=home)
    give_feedback(written(home, "A", "c").id, "down", home=home)
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs/mine.txt").write_text("mine")
    with pytest.raises(UserError):
        gather_pairs(tmp_path / "pairs", home=home)
    assert [p.name for p in (tmp_path / "pairs").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("reference", ["0123456789abcdef", "nothing.txt", "", "x" * 5000, "\0"])
def test_unknown_works_are_refused(home: Home, reference: str) -> None:
    with pytest.raises(UserError, match="knows no work"):
        give_feedback(reference, "up", home=home)


def test_a_folder_is_no_work(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        give_feedback(tmp_path, "up", home=home)


def test_other_opinions_are_refused(home: Home) -> None:
    with pytest.raises(UserError, match="no feedback"):
        give_feedback(written(home, "A", "b").id, "great", home=home)
    assert rated(home) == []
