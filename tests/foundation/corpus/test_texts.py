"""Text as a corpus: what counts as a document, how splits are dealt, and what is broken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.foundation.corpus import TextCorpus, open_texts
from luokuan.foundation.corpus import texts as module

EXAMPLE = Path(__file__).parents[3] / "examples/shakespeare-small"
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1)


def all_of(corpus: TextCorpus, split: str) -> list[str]:
    return ["".join(document) for document in corpus.split(split)]


def lines(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def test_the_example_has_its_card_and_its_last_tenth_held_out() -> None:
    corpus = open_texts(EXAMPLE)
    text = (EXAMPLE / "coriolanus.txt").read_text(encoding="utf-8")
    assert corpus.card is not None and corpus.licence == "LicenseRef-public-domain" and not corpus.broken
    assert corpus.documents == 1 and corpus.characters == len(text)
    edge = int(0.9 * len(text))
    assert all_of(corpus, "train") == [text[:edge]] and all_of(corpus, "validation") == [text[edge:]]
    assert all_of(corpus, "test") == []


def test_many_documents_are_dealt_whole_and_copies_stay_together(tmp_path: Path) -> None:
    poems = [f"Poem {number}.\nIts line." for number in range(200)]
    lines(tmp_path / "train.jsonl", *({"text": poem} for poem in [*poems, *(poem.upper() + "!" for poem in poems)]))
    corpus = open_texts(tmp_path)
    found = {split: all_of(corpus, split) for split in ("train", "validation", "test")}
    assert sum(map(len, found.values())) == 400 and all(found.values())
    assert 0.8 < len(found["train"]) / 400 < 0.97
    for texts in found.values():
        plain = {text for text in texts if not text.endswith("!")}
        assert {text.upper() + "!" for text in plain} == set(texts) - plain


def test_given_splits_are_kept(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train/a.txt").write_text("one")
    lines(tmp_path / "test.jsonl", {"text": "two"})
    lines(tmp_path / "more.jsonl", {"text": "three", "split": "val"}, {"text": "four"})
    corpus = open_texts(tmp_path)
    assert all_of(corpus, "train") == ["four", "one"]
    assert all_of(corpus, "validation") == ["three"] and all_of(corpus, "test") == ["two"]


def test_one_file_will_do(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("licence: CC0-1.0")
    (tmp_path / "a.md").write_text("0123456789")
    corpus = open_texts(tmp_path / "a.md")
    # A card tells of its folder, of which this is one file.
    assert corpus.card is None and all_of(corpus, "train") == ["012345678"] and all_of(corpus, "validation") == ["9"]


def test_what_tells_of_the_corpus_is_no_part_of_it(tmp_path: Path) -> None:
    for name in ("README.md", "LICENSE.txt", "metadata.jsonl", "poem.txt"):
        (tmp_path / name).write_text("words")
    assert [file.name for file in open_texts(tmp_path).files] == ["poem.txt"]


def test_marks_and_ends_of_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeff一行\r\n两行\r三行\u2028还是三行".encode())
    (tmp_path / "b.txt").write_bytes("宽".encode("utf-16"))
    lines(tmp_path / "c.jsonl", {"text": "x\r\ny"})
    corpus = open_texts(tmp_path)
    assert corpus.characters == len("一行\n两行\n三行\u2028还是三行") + 1 + 3
    assert "".join("".join(all_of(corpus, s)) for s in ("train", "validation")).startswith("一行\n两行\n三行\u2028还是")


@given(text=PLAIN, piece=st.integers(1, 40))
def test_pieces_give_the_whole_text(tmp_path_factory: pytest.TempPathFactory, text: str, piece: int) -> None:
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_text(text, encoding="utf-8", newline="")
    text = text.removeprefix("\ufeff")
    before, module.PIECE = module.PIECE, piece
    try:
        assert "".join(module.pieces_of(path)) == text
        assert all(part.endswith("\n") or len(part) <= 3 * piece for part in list(module.pieces_of(path))[:-1])
        edge = len(text) // 3
        halves = [(0, edge), (edge, len(text))]
        assert "".join("".join(module._between(module.pieces_of(path), *half)) for half in halves) == text
    finally:
        module.PIECE = before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nothing", "no object with a column 'text'"),
        ('{"words": "a"}', "no object with a column 'text'"),
        ('{"text": 3}', "no object with a column 'text'"),
        ('{"text": "  "}', "its text is empty"),
        (r'{"text": "\ud800"}', "half of a character"),
        (r'{"text": "a\u0000b"}', "NUL"),
        ('{"text": "' + "a" * 17_000_000 + '"}', "longer than"),
        ("[" * 100_000, "no object"),
    ],
)
def test_broken_lines_are_skipped_and_named(tmp_path: Path, line: str, reason: str) -> None:
    good = [json.dumps({"text": f"line {number}"}) for number in range(30)]
    (tmp_path / "a.jsonl").write_text("\n".join([*good[:10], line, *good[10:]]))
    corpus = open_texts(tmp_path)
    assert corpus.documents == 30 and len(corpus.broken) == 1
    assert reason in corpus.broken[0].reason and corpus.broken[0].reason.startswith("line 11: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"caf\xe9", "not UTF-8"), (b"a\0b", "NUL"), (b"", "empty"), (b"\xff\xfe\x00", "not UTF-8")],
)
def test_broken_files_are_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(UserError, match=reason):
        open_texts(tmp_path)


def test_a_long_line_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "' + b"a" * 9_000_000 + b'\xe9"}\n')
    with pytest.raises(UserError, match="not UTF-8"):
        open_texts(tmp_path)


def test_of_many_broken_lines_the_first_are_kept(tmp_path: Path) -> None:
    rows = [{"text": f"good {number}"} if number % 2 else {"content": "bad"} for number in range(1000)]
    lines(tmp_path / "a.jsonl", *rows)
    with pytest.raises(UserError, match="500 of 1000 documents are broken"):
        open_texts(tmp_path)
    corpus = open_texts(tmp_path, broken_limit=1)
    assert corpus.skipped == 500 and len(corpus.broken) == module.NAMED and corpus.documents == 500
    (tmp_path / "b.txt").write_bytes(b"\xff")
    assert open_texts(tmp_path, broken_limit=1).skipped == 501


def test_long_documents_come_in_pieces(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(40_000)) + "x" * 300_000
    lines(tmp_path / "a.jsonl", {"text": text, "split": "train"}, {"text": "held", "split": "dev"})
    (document,) = (list(pieces) for pieces in open_texts(tmp_path).split("train"))
    assert "".join(document) == text and max(map(len, document)) <= module.PIECE
    assert all(piece.endswith("\n") for piece in document[:2])


def test_without_a_held_out_document_the_tails_are(tmp_path: Path) -> None:
    train = [text for text in map(str, range(200)) if module.dealt_by(text) == "train"][:30]
    lines(tmp_path / "train.jsonl", *({"text": text * 10, "split": "train"} for text in train))
    corpus = open_texts(tmp_path)
    dealt = [file.dealt for file in corpus.files]
    assert all_of(corpus, "validation")
    if not any(counts[1] for counts in dealt):
        assert len(all_of(corpus, "validation")) == 30
    # A file alone has no split by its name.
    lines(tmp_path / "test.jsonl", {"text": "0123456789"})
    alone = open_texts(tmp_path / "test.jsonl")
    assert all_of(alone, "train") == ["012345678"] and all_of(alone, "validation") == ["9"]


def test_pipes_and_absent_places_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(UserError, match="no ordinary file"):
        open_texts(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        open_texts(tmp_path / "b")


def test_too_many_broken_lines_are_refused(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", *({"text": "good"} for _n in range(9)), {"words": "bad"})
    with pytest.raises(UserError, match="1 of 10 documents are broken"):
        open_texts(tmp_path)
    assert open_texts(tmp_path, broken_limit=0.2).documents == 9


def test_a_file_that_vanishes_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    corpus = open_texts(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(UserError, match=r"a\.txt can't be used"):
        all_of(corpus, "train")


def test_the_digest_follows_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    before = open_texts(tmp_path).digest
    assert open_texts(tmp_path).digest == before
    (tmp_path / "a.txt").write_text("texts")
    assert open_texts(tmp_path).digest != before
