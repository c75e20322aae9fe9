"""Layouts, digests, splits, and folders that can't be a corpus."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.foundation.corpus import Item, PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.corpus.splits import deal, straddling

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


def test_further_columns_are_attributes_and_part_of_the_digest(tmp_path: Path) -> None:
    fill(tmp_path, 2)

    def opened(**more: object) -> PictureCorpus:
        rows = [{"file_name": "000.png", **more}, {"file_name": "001.png", "hair": "red", "age": 3, "tags": ["a"]}]
        (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return open_corpus(tmp_path)

    corpus = opened(hair="black")
    assert [item.attributes for item in corpus.items] == [(("hair", "black"),), (("age", "3"), ("hair", "red"))]
    assert corpus.digest == opened(hair="black").digest != opened(hair="brown").digest
    assert opened(text="a bird").digest != opened(text="a dog").digest


@pytest.mark.parametrize(
    "line", ['{"file_name": "../secret.png"}', '{"file_name": "/etc/passwd"}', "{", '{"other": 1}', '{"file_name": 3}']
)
def test_wrong_metadata_is_one_sentence(tmp_path: Path, line: str) -> None:
    fill(tmp_path, 2)
    noise(5).save(tmp_path.parent / "secret.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "000.png"}\n' + line + "\n")
    with pytest.raises(UserError, match="Line 2"):
        open_corpus(tmp_path)


def test_captions_may_hold_any_character(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    captions = ["one\u2028two\x85three", "连衣裙"]
    rows = [{"file_name": f"00{i}.png", "text": text} for i, text in enumerate(captions)]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "metadata.jsonl").write_text("\ufeff" + lines, encoding="utf-8")
    assert [item.text for item in open_corpus(tmp_path).items] == captions


def test_a_picture_listed_twice_counts_once_and_has_one_label(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    names = ["000.png", "./000.png", "001.png"]
    (tmp_path / "metadata.jsonl").write_text("\n".join(json.dumps({"file_name": n, "label": "a"}) for n in names))
    assert [item.name for item in open_corpus(tmp_path).items] == ["000.png", "001.png"]
    with (tmp_path / "metadata.jsonl").open("a") as stream:
        stream.write('\n{"file_name": "000.png", "label": "b"}\n')
    with pytest.raises(UserError, match="Line 4"):
        open_corpus(tmp_path)


def test_an_absolute_name_is_refused_even_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "c", 2)
    (tmp_path / "c/metadata.jsonl").write_text(json.dumps({"file_name": str(tmp_path / "c/000.png")}))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="Line 1"):
        open_corpus("c")


def test_pipes_and_unwritable_names_are_broken_not_fatal(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    os.mkfifo(tmp_path / "pipe.jpg")
    try:
        shutil.copy(tmp_path / "000.png", os.fsencode(tmp_path) + b"/\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    corpus = open_corpus(tmp_path, broken_limit=1)
    assert len(corpus.items) == 3
    assert sorted(broken.reason for broken in corpus.broken) == ["it is no ordinary file", "its name is no valid UTF-8"]


def test_one_picture_without_a_class_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "a", 3)
    fill(tmp_path / "b", 3, first=20)
    noise(77).save(tmp_path / "stray.png")
    corpus = open_corpus(tmp_path)
    assert corpus.classes == () and corpus.unclassed == ("stray.png",)


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


def test_a_home_of_nobody_is_no_folder() -> None:
    with pytest.raises(UserError, match="not a folder"):
        open_corpus("~nobody-of-this-name/photos")


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


@pytest.mark.parametrize("root", ["", "train/"])
def test_a_class_without_pictures_is_refused_when_classes_matter(tmp_path: Path, root: str) -> None:
    for name, first in (("hats", 0), ("shoes", 20)):
        fill(tmp_path / f"{root}{name}", 8, first=first)
    (tmp_path / f"{root}gloves").mkdir()
    (tmp_path / f"{root}gloves/photo.heic").write_bytes(b"?")
    for name in (".git", "@eaDir", "__MACOSX"):
        (tmp_path / name).mkdir()
    corpus = open_corpus(tmp_path)
    assert corpus.classes == ("hats", "shoes") and corpus.empty == ("gloves",)
    with pytest.raises(UserError, match="hold no usable picture: gloves"):
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


@pytest.mark.parametrize("count", [6, 12, 20])
def test_small_corpora_hold_something_out(tmp_path: Path, count: int) -> None:
    corpus = open_corpus(fill(tmp_path, count))
    parts = [corpus.split(name) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == count and all(parts) and len(parts[0]) >= count * 0.6
    again = open_corpus(tmp_path)
    assert parts == [again.split(name) for name in ("train", "validation", "test")]


def test_holding_out_spares_poor_classes() -> None:
    # Digests that chance deals to train, so that both held-out splits are empty at first.
    names = [n for n in map(str, range(99)) if int(sha256_bytes(n.encode())[:8], 16) % 100 < 90]

    def dealt(sizes: list[int]) -> dict[str, int]:
        labels = [label for label, size in enumerate(sizes) for _ in range(size)]
        items = [Item(Path(n), n, None, k, n, 64, 64) for n, k in zip(names, labels, strict=False)]
        return {name: len(part) for name, part in deal(items, ()).items()}

    assert dealt([2, 2, 2]) == {"train": 6, "validation": 0, "test": 0}
    assert dealt([2, 3, 2]) == {"train": 6, "validation": 1, "test": 0}
    assert dealt([2, 4, 2]) == dealt([3, 3, 2]) == {"train": 6, "validation": 1, "test": 1}


def test_given_splits_lose_their_leaks(tmp_path: Path) -> None:
    fill(tmp_path / "train/a", 10)
    fill(tmp_path / "test/a", 4, first=100)
    noise(3).save(tmp_path / "test/a/leak.jpg", quality=70)
    corpus = open_corpus(tmp_path)
    assert len(corpus.split("train")) == 10
    assert "test/a/leak.jpg" not in {i.name for i in corpus.split("test")} and len(corpus.split("test")) == 4
    assert len(straddling(corpus.items, corpus.clusters())) == 1


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
    letters = "abcdefghijkl"
    nested = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(letters)]
    bomb = "\n".join(["a: &a [x, x]", *nested, "aliases: {word: *l}"])
    values = [f"licence: {value}\n" for value in ("!!bool maybe", "!!int ''", "!!timestamp me", "1:" * 200 + "1.5")]
    for text in ("licence: [", "- a\n- b\n", "licence: {a: b}\n", "!!python/object:os.system {}\n", bomb, *values):
        (tmp_path / "card.yaml").write_text(text)
        with pytest.raises(UserError, match=r"card\.yaml"):
            open_corpus(tmp_path)
