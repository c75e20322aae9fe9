"""Fingerprints on the whole way: taken in finish(), kept, looked up by verify."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from drafts import draft, text_draft
from onpostgres import about_sqlite
from PIL import Image

from fingerprints import PICTURES, SOUND, bomb, picture_of, saved, wav
from luokuan.colophon import fingerprint as package
from luokuan.colophon import finish as finishing
from luokuan.colophon.facts import Facts
from luokuan.colophon.findings import Findings
from luokuan.colophon.fingerprint import Alike, glance, sound
from luokuan.colophon.fingerprint.backfill import backfill
from luokuan.colophon.fingerprint.evidence import about_fingerprint
from luokuan.colophon.fingerprint.register import Register
from luokuan.colophon.finish import finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.schema import Draft, Work
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import Limits, verify_file, verify_files
from luokuan.media import Picture
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import fingerprint
from luokuan.store.works import WorkRow, insert_work

POEM = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。"
STORY = (
    "The old lamp in the hall burned low that night, and nobody in the house could sleep. Rain fell on the roof of the "
    "stable; a dog barked twice and was silent. In the morning the youngest daughter found a letter under the door, "
    "with no name on it and no stamp, only a drawing of a ship. She kept it in her apron until the evening."
)


def photo(home: Home, name: str = PICTURES[0], channels: int = 3) -> Work:
    image = picture_of(name)
    if channels == 4:
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    return finish(Draft(Picture(np.asarray(image)), draft().recipe), home=home)


def opened(work: Work) -> Image.Image:
    return Image.open(io.BytesIO(work.data))


def put(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def rows(home: Home) -> list[tuple[str, str, int]]:
    columns = (fingerprint.c.work_id, fingerprint.c.kind, fingerprint.c.number)
    with open_database(home) as database, database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(fingerprint.c.id))]


def test_a_stripped_picture_is_known_by_its_look(home: Home, tmp_path: Path) -> None:
    works = [photo(home, name) for name in PICTURES]
    path = put(tmp_path / "a.jpg", saved(opened(works[1]).resize((300, 400)), "JPEG", quality=50))
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.exit_code, verdict.work) == ("like_ours", 1, works[1].id)
    assert verdict.unchanged is None and not verdict.trusted and verdict.label is None
    assert verdict.summary.startswith("Not signed, but it looks, reads or sounds like a work of this home")
    assert any(s.startswith(f"It looks like the work {works[1].id} of this home (PDQ") for s in verdict.evidence)
    assert json.loads(json.dumps(verdict.to_json()))["alike"]["work"] == works[1].id
    assert verify_file(path, open_home(tmp_path / "stranger")).verdict == "nothing_found"
    mirrored = put(tmp_path / "m.png", saved(opened(works[1]).transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG"))
    assert any("Mirrored" in sentence for sentence in verify_file(mirrored, home).evidence)
    # The photo that the draft was made from may be known too, but never for another one.
    for name, work in zip(PICTURES, works, strict=True):
        assert verify_file(put(tmp_path / "b.png", saved(picture_of(name), "PNG")), home).work in (None, work.id)


def test_a_picture_of_somebody_else_is_not_ours(home: Home, tmp_path: Path) -> None:
    photo(home)
    verdict = verify_file(put(tmp_path / "a.png", saved(picture_of(PICTURES[2]), "PNG")), home)
    assert (verdict.verdict, verdict.work, verdict.alike) == ("nothing_found", None, None)


def test_plain_works_are_never_taken_for_one_another(home: Home, tmp_path: Path) -> None:
    for colour in ("white", "red"):
        pixels = np.asarray(Image.new("RGB", (512, 512), colour))
        work = finish(Draft(Picture(pixels), draft().recipe), home=home)
    verdict = verify_file(put(tmp_path / "a.png", saved(opened(work), "PNG")), home)
    assert (verdict.verdict, verdict.work, verdict.alike) == ("marked", work.id, None)
    assert f"Whether it is like the work {work.id}, whose mark it carries, can't be told." in verdict.evidence
    assert "It is too plain to be told from other pictures by its look." in verdict.evidence


def test_a_file_that_is_ours_byte_for_byte_needs_no_look(home: Home, tmp_path: Path) -> None:
    path = put(tmp_path / "a.png", photo(home).data)
    assert verify_file(path, home).alike is None
    text = put(tmp_path / "a.txt", finish(text_draft(STORY), home=home, media_type="text/plain").data)
    verdict = verify_file(text, home)
    assert (verdict.verdict, verdict.unchanged, verdict.alike) == ("ours_stripped", True, None)


def test_a_changed_work_is_altered_and_like_itself(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    damaged = bytearray(work.data)
    damaged[-20] ^= 1
    verdict = verify_file(put(tmp_path / "a.png", bytes(damaged)), home)
    assert verdict.verdict == "ours_changed"
    row = format_of("image/png")
    packet = row.read_xmp(work.data)
    assert packet is not None
    verdict = verify_file(put(tmp_path / "b.png", row.embed_xmp(saved(opened(work), "PNG"), packet)), home)
    assert verdict.verdict == "ours_stripped"
    assert sum(work.id in sentence for sentence in verdict.evidence) == 4  # label, records, mark, look


@pytest.mark.parametrize(
    ("words", "change", "how"),
    [
        (STORY, lambda text: text.upper().replace(" ", "  "), "SimHash distance 0 of 64)"),
        (STORY, lambda text: text.replace("barked twice", "barked once"), "SimHash distance"),
        (STORY, lambda text: text.replace("with no name on it and no stamp", "in a blue envelope"), "SimHash distance"),
        (POEM, lambda text: text.replace("思故乡", "思故人"), "resemblance of the words about"),
    ],
)
def test_a_text_is_known_by_its_words(
    home: Home, tmp_path: Path, words: str, change: Callable[[str], str], how: str
) -> None:
    other = "Nothing in this text has anything to do with the other one; it was written to be different from it."
    for text in (other, words):
        work = finish(text_draft(text), home=home, media_type="application/json")
    verdict = verify_file(put(tmp_path / "a.txt", change(words)), home)
    assert (verdict.verdict, verdict.work) == ("like_ours", work.id)
    assert how in verdict.evidence[-1] and work.id in verdict.evidence[-1]
    for stranger in (STORY if words == POEM else POEM, "Dear Ann,\n", "{}", "x" * 3000):
        assert verify_file(put(tmp_path / "b.txt", stranger), home).verdict == "nothing_found"


def test_words_that_are_missing_from_the_home_prove_nothing(home: Home, tmp_path: Path) -> None:
    work = finish(text_draft(POEM), home=home, media_type="text/plain")
    Blobs(home).path(work.sha256).unlink()
    assert verify_file(put(tmp_path / "a.txt", POEM.replace("思故乡", "思故人")), home).verdict == "nothing_found"
    assert verify_file(put(tmp_path / "b.txt", POEM), home).work == work.id


def test_transparent_works_are_known_on_any_ground(home: Home, tmp_path: Path) -> None:
    work = photo(home, channels=4)
    assert rows(home) == [(work.id, "picture", 0), (work.id, "picture", 1)]
    for ground in ("white", "black"):
        below = Image.new("RGBA", opened(work).size, ground)
        below.alpha_composite(opened(work))
        assert verify_file(put(tmp_path / "a.jpg", saved(below.convert("RGB"), "JPEG")), home).work == work.id


def test_works_that_come_while_a_register_is_kept_are_found(home: Home) -> None:
    register = Register(home)
    for name in PICTURES:
        work = photo(home, name)
        seen = glance(work.data, "image/png")
        assert seen is not None
        with open_database(home) as database, database.read() as connection:
            alike = register.find(connection, seen)
            assert alike is not None
            assert (alike.work, alike.distance) == (work.id, 0)
            assert register.find(connection, {**seen, "quality": 5}) is None
            assert register.find(connection, {"kind": "sound", "problem": "tool"}) is None


def test_nothing_is_kept_of_a_work_that_was_cancelled(home: Home) -> None:
    def cancel(_connection: sa.Connection) -> None:
        raise RuntimeError("the lease was lost")

    with pytest.raises(RuntimeError):
        finish(draft(), home=home, at_commit=cancel)
    assert rows(home) == []


def test_earlier_works_get_their_fingerprints_by_and_by(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [photo(home, name) for name in PICTURES] + [finish(draft(), home=home)]
    kept = sorted(rows(home))
    with open_database(home) as database:
        with database.write() as connection:
            connection.execute(fingerprint.delete())
        Blobs(home).path(works[0].sha256).rename(home.path / "away")
        assert backfill(home, database, works=2) == 2
        assert backfill(home, database) == 1
        assert backfill(home, database) == 0
        (home.path / "away").rename(Blobs(home).path(works[0].sha256))
        assert backfill(home, database, seconds=-1) == 0
    (home.cache / "swept").unlink()
    monkeypatch.setattr(finishing, "fingerprints_of", lambda *_arguments: None)  # as by a version without them
    work = finish(draft(), home=home)
    assert sorted(rows(home)) == sorted([*kept, (work.id, "picture", 0)])


def sound_row(home: Home, data: bytes) -> WorkRow:
    return WorkRow(
        id="00000000000000aa",
        kind="sound",
        blob_sha256=Blobs(home).put(data),
        blob_size=len(data),
        media_type="audio/flac",
        model_name="m",
        model_digest="b" * 64,
        recipe=None,
        salt=None,
        commitment="c" * 64,
        licence="CC0-1.0",
        label="AI",
        schema_version=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_sounds_are_known_once_a_program_is_here(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_database(home) as database, database.write() as connection:
        insert_work(connection, sound_row(home, SOUND.read_bytes()))
    program = sound.program()
    with open_database(home) as database:
        monkeypatch.setattr("luokuan.colophon.fingerprint.backfill.program", lambda: None)
        assert backfill(home, database) == 0
        monkeypatch.undo()
        if program is None:
            pytest.skip("no ffmpeg with chromaprint (extra 'media')")
        assert backfill(home, database) == 1
        again = tmp_path / "a.mp3"
        subprocess.run([program, "-v", "error", "-ss", "0.4", "-i", str(SOUND), "-b:a", "64k", again], check=True)
        register = Register(home)
        with database.read() as connection:
            alike = register.find(connection, package.glance(again.read_bytes(), "audio/mpeg") or {})
            assert alike is not None
            assert (alike.work, alike.kind) == ("00000000000000aa", "sound")
            (sentence,) = about_fingerprint(None, alike)
            assert "sounds like the work 00000000000000aa" in sentence and "%" in sentence
            noise = np.random.default_rng(0).normal(0, 0.1, 16_000 * 8)
            assert register.find(connection, package.glance(wav(noise), "audio/wav") or {}) is None


def test_what_could_not_be_looked_at_is_said() -> None:
    for seen, words in (
        ({"kind": "sound", "problem": "tool"}, "ffmpeg"),
        ({"kind": "picture", "problem": "size"}, "too many pixels"),
        ({"kind": "sound", "bits": "00", "quality": 1}, "too even"),
        ({"kind": "text", "bits": "00", "quality": 1}, "too short"),
    ):
        (sentence,) = about_fingerprint(seen, None)
        assert words in sentence
    assert about_fingerprint({"kind": "text", "bits": "00", "quality": 90}, None) == []
    assert about_fingerprint(None, None) == []


def test_a_hint_is_no_verdict() -> None:
    for distance, word in ((16, "like_ours"), (17, "nothing_found")):
        alike = Alike("00000000000000aa", "picture", distance, 256)
        verdict = judge(Path("a.png"), Facts(media_type="image/png"), Findings(alike=alike))
        assert (verdict.verdict, verdict.work is None) == (word, word == "nothing_found")
        assert ("somewhat" in verdict.evidence[-1]) == (word == "nothing_found")
        assert verdict.alike is not None


@about_sqlite("it damages the file")
def test_damaged_records_take_nothing_from_a_verdict(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    path = put(tmp_path / "a.jpg", saved(opened(work), "JPEG"))
    for extra in home.path.glob("luokuan.db-*"):
        extra.unlink()
    home.database.write_bytes(b"not a database, certainly not" * 50)
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.work, verdict.alike) == ("marked", None, None)


def test_a_hostile_picture_costs_the_child_and_nothing_else(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    good = put(tmp_path / "good.jpg", saved(opened(work), "JPEG"))
    paths = [put(tmp_path / "bomb.png", bomb(65_000, 65_000)), put(tmp_path / "cut.jpg", good.read_bytes()[:900]), good]
    verdicts = list(verify_files(paths, home, limits=Limits(cpu_seconds=10)))
    assert [verdict.verdict for verdict in verdicts] == ["nothing_found", "nothing_found", "ours_stripped"]
    assert any("too many pixels" in sentence for sentence in verdicts[0].evidence)
