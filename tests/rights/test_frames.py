"""Frames of clips: what is copied for a moment is found, in the corpus and among works of others."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from drafts import DIGEST
from market_for_tests import offered, painted, scene, unchecked
from people import make_account
from PIL import Image

from luokuan.colophon.ffmpeg import find as find_ffmpeg
from luokuan.colophon.finish import finish
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.media import Clip
from luokuan.rights import corpus_readings
from luokuan.rights.guard import Guarding, guard
from luokuan.rights.training_items import nearest_item, seen_of
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.masters import Masters
from luokuan.store.works import find_work

RECIPE = Recipe("animator", DIGEST, licence="CC0-1.0")


def shown(home: Home, *scenes: int, owner: str | None = None) -> Work:
    """A clip that shows these scenes, a frame each."""
    frames = np.stack([scene(number).pixels for number in scenes])
    return finish(Draft(Clip(frames, 6.0), RECIPE, kind="video"), home=home, media_type="video/webm", owner=owner)


def looked_at(work: Work, home: Home, *corpora: Path) -> Guarding:
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
    assert row is not None
    return guard(row, home, corpora=corpora)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An animation, a strip, a film, a picture, and what can't be read."""
    folder = tmp_path / "moves"
    folder.mkdir()
    first, *rest = [Image.fromarray(scene(number).pixels) for number in (20, 21, 22)]
    first.save(folder / "dance.webp", save_all=True, append_images=rest, duration=100, lossless=True)
    Image.fromarray(np.concatenate([scene(number).pixels for number in (30, 31)], axis=1)).save(folder / "strip.png")
    Image.fromarray(scene(40).pixels).save(folder / "still.png")
    (folder / "broken.gif").write_bytes(b"GIF89a and no more")
    (folder / "broken.mp4").write_bytes(b"no film")
    return folder


def test_training_pictures_and_clips(home: Home, corpus: Path) -> None:
    raw = np.stack([scene(number).pixels for number in (50, 51)]).tobytes()
    told = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x128", "-r", "6", "-i", "pipe:0", corpus / "film.webm"]
    subprocess.run([find_ffmpeg(), "-v", "error", *told], input=raw, check=True)
    kept = dict(corpus_readings.readings(corpus, home, "clip"))
    counts = {name: len(several) for name, several in kept.items()}
    assert counts == {"broken.gif": 0, "broken.mp4": 0, "dance.webp": 3, "film.webm": 2, "still.png": 0, "strip.png": 2}
    for number, item in ((21, "dance.webp"), (31, "strip.png"), (40, "still.png")):
        found = looked_at(shown(home, 110 + number, number), home, corpus)
        (hit,) = [one for one in found.hits if one.kind == "training-frame"]
        assert hit.blocks and hit.details["item"] == item and found.blocked, number
        assert "frames with pictures and clips of the corpus moves" in found.compared
    strange = looked_at(shown(home, 100, 101), home, corpus)
    assert strange.hits == () and "frames with works of this home" in strange.compared
    still = nearest_item(seen_of(scene(51).pixels[:, ::-1].copy()), corpus, home)
    assert still is not None and (still.item, still.mirrored) == ("film.webm", True), "a picture, too"
    work = shown(home, 22, 102, 103)
    Masters(home).remove(work.id)
    assert "frames with pictures and clips of the corpus moves" in looked_at(work, home, corpus).compared, "by its file"


def test_works_of_others_that_are_shown_for_a_moment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    with open_database(home) as database:
        ann, bo = make_account(database, "ann"), make_account(database, "bo")
    theirs, hidden = painted(home, 60, owner=bo.id), painted(home, 65, owner=bo.id)
    dance = shown(home, 80, 81, owner=bo.id)
    offered(home, theirs.id, person=bo)
    offered(home, dance.id, person=bo)
    for number, like in ((60, theirs), (81, dance)):
        (hit,) = looked_at(shown(home, number + 100, number + 200, number, owner=ann.id), home).hits
        assert (hit.kind, hit.blocks, hit.details["like"]) == ("frame", True, like.id)
    assert (home.cache / "rights" / "frames" / dance.id).is_file()
    (home.cache / "rights" / "frames" / dance.id).write_text("damaged")
    again = shown(home, 209, 210, 80, owner=ann.id)
    assert [one.details["like"] for one in looked_at(again, home).stopping] == [dance.id]
    assert looked_at(shown(home, 65, 205, 206, owner=ann.id), home).hits == (), "nobody has seen what isn't offered"
    with Image.open(io.BytesIO(hidden.data)) as opened:
        copied = np.asarray(opened.convert("RGB"))
    side = len(copied)
    frames = np.stack([scene(207, side).pixels, scene(208, side).pixels, copied])
    mine = finish(Draft(Clip(frames, 6.0), RECIPE, kind="video"), home=home, media_type="video/webm", owner=ann.id)
    (hit,) = looked_at(mine, home).hits
    assert (hit.blocks, hit.details["like"]) == (True, hidden.id), "the file itself was copied, with its label"
    # A frame of one's own, nearer than somebody else's, doesn't hide that.
    own = painted(home, 66, owner=ann.id)
    with Image.open(io.BytesIO(own.data)) as opened:
        frames = np.stack([np.asarray(opened.convert("RGB")), frames[0], scene(60, side).pixels])
    both = finish(Draft(Clip(frames, 6.0), RECIPE, kind="video"), home=home, media_type="video/webm", owner=ann.id)
    found = looked_at(both, home).hits
    assert {(one.details["like"], one.blocks) for one in found} == {(theirs.id, True), (own.id, False)}
