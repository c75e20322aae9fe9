"""`/api`."""

from __future__ import annotations

from drafts import draft
from people import Place, keep_row

from luokuan.colophon.finish import finish


def test_works_page_by_page_one_by_one_and_their_bytes(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    work = finish(draft(), home=place.home, owner=ada.id)
    rows = [keep_row(place.database, ada) for _ in range(4)]
    keep_row(place.database, bob)
    client, headers = place.stranger().client, place.key(ada)
    seen, after = [], ""
    while True:
        found = client.get("/api/works", params={"limit": 2, "after": after}, headers=headers).json()
        seen += [one["id"] for one in found["works"]]
        after = found["next"]
        if after is None:
            break
    assert sorted(seen) == sorted([work.id, *(row.id for row in rows)])
    one = client.get(f"/api/works/{work.id}", headers=headers).json()
    assert one["sha256"] == work.sha256 and one["recipe"]["brief"] == "a red dress" and "salt" not in one
    file = client.get(f"/api/works/{work.id}/file", headers=headers)
    assert file.content == work.data and file.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/api/works/{work.id}", headers=place.key(bob)).status_code == 404
    assert client.get("/api/works?q=%00%0d", headers=headers).status_code == 200
    for wrong in ("limit=0", "limit=101", "limit=x", "q=" + "x" * 300):
        assert client.get(f"/api/works?{wrong}", headers=headers).status_code == 422
