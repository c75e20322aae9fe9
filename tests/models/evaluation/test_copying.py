from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from luokuan.models.evaluation.copying import Material, distinct, letters_of

TEXTS = st.lists(st.text("abc ,", max_size=30), max_size=4)


def test_longest_shared_by_hand() -> None:
    material = Material(["白日依山尽，黄河入海流。", "春眠不觉晓"])
    assert material.longest_shared("我见白日，依山而坐").run == "白日依山"
    assert material.longest_shared("流春").length == 1  # not across documents
    assert (material.longest_shared("").length, material.longest_shared("xyz").length) == (0, 0)


@given(documents=TEXTS, text=st.text("abc ,", max_size=20))
def test_longest_shared_is_the_longest(documents: list[str], text: str) -> None:
    letters = letters_of(text)
    runs = [letters[i:j] for i in range(len(letters)) for j in range(i + 1, len(letters) + 1)]
    found = [run for run in runs if any(run in letters_of(document) for document in documents)]
    shared = Material(documents).longest_shared(text)
    assert shared.length == max(map(len, found), default=0) == len(shared.run)
    assert shared.length == 0 or shared.run in found


def test_distinct_by_hand() -> None:
    assert distinct(["abab", "ba"], 2) == 2 / 4
    assert distinct(["a", ""], 2) == 0.0
    assert distinct(["a-b", "ab"], 2) == 1 / 2
