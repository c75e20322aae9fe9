"""A cache of latents holds what a fresh encode gives, and whatever is not whole is made again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from codecs_for_tests import GAUSSIAN, TOKENS, save_codec
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.corpus.pictures import read_picture
from luokuan.foundation.corpus.reader import Item
from luokuan.models.codec import cache as module
from luokuan.models.codec.cache import load_latents, load_tokens
from luokuan.models.codec.model import Codec

COUNT = 37
"""More than one batch, and no multiple of any chunk."""


def corpus(folder: Path, count: int = COUNT) -> tuple[Item, ...]:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for index in range(count):
        height, width = (40, 56) if index % 2 else (48, 40)
        ramp = np.linspace(0, 120, width)[None, :, None] + rng.integers(0, 136, (height // 8, 1, 3)).repeat(8, axis=0)
        Image.fromarray(ramp.astype(np.uint8)).save(folder / f"{index:03}.png")
    Image.fromarray(np.zeros((1, 1, 3), dtype=np.uint8)).save(folder / "one-pixel.png")
    Image.fromarray(np.full((30, 20, 4), 90, dtype=np.uint8)).save(folder / "transparent.png")
    Image.fromarray(np.full((30, 20), 90, dtype=np.uint8)).save(folder / "grey.png")
    return open_corpus(folder).items


@pytest.fixture
def items(tmp_path: Path) -> tuple[Item, ...]:
    return corpus(tmp_path / "photos")


@pytest.fixture(params=[TOKENS, GAUSSIAN], ids=["fsq", "kl"])
def codec(request: pytest.FixtureRequest, tmp_path: Path) -> Codec:
    return Codec.from_folder(save_codec(tmp_path / "codec", request.param))


def token_codec(path: Path) -> Codec:
    return Codec.from_folder(save_codec(path, TOKENS))


class Counting:
    """Counts the pictures that a codec encodes."""

    def __init__(self, codec: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pictures, encode = 0, codec.encode

        def counted(pictures: np.ndarray) -> torch.Tensor:
            self.pictures += len(pictures)
            return encode(pictures)

        monkeypatch.setattr(codec, "encode", counted)


def test_it_holds_what_a_fresh_encode_gives(codec: Codec, items: tuple[Item, ...], tmp_path: Path) -> None:
    pictures = load_pixels(items, 32)
    for _time in range(2):  # written, then read
        found = load_latents(codec, items, 32, cache=tmp_path / "cache")
        assert found.values.shape == (len(items), 2, codec.channels, 4, 4) and found.values.dtype == np.float16
        assert np.array_equal(found.values[:, 0], codec.encode(pictures).half().numpy())
        # The mirrored picture's latents, not the mirrored latents.
        assert np.array_equal(found.values[:, 1], codec.encode(pictures[:, :, ::-1]).half().numpy())
        assert not np.array_equal(found.values[:, 1], found.values[:, 0, :, :, ::-1])
        assert not found.values.flags.writeable


def test_figures_are_those_of_the_values(items: tuple[Item, ...], tmp_path: Path) -> None:
    codec, pictures = token_codec(tmp_path / "codec"), load_pixels(items, 32).astype(np.float64) / 127.5 - 1
    found = load_latents(codec, items, 32, cache=tmp_path / "cache", crops=2)
    values = found.values.astype(np.float64)
    assert found.mean == pytest.approx(values.mean(axis=(0, 1, 3, 4)), abs=1e-5)
    assert found.std == pytest.approx(values.std(axis=(0, 1, 3, 4)), rel=1e-4)

    def apart(x: np.ndarray) -> float:
        flat = x.reshape(len(x), -1)
        return float(np.square(flat[:, None] - flat[None]).sum(axis=2).mean())  # all pairs, each with itself too

    assert found.distance == pytest.approx(apart(values[:, 0]), rel=1e-6)
    assert found.pixel_distance == pytest.approx(apart(pictures), rel=1e-6)
    assert found.distance_ratio == pytest.approx(apart(values[:, 0]) / apart(pictures), rel=1e-6)


def test_crops_are_slight_and_the_pictures_own(items: tuple[Item, ...], tmp_path: Path) -> None:
    codec = token_codec(tmp_path / "codec")
    several = load_latents(codec, items, 32, cache=tmp_path / "cache", crops=4).values
    assert several.shape[1] == 8
    assert np.array_equal(several[:, :2], load_latents(codec, items, 32, cache=tmp_path / "cache").values)
    # A picture's crops don't depend on its company.
    few = load_latents(codec, items[5:8], 32, cache=tmp_path / "cache", crops=4).values
    assert np.array_equal(few, several[5:8])
    # A ramp from 0 to 255 says which part a crop shows.
    ramp = np.linspace(0, 255, 512)[None, :, None].repeat(512, axis=0).repeat(3, axis=2).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    item = Item(tmp_path / "ramp.png", "ramp.png", None, None, "ab" * 32, 512, 512)
    views = module._views(item, 64, 16)
    shares = [(int(view[32, -1, 0]) - int(view[32, 0, 0])) / 255 for view in views[2::2]]
    assert 0.84 < min(shares) < 0.93 < max(shares) <= 1 and len({view.tobytes() for view in views[::2]}) == 16
    assert all(np.array_equal(a, b[:, ::-1]) for a, b in zip(views[::2], views[1::2], strict=True))


def test_tokens(items: tuple[Item, ...], tmp_path: Path) -> None:
    codec = token_codec(tmp_path / "codec")
    for _time in range(2):
        found = load_tokens(codec, items, 32, cache=tmp_path / "cache")
        assert found.dtype == np.uint8 and found.shape == (len(items), 2, 3, 4, 4)
        assert np.array_equal(found[:, 0], codec.tokens(load_pixels(items, 32)).numpy())
    with pytest.raises(UserError, match="no tokens"):
        load_tokens(Codec.from_folder(save_codec(tmp_path / "kl", GAUSSIAN)), items, 32, cache=tmp_path / "cache")


def test_nothing_is_encoded_twice(items: tuple[Item, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = token_codec(tmp_path / "codec")
    counting = Counting(codec, monkeypatch)
    for _time in range(3):
        load_latents(codec, items, 32, cache=tmp_path / "cache")
    assert counting.pictures == 2 * len(items)


def test_another_codec_size_crop_or_picture_has_a_cache_of_its_own(items: tuple[Item, ...], tmp_path: Path) -> None:
    one = token_codec(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    from luokuan.foundation.modelfolder import read_folder

    # Of the same shape, with another network digest.
    (tmp_path / "two/config.json").write_text((tmp_path / "one/config.json").read_text().replace("4", "3", 1))
    two = Codec.from_folder(read_folder(tmp_path / "two"))
    shutil.copytree(tmp_path / "one", tmp_path / "three")
    (tmp_path / "three/training.json").write_text('{"steps": 1}')  # another record, the same network
    three = Codec.from_folder(read_folder(tmp_path / "three"))
    place = tmp_path / "cache"
    load_latents(one, items, 32, cache=place)
    load_latents(two, items, 32, cache=place)
    load_latents(three, items, 32, cache=place)
    load_latents(one, items, 64, cache=place)
    load_latents(one, items, 32, cache=place, crops=2)
    load_latents(one, items[1:], 32, cache=place)
    load_latents(one, items[::-1], 32, cache=place)
    load_tokens(one, items, 32, cache=place)
    assert len(list((place / "latents").glob("*.npy"))) == len(list((place / "latents").glob("*.json"))) == 7


def spoil(kind: str, array: Path, note: Path) -> None:
    data = array.read_bytes()
    if kind == "a flipped byte":
        array.write_bytes(data[:-300] + bytes([data[-300] ^ 1]) + data[-299:])
    elif kind == "cut off":
        array.write_bytes(data[: len(data) // 2])
    elif kind == "empty":
        array.write_bytes(b"")
    elif kind == "another shape":
        np.save(array, np.load(array)[:, :1])
    elif kind == "another type":
        np.save(array, np.load(array).view(np.int16))
    elif kind == "no array":
        array.unlink()
    elif kind == "no note":
        note.unlink()
    elif kind == "half a note":
        note.write_text(note.read_text()[:40])
    elif kind == "another note":
        values = json.loads(note.read_text())
        values["figures"]["distance"] *= 2
        note.write_text(json.dumps(values))
    else:
        note.write_text(kind)


@pytest.mark.parametrize(
    "kind",
    [
        *("a flipped byte", "cut off", "empty", "another shape", "another type", "no array"),
        *("no note", "half a note", "another note", "[]", '{"sha256": 1, "figures": 2}', "[" * 100_000),
    ],
)
def test_what_is_not_whole_is_made_again(
    items: tuple[Item, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    codec, place = token_codec(tmp_path / "codec"), tmp_path / "cache"
    whole = load_latents(codec, items, 32, cache=place)
    before, kept = np.array(whole.values), load_latents(codec, items[:3], 32, cache=place)
    spoilt = next(p for p in (place / "latents").glob("*.npy") if np.load(p).shape[0] == len(items))
    spoil(kind, spoilt, spoilt.with_suffix(".json"))
    counting = Counting(codec, monkeypatch)
    again = load_latents(codec, items, 32, cache=place)
    assert counting.pictures == 2 * len(items)
    assert np.array_equal(again.values, before)
    assert (again.distance, again.pixel_distance) == (whole.distance, whole.pixel_distance)
    # Nothing else: the other cache is still the same, and the new one is whole.
    assert np.array_equal(load_latents(codec, items[:3], 32, cache=place).values, kept.values)
    load_latents(codec, items, 32, cache=place)
    assert counting.pictures == 2 * len(items)


PROGRAM = """
import os, signal, sys
from pathlib import Path
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.modelfolder import read_folder
from luokuan.models.codec.cache import load_latents
from luokuan.models.codec.model import Codec

