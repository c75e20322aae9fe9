"""`luokuan rights`: every command once, in both languages where people read it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drafts import text_draft

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.store.home import open_home


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this test's home; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def work(tmp_path: Path) -> str:
    """A work of this test's home; its model is gone and its licence unknown."""
    home = open_home()
    return export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "w.txt").id


def test_check_and_credits_of_a_starter(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _err = run("rights", "check", "garments-32")
    assert (code, out) == (0, "Yes: selling it is free.\n")
    code, out, _err = run("rights", "check", "en-zh")
    assert code == 1
    assert "Only if" in out and "  - credits (credit): " in out and "Say with --met" in out
    code, out, _err = run("rights", "check", "en-zh", "--met", "credit")
    assert (code, "✓ credits (credit)" in out, "--met" in out) == (0, True, False)
    found = json.loads(run("rights", "check", "verse", "--met", "credit", "--json")[1])
    assert (found["answer"], found["allowed"]) == ("only if", False)
    assert [(one["kind"], one["met"]) for one in found["conditions"]] == [("credit", True), ("licence-text", False)]
    assert run("rights", "check", "en-zh", "--use", "personal")[0] == 0
    code, out, _err = run("rights", "credits", "en-zh")
    assert code == 0 and "The contributors of Tatoeba" in out and "CC-BY-2.0-FR" in out
    assert "](https://spdx.org/licenses/CC-BY-2.0-FR.html)" in run("rights", "credits", "en-zh", "--markdown")[1]
    assert json.loads(run("rights", "credits", "en-zh", "--json")[1])["credits"][0]["required"] is True
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert run("rights", "check", "garments-32")[0] == 0


def test_check_of_a_work(run: Any, work: str) -> None:
    for reference in (work, "w.txt"):
        code, out, _err = run("rights", "check", reference)
        assert code == 1
        assert out.startswith("No: selling it isn't allowed.\n  - ") and "'unknown'" in out
    found = json.loads(run("rights", "check", work, "--json")[1])
    assert found["answer"] == "no" and found["reasons"][0]["rule"] == "licence-unknown"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "nobody"), "model.unknown"),
        (("check", "f" * 16), "work.unknown"),
        (("check", "verse", "--use", "resale"), "rights.use"),
        (("check", "verse", "--met", "money"), "rights.condition"),
        (("credits", "nobody"), "model.unknown"),
        (("terms", "free"), "terms.preset"),
        (("record", "nobody", "--who", "Ann", "--licence", "own"), "model.unknown"),
        (("record", "verse", "--who", "Ann"), "rights.record"),
        (("guard", "f" * 16), "work.unknown"),
        (("guard", "f" * 16, "--who", "Ann"), "guard.options"),
        (("guard", "f" * 16, "--corpus", "no-folder"), "corpus.not_folder"),
        (("names", "add", "x"), "names.name"),
        (("names", "remove", "nobody"), "names.missing"),
        (("withdraw", "f" * 16, "--who", "Ann", "--reason", "r"), "work.unknown"),
        (("decide", "f" * 16, "won", "--who", "Ann", "--reason", "r"), "notice.outcome"),
        (("decide", "f" * 16, "upheld", "--who", "Ann", "--reason", "r"), "notice.missing"),
        (("counter", "f" * 16, "--who", "Ann", "--statement", "s"), "notice.missing"),
    ],
)
def test_what_is_refused(run: Any, arguments: tuple[str, ...], code: str) -> None:
    exit_code, out, _err = run("rights", *arguments, "--json")
    assert (exit_code, json.loads(out)["error"]["code"]) == (2, code)


def test_terms_in_every_form(run: Any) -> None:
    assert run("rights", "terms")[1].startswith("personal")
    assert "SPDX: CC-BY-SA-4.0" in run("rights", "terms", "cc-by-sa")[1]
    given = json.loads(run("rights", "terms", "editorial", "--json")[1])
    Path("terms.json").write_text(json.dumps({**given, "price": {"minor": 500, "currency": "JPY"}, "days": 30}))
    out = run("rights", "terms", "terms.json")[1]
    assert "500 JPY" in out and "30 days" in out
    offer = json.loads(run("rights", "terms", "terms.json", "--odrl", "--target", "urn:x", "--owner", "Ann")[1])
    assert (offer["@type"], offer["target"], offer["assigner"]) == ("Offer", "urn:x", "Ann")
    assert "<xmpRights:UsageTerms>" in run("rights", "terms", "commercial", "--xmp")[1]
    assert json.loads(run("rights", "terms", "cc0", "--c2pa")[1])["label"] == "cawg.training-mining"
    Path("terms.json").write_text("{")
    assert run("rights", "terms", "terms.json")[0] == 2
    assert set(json.loads(run("rights", "terms", "--json")[1])["terms"]) >= {"cc0", "exclusive"}


def test_names_guard_and_override(run: Any, work: str) -> None:
    assert run("rights", "names", "list")[1] == "No names are protected.\n"
    assert run("rights", "guard", work)[0] == 0
    assert run("rights", "names", "add", "水落", "--mark", "--note", "a brand")[0] == 0
    assert run("rights", "names", "list")[1] == "水落  trade mark  a brand\n"
    code, out, _err = run("rights", "guard", "w.txt")
    assert code == 1 and "✗ The mark '水落' stands in its text." in out and "--override" in out
    code, out, _err = run("rights", "guard", work, "--override", "--who", "Ann", "--reason", "a poem")
    assert code == 2
    code, out, _err = run("rights", "guard", work, "--override", "--who", "Ann", "--reason", "a poem", "--acknowledge")
    assert code == 0 and "Ann lets it pass: a poem" in out
    found = json.loads(run("rights", "guard", work, "--json")[1])
    assert (found["blocked"], found["override"]["who"]) == (False, "Ann")
    assert run("rights", "names", "remove", "水落", "--json")[1] == '{"removed": "水落"}\n'


def test_records(run: Any) -> None:
    assert run("rights", "records")[1] == "Nothing was recorded of any source.\n"
    Path("me.txt").write_text("words")
    assert run("rights", "record", "me.txt", "--who", "Ann", "--licence", "own")[0] == 0
    assert "me.txt" in run("rights", "records")[1]
    found = json.loads(run("rights", "records", "--json")[1])["records"]
    assert [(one["title"], one["licence"], one["who"]) for one in found] == [("me.txt", "own", "Ann")]


def test_notices_from_first_to_last(run: Any, work: str) -> None:
    assert run("rights", "notices")[1] == "There are no notices.\n"
    say = ("--claimant", "Bo", "--contact", "bo@example.org", "--statement", "Mine.")
    notice = json.loads(run("rights", "notice", work, *say, "--json")[1])
    assert notice["state"] == "open"
    code, out, _err = run(
        "rights", "withdraw", work, "--who", "Ann", "--reason", "it seems so", "--notice", notice["id"]
    )
    assert code == 0 and "can be verified" in out
    out = run("rights", "notices")[1]
    assert "work withdrawn" in out and "may object until" in out and f"withdrawn: {work}" in out
    assert run("rights", "counter", notice["id"], "--who", "Cy", "--statement", "No.")[0] == 0
    code, out, _err = run("rights", "decide", notice["id"], "restored", "--who", "Ann", "--reason", "nobody sued")
    assert (code, out) == (0, f"Notice {notice['id']} about the work {work}: work restored.\n")
    found = json.loads(run("rights", "notices", "--json")[1])
    assert [one["state"] for one in found["notices"]] == ["restored"] and found["withdrawn"] == []
    assert run("rights", "notices", "--late")[1] == "There are no notices.\n"
