from __future__ import annotations

import errno
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import encypher_c2pa
import numpy as np
import pytest
import sqlalchemy as sa
from drafts import MEDIA_TYPES, draft, picture, text_draft
from onpostgres import about_sqlite
from people import make_account
from PIL import Image

from luokuan.colophon import aigc, c2pa_sign, manifest, xmp
from luokuan.colophon import finish as module
from luokuan.colophon.finish import Passage, export_work, finish
from luokuan.colophon.formats import Encoding, format_of
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import COLOPHON_SCHEMA, Draft, Recipe, Work, opens, samples_digest
from luokuan.colophon.watermark.marking import marker_of
from luokuan.colophon.watermark.picture import MARKER
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.media import Picture, Text
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.ownership import owner_of
from luokuan.store.secrets import watermark_key
from luokuan.store.works import WorkRow, find_work, known_blobs, recent_works

each_type = pytest.mark.parametrize("media_type", MEDIA_TYPES)


def row_of(home: Home, work: Work) -> WorkRow | None:
    with open_database(home) as database, database.read() as connection:
        return find_work(connection, work.id)


@each_type
@pytest.mark.parametrize("channels", [3, 4])
def test_a_finished_work_carries_all_of_its_colophon(home: Home, media_type: str, channels: int) -> None:
    work = finish(draft(channels=channels), home=home, media_type=media_type)
    reading = c2pa_sign.read(work.data, media_type, c2pa_sign.context(home.root_certificate.read_bytes()))
    assert (reading.state, reading.failures) == ("Trusted", ())
    claim = manifest.read(reading.store)
    assert claim.model == "toy"
    assert claim.model_digest == work.recipe.model_digest
    assert claim.work == work.id
    assert claim.commitment == work.commitment
    assert claim.schema == COLOPHON_SCHEMA
    assert claim.source == xmp.GENERATED
    assert claim.explicit_label == work.label == "人工智能生成 AI generated"
    packet = format_of(media_type).read_xmp(work.data)
    assert packet is not None
    text = xmp.parse(packet).aigc
    assert text is not None
    assert aigc.parse(text) == aigc.Aigc("1", "luokuan", work.id)
    with Image.open(io.BytesIO(work.data)) as image:
        assert image.size == (683, 512)


