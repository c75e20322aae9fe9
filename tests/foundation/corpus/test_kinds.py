"""Pictures or text, told by endings."""

from __future__ import annotations

from pathlib import Path

import pytest

from luokuan.errors import UserError
from luokuan.foundation.corpus.kinds import PICTURES, TEXT, kind_of

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_examples_are_told_apart() -> None:
    assert kind_of(EXAMPLES / "clothing-small") == PICTURES
    assert kind_of(EXAMPLES / "shakespeare-small") == TEXT
    assert kind_of(EXAMPLES / "shakespeare-small/coriolanus.txt") == TEXT


def test_what_tells_of_a_corpus_is_no_text_of_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("About")
    (tmp_path / "metadata.jsonl").write_text("{}")
    assert kind_of(tmp_path) == PICTURES  # though the pictures are missing


def test_captions_beside_pictures_are_theirs(tmp_path: Path) -> None:
    for name in ("a.png", "a.txt", "b.jpg", "b.txt"):
        (tmp_path / name).touch()
    assert kind_of(tmp_path) == PICTURES


@pytest.mark.parametrize(
    ("names", "said", "code"),
    [
        (["a.png", "b.txt"], "both pictures and text: a.png, b.txt", "corpus.both"),
        (["a.pdf", "README.md"], "neither pictures nor text", "corpus.empty"),
        ([], "neither pictures nor text", "corpus.empty"),
    ],
)
def test_both_and_neither_are_refused(tmp_path: Path, names: list[str], said: str, code: str) -> None:
    for name in names:
        (tmp_path / name).write_text("words")
    with pytest.raises(UserError, match=said) as caught:
        kind_of(tmp_path)
    assert caught.value.code == code


def test_what_is_absent_or_a_picture_alone_is_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for place in (tmp_path / "absent", tmp_path / "a.png"):
        with pytest.raises(UserError, match="not a folder"):
            kind_of(place)
