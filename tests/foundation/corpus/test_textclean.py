"""The cleaned copy of a corpus of text: what is in it, what isn't, and that checking it again finds nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from messy import FULL, POEM, essay, lines

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.corpus.textcheck import check_texts
from luokuan.foundation.corpus.textclean import clean_texts


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_book_loses_the_lines_with_lacunae_and_no_more(tmp_path: Path) -> None:
    # A novel with one illegible line was left out whole.
    (tmp_path / "c").mkdir()
    book = [essay(number) for number in range(20)]
    (tmp_path / "c/book.txt").write_text("\n".join([*book[:10], "此行□字不清", *book[10:]]), encoding="utf-8")
    (tmp_path / "c/poems.jsonl").write_text(
        json.dumps({"text": essay(30), "title": "□的题目"}, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    assert len("".join(book)) > 1000
    done = clean_texts(check_texts(tmp_path / "c"), tmp_path / "out")
    assert (done.documents, done.dropped["lacunae"]) == (2, 0)
    assert (tmp_path / "out/book.txt").read_text(encoding="utf-8") == "\n".join(book)
    assert rows(tmp_path / "out/poems.jsonl")[0]["title"] == "□的题目"


def test_a_cleaned_copy_is_clean(tmp_path: Path) -> None:
    folder, out = tmp_path / "c", tmp_path / "out"
    lines(
        folder / "train.jsonl",
        {"text": essay(1), "title": "甲\u0000 a@b.org", "year": 762, "nested": {"x": 1}},
        {"text": essay(1)[:150] + "改" + essay(1)[151:]},
        {"text": "□" + essay(2)},
        {"text": essay(3) + "（一作某）\r\nTel. 13800138000", "split": "val"},
        {"words": "none"},
        {"text": "\x01"},
    )
    (folder / "old/test").mkdir(parents=True)
    (folder / "old/test/a.txt").write_bytes((POEM * 9).encode("gb18030"))
    (folder / "bad.txt").write_bytes(b"caf\xe9")
    (folder / "card.yaml").write_text("licence: CC-BY-4.0\ncredit: 王\n")
    (folder / "LICENSE").write_text("terms")
    done = clean_texts(check_texts(folder), out)
    assert done.documents == 3 and done.dropped == {"copies": 1, "lacunae": 1, "personal": 0, "empty": 1}
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "LICENSE", "card.yaml", "old/test/a.txt", "train.jsonl",
    ]  # fmt: skip
    assert rows(out / "train.jsonl") == [
        {"text": essay(1), "title": "甲 [e-mail]", "year": 762},
        {"text": essay(3) + "\nTel. [phone]", "split": "val"},
    ]
    assert (out / "old/test/a.txt").read_bytes() == (POEM * 9).encode()
    corpus = open_texts(out)
    assert corpus.licence == "CC-BY-4.0" and corpus.card is not None and corpus.card.credit == "王"
    assert corpus.documents == done.documents and corpus.characters == done.characters
    again = check_texts(out).to_json()
    assert again["trainable"] and not again["broken"] and again["copies"] == {"exact": 0, "near": 0}
    assert not any(row["count"] for row in (*again["findings"].values(), *again["personal_data"].values()))


def test_one_script(tmp_path: Path) -> None:
    lines(tmp_path / "c/a.jsonl", {"text": FULL}, {"text": essay(1)}, {"text": "皇后乾坤"}, {"text": POEM[:12] + "甲"})
    for script, first, last in (("simplified", POEM, POEM[:12]), ("traditional", FULL, FULL[:12])):
        out = tmp_path / script
        clean_texts(check_texts(tmp_path / "c", script=script), out)
        texts = [row["text"] for row in rows(out / "a.jsonl")]
        assert texts[0] == first and "皇后乾坤" in texts and texts[-1] == last + "甲"


@pytest.mark.parametrize(
    ("personal", "texts", "dropped"),
    [("mask", ["[e-mail]", "none here"], 0), ("drop", ["none here"], 1), ("keep", ["a@b.org", "none here"], 0)],
)
def test_personal_data(tmp_path: Path, personal: str, texts: list[str], dropped: int) -> None:
    lines(tmp_path / "c/a.jsonl", {"text": "a@b.org"}, {"text": "none here"})
    done = clean_texts(check_texts(tmp_path / "c"), tmp_path / "out", personal=personal)
    assert [row["text"] for row in rows(tmp_path / "out/a.jsonl")] == texts and done.dropped["personal"] == dropped


def test_of_copies_the_first_that_stays_is_kept(tmp_path: Path) -> None:
    plain = essay(1)
    lines(tmp_path / "c/a.jsonl", {"text": plain + " a@b.org"}, {"text": plain}, {"text": plain + "尾"})
    clean_texts(check_texts(tmp_path / "c"), tmp_path / "out", personal="drop")
    assert [row["text"] for row in rows(tmp_path / "out/a.jsonl")] == [plain]


def test_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words\r\nand more", newline="")
    clean_texts(check_texts(tmp_path / "a.txt"), tmp_path / "out")
    assert (tmp_path / "out/a.txt").read_bytes() == b"words\nand more"


def test_a_long_document_is_cleaned_in_pieces(tmp_path: Path) -> None:
    text = "".join(f"{essay(7, 50)}，call 13800138000 now。" for _n in range(20_000))
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.txt").write_text(text)
    found = check_texts(tmp_path / "c")
    assert found.to_json()["personal_data"]["phone"] == {"count": 20_000, "documents": 1}
    clean_texts(found, tmp_path / "out")
    assert (tmp_path / "out/a.txt").read_text() == text.replace("13800138000", "[phone]")


def test_nothing_is_written_where_it_must_not_be(tmp_path: Path) -> None:
    lines(tmp_path / "c/a.jsonl", {"text": "□"})
    found = check_texts(tmp_path / "c")
    with pytest.raises(UserError, match=r"Nothing of .* would be left"):
        clean_texts(found, tmp_path / "out")
    with pytest.raises(UserError, match="not empty"):
        clean_texts(found, tmp_path / "c")
    with pytest.raises(UserError, match="inside the corpus"):
        clean_texts(found, tmp_path / "c/clean")
    with pytest.raises(ValueError, match="other"):
        clean_texts(found, tmp_path / "out", personal="other")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c"]


@pytest.mark.parametrize("more", [[], [{"text": "one"}, {"text": "two"}], [{"x": 1}, {"text": "moved"}]])
def test_a_corpus_that_changes_meanwhile_is_refused(tmp_path: Path, more: list[dict[str, Any]]) -> None:
    lines(tmp_path / "c/a.jsonl", {"text": "one"})
    found = check_texts(tmp_path / "c")
    lines(tmp_path / "c/a.jsonl", *more)
    with pytest.raises(UserError, match="has changed"):
        clean_texts(found, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), min_size=1, max_size=6))
@example(["ï¤\x1f\x91"])
@example(["e（一作f）\u0301"])
def test_any_texts_are_cleaned_or_refused(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("clean")
    lines(folder / "c/a.jsonl", *({"text": text} for text in texts))
    try:
        clean_texts(check_texts(folder / "c"), folder / "out")
    except UserError:
        return
    again = check_texts(folder / "out").to_json()["findings"]
    assert not any(again[name]["count"] for name in ("nul", "control", "crlf", "not_nfc", "lacunae"))
    assert open_texts(folder / "out").documents