@each_type
def test_an_independent_verifier_agrees(home: Home, media_type: str) -> None:
    work = finish(draft(), home=home, media_type=media_type)
    root = home.root_certificate.read_text()
    report = encypher_c2pa.verify(
        work.data, media_type, trust_pem=root, no_default_trust=True, telemetry=False, online=False
    )
    assert report["validation_state"] == "Trusted"
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    damaged = bytearray(work.data)
    damaged[len(damaged) // 2] ^= 1
    report = encypher_c2pa.verify(
        bytes(damaged), media_type, trust_pem=root, no_default_trust=True, telemetry=False, online=False
    )
    assert report["validation_state"] == "Invalid"


def test_home_keeps_the_bytes_and_the_private_recipe(home: Home) -> None:
    work = finish(draft(seed=3), home=home)
    assert Blobs(home).get(work.sha256) == work.data
    row = row_of(home, work)
    assert row is not None
    assert row.blob_sha256 == sha256_bytes(work.data)
    assert row.created_at == work.created_at
    assert row.recipe is not None
    assert row.salt is not None
    recipe = Recipe.from_dict(row.recipe)
    assert recipe == work.recipe
    assert recipe.draft_digest == samples_digest(draft(seed=3).media)
    assert opens(row.commitment, row.salt, recipe)


@each_type
def test_brief_parameters_and_seed_dont_leave(home: Home, media_type: str) -> None:
    recipe = Recipe("toy", "cd" * 32, "a very secret brief", {"secretparameter": 0.123456789}, seed=987654321)
    work = finish(Draft(picture(), recipe), home=home, media_type=media_type)
    for secret in (b"secret", b"0.123456789", b"987654321", recipe.versions["torch"].encode()):
        assert secret not in work.data


def test_the_same_draft_twice_makes_two_works(home: Home) -> None:
    one, two = (finish(draft(), home=home) for _ in range(2))
    assert one.id != two.id
    assert one.commitment != two.commitment
    assert one.recipe.draft_digest == two.recipe.draft_digest


@each_type
def test_the_colophon_takes_few_bytes(home: Home, media_type: str) -> None:
    work = finish(draft(), home=home, media_type=media_type)
    with Image.open(io.BytesIO(work.data)) as image:
        labelled = Picture(np.array(image))
    bare = format_of(media_type).encode(labelled, Encoding())
    assert b"c2pa.thumbnail" not in work.data
    assert abs(len(work.data) - len(bare)) < 8_000


def test_options_change_the_picture(home: Home) -> None:
    hard = finish(draft(), home=home, enlarge="nearest", label=LabelOptions("en", "top-left"))
    with Image.open(io.BytesIO(hard.data)) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (528, 704, 3)
    change = pixels[5::11, 5::11][20:].astype(int) - picture().pixels[20:]
    assert np.abs(change).max() < 20, "hard pixels below the label, but for the watermark"
    assert hard.label == "AI generated"
    lossless = finish(draft(), home=home, media_type="image/webp", lossless=True)
    assert b"VP8L" in lossless.data


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"media_type": "image/gif"}, "format.unknown"),
        ({"producer": "落款"}, "aigc.invalid"),
        ({"enlarge": "cubic"}, "enlarge.method"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_kept(home: Home, options: dict[str, str], code: str) -> None:
    with pytest.raises(UserError) as caught:
        finish(draft(), home=home, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert not list(home.blobs.rglob("*"))


def test_a_side_that_the_format_cant_hold_is_refused(home: Home) -> None:
    wide = Picture(np.zeros((600, 17_000, 3), np.uint8))
    with pytest.raises(UserError) as caught:
        finish(Draft(wide, draft().recipe), home=home, media_type="image/webp")
    assert caught.value.code == "format.size"


def test_what_the_caller_records_with_it_goes_in_or_out_with_the_work(home: Home) -> None:
    seen: list[tuple[str, bool]] = []

    def record(connection: sa.Connection, work_id: str) -> None:
        seen.append((work_id, find_work(connection, work_id) is not None))
        if len(seen) > 1:
            raise LookupError("the job is another's")

    work = finish(draft(), home=home, at_record=record)
    with pytest.raises(LookupError):
        finish(draft(), home=home, at_record=record)
    assert seen[0] == (work.id, True) and seen[1][1]
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == {work.sha256}
        assert find_work(connection, seen[1][0]) is None
        head = logbook.newest_head(connection)
    assert head is not None and head.size == 1


def test_a_work_is_somebodys_from_its_first_moment_or_isnt_there(home: Home) -> None:
    with open_database(home) as database:
        ada = make_account(database, "ada")
        work = finish(draft(), home=home, owner=ada.id)
        with database.read() as connection:
            assert owner_of(connection, work.id) == ada.id
            assert owner_of(connection, finish(draft(), home=home).id) is None
        with pytest.raises(sa.exc.IntegrityError):
            finish(draft(), home=home, owner="f" * 16)
        with database.read() as connection:
            assert len(recent_works(connection)) == 2


def test_the_callers_check_is_part_of_the_transaction(home: Home) -> None:
    calls: list[int] = []

    def at_commit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS note (done INTEGER)")
        connection.exec_driver_sql("INSERT INTO note VALUES (1)")
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the lease was lost")

    work = finish(draft(), home=home, at_commit=at_commit)
    assert row_of(home, work) is not None
    with pytest.raises(RuntimeError, match="lease"):
        finish(draft(), home=home, at_commit=at_commit)
    with open_database(home) as database:
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM note").scalar() == 1
            known = known_blobs(connection)
        assert known == {work.sha256}
        assert Blobs(home).sweep(lambda: known, older_than=-1) == 1, "the lost work's bytes are an orphan"


def tampered(name: str, change: Callable[[Passage], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """After the step ``name``, ``change`` the passage."""

    def wrap(step: module.Step) -> module.Step:
        def changed(passage: Passage) -> None:
            step(passage)
            if step.__name__ == name:
                change(passage)

        return changed

    monkeypatch.setattr(module, "STEPS", tuple(wrap(step) for step in module.STEPS))


def _flip(passage: Passage) -> None:
    passage.data = passage.data[:-40] + bytes([passage.data[-40] ^ 1]) + passage.data[-39:]


def _other_id(passage: Passage) -> None:
    passage.work_id = "f" * 16


def _other_label(passage: Passage) -> None:
    passage.aigc = aigc.Aigc("1", "somebody", passage.work_id)


def _other_watermark(passage: Passage) -> None:
    passage.watermark = "another"


def _other_samples(passage: Passage) -> None:
    assert isinstance(passage.media, Picture)
    passage.media = Picture(255 - passage.media.pixels)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_flip, "signature"),
        (_other_id, "another work"),
        (_other_watermark, "another watermark"),
        (_other_label, "AIGC"),
        (_other_samples, "samples"),
    ],
)
def test_what_doesnt_read_back_doesnt_leave(
    home: Home, monkeypatch: pytest.MonkeyPatch, change: Callable[[Passage], None], words: str
) -> None:
    tampered("sign", change, monkeypatch)
    with pytest.raises(RuntimeError, match=words):
        finish(draft(), home=home)
    assert not list(home.blobs.rglob("*"))


def test_the_order_of_the_steps() -> None:
    names = [step.__name__ for step in module.STEPS]
    first, last = ["identify", "keep_master", "label"], ["read_back", "keep", "record"]
    assert names == [*first, "watermark", "encode", "fingerprint", "tag", "listen", "sign", *last]
    assert Counter(names).most_common(1)[0][1] == 1


def soft_binding(work: Work) -> dict[str, object] | None:
    reading = c2pa_sign.read(work.data, work.media_type, c2pa_sign.context())
    (active,) = reading.store["manifests"].values()
    found = [one["data"] for one in active["assertions"] if one["label"] == "c2pa.soft-binding"]
    return found[0] if found else None


@each_type
@pytest.mark.parametrize("channels", [3, 4])
def test_the_samples_carry_the_id_and_the_manifest_says_so(home: Home, media_type: str, channels: int) -> None:
    work = finish(draft(channels=channels), home=home, media_type=media_type)
    samples = format_of(media_type).samples(work.data)
    found = MARKER.detect(samples, watermark_key(home))
    assert (found.marked, found.id) == (True, work.id)
    binding = soft_binding(work)
    assert binding is not None
    assert binding["alg"] == MARKER.algorithm
    assert [block["value"] for block in binding["blocks"]] == [work.id]
    assert not MARKER.detect(samples, bytes(32)).marked


def test_no_watermark_is_claimed_where_none_can_be_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def plain(passage: Passage) -> None:
        assert isinstance(passage.media, Picture)
        passage.media = Picture(np.full_like(passage.media.pixels, 90))

    tampered("watermark", plain, monkeypatch)
    work = finish(draft(), home=home)
    assert soft_binding(work) is None
    assert "watermark" not in work.data.decode("latin-1")


def test_texts_carry_no_mark_of_pictures(home: Home) -> None:
    work = finish(text_draft(), home=home, media_type="text/plain")
    assert marker_of(Text) is None
    assert b"soft-binding" not in work.sidecars[".c2pa"]


def test_the_secret_is_in_no_repr_and_in_no_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    tampered("sign", lambda passage: seen.append(repr(passage)), monkeypatch)
    work = finish(draft(), home=home)
    secret = watermark_key(home)
    assert repr(secret) not in seen[0]
    assert secret not in work.data and secret.hex().encode() not in work.data


def test_export_writes_the_exact_bytes(home: Home, tmp_path: Path) -> None:
    work = finish(draft(), home=home)
    assert work.path is None
    exported = export_work(work, tmp_path / "out" / "a.png")
    assert exported.path == tmp_path / "out" / "a.png"
    assert exported.path.read_bytes() == work.data
    with pytest.raises(UserError):
        export_work(work, tmp_path / "out" / "a.png" / "b.png")


def test_a_sweep_that_fails_takes_no_work_from_its_maker(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(module, "sweep_daily", full)
    work = finish(draft(), home=home)
    assert row_of(home, work) is not None


@each_type
def test_an_independent_reader_finds_both_labels(home: Home, media_type: str) -> None:
    work = finish(draft(), home=home, media_type=media_type)
    with Image.open(io.BytesIO(work.data)) as image:
        found = image.getxmp()["xmpmeta"]["RDF"]["Description"]
    assert json.loads(found["AIGC"])["ProduceID"] == work.id
    assert found["DigitalSourceType"] == xmp.GENERATED


@about_sqlite("its pages are counted")
def test_a_disk_that_fills_up_while_recording_leaves_no_work(home: Home) -> None:
    def full(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes the present size: no page more

    long = Draft(picture(), Recipe("toy", "cd" * 32, "long " * 20_000))
    with pytest.raises(UserError) as caught:
        finish(long, home=home, at_commit=full)
    assert caught.value.code == "disk.full"
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == set()
    assert row_of(home, finish(long, home=home)) is not None, "with room it works"
