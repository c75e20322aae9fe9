"""What went wrong, in the form that was asked for; and nothing of ours in it."""

from __future__ import annotations

import pytest
from onpostgres import hold
from people import Place, keep_row

from luokuan.errors import UserError
from luokuan.studio.pages import entrance

PART = b'--x\r\ncontent-disposition: form-data; name="name"%b\r\n\r\n%b\r\n--x--\r\n'


def test_the_same_sentence_as_a_page_a_part_and_json(place: Place) -> None:
    client = place.browser("ada").client
    page = client.get("/works/none")
    assert page.status_code == 404 and "<html" in page.text and "no such page" in page.text
    part = client.get("/works/none", headers={"hx-request": "true"})
    assert part.status_code == 404 and "<html" not in part.text and part.headers["hx-retarget"] == "#notices"
    answer = client.get("/api/works/none")
    assert answer.status_code == 401 and set(answer.json()["error"]) == {"code", "what", "do"}
    assert client.delete("/login").status_code == 405
    assert client.get("/api/works?limit=x", headers=place.key(place.account("b"))).status_code == 422


def test_a_fault_of_ours_says_nothing_of_our_insides(
    place: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("secret detail of the database")

    monkeypatch.setattr(entrance.sessions, "find_link", fail)
    answer = place.stranger().client.get("/welcome/x-very-secret-token")
    assert answer.status_code == 500 and "our fault" in answer.text and "secret detail" not in answer.text
    assert "Traceback" not in answer.text and "frame-ancestors" in answer.headers["content-security-policy"]
    out = "".join(capfd.readouterr())
    assert "secret detail" in out and "find_link" in out and "x-very-secret-token" not in out


def test_a_database_that_is_away_is_503_and_says_not_where(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: object, **_options: object) -> None:
        raise UserError("No answer from /run/secret/place.", "Start it.", code="database.unreachable", status=503)

    monkeypatch.setattr(entrance.sessions, "find_link", away)
    answer = place.stranger().client.get("/welcome/a-token")
    assert answer.status_code == 503 and "can&#39;t be reached" in answer.text and "secret" not in answer.text
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("path", ["/login", "/library", "/works/0000000000000001/trash"])
def test_a_database_that_another_process_holds_is_503_with_a_sentence(place: Place, path: str) -> None:
    from luokuan.store.database import open_database

    keep_row(place.database, place.account("ada"), id="0000000000000001")
    browser = place.stranger().login("ada")
    with open_database(place.home) as other, other.write() as held:
        hold(held)
        answer = browser.post(path, {"name": "ada", "password": "x"}) if path != "/library" else browser.get(path)
    if path == "/library":
        assert answer.status_code == 200, "readers aren't held up"
    else:
        assert answer.status_code == 503 and "Another process" in answer.text and "Try again" in answer.text
        assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    "path",
    [
        "/library?q=%ff%fe",
        "/library?after=%00",
        "/library?since=9999-99-99&until=0000-00-00",
        "/library?after=" + "A" * 500,
        "/library?kind=%00&model=%0d%0a",
        "/works/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/works/..%5c..",
        "/works/%00",
        "/works/" + "a" * 3000,
        "/works/%ff/file",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/settings/events?before=99999999999999999999999",
        "/settings/events?before=x",
        "/settings/users/%00",
        "/settings/users/..%2f..",
        "/welcome/%00",
        "/works/0000000000000000/lineage.svg?x=<script>",
        "/login?next=%0d%0aSet-Cookie:%20a=b",
        "/library?since=2026-01-01&since=2027-01-01",
        "/library?q=%EF%BF%BD%F0%9F%92%A9",
    ],
)
def test_no_address_breaks_anything(place: Place, path: str) -> None:
    answer = place.browser("chief", "admin").client.get(path)
    assert answer.status_code in (200, 404, 410, 422), answer.status_code
    assert "root:" not in answer.text and "def create_app" not in answer.text
    assert "a=b" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[" * 60_000),
        ("application/x-www-form-urlencoded", b"name=%ff%fe&password=%00"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % n for n in range(5000))),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=x", PART % (b"", b"\xff\xfe")),
        ("multipart/form-data; boundary=x", PART % (b'; filename="../../x"', b"x")),
        ("text/plain", b"\xff" * 1000),
        ("", b"name=ada"),
    ],
)  # fmt: skip
def test_no_body_breaks_anything(place: Place, kind: str, body: bytes) -> None:
    browser = place.stranger()
    browser.get("/login")
    headers = {"content-type": kind, "x-csrf-token": browser.token}
    for path in ("/login", "/check", "/preferences"):
        answer = browser.client.post(path, content=body, headers=headers)
        assert 300 <= answer.status_code < 500, (path, answer.status_code)