folder = Path(sys.argv[1])
codec = Codec.from_folder(read_folder(folder / "codec"))
encode, calls = codec.encode, []

def dying(pictures):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return encode(pictures)

codec.encode = dying
load_latents(codec, open_corpus(folder / "photos").items, 32, cache=folder / "cache")
"""


def test_a_killed_process_leaves_no_visible_cache(tmp_path: Path) -> None:
    items, codec, place = corpus(tmp_path / "photos"), token_codec(tmp_path / "codec"), tmp_path / "cache"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    left = list((place / "latents").iterdir())
    assert [path.suffix for path in left] == [".part"] and left[0].stat().st_size > 2 * len(items) * 3 * 16
    os.utime(left[0], (0, 0))
    empty = left[0].with_name("empty.part")  # killed before it took its room
    empty.touch()
    os.utime(empty, (0, 0))
    found = load_latents(codec, items, 32, cache=place)
    assert np.array_equal(found.values[:, 0], codec.encode(load_pixels(items, 32)).half().numpy())
    assert not list((place / "latents").glob("*.part"))


def test_what_is_being_written_elsewhere_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items, codec, place = corpus(tmp_path / "photos"), token_codec(tmp_path / "codec"), tmp_path / "cache"
    encode, seen = codec.encode, []

    def nested(pictures: torch.Tensor) -> torch.Tensor:
        if not seen:
            seen.append(list((place / "latents").glob("*.part")))
            os.utime(seen[0][0], (0, 0))  # old, but locked
            load_latents(codec, items[:2], 32, cache=place)
            assert seen[0][0].exists()
        return encode(pictures)

    monkeypatch.setattr(codec, "encode", nested)
    load_latents(codec, items, 32, cache=place)
    assert len(seen[0]) == 1 and len(list((place / "latents").glob("*.npy"))) == 2


def test_an_error_in_the_middle_leaves_nothing(items: tuple[Item, ...], tmp_path: Path) -> None:
    items[-1].path.write_bytes(b"no picture")
    with pytest.raises(UserError, match="can't be used"):
        load_latents(token_codec(tmp_path / "codec"), items, 32, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache/latents").iterdir())


def test_progress_is_shown_unless_quiet(
    items: tuple[Item, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    codec = token_codec(tmp_path / "codec")
    load_latents(codec, items, 32, cache=tmp_path / "loud", quiet=False)
    assert f"Encoding pictures with codec: {len(items)}/{len(items)}" in capfd.readouterr().err
    load_latents(codec, items, 32, cache=tmp_path / "still")
    assert not capfd.readouterr().err


@pytest.mark.parametrize(("size", "crops"), [(36, 1), (0, 1), (32, 0), (32, 65)])
def test_values_that_cannot_be(items: tuple[Item, ...], tmp_path: Path, size: int, crops: int) -> None:
    codec = token_codec(tmp_path / "codec")
    with pytest.raises(ValueError, match="multiple of 8"):
        load_latents(codec, items, size, cache=tmp_path / "cache", crops=crops)
    with pytest.raises(ValueError, match="items"):
        load_latents(codec, (), 32, cache=tmp_path / "cache")


def test_odd_pictures_are_read_as_everywhere(items: tuple[Item, ...]) -> None:
    for item in items[-3:]:
        views = module._views(item, 16, 3)
        assert views.shape == (6, 16, 16, 3) and read_picture(item.path).mode == "RGB"
