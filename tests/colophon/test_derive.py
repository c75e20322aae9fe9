"""Copies from the master: a label and a history each, and nothing of what came before is dropped."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Mapping
from typing import Any

import encypher_c2pa
import numpy as np
import pytest
import sqlalchemy as sa
from drafts import draft, picture, text_draft
from PIL import Image

from luokuan.colophon import aigc, c2pa_sign, history, manifest, xmp
from luokuan.colophon import finish as finishing
from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Draft, Work
from luokuan.errors import UserError
from luokuan.media import Media
from luokuan.store import masters
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.ingredients import derived_works, find_ingredients
from luokuan.store.masters import Masters
from luokuan.store.sweep import sweep_daily
from luokuan.store.tables import work as table
from luokuan.store.works import known_blobs

PICTURES = ["image/png", "image/jpeg", "image/webp"]
TEXTS = ["text/plain", "text/markdown", "application/json"]


def store_of(home: Home, work: Work) -> Mapping[str, Any]:
    trust = c2pa_sign.context(home.root_certificate.read_bytes())
    reading = c2pa_sign.read(work.data, work.media_type, trust, work.sidecars.get(MANIFEST))
    assert (reading.state, reading.failures) == ("Trusted", ())
    return reading.store


def label_of(work: Work) -> aigc.Aigc:
    labels = format_of(work.media_type).read_labels(work.data, work.sidecars)
    assert labels.aigc is not None
    assert labels.source == xmp.GENERATED
    return aigc.parse(labels.aigc)


def copies(home: Home, start: Draft, types: list[str]) -> list[Work]:
    """A work in the first of ``types``, a copy of it in the second, a copy of that in the third, and so on."""
    works = [finish(start, home=home, media_type=types[0])]
    for media_type in types[1:]:
        works.append(finish_again(works[-1].id, home=home, media_type=media_type))
    return works


@pytest.mark.parametrize(
    ("start", "types"),
    [
        (draft(), PICTURES),
        (draft(), [*reversed(PICTURES), "image/webp"]),
        (draft(channels=4), ["image/webp", "image/webp", "image/png"]),
        (text_draft(), TEXTS),
        (text_draft(), [*reversed(TEXTS), "text/plain"]),
    ],
    ids=["pictures", "pictures, four times", "transparent", "texts", "texts, four times"],
)
def test_history_is_never_dropped(home: Home, start: Draft, types: list[str]) -> None:
    works = copies(home, start, types)
    for place, work in enumerate(works):
        store = store_of(home, work)
        steps = history.read(store)
        before = list(reversed(works[:place]))
        assert [step.work for step in steps] == [one.id for one in before]
        assert [step.depth for step in steps] == list(range(place))
        assert all(step.role == "parentOf" and step.credentials and not step.problems for step in steps)
        assert [step.media_type for step in steps] == [one.media_type for one in before]
        assert len(store["manifests"]) == place + 1
        claim = manifest.read(store)
        assert (claim.work, claim.model, claim.source) == (work.id, start.recipe.model, xmp.GENERATED)
        assert claim.purpose == ("derived" if place else None)
        # The commitments of all works are still there, as they were signed.
        text = json.dumps(store)
        assert all(one.commitment in text for one in works[: place + 1])


@pytest.mark.parametrize("types", [PICTURES, TEXTS], ids=["pictures", "texts"])
def test_an_independent_verifier_agrees(home: Home, types: list[str]) -> None:
    start = draft() if types is PICTURES else text_draft()
    for work in copies(home, start, types)[1:]:
        beside = {} if types is PICTURES else {"manifest_store": work.sidecars[MANIFEST]}
        report = encypher_c2pa.verify(
            work.data,
            work.media_type,
            trust_pem=home.root_certificate.read_text(),
            no_default_trust=True,
            telemetry=False,
            online=False,
            **beside,
        )
        assert report["signature"] == "valid"
        failed = {item["code"] for item in report["validation_results"]["failure"]}
        if work.media_type in ("text/plain", "application/json"):
            # Here it takes the hash only when the manifest lies in the text; the manifests themselves it reads.
            assert failed == {"assertion.dataHash.malformed"}
        else:
            states = (report["validation_state"], report["integrity"], report["hard_binding"])
            assert (*states, failed) == ("Trusted", "valid", "match", set())
        codes = {item["code"] for item in report["validation_results"]["success"]}
        ingredient = [item for item in report["validation_results"]["success"] if "c2pa.ingredient" in item["url"]]
        assert "assertion.hashedURI.match" in codes and ingredient


def actions_of(store: Mapping[str, Any]) -> list[dict[str, Any]]:
    active = store["manifests"][store["active_manifest"]]
    (found,) = [one for one in active["assertions"] if one["label"] == "c2pa.actions.v2"]
    return list(found["data"]["actions"])


def test_a_copy_is_opened_and_never_created(home: Home) -> None:
    first, second, third = copies(home, draft(), ["image/png", "image/jpeg", "image/jpeg"])
    assert [one["action"] for one in actions_of(store_of(home, first))] == ["c2pa.created"]
    opened, changed = actions_of(store_of(home, second))
    assert (opened["action"], changed["action"]) == ("c2pa.opened", "c2pa.converted")
    assert opened["parameters"]["ingredients"][0]["url"].endswith("c2pa.ingredient.v3")
    assert [one["action"] for one in actions_of(store_of(home, third))] == ["c2pa.opened", "c2pa.edited"]


def test_the_label_keeps_its_producer_and_names_who_passed_it_on(home: Home) -> None:
    first = finish(draft(), home=home, producer="studio-a")
    second = finish_again(first.id, home=home, media_type="image/jpeg", producer="studio-b")
    third = finish_again(second.id, home=home, media_type="image/webp", producer="studio-c")
    assert label_of(first) == aigc.Aigc("1", "studio-a", first.id)
    assert label_of(second) == aigc.Aigc("1", "studio-a", first.id, "", "studio-b", second.id, first.sha256)
    assert label_of(third) == aigc.Aigc("1", "studio-a", first.id, "", "studio-c", third.id, second.sha256)


def test_a_copy_has_one_label_and_starts_from_the_bare_samples(home: Home) -> None:
    start = Draft(picture(600, 700), draft().recipe)
    first = finish(start, home=home, label=LabelOptions("cn", "top-left"))
    again = finish_again(first.id, home=home, label=LabelOptions("en", "bottom-right"))
    with Image.open(io.BytesIO(again.data)) as image:
        pixels = np.asarray(image)
    assert again.label == "AI generated"
    apart = np.abs(pixels[:300].astype(int) - picture(600, 700).pixels[:300])
    assert apart.max() < 24, "but for the watermark, all is as before where the first one's label was"
    assert not np.array_equal(pixels[300:], picture(600, 700).pixels[300:])
    text = finish_again(finish(text_draft(), home=home, media_type="text/plain").id, home=home).data.decode()
    assert text.count("[luokuan:") == 1


def test_the_home_knows_the_copy_and_its_parent(home: Home) -> None:
    first = finish(draft(), home=home)
    calls: list[int] = []
    second = finish_again(
        first.id, home=home, media_type="image/webp", purpose="licensed", at_commit=lambda _connection: calls.append(1)
    )
    assert calls == [1]
    assert second.recipe == first.recipe
    assert second.commitment != first.commitment
    with open_database(home) as database, database.read() as connection:
        (row,) = find_ingredients(connection, second.id)
        ((derived, _row),) = derived_works(connection, first.id)
    assert derived.id == second.id
    assert (row.role, row.purpose, row.parent_id, row.sha256) == ("parentOf", "licensed", first.id, first.sha256)
    assert row.aigc == label_of(first).to_dict()
    assert manifest.read(store_of(home, second)).purpose == "licensed"


def test_a_work_that_fails_to_carry_its_history_doesnt_leave(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = finish(draft(), home=home)
    whole = c2pa_sign.sign

    def forgetful(data: bytes, media_type: str, claim: Any, signing: Any, _ingredients: Any = ()) -> bytes:
        bare = {**claim, "assertions": [one for one in claim["assertions"] if one["label"] != "c2pa.actions.v2"]}
        created = {"action": "c2pa.created", "digitalSourceType": xmp.GENERATED}
        bare["assertions"].append({"label": "c2pa.actions.v2", "data": {"actions": [created]}})
        return whole(data, media_type, bare, signing)

    monkeypatch.setattr(finishing.c2pa_sign, "sign", forgetful)
    with open_database(home) as database, database.read() as connection:
        before = known_blobs(connection)
    with pytest.raises(RuntimeError, match="history"):
        finish_again(first.id, home=home)
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == before


def _cut(home: Home, work: Work) -> None:
    path = Masters(home).path(work.id)
    path.write_bytes(path.read_bytes()[:-7])


def _no_master(home: Home, work: Work) -> None:
    Masters(home).remove(work.id)


def _no_key(home: Home, _work: Work) -> None:
    (home.keys / "masters.key").unlink()


def _no_blob(home: Home, work: Work) -> None:
    Blobs(home).path(work.sha256).unlink()


def _erase(home: Home, work: Work) -> None:
    with open_database(home) as database, database.write() as connection:
        connection.execute(sa.update(table).where(table.c.id == work.id).values(recipe=None, salt=None))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_cut, "master.damaged"),
        (_no_master, "master.missing"),
        (_no_key, "master.key"),
        (_no_blob, "store.damaged"),
        (_erase, "work.erased"),
    ],
)
def test_what_is_gone_makes_no_copy(home: Home, damage: Any, code: str) -> None:
    work = finish(draft(), home=home)
    damage(home, work)
    with pytest.raises(UserError) as caught:
        finish_again(work.id, home=home)
    assert caught.value.code == code
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == {work.sha256}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"media_type": "text/plain"}, "format.unknown"),
        ({"media_type": "image/gif"}, "format.unknown"),
        ({"purpose": "stolen"}, "copy.purpose"),
    ],
)
def test_wrong_options_are_refused(home: Home, options: dict[str, Any], code: str) -> None:
    work = finish(draft(), home=home)
    with pytest.raises(UserError) as caught:
        finish_again(work.id, home=home, **options)
    assert caught.value.code == code
    with pytest.raises(UserError) as caught:
        finish_again("f" * 16, home=home)
    assert caught.value.code == "work.unknown"


def test_the_master_is_what_was_drafted(home: Home) -> None:
    for start in (draft(), draft(channels=4), text_draft()):
        kind: type[Media] = type(start.media)
        work = finish(start, home=home, media_type="text/plain" if start.kind == "text" else "image/jpeg")
        found: Any = Masters(home).get(work.id, kind)
        if start.kind == "text":
            assert found == start.media
        else:
            assert np.array_equal(found.pixels, start.media.pixels)  # type: ignore[union-attr]


@pytest.mark.parametrize(("kind", "name"), [("image/jpeg", "MAX_MANIFEST"), ("text/plain", "MAX_BESIDE")])
def test_a_history_that_is_too_long_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    first = finish(draft() if kind.startswith("image") else text_draft(), home=home, media_type=kind)
    monkeypatch.setattr(c2pa_sign, name, 7_000)
    with pytest.raises(UserError) as caught:
        finish_again(first.id, home=home)
    assert caught.value.code == "manifest.size"


def test_a_full_disk_makes_no_work(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the step that keeps the master; for the others see test_finish."""

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    finish(draft(), home=home)  # keys are there
    with open_database(home) as database, database.read() as connection:
        before = known_blobs(connection)
    monkeypatch.setattr(masters.os, "fsync", full)
    with pytest.raises(UserError) as caught:
        finish(draft(), home=home)
    assert caught.value.code == "disk.full"
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == before
    assert len([path for path in home.masters.rglob("*") if path.is_file()]) == 1


def test_the_daily_sweep_takes_the_master_of_an_erased_work(home: Home) -> None:
    kept, erased = finish(draft(), home=home), finish(draft(), home=home)
    _erase(home, erased)
    for work in (kept, erased):
        os.utime(Masters(home).path(work.id), (0, 0))
    (home.cache / "swept").unlink()
    with open_database(home) as database:
        assert sweep_daily(home, database) == 1
    assert Masters(home).path(kept.id).exists()
    assert not Masters(home).path(erased.id).exists()
