"""Bringing models by `/api` and by the page: streamed, checked, owned, and removed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from bringing import bring, zipped
from people import Browser, Place
from vaes_for_tests import save_vae

from luokuan.store.belongings import find_belonging


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Those of a tiny VAE, as Luokuan writes them."""
    folder = save_vae(tmp_path_factory.mktemp("vae") / "tiny").path
    return {f"tiny/{path.name}": path.read_bytes() for path in folder.iterdir()}


class Client:
    """A program with a key."""

    def __init__(self, place: Place, name: str, **changes: Any) -> None:
        row = place.account(name, **changes)
        self.client = place.stranger().client
        self.headers = place.key(row, scopes=("train", "models:read"))
        self.row = row

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return self.client.request(method, f"/api{path}", headers=self.headers, **options)

    def bring(self, name: str, archive: bytes, kind: str = "model", **end: str) -> Any:
        """What became of it."""
        begun = self.ask("POST", "/uploads", json={"kind": kind, "name": name, "size": len(archive)})
        if begun.status_code != 201:
            return begun
        path, at = f"/uploads/{begun.json()['id']}", begun.json()["at"]
        while at < len(archive):
            piece = self.ask("POST", f"{path}/pieces?at={at}", content=archive[at : at + 3000])
            assert piece.status_code == 200, piece.text
            at = piece.json()["at"]
        assert self.ask("POST", f"{path}/finish", json=end).status_code == 202
        return self.end(path)

    def end(self, path: str) -> Any:
        until = time.monotonic() + 120
        while (told := self.ask("GET", path)).json().get("state") == "unpacking" and time.monotonic() < until:
            time.sleep(0.1)
        return told


def left(place: Place) -> list[str]:
    """What lies in the home of uploads and models."""
    found = [*(place.home.cache / "uploads").glob("*"), *place.home.models.iterdir()]
    return sorted(path.name for path in found)


def test_a_model_comes_by_program_is_its_owners_and_goes(place: Place, files: dict[str, bytes]) -> None:
    ann, bob = Client(place, "ann"), Client(place, "bob")
    told = ann.bring("mine", zipped({**files, "tiny/page.html": b"<script>", "tiny/samples.png": b"<script>"})).json()
    assert (told["state"], told["kind"], told["name"]) == ("done", "model", "mine")
    folder = place.home.models / "mine"
    assert {path.name for path in folder.iterdir()} == {name.partition("/")[2] for name in files}
    assert left(place) == ["mine"]
    with place.database.read() as connection:
        row = find_belonging(connection, "model", "mine")
    assert row is not None and row.account_id == ann.row.id and row.size == told["size"] > 0
    (shown,) = (one for one in ann.ask("GET", "/models").json()["models"] if one["name"] == "mine")
    assert shown["licence"] == "CC0-1.0" and "create.image" in shown["kinds"]
    # Nobody else sees it, and nobody else may have its name, nor that of a model that came with Luokuan.
    assert "mine" not in {one["name"] for one in bob.ask("GET", "/models").json()["models"]}
    for name in ("mine", "garments"):
        assert bob.bring(name, zipped(files)).status_code == 409
    assert bob.ask("DELETE", "/models/mine").status_code == 404
    assert bob.ask("DELETE", "/models/garments").status_code == 404
    page = Browser(place.app).login("ann")
    assert "mine" in page.get("/train/models").text and page.get("/train/models/mine").status_code == 200
    assert ann.ask("DELETE", "/models/mine").json() == {"name": "mine", "removed": True}
    assert left(place) == [] and ann.ask("DELETE", "/models/mine").status_code == 404


def test_a_licence_is_asked_for_on_the_page(place: Place, files: dict[str, bytes]) -> None:
    ann = place.browser("ann")
    archive = zipped({name: data for name, data in files.items() if "training" not in name})
    answer = bring(ann, "mine", archive, kind="model")
    upload = answer.headers["location"]
    page = ann.get(upload)
    assert "names no licence" in page.text and 'value="CC-BY-4.0"' in page.text
    assert not (place.home.models / "mine").exists() and "mine" in ann.get("/train/models").text
    assert ann.post(f"{upload}/finish", {"licence": "CC0-1.0", "other": "EUPL-1.2"}).status_code == 303
    until = time.monotonic() + 120
    while (page := ann.get(upload)).status_code != 303 and time.monotonic() < until:
        time.sleep(0.2)
    assert page.headers["location"] == "/train/models/mine", page.text
    assert "EUPL-1.2" in ann.get("/train/models/mine").text
    assert ann.post("/train/models/mine/remove", {"confirm": "mine"}).status_code == 303 and left(place) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"tiny/pytorch_model.bin": b"\x80\x04."}, "model.pickle"),
        ({"tiny/model.safetensors": b"\x80\x04cposix\nsystem\n."}, "model.damaged"),
        ({"tiny/modeling_tiny.py": b"import os"}, "model.code"),
        ({"../evil.json": b"{}"}, "upload.name"),
    ],
)
def test_hostile_models_leave_nothing(place: Place, files: dict[str, bytes], more: dict[str, bytes], code: str) -> None:
    ann = Client(place, "ann")
    told = ann.bring("mine", zipped({**files, **more}), licence="MIT").json()
    assert (told["state"], told["error"]["code"]) == ("failed", code)
    assert str(place.home.path) not in told["error"]["what"] and told["id"] not in told["error"]["what"]
    assert left(place) == [f"{told['id']}.part"]
    assert ann.ask("DELETE", f"/uploads/{told['id']}").status_code == 204 and left(place) == []


def test_sizes_quotas_and_what_is_anothers(place: Place, files: dict[str, bytes]) -> None:
    archive = zipped(files)
    poor, rich = Client(place, "poor", storage_limit=len(archive) - 1), Client(place, "rich")
    assert poor.bring("mine", archive).status_code == 413
    assert rich.bring("mine", b"").status_code == 422 and rich.bring("../x", archive).status_code in (400, 422)
    begun = rich.ask("POST", "/uploads", json={"kind": "model", "name": "mine", "size": 100}).json()
    path = f"/uploads/{begun['id']}"
    assert rich.ask("POST", f"{path}/pieces?at=0", content=b"x" * 200).status_code == 413
    assert rich.ask("POST", f"{path}/pieces?at=0", content=b"x" * 50).json() == {"at": 50}
    assert rich.ask("POST", f"{path}/pieces?at=0", content=b"x" * 50).status_code == 409
    assert rich.ask("GET", path).json()["at"] == 50 and rich.ask("POST", f"{path}/finish", json={}).status_code == 409
    # A corpus of the same name is another thing.
    other = rich.ask("POST", "/uploads", json={"kind": "corpus", "name": "mine", "size": 100}).json()
    assert other["id"] != begun["id"] and other["at"] == 0
    assert [one["kind"] for one in rich.ask("GET", "/uploads").json()["uploads"]].count("model") == 1
    for method, what in (("GET", ""), ("DELETE", ""), ("POST", "/finish"), ("POST", "/pieces?at=50")):
        assert poor.ask(method, path + what, json={}).status_code == 404
