"""Projects on the value chain in the studio: one's own alone, and never half a project."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from market_for_tests import errands_here
from people import Browser, Place
from projects_for_tests import event, stated, tranche, values, write

from luokuan.appraisal import project as files
from luokuan.errors import UserError
from luokuan.store import project_tables, projects
from luokuan.studio import projects as projects_here
from luokuan.studio.material.errands import Errands

NEW = "/appraisal/projects/new"


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A small project with a gate, an event and a limit."""
    found = values(
        name="<b>织机</b> Loom", layer="technology", stage="research", horizon=24,
        tranches=[tranche("One", 0, 3000), tranche("Two", 6, 2000, recovered=10)],
        events=[event("Duty", 2, revenue=-20)], limits={"budget": stated(4000, "EUR")},
    )  # fmt: skip
    return write(tmp_path / "p.yaml", found).read_text(encoding="utf-8")


def typed(answer: Any) -> str:
    """What stands in the form."""
    from html import unescape

    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def kept(browser: Browser, text: str) -> str:
    """Keep a project; returns its address."""
    answer = browser.post("/appraisal/projects", {"text": text})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_the_table_knows_the_places_of_the_file() -> None:
    assert tuple(files.LAYERS) == project_tables.LAYERS and tuple(files.STAGES) == project_tables.STAGES


def test_a_project_is_begun_kept_changed_and_deleted(place: Place, text: str) -> None:
    chief = place.browser("chief", "admin")
    begun = chief.get(f"{NEW}?layer=foundation&stage=platform")
    assert "layer: foundation" in typed(begun) and "stage: platform" in typed(begun)
    assert "layer: application " in typed(chief.get(f"{NEW}?layer=%3Cb%3E&stage=x")), "no such place: as it was"
    chinese = typed(chief.get(f"{NEW}?layer=technology&stage=research", headers={"accept-language": "zh"}))
    assert "layer: 技术层" in chinese and "stage: 技术研发" in chinese
    for beginning in (typed(begun), chinese):
        path = kept(chief, beginning)
        assert chief.post(f"{path}/delete", {"version": "1"}).status_code == 303
    path = kept(chief, text)
    page = chief.get("/appraisal").text
    row = page[page.index("technology layer</th>") :]
    assert f'<a href="{path}">&lt;b&gt;织机&lt;/b&gt; Loom</a>' in row[: row.index("</tr>")] and "<b>织机" not in page
    assert typed(chief.get(path)) == text
    answer = chief.post(path, {"text": text.replace("research", "platform").replace("\n", "\r\n"), "version": "1"})
    saved = chief.get(answer.headers["location"])
    assert saved.status_code == 200 and "Saved." in saved.text and "building of platforms" in saved.text
    assert "\r" not in typed(saved) and 'name="version" value="2"' in saved.text
    assert chief.post(f"{path}/delete", {"version": "2"}).headers["location"] == "/appraisal"
    assert chief.get(path).status_code == 404 and path not in chief.get("/appraisal").text


def test_what_is_no_project_is_told_and_not_kept(place: Place) -> None:
    chief = place.browser("chief", "admin")
    for wrong, told in (
        ("", "holds no fields"),
        ("layer: [", "can&#39;t be used: line"),
        ("!!python/object/apply:os.system [id]", "can&#39;t be used"),
        ("a: &x [1]\nb: *x", "references"),
        ("a: \x00", "can&#39;t be read"),
    ):
        answer = chief.post("/appraisal/projects", {"text": wrong})
        assert answer.status_code == 422 and 'role="alert"' in answer.text and told in answer.text, wrong
    with place.database.read() as connection:
        assert connection.execute(project_tables.project.select()).all() == []


def test_a_wrong_field_is_named_with_its_line_and_what_was_typed_stays(place: Place, text: str) -> None:
    chief = place.browser("chief", "admin")
    path = kept(chief, text)
    for old, new, told in (
        ("layer: technology", "layer: sky", "&#39;layer&#39;"),
        ("horizon: 24", "horizon: .nan", "&#39;horizon&#39;"),
        ("currency: EUR", "currency: XXQ", "&#39;currency&#39;"),
        ("amount: 3000", "amount: -1", "&#39;tranches.1.amount&#39;"),
    ):
        changed = text.replace(old, new)
        answer = chief.post(path, {"text": changed, "version": "1"})
        assert answer.status_code == 422 and told in answer.text and typed(answer) == changed, new
    assert chief.post(path, {"text": text + "#" * 50_000, "version": "1"}).status_code == 422, "too long"
    assert chief.post(path, {"text": "#" * 600_000, "version": "1"}).status_code == 413
    for version in ("", "x", "-1", "9" * 12):
        assert chief.post(path, {"text": text, "version": version}).status_code in (409, 422), version
    assert typed(chief.get(path)) == text
    long = text + "# " + "长" * 20_000 + "\n"
    assert chief.post(path, {"text": long, "version": "1"}).status_code == 303, "nine bytes a letter fit in"


