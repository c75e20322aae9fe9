"""Choices are checked, records read back strictly, and material named with all of its licences."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from luokuan.errors import UserError
from luokuan.foundation.corpus.card import Card
from luokuan.foundation.modelcard import material_section
from luokuan.foundation.runs import check_choices, in_one_place, joint_digest, material, read_run, resumed
from luokuan.store.home import open_home


@dataclass(frozen=True)
class Run:
    name: str = "mine"
    steps: int | None = None
    minutes: float | None = None
    batch: int = 8
    accumulate: int = 1
    seed: int = 0
    precision: str | None = None
    device: str | None = None
    levels: tuple[int, ...] = (8, 5)

    def check(self) -> None:
        check_choices(self, [])


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ({"name": "a/b"}, "name"),
        ({"steps": 0}, "--steps"),
        ({"minutes": -1.0}, "--minutes"),
        ({"batch": 1}, "--batch"),
        ({"steps": 3, "minutes": 1.0}, "Both"),
    ],
)
def test_common_choices(choices: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        Run(**choices).check()
    with pytest.raises(UserError, match="--own"):
        check_choices(Run(), [(False, "--own", "1")])
    Run().check()


def write(record: object) -> Path:
    path = open_home().runs / "mine" / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


def test_choices_come_back_as_they_were() -> None:
    write({"family": "codec", "run": asdict(Run()), "steps": 3, "corpus": {"digest": "d"}})
    assert resumed(open_home(), "mine", "codec", Run) == Run()


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"family": "codec"},
        {"family": "codec", "run": {}, "steps": "many", "corpus": {"digest": "d"}},
        {"family": "codec", "run": {"unknown": 1}, "steps": 3, "corpus": {"digest": "d"}},
    ],
)
def test_damaged_records_are_refused(record: object) -> None:
    write(record)
    with pytest.raises(UserError, match="can't be read"):
        resumed(open_home(), "mine", "codec", Run)


def test_absent_and_foreign_records_are_refused() -> None:
    with pytest.raises(UserError, match="no run named"):
        read_run(open_home(), "mine", "codec")
    write({"family": "gan", "run": {}, "steps": 3, "corpus": {"digest": "d"}})
    with pytest.raises(UserError, match="family 'gan'"):
        read_run(open_home(), "mine", "codec")


def corpus(digest: str, licence: str, title: str = "", credit: str = "") -> Any:
    card = Card(title=title, licence=licence, credit=credit) if title else None
    return SimpleNamespace(path=Path(digest), digest=digest, licence=licence, card=card)


def test_material_of_one_corpus_is_its_own() -> None:
    one = (corpus("a", "CC0-1.0", "Photos", "Ann"),)
    found = material(one)
    assert (found["title"], found["digest"], found["licence"], found["credit"]) == ("Photos", "a", "CC0-1.0", "Ann")
    assert "digests" not in found


def test_material_of_several_names_all() -> None:
    several = (corpus("b", "OFL-1.1", "Drawings", "Bo"), corpus("a", "CC0-1.0", "Photos", "Ann"))
    found = material(several)
    assert found["licence"] == "CC0-1.0 AND OFL-1.1" and found["credit"] == "Bo; Ann"
    assert found["digests"] == ["b", "a"]
    assert joint_digest(several) == joint_digest(several[::-1]) != joint_digest(several[:1])


def test_consent_is_kept_where_every_card_says_it() -> None:
    def shown(consent: str, personal_data: str = "") -> Any:
        card = Card(title="Faces", licence="own", consent=consent, personal_data=personal_data)
        return SimpleNamespace(path=Path("a"), digest=consent + personal_data, licence="own", card=card)

    both = material((shown("none needed", "none"), shown("they signed", "faces")))
    assert (both["consent"], both["personal_data"]) == ("none needed; they signed", "none; faces")
    one = material((shown("they signed", "faces"), shown("")))
    assert "consent" not in one and one["personal_data"] == "faces"
    bare = material((corpus("a", "own"),))
    assert "consent" not in bare and "personal_data" not in bare
    base = model("b", "own", {"consent": "they signed", "personal_data": "voices", "base": {"consent": "asked"}})
    found = material((corpus("a", "own", "Photos"),), {"base": base})["base"]
    assert (found["consent"], found["personal_data"], found["base"]["consent"]) == ("they signed", "voices", "asked")


def test_one_unknown_licence_makes_the_whole_unknown() -> None:
    assert material((corpus("a", "CC0-1.0", "Photos"), corpus("b", "unknown")))["licence"] == "unknown"


def model(name: str, licence: str, learnt: object) -> Any:
    training = {"corpus": learnt}
    return SimpleNamespace(name=name, network_digest=name * 2, licence=licence, training=training, corpus_digest="c")


def test_parents_bring_their_licences_credits_and_their_own_bases() -> None:
    ours = (corpus("a", "CC0-1.0", "Photos", "Ann"),)
    grand = {"name": "old", "digest": "d", "licence": "MIT", "title": "Prints", "strange": [1]}
    base = model("b", "CC-BY-4.0 AND MIT", {"title": "Paintings", "credit": "Bo", "base": grand})
    found = material(ours, {"codec": model("k", "OFL-1.1", {"credit": "Google"}), "base": base})
    assert found["licence"] == "CC-BY-4.0 AND CC0-1.0 AND MIT AND OFL-1.1" and found["credit"] == "Ann; Google; Bo"
    assert found["base"]["digest"] == "bb" and found["base"]["base"]["title"] == "Prints"
    assert "strange" not in found["base"]["base"] and found["base"]["base"]["credit"] == ""
    assert material(ours, {"base": model("b", "unknown", {})})["licence"] == "unknown"


@pytest.mark.parametrize("learnt", [None, [], {"base": 7}, {"base": {}}, {"base": {"base": {"name": {}}}, "title": 3}])
def test_a_strangers_record_of_its_material_breaks_no_card(learnt: object) -> None:
    found = material((corpus("a", "CC0-1.0"),), {"base": model("b", "MIT", learnt)})
    assert "Base 基础模型: b" in material_section({"corpus": {**found, "pictures": 3}})


def test_an_endless_line_of_bases_is_cut() -> None:
    learnt: dict[str, Any] = {}
    for _turn in range(500):
        learnt = {"base": learnt}
    found = material((corpus("a", "CC0-1.0"),), {"base": model("b", "MIT", learnt)})
    depth = 0
    while found := found.get("base", {}):
        depth += 1
    assert 20 < depth < 50


HOLDER = """
import sys
from luokuan.foundation.runs import in_one_place
from luokuan.store.home import open_home
with in_one_place(open_home(sys.argv[1]), "mine"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_trained_in_one_place_at_a_time(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="'mine' is being trained by another process"), in_one_place(home, "mine"):
            pass
        with in_one_place(home, "yours"):
            pass
        other.kill()  # as hard as it gets: nothing is left to clear away
        other.wait()
    with in_one_place(home, "mine"):
        pass
