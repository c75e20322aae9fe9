"""The verdict's word as a function of facts and findings: by cases, and by what must hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.evidence import WORDS, word_for
from luokuan.colophon.facts import EXPIRED, UNTRUSTED, Facts
from luokuan.colophon.findings import Findings
from luokuan.colophon.fingerprint import Alike
from luokuan.colophon.trust import Trust, revocations
from luokuan.colophon.verdict import EXIT_CODES, judge, slug
from luokuan.store.revocation import Revocation

ID = "00000000000000aa"
MARK = {"kind": "picture", "id": ID, "z": 12.0, "threshold": 8.0, "chance": 1e-20, "problem": None, "marked": True}
NO_ID = {**MARK, "id": None}
NO_MARK = {**NO_ID, "z": 2.0, "chance": 1.0, "marked": False}
LABEL = dict.fromkeys(("ContentPropagator", "PropagateID", "ReservedCode1", "ReservedCode2"), "") | {
    "Label": "1",
    "ContentProducer": "me",
    "ProduceID": ID,
}
HEARD = SimpleNamespace(tokens=90, green=80, z=9.0, chance=1e-9, enough=True, marked=True)
SURE, HINT = Alike(ID, "picture", 4, 256), Alike(ID, "picture", 25, 256)
LIFE = ("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")
STOLEN = Revocation(1, "keyCompromise", datetime(2026, 1, 5, tzinfo=UTC))

OURS = Facts(state="Trusted", home=True, own=True, group="home")
CHANGED = Facts(state="Invalid", own=True, group="home", failures=("assertion.dataHash.mismatch",))
FORGED = replace(CHANGED, own=False, failures=("claimSignature.mismatch",))
OLD = Facts(state="Invalid", failures=(EXPIRED, UNTRUSTED), validity=LIFE)
BARE = Facts(media_type="image/png", sha256="ab" * 32)
MARKED = replace(BARE, watermark=MARK)


@pytest.mark.parametrize(
    ("facts", "found", "word"),
    [
        (Facts(problem="large"), Findings(same=True), "unreadable"),
        (OURS, Findings(), "ours"),
        (OURS, Findings(revoked=[STOLEN]), "revoked"),
        (replace(OURS, damaged=True), Findings(), "altered"),
        (replace(OURS, damaged=True), Findings(shared=ID), "ours_changed"),
        (Facts(state="Trusted", group=""), Findings(), "trusted"),
        (Facts(state="Trusted", group="", watermark=MARK), Findings(marked=ID, alike=SURE), "trusted"),
        (Facts(state="Valid"), Findings(), "unknown_signer"),
        (Facts(state="Valid", aigc=LABEL), Findings(same=True), "unknown_signer"),
        (OLD, Findings(), "expired"),
        (OLD, Findings(same=True), "expired"),
        (OLD, Findings(same=True, entered=LIFE[0]), "expired_in_time"),
        (OLD, Findings(same=True, entered=LIFE[0], revoked=[STOLEN]), "revoked"),
        (replace(OLD, damaged=True), Findings(), "altered"),
        (replace(OLD, failures=(EXPIRED, "assertion.dataHash.mismatch")), Findings(), "altered"),
        # What was signed by this home isn't what is here: a manifest alone proves nothing.
        (CHANGED, Findings(), "altered"),
        (CHANGED, Findings(alike=HINT), "altered"),
        (CHANGED, Findings(alike=SURE), "ours_changed"),
        (CHANGED, Findings(shared=ID), "ours_changed"),
        (CHANGED, Findings(heard=HEARD), "ours_changed"),
        (replace(CHANGED, watermark=MARK), Findings(marked=ID), "ours_changed"),
        (replace(CHANGED, watermark=MARK), Findings(marked=ID, unlike=True), "altered"),
        # Who signed can't be told any more.
        (FORGED, Findings(), "altered"),
        (FORGED, Findings(alike=SURE), "altered"),
        (replace(FORGED, watermark=MARK), Findings(marked=ID), "altered"),
        (replace(FORGED, watermark=MARK), Findings(marked=ID, unlike=False, alike=HINT), "ours_changed"),
        (FORGED, Findings(same=True), "ours_changed"),
        (Facts(state="Broken"), Findings(), "altered"),
        (Facts(state="Broken", watermark=NO_ID), Findings(alike=SURE), "ours_changed"),
        # No signature at all.
        (BARE, Findings(), "nothing_found"),
        (replace(BARE, damaged=True), Findings(), "unreadable"),
        (replace(BARE, state="Remote"), Findings(), "nothing_found"),
        (BARE, Findings(same=True), "ours_stripped"),
        (BARE, Findings(alike=HINT), "nothing_found"),
        (BARE, Findings(alike=SURE), "like_ours"),
        (replace(BARE, aigc=LABEL), Findings(alike=SURE), "like_ours"),
        (MARKED, Findings(marked=ID), "marked"),
        (MARKED, Findings(), "marked"),
        (replace(BARE, watermark=NO_ID), Findings(), "marked"),
        (BARE, Findings(heard=HEARD), "marked"),
        (MARKED, Findings(marked=ID, unlike=True), "marked_unlike"),
        (replace(MARKED, aigc=LABEL), Findings(marked=ID, unlike=True), "marked_unlike"),
        (MARKED, Findings(marked=ID, unlike=False, alike=HINT), "ours_stripped"),
        (MARKED, Findings(alike=SURE), "ours_stripped"),
        (BARE, Findings(heard=HEARD, alike=SURE), "ours_stripped"),
        (replace(BARE, aigc=LABEL), Findings(), "labelled"),
        (replace(BARE, aigc_problem="aigc.invalid"), Findings(), "labelled"),
        (replace(BARE, aigc_problem="format.packets"), Findings(), "nothing_found"),
        (replace(BARE, source="http://cv.iptc.org/x"), Findings(), "labelled"),
        (replace(BARE, mark=ID), Findings(), "labelled"),
    ],
)
def test_the_table(facts: Facts, found: Findings, word: str) -> None:
    verdict = judge(Path("a"), facts, found)
    assert (slug(facts, found), verdict.verdict) == (word, word)
    assert verdict.summary and all(about in WORDS and sentence for about, sentence in verdict.table)
    assert (verdict.exit_code == 0) == (word in ("ours", "trusted", "expired_in_time"))
    assert verdict.exit_code or (verdict.unchanged and verdict.trusted)


def test_every_word_of_the_table_has_its_case_and_its_sentence() -> None:
    marks = [mark for mark in test_the_table.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {case[2] for case in marks[0].args[1]} == set(EXIT_CODES)
    assert all(f"``{word}``" in (slug.__doc__ or "") for word in EXIT_CODES)
    summaries = {judge(Path("a"), facts, found).summary for facts, found, _word in marks[0].args[1]}
    assert len(summaries) == len(EXIT_CODES)
    assert len({word_for(about) for about in WORDS}) == len(WORDS)


facts_of = st.builds(
    Facts,
    problem=st.sampled_from([None, None, None, "large", "time"]),
    damaged=st.booleans(),
    state=st.sampled_from(["Trusted", "Valid", "Invalid", "Absent", "Remote", "Broken"]),
    home=st.booleans(),
    own=st.booleans(),
    failures=st.sampled_from([(), (EXPIRED,), (EXPIRED, UNTRUSTED), ("assertion.dataHash.mismatch",)]),
    aigc=st.sampled_from([None, LABEL]),
    aigc_problem=st.sampled_from([None, "aigc.invalid"]),
    mark=st.sampled_from([None, ID]),
    validity=st.sampled_from([None, LIFE]),
    watermark=st.sampled_from([None, MARK, NO_ID, NO_MARK]),
)
findings_of = st.builds(
    Findings,
    same=st.booleans(),
    entered=st.sampled_from([None, LIFE[0]]),
    marked=st.sampled_from([None, ID]),
    unlike=st.sampled_from([None, True, False]),
    alike=st.sampled_from([None, SURE, HINT]),
    shared=st.sampled_from([None, ID]),
    heard=st.sampled_from([None, HEARD]),
    revoked=st.sampled_from([(), (STOLEN,)]),
)


@given(facts_of, findings_of)
def test_what_always_holds(facts: Facts, found: Findings) -> None:
    verdict = judge(Path("a"), facts, found)
    if verdict.verdict == "ours":
        assert facts.state == "Trusted" and facts.home and not facts.damaged
    if verdict.exit_code == 0:
        assert facts.problem is None and not facts.damaged
        assert facts.state == "Trusted" or (found.entered and set(facts.failures) <= {EXPIRED, UNTRUSTED})
    worse = slug(replace(facts, damaged=True), found)
    assert EXIT_CODES[worse] >= verdict.exit_code
    for state in ("Invalid", "Broken", "Absent"):
        broken = replace(facts, state=state, failures=("assertion.dataHash.mismatch",))
        assert EXIT_CODES[slug(broken, found)] >= min(1, verdict.exit_code)
        assert EXIT_CODES[slug(broken, found)] > 0
    assert ("AI" not in verdict.summary) or verdict.verdict == "labelled", "nothing found never means: not by AI"


@given(facts_of)
def test_without_findings_no_file_claims_to_be_a_work_of_ours_but_by_its_signature(facts: Facts) -> None:
    # All that a stranger can write into a file by himself.
    word = slug(replace(facts, watermark=None, home=False, own=False))
    assert not word.startswith(("ours", "like", "marked", "expired_in_time"))


def test_revocations_speak_of_expired_works_of_the_home_too() -> None:
    other = Revocation(2, "keyCompromise", STOLEN.at)
    trust = Trust(revoked=(STOLEN, other), authorities=(("old", other),))
    mine = replace(OLD, serial="1")
    assert revocations(mine, trust, [STOLEN]) == [], "who signed can't be told"
    assert revocations(mine, trust, [], expired=True) == [STOLEN, other], "nor which authority was above"
    assert revocations(replace(CHANGED, serial="1"), trust, []) == [STOLEN]
