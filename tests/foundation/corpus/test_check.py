"""Findings, personal data, and the cleaned copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus import duplicates, open_corpus
from luokuan.foundation.corpus.card import Card, read_card, write_card
from luokuan.foundation.corpus.check import check_corpus, clean_copy
from luokuan.foundation.corpus.personal import hints_in_text, is_resident_id


def noise(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((128, 128), Image.Resampling.BICUBIC)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Eight pictures, one exact and one near copy, one with a position, one broken file."""
    folder = tmp_path / "corpus"
    (folder / "a").mkdir(parents=True)
    for index in range(8):
        noise(index).save(folder / f"a/{index}.png")
    (folder / "a/copy.png").write_bytes((folder / "a/0.png").read_bytes())
    noise(1).resize((192, 192)).save(folder / "a/larger.jpg", quality=80)
    exif = Image.Exif()
    exif[0x0112] = 3
    exif[0x013B] = "A. Photographer"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    noise(30).save(folder / "a/placed.jpg", exif=exif)
    (folder / "a/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    return folder


def test_findings(corpus: Path) -> None:
    found = check_corpus(open_corpus(corpus, broken_limit=1))
    assert [sorted(i.name for i in g.items) for g in found.exact] == [["a/0.png", "a/copy.png"]]
    assert [sorted(i.name for i in g.items) for g in found.near] == [["a/1.png", "a/larger.jpg"]]
    assert {h.item.name for h in found.hints} == {"a/placed.jpg"} and len(found.hints) == 2
    values = found.to_json()
    assert values["pictures"] == 11 and len(values["broken"]) == 1
    assert values["missing_card_fields"] == ["title", "licence", "source", "credit", "consent", "personal_data"]
    assert sum(sum(row.values()) for row in found.counts.values()) == 11


def test_a_cleaned_copy(corpus: Path, tmp_path: Path) -> None:
    write_card(corpus, Card(title="Mine", licence="own"))
    found = check_corpus(open_corpus(corpus, broken_limit=1))
    assert clean_copy(found, tmp_path / "clean") == 9
    again = check_corpus(open_corpus(tmp_path / "clean"))
    names = {i.name for i in again.corpus.items}
    assert not again.exact and not again.near and not again.hints and not again.corpus.broken
    assert "a/larger.jpg" in names and "a/1.png" not in names
    assert again.corpus.licence == "own"
    placed = Image.open(tmp_path / "clean/a/placed.jpg")
    assert not dict(placed.getexif())
    turned = np.asarray(noise(30).rotate(180)).astype(int)
    assert np.abs(np.asarray(placed).astype(int) - turned).mean() < 6


def test_a_cleaned_copy_keeps_pictures_of_one_name(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    for index, name in enumerate(("a.png", "a.webp", "a.2.png", "b.jpg", "b.jpeg")):
        noise(index).save(folder / name)
    assert clean_copy(check_corpus(open_corpus(folder)), tmp_path / "clean") == 5
    assert len(open_corpus(tmp_path / "clean").items) == 5


def test_only_copies_of_what_stays_are_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    folder.mkdir()
    for index in range(40):
        Image.blend(noise(1), noise(2), index / 39).save(folder / f"{index:02d}.png")
    found = check_corpus(open_corpus(folder))
    assert [len(g.items) for g in found.near] == [40]  # a chain: its ends don't resemble one another
    assert any("held out" in sentence for sentence in found.warnings)
    written = clean_copy(found, tmp_path / "clean")
    names = {item.name for item in open_corpus(tmp_path / "clean").items}
    group = found.near[0]
    stays = [i for i, item in enumerate(group.items) if item.name in names]
    assert 2 < written < 20 and len(stays) == written
    alike = np.stack([group.copies_of(i) for i in range(40)])
    assert (alike == alike.T).all() and alike[stays].any(axis=0).all()
    assert (alike[np.ix_(stays, stays)] == np.eye(len(stays), dtype=bool)).all()


def test_the_card_and_classes_are_questioned(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for index in range(4):
            noise(index + 20 * (name == "b")).save(tmp_path / name / f"{index}.png")
    (tmp_path / "b/copy.png").write_bytes((tmp_path / "a/0.png").read_bytes())
    (tmp_path / "card.yaml").write_text("license: CC0-1.0\n")
    found = check_corpus(open_corpus(tmp_path))
    assert [sorted(i.name for i in g.items) for g in found.conflicting] == [["a/0.png", "b/copy.png"]]
    assert found.to_json()["unknown_card_fields"] == ["license"]
    assert any("license" in sentence for sentence in found.warnings)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_blockwise_pairs_equal_counting_bit_by_bit(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (count, 256), dtype=np.uint8)
    bits[count // 2 :] = bits[: count - count // 2] ^ (rng.random((count - count // 2, 256)) < 0.12)
    words = np.packbits(bits, axis=1).view(np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BLOCK", 7)
        found = {(i, j) for ones, others in duplicates.near_pairs(words) for i, j in zip(ones, others, strict=True)}
    far = (bits[:, None] != bits[None]).sum(axis=2)
    assert found == {(i, j) for i in range(count) for j in range(i + 1, count) if far[i, j] <= duplicates.DISTANCE}


def test_clean_refuses_full_and_inner_folders(corpus: Path, tmp_path: Path) -> None:
    found = check_corpus(open_corpus(corpus, broken_limit=1))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thing").touch()
    for target in (tmp_path / "full", corpus / "inside"):
        with pytest.raises(UserError):
            clean_copy(found, target)
    assert not (corpus / "inside").exists()


def test_resident_ids_by_their_check_digit() -> None:
    assert is_resident_id("11010519491231002X")  # the example of GB 11643-1999
    assert not is_resident_id("110105194912310021")
    assert not is_resident_id("1234")


@given(st.integers(10**16, 10**17 - 1))
def test_each_prefix_has_exactly_one_check_digit(prefix: int) -> None:
    assert sum(is_resident_id(f"{prefix}{last}") for last in "0123456789X") == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("write to me@example.org", 1),
        ("call 13812345678", 1),
        ("+44 20 7946 0958", 1),
        ("e617f72e-6c09-48fa-a575-13997387945b.jpg", 0),
        ("11010519491231002X", 1),
        ("a red dress, 2024-05-01", 0),
    ],
)
def test_hints_in_text(text: str, count: int) -> None:
    assert len(hints_in_text(text)) == count


def test_card_round_trip(tmp_path: Path) -> None:
    card = Card(title="衣服", licence="CC-BY-NC-4.0", source="s", credit="c", aliases={"连衣裙": "dress"})
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert not card.sellable and Card(licence="own").sellable and not Card().sellable
    assert card.missing == ("consent", "personal_data")
