"""Bringing models by `/api` and by the page: streamed, checked, owned, and removed."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import psutil
import pytest
from bringing import bring, pictures, zipped
from people import Browser, Place
from safetensors.numpy import load, save
from serving import served
from vaes_for_tests import save_vae

from luokuan.store.belongings import find_belonging
from luokuan.store.events import recent_events
from luokuan.store.quotas import used_by
from luokuan.studio.material import receiving
from luokuan.studio.state import now


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
    """What lies in the home of uploads, models and corpora."""
    found = [*(place.home.cache / "uploads").glob("*"), *place.home.models.iterdir(), *place.home.corpora.iterdir()]
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


@pytest.fixture
def many(files: dict[str, bytes]) -> bytes:
    """The same model with its weights in three files, as the Hub lays them out."""
    weights, places = load(files["tiny/model.safetensors"]), {}
    parts: dict[str, bytes] = {}
    for number in range(3):
        part = dict(list(weights.items())[number::3])
        name = f"model-{number + 1:05}-of-00003.safetensors"
        parts[f"tiny/{name}"] = save(part)
        places |= dict.fromkeys(part, name)
    index = json.dumps({"metadata": {}, "weight_map": places})
    rest = {name: data for name, data in files.items() if "model.safetensors" not in name}
    return zipped({**rest, **parts, "tiny/model.safetensors.index.json": index})


def come(client: Client, archive: bytes, kind: str = "model") -> str:
    """An upload named ``mine`` that has come as a whole. Returns its path."""
    begun = client.ask("POST", "/uploads", json={"kind": kind, "name": "mine", "size": len(archive)})
    path = f"/uploads/{begun.json()['id']}"
    assert client.ask("POST", f"{path}/pieces?at=0", content=archive).status_code == 200
    return path


@contextmanager
def held(place: Place, path: str) -> Iterator[None]:
    """As long as this lasts, whoever unpacks it waits."""
    with receiving.place_of(place.home, path.rpartition("/")[2]).open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def arrivals(place: Place) -> list[tuple[str, str]]:
    """What the events say of it."""
    with place.database.read() as connection:
        return [(row.action, row.subject) for row in recent_events(connection, 50) if row.action.endswith(".brought")]


def end_again(ann: Client, place: Place, path: str, kind: str) -> None:
    """Asked again, it becomes what it should, once."""
    assert ann.ask("POST", f"{path}/finish", json={}).status_code == 202
    assert ann.end(path).json()["state"] == "done" and left(place) == ["mine"]
    assert arrivals(place) == [(f"{kind}.brought", "mine")]
    with place.database.read() as connection:
        row = find_belonging(connection, kind, "mine")
        assert row is not None and row.account_id == ann.row.id
        assert used_by(connection, ann.row.id, now()).bytes == row.size > 0


def test_two_tabs_end_one_upload_at_once(place: Place, many: bytes) -> None:
    ann = Client(place, "ann")
    path = come(ann, many)
    tab = Browser(place.app).login("ann")
    with ThreadPoolExecutor(4) as threads, held(place, path):
        ends = [threads.submit(ann.ask, "POST", f"{path}/finish", json={}) for _once in range(2)]
        pages = [threads.submit(tab.post, f"/train{path}/finish") for _once in range(2)]
        assert [one.result().status_code for one in (*ends, *pages)] == [202, 202, 303, 303]
    assert ann.end(path).json()["state"] == "done" and left(place) == ["mine"]
    assert {path.name for path in (place.home.models / "mine").iterdir()} >= {"model.safetensors", "config.json"}
    # A third one comes too late and is told the same.
    end_again(ann, place, path, "model")
    assert tab.post(f"/train{path}/finish").headers["location"] == "/train/models/mine"
    assert "model brought" in place.browser("chief", "admin").get("/settings/events").text


def test_a_process_that_is_killed_while_it_unpacks_leaves_nothing_and_can_be_asked_again(place: Place) -> None:
    ann = Client(place, "ann")
    path = come(ann, zipped(pictures(4)), "corpus")
    with held(place, path):
        assert ann.ask("POST", f"{path}/finish", json={}).status_code == 202
        running, until = place.app.state.studio.errands._processes, time.monotonic() + 60
        while not running and time.monotonic() < until:
            time.sleep(0.02)
        (process,) = running
        (place.home.corpora / f".{path.rpartition('/')[2]}.part").mkdir()  # as far as it may have come
        process.kill()
        told = ann.end(path).json()
    assert (told["state"], told["error"]["code"], told["at"]) == ("failed", "errand.failed", told["size"])
    assert left(place) == [f"{told['id']}.part"] and arrivals(place) == []
    end_again(ann, place, path, "corpus")


def test_a_server_that_is_killed_while_it_unpacks_a_model(place: Place, many: bytes) -> None:
    ann = Client(place, "ann")
    path = come(ann, many)
    with held(place, path), served() as (told, process):
        answer = httpx.post(f"{told['address']}/api{path}/finish", json={}, headers=ann.headers, timeout=60)
        assert answer.json()["state"] == "unpacking"
        until = time.monotonic() + 60
        while not (children := psutil.Process(process.pid).children()) and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
        process.wait()
    # The next server has the upload as it was; whoever the last one had begun leaves, or is waited for.
    assert ann.ask("GET", path).json()["state"] == "coming" and left(place)[-1] != "mine"
    end_again(ann, place, path, "model")
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone and not alive and left(place) == ["mine"]


@pytest.mark.parametrize("at", ["_put", "insert_event"])
def test_killed_between_the_row_and_the_end_nothing_is_lost_or_doubled(
    place: Place, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    ann = Client(place, "ann")
    archive = zipped(pictures(4))
    path = come(ann, archive, "corpus")

    def killed(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("as if the process had ended here")

    with monkeypatch.context() as patch:
        patch.setattr(receiving, at, killed)
        assert ann.ask("POST", f"{path}/finish", json={}).status_code == 202
        assert ann.end(path).json()["state"] == "failed"
    # Neither has somebody else the name, nor is there anything that is nobody's.
    assert Client(place, "bob").bring("mine", archive, "corpus").status_code == 409
    with place.database.read() as connection:
        row = find_belonging(connection, "corpus", "mine")
    assert row is not None and row.account_id == ann.row.id and arrivals(place) == []
    assert (place.home.corpora / "mine").exists() == (at == "insert_event")
    end_again(ann, place, path, "corpus")
