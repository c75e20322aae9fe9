"""A work's page: colophon, evidence, lineage, and the way out."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from drafts import draft, score_draft, text_draft
from people import Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.lineage import Lineage, Node
from luokuan.rights.notices import withdraw
from luokuan.studio.files import disposition
from luokuan.studio.lineage import without_names

pytestmark = pytest.mark.usefixtures("each_database")


def test_a_picture_is_shown_explained_checked_and_handed_out(place: Place) -> None:
    ada = place.account("ada")
    work = finish(draft(), home=place.home, owner=ada.id)
    browser = place.stranger().login("ada")
    page = browser.get(f"/works/{work.id}").text
    for told in ("a red dress", "truncation", work.sha256, work.commitment, work.label, "entry 0 of luokuan/", "toy"):
        assert told in page, told
    shown = browser.get(f"/works/{work.id}/file")
    assert shown.content == work.data, "the signed bytes and no others"
    assert shown.headers["content-type"] == "image/png" and "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["content-disposition"].startswith("inline") and "private" in shown.headers["cache-control"]
    again = browser.get(f"/works/{work.id}/file", headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = browser.get(f"/works/{work.id}/file", headers={"range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, work.data[:8])
    saved = browser.get(f"/works/{work.id}/download")
    assert saved.content == work.data and saved.headers["content-disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(browser.get(f"/works/{work.id}/download?whole=true").content))
    assert {name.rsplit(".", 1)[1] for name in archive.namelist()} == {"png", "proof", "json"}
    told = browser.get(f"/works/{work.id}/evidence", headers={"hx-request": "true"}).text
    assert "A work of this home, unchanged" in told and "byte for byte" in told and "<html" not in told
    svg = browser.get(f"/works/{work.id}/lineage.svg")
    assert (
        svg.headers["content-type"].startswith("image/svg+xml") and "sandbox" in svg.headers["content-security-policy"]
    )
    assert work.id in svg.text and "<script" not in svg.text


@pytest.mark.parametrize("media_type", ["text/html", "text/plain"])
def test_a_text_is_shown_as_words_and_handed_over_inertly(place: Place, media_type: str) -> None:
    ada = place.account("ada")
    wanted = replace(text_draft("<script>alert(1)</script>\n<b>bold</b>"), kind="text")
    work = finish(wanted, home=place.home, owner=ada.id, media_type=media_type)
    browser = place.stranger().login("ada")
    page = browser.get(f"/works/{work.id}").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    for path in ("file", "download"):
        answer = browser.get(f"/works/{work.id}/{path}")
        assert answer.headers["content-disposition"].startswith("attachment"), "it is never opened under our name"
        assert "sandbox" in answer.headers["content-security-policy"] and answer.content == work.data
        assert answer.headers["x-content-type-options"] == "nosniff"
    told = browser.get(f"/works/{work.id}/evidence").text
    assert "unchanged" in told, "its signature, which lies beside, is asked as well"


@pytest.mark.parametrize(
    ("media_type", "needed"),
    [
        ("image/svg+xml", ("verovio",)),
        ("application/pdf", ("verovio", "fpdf")),
        ("application/vnd.recordare.musicxml+xml", ()),
    ],
)
def test_a_sheet_of_music_is_shown_where_browsers_can_and_handed_out(
    place: Place, media_type: str, needed: tuple[str, ...]
) -> None:
    for name in needed:
        pytest.importorskip(name)
    work = finish(score_draft(), home=place.home, owner=place.account("ada").id, media_type=media_type)
    browser = place.stranger().login("ada")
    page, picture = browser.get(f"/works/{work.id}").text, media_type == "image/svg+xml"
    assert (f'<img src="/works/{work.id}/file"' in page) == picture
    assert (f'<img src="/works/{work.id}/file"' in browser.get("/library").text) == picture
    assert ("Browsers don&#39;t show this kind; download it." in page) != picture
    for told in (work.sha256, work.label, "entry 0 of luokuan/", media_type):
        assert told in page, told
    shown = browser.get(f"/works/{work.id}/file")
    assert shown.content == work.data and shown.headers["content-type"] == media_type
    assert shown.headers["content-disposition"].startswith("inline" if picture else "attachment")
    policy = dict(part.partition(" ")[::2] for part in shown.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["sandbox"] == "" and "script-src" not in policy
    assert shown.headers["x-content-type-options"] == "nosniff"
    saved = browser.get(f"/works/{work.id}/download")
    assert saved.content == work.data and saved.headers["content-disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(browser.get(f"/works/{work.id}/download?whole=true").content))
    assert {"proof", format_of(media_type).suffixes[0][1:]} <= {name.rsplit(".", 1)[1] for name in archive.namelist()}
    assert "byte for byte" in browser.get(f"/works/{work.id}/evidence", headers={"hx-request": "true"}).text


def test_works_of_others_in_a_lineage_have_no_name() -> None:
    lineage = Lineage(this="work:a", vouched=True)
    for letter in "abc":
        lineage.add(Node(f"work:{letter}", "work", letter, {"licence": f"licence of {letter}"}))
    lineage.add(Node("model:m", "model", "m", {}))
    lineage.link("work:b", "work:a", "derived")
    told = without_names(lineage, {"a"})
    assert told.nodes["work:a"].details and not told.nodes["work:b"].details
    assert [node.title for node in told.nodes.values()] == ["a", "somebody else's", "somebody else's", "m"]
    assert told.edges, "that there is one is told"


@pytest.mark.parametrize("name", ['a"; x=y', "a\r\nSet-Cookie: x=y", "../../x", "文.png", "a/b\\c", "", "\x00"])
def test_a_name_stays_in_its_header(name: str) -> None:
    found = disposition(name, attached=True)
    assert found.startswith('attachment; filename="') and found.isascii() and found.isprintable()
    assert found.count('"') == 2 and "/" not in found and "\\" not in found


@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_a_file_that_is_gone_is_told(place: Place, size: int) -> None:
    row = keep_row(place.database, place.account("ada"), blob_size=size)
    kinds: tuple[dict[str, str], ...] = ({}, {"range": "bytes=0-9"})
    for headers in kinds:
        answer = place.stranger().login("ada").get(f"/works/{row.id}/file", headers=headers)
        assert answer.status_code == 410 and "missing from the home" in answer.text


def test_a_withdrawn_work_is_told_and_not_served(place: Place) -> None:
    ada = place.account("ada")
    work = finish(draft(), home=place.home, owner=ada.id)
    withdraw(work.id, place.home, who="Ada", reason="a mistake")
    browser = place.stranger().login("ada")
    assert browser.get(f"/works/{work.id}").status_code == 200
    for path in ("file", "download", "download?whole=true"):
        answer = browser.get(f"/works/{work.id}/{path}")
        assert answer.status_code == 410 and work.data not in answer.content
    assert browser.get(f"/works/{work.id}/lineage.svg").status_code == 200
