"""What a model remembers of its corpus to compare its texts with: runs of words."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_examples, open_texts
from luokuan.foundation.modelfolder import NGRAMS
from luokuan.models.plm.ngrams import HASHES, LEAST, MOST, N, Ngrams, ngrams_of

EXAMPLES = Path(__file__).parents[3] / "examples"
LINE = "the quick brown fox jumps over the lazy dog while rain falls on the old tin roof"
OURS = LINE.split()


def of(path: Path, *texts: str) -> Ngrams:
    path.mkdir(parents=True, exist_ok=True)
    (path / "train.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    (path / "test.jsonl").write_text(json.dumps({"text": "held out"}) + "\n")
    found = ngrams_of(open_texts(path))
    assert found is not None
    return found


def test_a_copied_run_is_found_whole(tmp_path: Path) -> None:
    seen = of(tmp_path, " ".join(OURS))
    text = "Then, he said: The QUICK brown-fox jumps; over the lazy dog — while it snowed."
    found = seen.longest_shared(text)
    assert (found.words, found.run) == (10, "The QUICK brown-fox jumps; over the lazy dog — while")
    assert seen.longest_shared("The quick brown fox jumps over a lazy dog").words == 0  # eight words at most
    assert seen.longest_shared("").words == seen.longest_shared("one two").words == 0


def test_hanzi_are_words_of_their_own(tmp_path: Path) -> None:
    seen = of(tmp_path, "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。")
    found = seen.longest_shared("诗云：黄河入海流，欲穷千里目！然后呢")
    assert (found.words, found.run) == (10, "黄河入海流，欲穷千里目")


def test_runs_cross_pieces_but_not_documents(tmp_path: Path) -> None:
    seen = of(tmp_path, "\n".join(OURS), "other words end here and now one two", "three four five six seven eight")
    assert seen.longest_shared(" ".join(OURS)).words == len(OURS)
    assert seen.longest_shared("here and now one two three four five six seven eight").words == 0


@given(st.lists(st.sampled_from(OURS), max_size=40))
def test_it_never_misses_what_is_there(words: list[str]) -> None:
    line = " ".join(words)
    seen = _seen(line)
    assert (seen.longest_shared(line).words if seen else 0) == (len(words) if len(words) >= LEAST else 0)


def _seen(line: str) -> Ngrams | None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return of(Path(folder), line) if len(line.split()) >= N else None


def test_strangers_share_next_to_nothing(tmp_path: Path) -> None:
    """Two of a thousand texts of 200 words, as LEAST says: 100 of them, seed 0, share none or a single run."""
    drawn = random.Random(0)
    vocabulary = [f"w{number}" for number in range(5000)]
    seen = of(tmp_path, " ".join(drawn.choices(vocabulary, k=20_000)))
    found = [seen.longest_shared(" ".join(drawn.choices(vocabulary, k=200))).words for _ in range(100)]
    assert sum(words > 0 for words in found) <= 2 and max(found) < 12


def test_it_is_read_as_it_was_saved(tmp_path: Path) -> None:
    seen = of(tmp_path / "c", " ".join(OURS))
    (tmp_path / NGRAMS).write_bytes(seen.saved())
    again = Ngrams.read(tmp_path)
    assert again is not None and again.longest_shared(" ".join(OURS)).words == len(OURS)
    assert Ngrams.read(tmp_path / "c") is None


def test_what_goes_on_knows_what_its_base_knew(tmp_path: Path) -> None:
    base = of(tmp_path / "a", " ".join(OURS))
    later = ngrams_of(open_texts(EXAMPLES / "shakespeare-small"), base=base)
    assert later is not None and sorted(later.filters) == ["base.own", "own"]
    assert later.longest_shared(" ".join(OURS)).words == len(OURS)


def test_of_examples_the_answers_count(tmp_path: Path) -> None:
    rows = [{"prompt": f"say {n}", "completion": f"{n} {' '.join(OURS)}", "split": "train"} for n in range(3)]
    rows.append({"prompt": "say 4", "completion": "held out", "split": "validation"})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seen = ngrams_of(open_examples(tmp_path, "answers"))
    assert seen is not None and seen.longest_shared(" ".join(OURS)).words == len(OURS)


def test_with_too_much_text_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST > 10**7
    monkeypatch.setattr("luokuan.models.plm.ngrams.MOST", 5)
    (tmp_path / "a.txt").write_text(" ".join(OURS))
    assert ngrams_of(open_texts(tmp_path)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        save({"own": np.zeros(4, np.float32)}, metadata={"n": str(N), "hashes": str(HASHES)}),
        save({"own": np.zeros((2, 2), np.uint8)}, metadata={"n": str(N), "hashes": str(HASHES)}),
    ],
)
def test_damaged_files_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / NGRAMS).write_bytes(data)
    with pytest.raises(UserError, match="can't be read"):
        Ngrams.read(tmp_path)


def test_another_make_says_nothing(tmp_path: Path) -> None:
    (tmp_path / NGRAMS).write_bytes(save({"own": np.zeros(8, np.uint8)}, metadata={"n": "13", "hashes": "2"}))
    assert Ngrams.read(tmp_path) is None
