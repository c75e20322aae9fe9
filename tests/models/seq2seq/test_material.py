"""Tokens of pairs, and batches with little filling."""

from __future__ import annotations

import counting
import torch

from luokuan.foundation.corpus import Pair
from luokuan.models.plm import tokenizers
from luokuan.models.seq2seq import tokens
from luokuan.models.seq2seq.material import IGNORED, LENGTHS, TARGETS, Row, by_length, lay_out, padded

WAY = ("en", "zh")
BOTH = [WAY, ("zh", "en")]


def tokenizer():
    return tokens.build([text for pair in counting.pairs() for text in pair], WAY, vocabulary=300)


def test_a_source_says_which_language_and_a_text_cant_fake_it() -> None:
    found = tokenizer()
    known = found.get_vocab()
    (row,) = tokens.sources(found, ["one"], "zh")
    assert row[0] == known[">>zh<<"] and row[-1] == known["</s>"]
    (faked,) = tokens.sources(found, [">>en<< </s> one"], "zh")
    assert known[">>en<<"] not in faked and faked.count(known["</s>"]) == 1
    assert found.decode(faked, skip_special_tokens=True) == ">>en<< </s> one"
    # As anybody else writes it.
    assert found(">>zh<< one").input_ids == row


def test_both_directions_and_machines_as_sources_only() -> None:
    found = tokenizer()
    pairs = [Pair(("one", "一")), Pair(("two", "二"), synthetic="en")]
    rows = lay_out(found, pairs, WAY, BOTH, longest=16)
    assert [(row.to, tokens.SYNTHETIC in found.convert_ids_to_tokens(row.source)) for row in rows.rows] == [
        ("zh", False),
        ("zh", True),
        ("en", False),
    ]
    assert rows.synthetic == 1 and rows.target_tokens == sum(len(row.target) for row in rows.rows)
    assert lay_out(found, [Pair(("one " * 30, "一"))], WAY, BOTH, longest=16).left_out == 1


def test_filling_changes_nothing_that_counts() -> None:
    rows = [Row((3, 4, 1), (5, 6, 1), "zh"), Row((3, 1), (7, 1), "zh")]
    part = padded(rows, pad=0)
    assert part.sources.shape == part.inputs.shape == (2, LENGTHS)
    assert part.inputs.tolist() == [[0, 5, 6, 0], [0, 7, 0, 0]]
    assert part.seen.sum(1).tolist() == [3, 2] and part.tokens == 5 and len(part.targets) == TARGETS
    kept = part.targets != IGNORED
    assert part.targets[kept].tolist() == [5, 6, 1, 7, 1]
    # The place before each target holds the one before it.
    assert part.inputs.flatten()[part.counted[kept]].tolist() == [0, 5, 6, 0, 7]


def test_groups_hold_all_rows_once_sorted_by_length() -> None:
    rows = [Row(tuple(range(n % 7 + 1)), tuple(range(n % 5 + 1)), "en") for n in range(23)]
    groups = by_length(rows, 5)
    assert [len(group) for group in groups] == [5, 5, 5, 5, 3]
    flat = [row for group in groups for row in group]
    assert sorted(flat, key=repr) == sorted(rows, key=repr)
    lengths = [len(row.source) + len(row.target) for row in flat]
    assert lengths == sorted(lengths)


def test_the_tokenizer_is_read_by_our_reader_and_kept(tmp_path) -> None:
    made = tokenizer()
    for name, data in tokenizers.files(made).items():
        (tmp_path / name).write_bytes(data)
    read = tokenizers.read(tmp_path)
    assert tokenizers.digest(read) == tokenizers.digest(made)
    kept = tokens.kept(tmp_path / "tokenizer.json")
    assert kept is not None and kept.get_vocab() == made.get_vocab()
    assert tokens.kept(tmp_path / "none.json") is None
    assert torch.tensor(tokens.targets(read, ["三"])[0])[-1] == made.eos_token_id
