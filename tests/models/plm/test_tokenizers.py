"""Tokenizers give back what they were given, and other tools read them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from luokuan.errors import UserError
from luokuan.models.plm import tokenizers
from luokuan.models.plm.tokenizers import END, UNKNOWN, build, encode, kept, read, size

EXAMPLE = Path(__file__).parents[3] / "examples/shakespeare-small/coriolanus.txt"
ANY = st.text(st.characters(exclude_categories=["Cs"]))


@cache
def made(kind: str) -> PreTrainedTokenizerFast:
    return build(kind, [EXAMPLE.read_text(encoding="utf-8")], vocabulary=400)


@pytest.mark.parametrize("kind", ["bpe", "bytes"])
@given(text=ANY)
def test_bytes_hold_any_text(kind: str, text: str) -> None:
    assert made(kind).decode(encode(made(kind), [text])[0]) == text


@given(text=st.text(st.sampled_from(sorted(set(EXAMPLE.read_text(encoding="utf-8"))))))
def test_characters_hold_those_they_know(text: str) -> None:
    numbers = encode(made("chars"), [text])[0]
    assert len(numbers) == len(text) and made("chars").decode(numbers) == text


def test_sizes() -> None:
    assert len(made("bytes")) == 257 and len(made("bpe")) == 400
    assert len(made("chars")) == len(set(EXAMPLE.read_text(encoding="utf-8"))) + 2
    # One token a byte: é has two.
    assert [len(ids) for ids in encode(made("bytes"), ["abc", "é", ""])] == [3, 2, 0]


def test_unknown_characters_become_one_token() -> None:
    assert encode(made("chars"), ["a☃b"])[0][1] == made("chars").convert_tokens_to_ids(UNKNOWN)


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_marks_inside_a_text_are_text(kind: str) -> None:
    assert made(kind).eos_token_id not in encode(made(kind), [f"a{END}b"])[0]


@pytest.mark.parametrize("kind", tokenizers.KINDS)
def test_other_tools_read_them(kind: str, tmp_path: Path) -> None:
    made(kind).save_pretrained(tmp_path)
    theirs, text = AutoTokenizer.from_pretrained(tmp_path), "Speak, speak.\n\nYou are all resolved"
    assert theirs(text, add_special_tokens=False)["input_ids"] == encode(made(kind), [text])[0]
    assert theirs.eos_token == END and len(theirs) == len(made(kind))
    assert encode(read(tmp_path), [text]) == encode(made(kind), [text])


def test_equal_text_gives_equal_tokenizers(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    pieces = [text[:10_000], text[10_000:]]
    one, two = (build("bpe", pieces, vocabulary=500).backend_tokenizer.to_str() for _n in range(2))
    assert one == two
    path = tmp_path / "kept.json"
    path.write_text(one, encoding="utf-8")
    found = kept(path)
    assert found is not None and found.backend_tokenizer.to_str() == one and found.eos_token == END
    path.write_text("{}", encoding="utf-8")
    assert kept(path) is None


def test_damaged_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no tokenizer that can be used"):
        read(tmp_path)
    made("bytes").save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": 3')
    with pytest.raises(UserError, match="no tokenizer that can be used"):
        read(tmp_path)


def test_what_cuts_or_fills_up_is_switched_off(tmp_path: Path) -> None:
    tokenizer = build("bytes", ())
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=20)
    tokenizer.save_pretrained(tmp_path)
    assert [len(ids) for ids in encode(read(tmp_path), ["a" * 50, "b"])] == [50, 1]


def test_gaps_in_the_numbers_count(tmp_path: Path) -> None:
    tokenizer = build("chars", ["ab"])
    table = json.loads(tokenizer.backend_tokenizer.to_str())
    table["model"]["vocab"]["b"] = 900
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(table))
    found = kept(path)
    assert found is not None and size(found) == 901 and len(found) < 10


def test_a_mark_that_is_read_out_of_text_is_refused(tmp_path: Path) -> None:
    tokenizer = build("bytes", ())
    tokenizer.save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    for token in table["added_tokens"]:
        token["special"] = False  # an ordinary word
    path.write_text(json.dumps(table), encoding="utf-8")
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings | {"added_tokens_decoder": {}}))
    try:
        found = read(tmp_path)
    except UserError as error:
        assert "within a text for its end" in str(error)
    else:  # transformers marks it as special again
        assert found.eos_token_id not in encode(found, [f"a{END}b"])[0]


def test_of_much_text_spread_pieces_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "SAMPLE", 40)
    monkeypatch.setattr(tokenizers, "PORTION", 10)
    text = "".join(f"{number:09d} " for number in range(12))
    assert list(tokenizers._sampled([text], len(text))) == [text[i : i + 10] for i in (0, 30, 60, 90)]
    assert "".join(tokenizers._sampled([text], 40)) == text


def test_too_many_characters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "CHARACTERS", 3)
    with pytest.raises(UserError, match="4 different characters, more than 3"):
        build("chars", ["ab", "cd"])


def test_unknown_kinds_are_our_own_fault() -> None:
    with pytest.raises(ValueError, match="words"):
        build("words", ["a"])
