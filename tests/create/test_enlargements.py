"""Pictures of anybody made larger: what they came with stays."""

from __future__ import annotations

import io
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import priors_for_tests as tiny
import pytest
from drafts import draft, picture
from PIL import Image
from upscalers_for_tests import BETTER, WORSE, save_upscaler

from luokuan.colophon import c2pa_sign, history, manifest
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.ingredients import COMPOSITE
from luokuan.create.enlargements import create_enlargement
from luokuan.create.pictures import Manner, create_images
from luokuan.errors import UserError
from luokuan.models.registry import load_model
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.ingredients import find_ingredients
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    return open_home()


@pytest.fixture
def better(tmp_path: Path) -> Path:
    return save_upscaler(tmp_path / "better", training=BETTER).path


def test_a_photo_becomes_a_composite(home: Home, better: Path, tmp_path: Path) -> None:
    original = picture(300, 320)
    Image.fromarray(original.pixels).save(tmp_path / "photo.png")
    work = create_enlargement(tmp_path / "photo.png", by=2, upscaler=better, licence="CC0-1.0", home=home)
    wanted = load_model(better).upscale(original, 2)
    with Image.open(io.BytesIO(work.data)) as image:
        assert image.size == (640, 600)
        apart = np.abs(np.asarray(image)[:200].astype(int) - wanted.pixels[:200])
        assert apart.max() < 24, "nothing but the watermark"
    assert work.recipe.licence == "CC0-1.0 AND OFL-1.1"
    store = c2pa_sign.read(work.data, work.media_type, c2pa_sign.context()).store
    claim = manifest.read(store)
    assert (claim.source, claim.model, claim.purpose) == (COMPOSITE, "better", "edited")
    assert create_enlargement(tmp_path / "photo.png", by=4, upscaler=better, home=home).recipe.licence == "unknown"


def test_a_work_of_this_home_grows_from_its_master(home: Home, better: Path, tmp_path: Path) -> None:
    shared = replace(draft(), recipe=replace(draft().recipe, licence="CC-BY-SA-4.0"))
    first = export_work(finish(shared, home=home), tmp_path / "a.png")
    assert first.path is not None
    work = create_enlargement(first.path, by=2, upscaler=better, licence="MIT", home=home)
    assert work.recipe.licence == "CC-BY-SA-4.0 AND CC0-1.0 AND OFL-1.1", "its own and the upscaler's"
    found = Masters(home).get(work.id, type(draft().media))
    wanted = load_model(better).upscale(picture(), 2)
    assert np.array_equal(found.pixels, wanted.pixels), "without the first one's label"  # type: ignore[union-attr]
    (step,) = history.read(c2pa_sign.read(work.data, work.media_type, c2pa_sign.context()).store)
    assert step.work == first.id


@pytest.mark.parametrize(("name", "code"), [("absent.png", "ingredient.unusable"), ("text.txt", "create.like")])
def test_what_is_no_picture_makes_nothing(home: Home, better: Path, tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(UserError) as caught:
        create_enlargement(tmp_path / name, upscaler=better, home=home)
    assert caught.value.code == code
    with open_database(home) as database, database.read() as connection:
        assert known_blobs(connection) == set()


def test_a_decompression_bomb_is_refused_by_its_header(home: Home, better: Path, tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    header = (60_000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress(bytes(1 << 20), 9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(UserError) as caught:
        create_enlargement(tmp_path / "bomb.png", upscaler=better, home=home)
    assert caught.value.code == "create.like"


def test_interpolation_gets_no_ai_label(home: Home, tmp_path: Path) -> None:
    worse = save_upscaler(tmp_path / "worse", training=WORSE).path
    Image.fromarray(picture().pixels).save(tmp_path / "photo.png")
    with pytest.raises(UserError) as caught:
        create_enlargement(tmp_path / "photo.png", upscaler=worse, home=home)
    assert caught.value.code == "enlargement.upscaler"


def test_variations_name_the_picture_that_they_are_like(home: Home, tmp_path: Path) -> None:
    tiny.save_prior(home.models)
    first = export_work(finish(draft(), home=home), tmp_path / "a.png")
    assert first.path is not None
    (work,) = create_images(model="tiny-prior", manner=Manner(like=first.path), home=home)
    (step,) = history.read(c2pa_sign.read(work.data, work.media_type, c2pa_sign.context()).store)
    assert (step.role, step.work) == ("inputTo", first.id)
    with open_database(home) as database, database.read() as connection:
        (row,) = find_ingredients(connection, work.id)
    assert (row.purpose, row.parent_id, row.title) == ("reference", first.id, "a.png")
    assert work.recipe.parameters["like"] == first.sha256
