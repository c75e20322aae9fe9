"""Findings about corpora of text, and whether training would take them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from messy import FULL, POEM, essay, lines

from luokuan.errors import UserError
from luokuan.foundation.corpus import hygiene, open_texts, textcheck
from luokuan.foundation.corpus.textcheck import check_texts
from luokuan.foundation.corpus.texts import dealt_by

EXAMPLE = Path(__file__).parents[3] / "examples/shakespeare-small"


def test_the_example_is_clean() -> None:
    found = check_texts(EXAMPLE)
    values = found.to_json()
    assert found.trainable and values["licence"] == "LicenseRef-public-domain"
    assert values["digest"] == open_texts(EXAMPLE).digest and values["characters"] == open_texts(EXAMPLE).characters
    assert values["documents"] == values["files"] == 1 and values["held_out"] == "tails"
    assert not any(row["count"] for row in values["findings"].values())
    assert not any(row["count"] for row in values["personal_data"].values())
    assert values["scripts"] == {"neither": 1, "simplified": 0, "traditional": 0, "mixed": 0}
    assert len(found.warnings) == 1 and "characters are few" in found.warnings[0]


def test_findings(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("licence: own\nlicense: CC0-1.0\n")
    (tmp_path / "a.txt").write_bytes((POEM * 9).encode("gb18030"))
    (tmp_path / "b.txt").write_bytes((FULL * 9).encode("big5"))
    (tmp_path / "c.txt").write_bytes(f"\ufeff{POEM}{FULL}".encode().replace(b"\n", b"\r\n"))
    (tmp_path / "d.txt").write_bytes(b"caf\xe9")
    (tmp_path / "e.txt").write_text("一\0二\x01三 donâ€™t e\u0301 \ufffd")
    (tmp_path / "f.txt").write_text("□□山（一作川）尽［注：疑］")
    (tmp_path / "g.txt").write_text("a@b.org 13800138000 11010519491231002X 4111111111111111")
    lines(tmp_path / "h.jsonl", {"text": " "}, {"text": "fine"}, {"words": "none"})
    found = check_texts(tmp_path)
    values = found.to_json()
    assert values["encodings"] == {"utf-8": 5, "gb18030": 1, "big5": 1} and values["byte_order_marks"] == 1
    assert {name: row["count"] for name, row in values["findings"].items()} == {
        "nul": 1, "control": 1, "crlf": 2, "replacement": 1, "not_nfc": 1, "mojibake": 1, "lacunae": 2, "notes": 2,
    }  # fmt: skip
    assert values["personal_data"] == {k: {"count": 1, "documents": 1} for k in ("id", "card", "e-mail", "phone")}
    assert values["scripts"] == {"neither": 4, "simplified": 2, "traditional": 1, "mixed": 1}
    # Training reads neither the old encodings, nor NUL, nor empty lines.
    assert values["skipped"] == 6 and values["unrepairable"] == 2 and not found.trainable
    assert "6 of 10 documents are broken" in found.problems[0]
    told = "\n".join(found.warnings)
    for words in (
        "can: GB18030 1, BIG5 1", "training skips: 6", "can't use 2 either", "as if â€™ were ’: 1, in 1",
        "Control characters: 2, of which NUL: 1", "U+FFFD", "NFC: 1", "2 documents simplified, 1 traditional, 1 mixed",
        "(□): 1", "（一作…）: 2, in 1", "without text: 1", "[id] 1, [card] 1, [e-mail] 1, [phone] 1",
        "The card lacks", "license",
    ):  # fmt: skip
        assert words in told, words
    assert "13800138000" not in json.dumps(values)


def test_copies_and_leaks_between_given_splits(tmp_path: Path) -> None:
    near = essay(1)[:150] + "改" + essay(1)[151:]
    lines(tmp_path / "train.jsonl", {"text": essay(1)}, {"text": essay(2)}, {"text": essay(2) + "\n"})
    lines(tmp_path / "test.jsonl", {"text": near}, {"text": essay(3)}, {"text": essay(3)})
    found = check_texts(tmp_path)
    values = found.to_json()
    assert values["splits"] == {"train": 3, "validation": 0, "test": 3} and values["held_out"] == "given"
    assert values["exact_duplicates"] == [["test.jsonl:2", "test.jsonl:3"], ["train.jsonl:2", "train.jsonl:3"]]
    assert values["near_duplicates"] == values["leaks"] == [["test.jsonl:1", "train.jsonl:1"]]
    assert values["copies"] == {"exact": 2, "near": 1}
    assert any("Clusters of copies that lie in train" in sentence for sentence in found.warnings)


def test_splits_are_those_of_training(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", *({"text": essay(seed)} for seed in range(60)))
    found = check_texts(tmp_path)
    corpus = open_texts(tmp_path)
    assert found.survey.held_out == "documents"
    assert found.survey.splits == {
        name: len(["".join(document) for document in corpus.split(name)]) for name in ("train", "validation", "test")
    }
    assert dealt_by(essay(0)) == ("train", "validation", "test")[found.survey.split_of()[0]]


def test_one_poem_in_both_scripts_is_one_if_one_script_is_asked_for(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", {"text": POEM}, {"text": FULL})
    assert check_texts(tmp_path).to_json()["near_duplicates"] == []
    assert check_texts(tmp_path, script="simplified").to_json()["near_duplicates"] == [["a.jsonl:1", "a.jsonl:2"]]


def test_empty_documents_are_no_copies(tmp_path: Path) -> None:
    lines(
        tmp_path / "a.jsonl",
        {"text": " "},
        {"text": "\n"},
        {"text": "!"},
        {"text": "?"},
        {"text": "words"},
    )
    assert check_texts(tmp_path).to_json()["copies"] == {"exact": 0, "near": 0}


def test_many_clusters_are_counted_and_some_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textcheck, "CLUSTERS", 3)
    monkeypatch.setattr(textcheck, "MEMBERS", 2)
    lines(tmp_path / "a.jsonl", *({"text": essay(seed % 5)} for seed in range(15)))
    values = check_texts(tmp_path).to_json()
    assert values["copies"]["exact"] == 10 and [len(names) for names in values["exact_duplicates"]] == [2, 2, 2]


@pytest.mark.parametrize(("data", "why"), [(b"", "empty"), (b"\xff", "not UTF-8"), (b"\x89PNG\0\0\xff\xfe", "UTF-8")])
def test_nothing_readable_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(UserError, match=f"no usable text.*{why}"):
        check_texts(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        check_texts(tmp_path / "absent")


def test_too_little_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A line")
    found = check_texts(tmp_path)
    assert not found.trainable and "less training text" in found.problems[0]
    (tmp_path / "a.txt").write_text("A line that is long enough")
    assert check_texts(tmp_path).trainable


def test_without_ftfy_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "mojibake_fixer", lambda: None)
    (tmp_path / "a.txt").write_text("donâ€™t and so on")
    found = check_texts(tmp_path)
    assert "mojibake" not in found.to_json()["findings"] and any("ftfy" in sentence for sentence in found.warnings)