def test_of_two_tabs_the_second_is_told(place: Place, text: str) -> None:
    chief = place.browser("chief", "admin")
    path = kept(chief, text)
    first, second = text.replace("5000", "1"), text.replace("name: <b>", "name: second <b>")
    assert chief.post(path, {"text": first, "version": "1"}).status_code == 303
    answer = chief.post(path, {"text": second, "version": "1"})
    assert answer.status_code == 409 and typed(answer) == second and "What is there now:" in answer.text
    assert 'name="version" value="2"' in answer.text, "saved again, it is meant"
    assert chief.post(f"{path}/delete", {"version": "1"}).status_code == 409
    assert typed(chief.get(path)) == first
    assert chief.post(path, {"text": second, "version": "2"}).status_code == 303


def test_nobody_else_sees_it(place: Place, text: str) -> None:
    path = kept(place.browser("chief", "admin"), text)
    other, maker, viewer = place.browser("other", "admin"), place.browser("ann"), place.browser("viv", "viewer")
    for asked in (path, f"{path}/report", f"{path}/report.pdf"):
        assert maker.get(asked).status_code == 404 and viewer.get(asked).status_code == 403
    for form in ({"text": text, "version": "1"}, {"text": "", "version": "1"}):
        assert other.post(path, form).status_code == 404 == maker.post(path, form).status_code
    for browser in (other, maker):
        assert browser.post(f"{path}/delete", {"version": "1"}).status_code == 404
        assert "Loom" not in browser.get("/appraisal").text
    assert maker.get("/appraisal/projects").status_code == 403


