"""Examples to answer by: what lines may hold, how they are dealt to splits, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.foundation.corpus import holds_examples, open_examples


def written(folder: Path, rows: list[Any], name: str = "a.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def pairs(count: int) -> list[dict[str, str]]:
    return [{"prompt": f"Q{i}", "chosen": f"good {i}", "rejected": f"bad {i}", "other": "x"} for i in range(count)]


def test_completions_conversations_and_pairs(tmp_path: Path) -> None:
    turns = [("system", "Be brief."), ("user", "One?"), ("assistant", "1\r\n"), ("user", "Two?"), ("assistant", "2")]
    rows = [
        {"prompt": "a", "completion": "b"},
        {"messages": [{"role": role, "content": content} for role, content in turns]},
        {"prompt": "c", "chosen": "d", "rejected": "e"},
    ]
    corpus = open_examples(written(tmp_path / "c", rows), "answers")
    found = [example for example, _split in corpus.examples]
    assert [example.answers for example in found] == [("b",), ("1\n",), ("2",), ("d",)]
    assert [len(example.turns) for example in found] == [0, 2, 4, 0]
    assert [example.key for example in found] == ["a", "One?", "One?", "c"]  # a conversation stays together
    assert found[3].place == "a.jsonl:3" and corpus.licence == "unknown"
    both = open_examples(written(tmp_path / "p", pairs(3)), "pairs")
    assert both.examples[1][0].answers == ("good 1", "bad 1")


def test_the_same_prompt_falls_to_the_same_side(tmp_path: Path) -> None:
    many = open_examples(written(tmp_path / "many", pairs(400)), "pairs")
    sides = {name: {e.prompt for e in many.split(name)} for name in ("train", "validation", "test")}
    assert sum(map(len, sides.values())) == 400 and min(map(len, sides.values())) >= 8
    assert 340 <= len(sides["train"]) <= 380
    fewer = open_examples(written(tmp_path / "fewer", pairs(300)), "answers")
    assert all({e.prompt for e in fewer.split(name)} <= sides[name] for name in sides)
    few = open_examples(written(tmp_path / "few", pairs(5)), "answers")
    assert len(few.split("train")) == 4 and len(few.split("validation")) == 1
    with pytest.raises(KeyError):
        few.split("other")


def test_given_splits_are_kept(tmp_path: Path) -> None:
    rows = [row | {"split": "val"} if i < 2 else row for i, row in enumerate(pairs(6))]
    corpus = open_examples(written(tmp_path / "c", rows), "pairs")
    assert [e.prompt for e in corpus.split("validation")] == ["Q0", "Q1"] and not corpus.split("test")
    written(tmp_path / "d", pairs(3), "train.jsonl")
    corpus = open_examples(written(tmp_path / "d", pairs(2), "test.jsonl"), "pairs")
    assert len(corpus.split("test")) == 2 and len(corpus.split("train")) == 3


@pytest.mark.parametrize(
    ("row", "kind", "why"),
    [
        ({"prompt": "a", "chosen": "b"}, "pairs", "no text in the column 'rejected'"),
        ({"prompt": "a", "chosen": "b", "rejected": " \n"}, "pairs", "column 'rejected' is empty"),
        ({"prompt": "a", "chosen": "b", "rejected": "b"}, "pairs", "its two answers are the same"),
        ({"prompt": "a", "completion": ""}, "answers", "column 'completion' is empty"),
        ({"prompt": 3, "completion": "b"}, "answers", "no text in the column 'prompt'"),
        ({"prompt": "a"}, "answers", "no text in the column 'completion'"),
        ({"messages": [{"role": "user", "content": "a"}]}, "answers", "in which the assistant answers"),
        ({"messages": [{"role": "user"}]}, "answers", "no role or no content"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]}, "answers", "is empty"),
        ("[]", "answers", "no JSON object"),
        ('{"prompt": "\\ud800", "completion": "b"}', "answers", "half of a character"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, row: Any, kind: str, why: str) -> None:
    folder = written(tmp_path / "c", [*pairs(30), row])
    corpus = open_examples(folder, kind)
    assert corpus.skipped == 1 and why in corpus.broken[0].reason and "line 31" in corpus.broken[0].reason
    with pytest.raises(UserError, match="1 of 31 examples are broken"):
        open_examples(folder, kind, broken_limit=0.01)
    with pytest.raises(UserError, match=r"no usable examples .*line 1"):
        open_examples(written(tmp_path / "d", [row]), kind)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["prompt", "completion", "chosen", "rejected", "messages", "role", "content", "split"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(row=ANYTHING.map(json.dumps) | st.text(max_size=40), kind=st.sampled_from(["answers", "pairs"]))
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line_is_an_example_or_broken(tmp_path: Path, row: str, kind: str) -> None:
    (tmp_path / "a.jsonl").write_text(row.replace("\n", " ").replace("\r", " "), encoding="utf-8")
    try:
        corpus = open_examples(tmp_path / "a.jsonl", kind, broken_limit=1)
    except UserError as error:
        assert error.code in ("corpus.empty", "corpus.too_small")
    else:
        assert all(answer.strip() for example, _split in corpus.examples for answer in example.answers)
    holds_examples(tmp_path / "a.jsonl")


def test_what_is_no_corpus_of_examples(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        open_examples(tmp_path / "absent", "pairs")
    with pytest.raises(UserError, match="only one prompt"):
        open_examples(written(tmp_path / "one", pairs(1)), "pairs")
    folder = written(tmp_path / "mixed", pairs(3))
    (folder / "story.txt").write_text("Text.")
    (folder / "README.md").write_text("About.")
    with pytest.raises(UserError, match=r"1 of 4 examples are broken.*no .jsonl file"):
        open_examples(folder, "pairs")
    with pytest.raises(ValueError, match="other"):
        open_examples(folder, "other")


def test_examples_and_text_are_told_apart(tmp_path: Path) -> None:
    assert holds_examples(written(tmp_path / "a", ["{broken", *pairs(1)]))
    assert holds_examples(written(tmp_path / "b", [{"messages": []}]) / "a.jsonl")
    assert not holds_examples(written(tmp_path / "c", [{"text": "t", "prompt": "p"}]))
    assert not holds_examples(tmp_path / "absent")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a.txt").write_text("Text.")
    assert not holds_examples(tmp_path / "d")
