"""Layouts, digests, splits, and folders that can't be a corpus."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.corpus.splits import straddling

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"


def noise(seed: int, side: int = 128) -> Image.Image:
    """A picture that resembles no other: smooth random patches."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


def fill(folder: Path, count: int, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        noise(first + index).save(folder / f"{index:03d}.png")
    return folder


def test_the_example_corpus() -> None:
    corpus = open_corpus(EXAMPLE)
    assert corpus.layout == "class_folders" and len(corpus.classes) == 10 and not corpus.broken
    assert corpus.licence == "CC0-1.0" and corpus.card is not None and corpus.card.sellable
    assert [len(corpus.split(name)) for name in ("train", "validation", "test")] == [270, 40, 40]
    corpus.require_trainable(conditional=True)


def test_the_digest_names_the_material_not_its_place(tmp_path: Path) -> None:
    fill(tmp_path / "a/x", 3)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert open_corpus(tmp_path / "a").digest == open_corpus(tmp_path / "b").digest
    noise(99).save(tmp_path / "b/x/000.png")
    assert open_corpus(tmp_path / "a").digest != open_corpus(tmp_path / "b").digest


def test_metadata_with_labels_captions_and_splits(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    rows = [
        {"file_name": "000.png", "label": "cat", "text": "a cat", "split": "train"},
        {"file_name": "001.png", "label": "dog", "split": "train"},
        {"file_name": "002.png", "label": "cat", "split": "test"},
    ]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    corpus = open_corpus(tmp_path)
    assert corpus.layout == "metadata" and corpus.classes == ("cat", "dog")
    assert [i.text for i in corpus.items] == ["a cat", None, None]
    assert load_labels(corpus.split("train")).tolist() == [0, 1]
    assert [i.name for i in corpus.split("test")] == ["002.png"]


@pytest.mark.parametrize(
    "line", ['{"file_name": "../secret.png"}', '{"file_name": "/etc/passwd"}', "{", '{"other": 1}', '{"file_name": 3}']
)
def test_wrong_metadata_is_one_sentence(tmp_path: Path, line: str) -> None:
    fill(tmp_path, 2)
    noise(5).save(tmp_path.parent / "secret.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "000.png"}\n' + line + "\n")
    with pytest.raises(UserError, match="Line 2"):
        open_corpus(tmp_path)


def test_broken_files_are_listed_and_skipped(tmp_path: Path) -> None:
    fill(tmp_path / "a", 30)
    (tmp_path / "a/broken.jpg").write_text("I am a text")
    corpus = open_corpus(tmp_path)
    assert len(corpus.items) == 30
    assert [(b.path.name, "no JPEG" in b.reason) for b in corpus.broken] == [("broken.jpg", True)]


def test_too_many_broken_files_are_one_sentence(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    (tmp_path / "empty.png").touch()
    with pytest.raises(UserError, match="1 of 11"):
        open_corpus(tmp_path)
    assert len(open_corpus(tmp_path, broken_limit=1.0).items) == 10


@pytest.mark.parametrize("what", ["absent", "file", "empty", "texts"])
def test_no_corpus_is_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "file":
        path.touch()
    elif what != "absent":
        path.mkdir()
    if what == "texts":
        (path / "note.txt").write_text("hello")
    with pytest.raises(UserError, match=r"not a folder|no usable picture"):
        open_corpus(path)


def test_a_symlink_loop_and_links_outside(tmp_path: Path) -> None:
    fill(tmp_path / "corpus/a", 3)
    fill(tmp_path / "private", 2, first=50)
    (tmp_path / "corpus/a/again").symlink_to(tmp_path / "corpus")
    (tmp_path / "corpus/a/self").symlink_to("self")
    (tmp_path / "corpus/out").symlink_to(tmp_path / "private")
    (tmp_path / "corpus/a/stolen.png").symlink_to(tmp_path / "private/000.png")
    corpus = open_corpus(tmp_path / "corpus")
    assert [i.name for i in corpus.items] == ["a/000.png", "a/001.png", "a/002.png"]


def test_a_class_with_one_picture_is_refused_when_classes_matter(tmp_path: Path) -> None:
    fill(tmp_path / "train/many", 12)
    fill(tmp_path / "train/one", 1, first=60)
    corpus = open_corpus(tmp_path)
    with pytest.raises(UserError, match="one"):
        corpus.require_trainable(conditional=True)
    corpus.require_trainable(conditional=False)


def test_near_duplicates_never_straddle_dealt_splits(tmp_path: Path) -> None:
    for index in range(60):
        picture = noise(index)
        picture.save(tmp_path / f"{index}.png")
        picture.save(tmp_path / f"{index}-copy.jpg", quality=60)
    corpus = open_corpus(tmp_path)
    where = {item.name: name for name in ("train", "validation", "test") for item in corpus.split(name)}
    assert len(where) == 120 and set(where.values()) == {"train", "validation", "test"}
    assert all(where[f"{i}.png"] == where[f"{i}-copy.jpg"] for i in range(60))


def test_given_splits_lose_their_leaks(tmp_path: Path) -> None:
    fill(tmp_path / "train/a", 10)
    fill(tmp_path / "test/a", 4, first=100)
    noise(3).save(tmp_path / "test/a/leak.jpg", quality=70)
    corpus = open_corpus(tmp_path)
    assert len(corpus.split("train")) == 10
    assert "test/a/leak.jpg" not in {i.name for i in corpus.split("test")} and len(corpus.split("test")) == 4
    from luokuan.foundation.corpus.duplicates import clusters

    assert len(straddling(corpus.items, clusters(corpus.items))) == 1


def test_pixels_are_cached_and_equal(tmp_path: Path) -> None:
    corpus = open_corpus(fill(tmp_path / "c", 5))
    plain = load_pixels(corpus.items, 16)
    cached = load_pixels(corpus.items, 16, cache=tmp_path / "cache")
    again = load_pixels(corpus.items, 16, cache=tmp_path / "cache")
    assert plain.shape == (5, 16, 16, 3) and np.array_equal(plain, cached) and np.array_equal(plain, again)
    assert isinstance(again, np.memmap) and len(list((tmp_path / "cache/pictures").iterdir())) == 1


def test_a_picture_that_vanished_is_one_sentence(tmp_path: Path) -> None:
    corpus = open_corpus(fill(tmp_path / "c", 3))
    (tmp_path / "c/001.png").unlink()
    with pytest.raises(UserError, match=r"001\.png"):
        load_pixels(corpus.items, 16, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache/pictures").iterdir())


def test_a_damaged_card_is_one_sentence(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    for text in ("licence: [", "- a\n- b\n", "licence: {a: b}\n", "!!python/object:os.system {}\n"):
        (tmp_path / "card.yaml").write_text(text)
        with pytest.raises(UserError, match=r"card\.yaml"):
            open_corpus(tmp_path)