def test_administrators_look_at_everybodys(place: Place, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    maker, chief = place.browser("ann"), place.browser("chief", "admin")
    assert "There are no projects yet" in chief.get("/appraisal/projects").text
    path = kept(maker, text)
    rows = chief.get("/appraisal/projects").text
    assert f'<a href="{path}">&lt;b&gt;织机&lt;/b&gt; Loom</a></td><td>ann</td>' in rows
    page = chief.get(path).text
    assert "The project of ann:" in page and "织机" in page and 'id="text"' not in page and "/delete" not in page
    assert "Only its maker changes it." not in maker.get(path).text and "/delete" in maker.get(path).text
    assert chief.get(f"{path}/report?paths=400").status_code == 200


def test_there_is_an_end_to_how_many(place: Place, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MOST", 1)
    chief = place.browser("chief", "admin")
    kept(chief, text)
    assert chief.post("/appraisal/projects", {"text": text}).status_code == 409
    kept(place.browser("other", "admin"), text)


def test_its_report(place: Place, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    chief = place.browser("chief", "admin")
    path = kept(chief, text)
    answer = chief.get(f"{path}/report?paths=400&seed=3")
    assert answer.status_code == 200 and "&lt;b&gt;织机&lt;/b&gt; Loom" in answer.text and "<b>" not in answer.text
    assert (
        "<svg" in answer.text and "Decision support, not advice." in answer.text and "400 paths, seed 3" in answer.text
    )
    assert answer.headers["content-security-policy"].endswith("sandbox") and "<script" not in answer.text
    assert (
        chief.get(f"{path}/report?paths=1").status_code == 422
        and chief.get(f"{path}/report?seed=-1").status_code == 422
    )
    assert chief.get(f"{path}/report?paths=999999").status_code == 422
    monkeypatch.setattr("luokuan.appraisal.pdf.to_pdf", lambda document: f"%PDF {document.title}".encode())  # slow
    monkeypatch.setattr("luokuan.studio.projects.PATIENCE", 0.0)
    late = chief.get(f"{path}/report.pdf?paths=400")
    assert late.status_code == 503 and late.headers["retry-after"]
    monkeypatch.setattr("luokuan.studio.projects.PATIENCE", 60.0)
    paper = chief.get(f"{path}/report.pdf?paths=400")  # it went on
    assert paper.content.decode() == "%PDF <b>织机</b> Loom" and "attachment" in paper.headers["content-disposition"]


def test_its_report_with_receipts(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    found = values(actuals=[{"month": "2027-01", "cost": 5, "revenue": 1, "source": "ledger"}])
    text = write(tmp_path / "p.yaml", found).read_text(encoding="utf-8")
    chief = place.browser("chief", "admin")
    path = kept(chief, text)
    rows = "date,amount,currency,reference\r\n2027-01-05,1234.5,EUR,<b>A-1\r\n2027-01-06,100,EUR,A-2\r\n"
    for wrong, told in (
        ("day,amount\n", "its columns must be"), (rows.replace("1234.5", "nan"), "line 2 is no receipt"),
        (rows.replace("EUR", "USD"), "is in USD"), (rows.replace("2027-01-06", "2027-02-06"), "a receipt of 2027-02"),
        (rows.replace("1234.5", "-9000"), "less than nothing"), (rows + "#" * 50_000, "at most 50000"),
    ):  # fmt: skip
        answer = chief.post(f"{path}/report?paths=400", {"receipts": wrong})
        assert 400 <= answer.status_code < 500 and told in answer.text and "<details" in answer.text, told
        assert "<b>A-1" not in answer.text
    report = chief.post(f"{path}/report?paths=400", {"receipts": rows})
    assert report.status_code == 200 and "The receipts, 2 receipts; the rest: ledger" in report.text
    assert report.headers["content-security-policy"].endswith("sandbox")
    monkeypatch.setattr("luokuan.appraisal.pdf.to_pdf", lambda document: f"%PDF {document.title}".encode())  # slow
    paper = chief.post(f"{path}/report?paths=400", {"receipts": rows, "form": "pdf"})
    assert paper.content.startswith(b"%PDF") and "attachment" in paper.headers["content-disposition"]
    assert place.browser("ann").post(f"{path}/report", {"receipts": rows}).status_code == 404
    assert "A-1" not in chief.get(path).text, "nothing is kept"


def test_what_fails_late_is_told_to_whoever_comes_again(
    place: Place, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    asked, go_on = list[str](), threading.Event()

    def ask(_self: Any, _errand: Any, wanted: dict[str, Any]) -> Any:
        asked.append(wanted["what"])
        assert go_on.wait(30)
        raise UserError("It can't be counted.", "Change it.", code="x", status=422)

    monkeypatch.setattr(Errands, "_ask", ask)
    monkeypatch.setattr("luokuan.studio.projects.PATIENCE", 0.0)
    chief = place.browser("chief", "admin")
    path = kept(chief, text)
    assert chief.get(f"{path}/report?paths=400").status_code == 503
    go_on.set()
    errands, until = place.app.state.studio.errands, time.monotonic() + 30
    while errands.under_way("appraise:") and time.monotonic() < until:
        time.sleep(0.01)
    again = chief.get(f"{path}/report?paths=400")
    assert again.status_code == 422 and "counted" in again.text and asked == ["appraise"]


def test_nobody_keeps_more_than_a_few_threads_waiting_for_appraisals(
    place: Place, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    go_on, codes = threading.Event(), list[int]()

    def ask(_self: Any, _errand: Any, _wanted: dict[str, Any]) -> Any:
        assert go_on.wait(60)
        return {"appraisal": "<p>Done.</p>"}

    monkeypatch.setattr(Errands, "_ask", ask)
    ann, bob = place.browser("ann"), place.browser("bob")
    path, his = kept(ann, text), kept(bob, text)
    report = f"{path}/report"
    again = [threading.Thread(target=lambda: codes.append(ann.get(report).status_code)) for _one in range(3)]
    try:
        for one in again:
            one.start()
        until = time.monotonic() + 30
        while sum(projects_here._waiting.values()) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        refused = ann.get(f"{report}?seed=7")
        assert refused.status_code == 503 and "being drawn up" in refused.text
        assert ann.get("/appraisal").status_code == 200

        # What goes on without anybody who waits counts as well.
        monkeypatch.setattr("luokuan.studio.projects.PATIENCE", 0.0)
        for seed in (1, 2, 3):
            assert "done yet" in bob.get(f"{his}/report?seed={seed}").text
        assert "being drawn up" in bob.get(f"{his}/report?seed=4").text
        assert "done yet" in bob.get(f"{his}/report?seed=1").text, "one that is under way is no new one"
    finally:
        go_on.set()
        for one in again:
            one.join(30)
    assert codes == [200, 200, 200] and not projects_here._waiting
