"""What a work starts from: files of anybody, and what hostile ones may not do."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drafts import DATA, GOLDEN, draft, picture, text_draft
from PIL import Image

from luokuan.colophon import aigc, c2pa_sign, history, ingredients, manifest, xmp
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.ingredients import COMPOSITE, Ingredient, Origin, edited, master_of, of_work, take_in
from luokuan.colophon.reference import locate
from luokuan.colophon.sandbox import Limits
from luokuan.colophon.schema import Draft, Work
from luokuan.colophon.watermark.marking import marker_of
from luokuan.errors import UserError
from luokuan.media import Picture, Text
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.identity import find_identity
from luokuan.store.ingredients import find_ingredients
from luokuan.store.keys import signing
from luokuan.store.masters import Masters
from luokuan.store.renewal import revoke
from luokuan.store.secrets import watermark_key
from luokuan.store.works import known_blobs, with_recipe

PHOTO = DATA / "fingerprints" / "dress.jpg"


def photo(path: Path, **more: Any) -> Path:
    Image.fromarray(picture(80, 90).pixels).save(path, **more)
    return path


def reading_of(home: Home, work: Work) -> c2pa_sign.Reading:
    trust = c2pa_sign.context(home.root_certificate.read_bytes())
    return c2pa_sign.read(work.data, work.media_type, trust, work.sidecars.get(MANIFEST))


def labels_of(work: Work) -> tuple[aigc.Aigc, str | None]:
    labels = format_of(work.media_type).read_labels(work.data, work.sidecars)
    assert labels.aigc is not None
    return aigc.parse(labels.aigc), labels.source


def active(home: Home, work: Work) -> tuple[list[dict[str, Any]], str]:
    reading = reading_of(home, work)
    assert (reading.state, reading.failures) == ("Trusted", ())
    found = reading.store["manifests"][reading.store["active_manifest"]]
    (actions,) = [one for one in found["assertions"] if one["label"] == "c2pa.actions.v2"]
    return actions["data"]["actions"], json.dumps(found)


def test_a_persons_photo_is_edited_and_never_created(home: Home, tmp_path: Path) -> None:
    given = take_in(photo(tmp_path / "my-holiday.jpg"), home, "parentOf")
    assert (given.credentials, given.work_id, given.aigc) == (False, None, None)
    work = finish(draft(), home=home, media_type="image/jpeg", origin=edited(given))
    actions, text = active(home, work)
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"] == COMPOSITE
    assert "c2pa.created" not in text
    assert "holiday" not in text, "names of files tell of people"
    assert given.sha256 not in text
    assert b"thumbnail" not in work.data
    (step,) = history.read(reading_of(home, work).store)
    assert (step.role, step.title, step.credentials) == ("parentOf", "picture", False)
    label, source = labels_of(work)
    assert (label, source) == (aigc.Aigc("1", "luokuan", work.id), COMPOSITE)
    with open_database(home) as database, database.read() as connection:
        (row,) = find_ingredients(connection, work.id)
    assert (row.title, row.sha256, row.parent_id, row.purpose) == ("my-holiday.jpg", given.sha256, None, "edited")


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_anothers_labels_and_credentials_stay(home: Home, tmp_path: Path, media_type: str) -> None:
    other = open_home(tmp_path / "other")
    theirs = export_work(finish(draft(), home=other, media_type=media_type, producer="them"), tmp_path / "theirs")
    assert theirs.path is not None
    given = take_in(theirs.path, home, "parentOf")
    assert given.credentials and given.work_id is None
    work = finish(draft(seed=1), home=home, media_type="image/webp", origin=edited(given))
    (step,) = history.read(reading_of(home, work).store)
    assert (step.role, step.work, step.model, step.credentials) == ("parentOf", theirs.id, "toy", True)
    assert step.problems == ("signingCredential.untrusted",)
    label, source = labels_of(work)
    assert label == aigc.Aigc("1", "them", theirs.id, "", "luokuan", work.id, theirs.sha256)
    assert source == COMPOSITE
    assert manifest.read(reading_of(home, work).store).source == COMPOSITE


def test_what_was_only_looked_at_is_an_input(home: Home, tmp_path: Path) -> None:
    given = take_in(GOLDEN / "golden.png", home, "inputTo")
    work = finish(draft(), home=home, origin=Origin("reference", (given,)))
    actions, text = active(home, work)
    assert [one["action"] for one in actions] == ["c2pa.created"]
    assert actions[0]["digitalSourceType"] == xmp.GENERATED
    assert actions[0]["parameters"]["ingredients"]
    assert '"inputTo"' in text
    (step,) = history.read(reading_of(home, work).store)
    assert (step.role, step.signer) == ("inputTo", "Luokuan golden v1")
    assert labels_of(work) == (aigc.Aigc("1", "luokuan", work.id), xmp.GENERATED)


def test_a_work_of_this_home_is_recognised_and_its_bare_samples_are_used(home: Home, tmp_path: Path) -> None:
    first = export_work(finish(draft(), home=home), tmp_path / "a.png")
    assert first.path is not None
    given = take_in(first.path, home, "parentOf")
    assert given.work_id == first.id and given.name == first.id
    bare = master_of(given, home)
    assert isinstance(bare, Picture)
    assert np.array_equal(bare.pixels, picture().pixels)
    work = finish(draft(seed=2), home=home, origin=edited(given))
    assert labels_of(work)[1] == xmp.GENERATED, "a model made all of it"
    label = labels_of(work)[0]
    assert (label.produce_id, label.propagate_id) == (first.id, work.id)
    Masters(home).remove(first.id)
    assert master_of(given, home) is None
    Masters(home).path(first.id).write_bytes(b"damaged")
    with pytest.raises(UserError) as caught:
        master_of(given, home)
    assert caught.value.code == "master.damaged"


def test_a_copy_of_ones_own_without_metadata_is_no_strangers(home: Home, tmp_path: Path) -> None:
    whole = Image.open(PHOTO).convert("RGB").resize((640, 640))
    work = finish(Draft(Picture(np.asarray(whole)), draft().recipe), home=home)
    copy = tmp_path / "copy.jpg"
    Image.open(io.BytesIO(work.data)).convert("RGB").save(copy, quality=80)
    given = take_in(copy, home, "parentOf")
    assert (given.work_id, given.like, given.credentials) == (None, work.id, False)
    assert master_of(given, home) is None, "it may have been changed: its own samples count"
    assert given.name == "picture", "the public manifest claims nothing that isn't signed"
    made = finish(draft(), home=home, origin=edited(given))
    label, source = labels_of(made)
    assert source == xmp.GENERATED
    assert (label.produce_id, label.propagate_id) == (work.id, made.id), "its label is passed on"
    with open_database(home) as database, database.read() as connection:
        (row,) = find_ingredients(connection, made.id)
    assert (row.parent_id, row.sha256) == (work.id, given.sha256)
    assert take_in(copy, open_home(tmp_path / "stranger"), "parentOf").like is None


def test_one_sign_alone_makes_no_copy_of_ours(home: Home, tmp_path: Path) -> None:
    whole = Image.open(PHOTO).convert("RGB").resize((640, 640))
    work = finish(Draft(Picture(np.asarray(whole)), draft().recipe), home=home)
    alike, marked = tmp_path / "alike.png", tmp_path / "marked.png"
    whole.save(alike)  # looks like it, and carries no mark
    other = Picture(np.asarray(whole.transpose(Image.Transpose.TRANSPOSE).rotate(180)))
    marker = marker_of(Picture)
    assert marker is not None
    forged = marker.embed(other, work.id, watermark_key(home))
    assert isinstance(forged, Picture)
    Image.fromarray(forged.pixels).save(marked)  # carries the mark, and looks like something else
    for path in (alike, marked):
        given = take_in(path, home, "parentOf")
        assert (given.work_id, given.like) == (None, None)
        assert edited(given).source == COMPOSITE


def test_texts_bring_their_sidecars(home: Home, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    for place, ending in ((other, "txt"), (home, "md")):
        kind = {"txt": "text/plain", "md": "text/markdown"}[ending]
        first = export_work(finish(text_draft(), home=place, media_type=kind), tmp_path / f"a.{ending}")
        assert first.path is not None
        given = take_in(first.path, home, "inputTo")
        assert given.credentials and given.beside is not None
        work = finish(text_draft("another"), home=home, media_type="text/plain", origin=Origin("reference", (given,)))
        (step,) = history.read(reading_of(home, work).store)
        assert (step.work, step.credentials) == (first.id, True)
        wanted = Text("山高月小，水落石出。\n\nThe moon is small.", "zh-CN")
        assert master_of(given, home) == (None if place is other else wanted)


def test_a_work_of_this_home_needs_nothing_beside_it(home: Home, tmp_path: Path) -> None:
    first = finish(text_draft(), home=home, media_type="text/plain")
    alone = tmp_path / "alone.txt"
    alone.write_bytes(first.data)
    given = take_in(alone, home, "inputTo")
    assert (given.work_id, given.credentials, given.beside) == (first.id, True, first.sidecars[MANIFEST])
    work = finish(text_draft("another"), home=home, media_type="text/plain", origin=Origin("reference", (given,)))
    (step,) = history.read(reading_of(home, work).store)
    assert (step.work, step.credentials) == (first.id, True)


def test_a_changed_file_is_carried_with_what_is_wrong_with_it(home: Home, tmp_path: Path) -> None:
    work = finish(draft(), home=home, media_type="image/jpeg")
    changed = bytearray(work.data)
    changed[-300] ^= 1
    (tmp_path / "changed.jpg").write_bytes(changed)
    given = take_in(tmp_path / "changed.jpg", home, "parentOf")
    assert given.work_id is None, "it isn't the work that was signed"
    made = finish(draft(seed=1), home=home, origin=edited(given))
    (step,) = history.read(reading_of(home, made).store)
    assert "assertion.dataHash.mismatch" in step.problems
    assert labels_of(made)[1] == COMPOSITE


def _packet(*labels: str) -> bytes:
    inner = "".join(f"<TC260:AIGC>{label}</TC260:AIGC>" for label in labels)
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:TC260="{xmp.AIGC_NAMESPACE}">{inner}</rdf:Description></rdf:RDF>'
        "</x:xmpmeta>"
    ).encode()


def _label(number: int, label: str = "1") -> str:
    return aigc.Aigc(label, "them", f"number-{number}").build().replace('"', "&quot;")


def _labelled(path: Path, *labels: str) -> Path:
    out = io.BytesIO()
    Image.fromarray(picture(80, 90).pixels).save(out, "PNG")
    path.write_bytes(format_of("image/png").embed_xmp(out.getvalue(), _packet(*labels)))  # type: ignore[attr-defined]
    return path


def test_a_label_without_signature_is_passed_on_as_it_is(home: Home, tmp_path: Path) -> None:
    given = take_in(_labelled(tmp_path / "a.png", _label(1, "3")), home, "parentOf")
    label, source = labels_of(finish(draft(), home=home, origin=edited(given)))
    assert (label.label, label.producer, label.produce_id, label.propagator) == ("3", "them", "number-1", "luokuan")
    assert source == COMPOSITE


def _two_labels(folder: Path) -> Path:
    return _labelled(folder / "a.png", _label(1), _label(2))


def _two_packets(folder: Path) -> Path:
    data = _labelled(folder / "a.png", _label(1)).read_bytes()
    at = data.index(b"iTXt") - 4
    chunk = data[at : at + 12 + int.from_bytes(data[at : at + 4])]
    (folder / "a.png").write_bytes(data[:at] + chunk + data[at:])
    return folder / "a.png"


def _strange_label(folder: Path) -> Path:
    return _labelled(folder / "a.png", "{&quot;Label&quot;:&quot;1&quot;}")


def _entities(folder: Path) -> Path:
    out = io.BytesIO()
    Image.fromarray(picture(80, 90).pixels).save(out, "PNG")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + _packet("&b;")
    data = format_of("image/png").embed_xmp(out.getvalue(), bomb)  # type: ignore[attr-defined]
    (folder / "a.png").write_bytes(data)
    return folder / "a.png"


def _zlib_bomb(folder: Path) -> Path:
    data = photo(folder / "a.png").read_bytes()
    body = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(50 << 20), 9)
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    at = data.index(b"IDAT") - 4
    (folder / "a.png").write_bytes(data[:at] + chunk + data[at:])
    return folder / "a.png"


def _cut(folder: Path) -> Path:
    data = photo(folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(data[: len(data) // 2])
    return folder / "a.png"


def _broken_manifest(folder: Path) -> Path:
    data = bytearray((GOLDEN / "golden.jpg").read_bytes())
    at = data.index(b"jumdc2pa") + 60
    data[at : at + 30] = b"\xff" * 30
    (folder / "a.jpg").write_bytes(data)
    return folder / "a.jpg"


def _remote(folder: Path) -> Path:
    link = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" '
        'dcterms:provenance="http://127.0.0.1:9/manifest.c2pa"/></rdf:RDF></x:xmpmeta>'
    )
    out = io.BytesIO()
    Image.fromarray(picture(80, 90).pixels).save(out, "JPEG")
    data = format_of("image/jpeg").embed_xmp(out.getvalue(), link.encode())  # type: ignore[attr-defined]
    (folder / "a.jpg").write_bytes(data)
    return folder / "a.jpg"


def _nothing(folder: Path) -> Path:
    (folder / "a.bin").write_bytes(struct.pack("<16I", *range(16)))
    return folder / "a.bin"


def _folder(folder: Path) -> Path:
    return folder


def _absent(folder: Path) -> Path:
    return folder / "absent.png"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_two_labels, "ingredient.labels"),
        (_two_packets, "ingredient.labels"),
        (_strange_label, "ingredient.labels"),
        (_entities, "ingredient.labels"),
        (_zlib_bomb, "ingredient.unusable"),
        (_cut, "ingredient.unusable"),
        (_broken_manifest, "ingredient.credentials"),
        (_remote, "ingredient.remote"),
        (_nothing, "ingredient.unusable"),
        (_folder, "ingredient.unusable"),
        (_absent, "ingredient.unusable"),
    ],
)
def test_what_cant_be_carried_on_is_refused(home: Home, tmp_path: Path, make: Any, code: str) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    with pytest.raises(UserError) as caught:
        take_in(make(folder), home, "parentOf")
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_a_file_that_stalls_or_is_too_large_costs_no_more_than_its_limits(home: Home, tmp_path: Path) -> None:
    for limits in (Limits(wall_seconds=0.0), Limits(file_bytes=100)):
        with pytest.raises(UserError) as caught:
            take_in(photo(tmp_path / "a.png"), home, "parentOf", limits=limits)
        assert caught.value.code == "ingredient.unusable"


def test_a_file_that_changes_after_the_look_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingredients, "_read", lambda *_arguments: b"something else")
    with pytest.raises(UserError, match="changed"):
        take_in(photo(tmp_path / "a.png"), home, "parentOf")


def test_a_manifest_that_the_library_refuses_makes_no_work(home: Home, tmp_path: Path) -> None:
    first = finish(text_draft(), home=home, media_type="text/plain")
    bad = Ingredient("parentOf", "a" * 64, "bad.txt", "text/plain", first.data, b"no manifest", credentials=True)
    before = _kept(home)
    with pytest.raises(UserError) as caught:
        finish(draft(), home=home, origin=edited(bad))
    assert caught.value.code == "ingredient.credentials"
    assert _kept(home) == before


def test_an_ingredient_that_isnt_there_takes_the_work_with_it(home: Home, tmp_path: Path) -> None:
    """The row about it comes in the same transaction: no work without its lineage."""
    given = take_in(photo(tmp_path / "a.png"), home, "parentOf")
    lost = Ingredient("parentOf", given.sha256, "a", given.media_type, given.data, work_id="f" * 16)
    before = _kept(home)
    with pytest.raises(Exception, match="history"):
        finish(draft(), home=home, origin=edited(lost))
    assert _kept(home) == before


def test_a_work_is_taken_with_all_that_came_before_it(home: Home) -> None:
    first = finish(draft(), home=home)
    with open_database(home) as database, database.read() as connection:
        from luokuan.store.works import find_work

        row = find_work(connection, first.id)
    assert row is not None
    found = of_work(row, home)
    assert len(found.manifests) == 1
    assert (found.work_id, found.sha256, found.credentials) == (first.id, first.sha256, True)
    assert "data" not in repr(found) and len(repr(found)) < 60


def _kept(home: Home) -> set[str]:
    with open_database(home) as database, database.read() as connection:
        return known_blobs(connection) | with_recipe(connection)


def test_a_stolen_key_that_was_revoked_names_no_work(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, thief = finish(draft(), home=home), signing(home)
    monkeypatch.setattr("luokuan.colophon.finish.new_work_id", lambda: work.id)
    forged = export_work(finish(draft(1), home=open_home(tmp_path / "thief"), signer=thief), tmp_path / "forged.png")
    assert forged.path is not None
    assert take_in(forged.path, home, "inputTo").work_id == work.id
    revoke(home, find_identity(home).leaf.serial, reason="keyCompromise")  # type: ignore[union-attr]
    assert take_in(forged.path, home, "inputTo").work_id is None
    assert locate(forged.path, home).row is None
    export_work(work, tmp_path / "own.png")
    assert take_in(tmp_path / "own.png", home, "inputTo").work_id == work.id, "by its bytes, whoever signed"


def test_a_manifest_that_is_swapped_after_the_look_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "a.txt")
    assert work.path is not None
    assert ingredients.take_in(work.path, home, "inputTo").beside is not None
    honest = ingredients._read

    def swapped(path: Path, most: int) -> bytes | None:
        return b"what nobody looked at" if path.suffix == ".c2pa" else honest(path, most)

    monkeypatch.setattr(ingredients, "_read", swapped)
    with pytest.raises(UserError, match="changed while it was read"):
        ingredients.take_in(work.path, home, "inputTo")
