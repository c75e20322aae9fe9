"""Answers for programs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from plms import plm

from luokuan.create.answers import STOP, draft_answers, plain_prompt
from luokuan.errors import UserError
from luokuan.media import Text
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.writing import write


def known() -> PlmModel:
    """A model that a recipe can name."""
    model = plm()
    model.folder = replace(model.folder, digest="0" * 64)
    return model


TALK = [("system", "Be kind."), ("user", "Hello?"), ("assistant", "Hello."), ("user", "Bye.")]


def test_a_conversation_as_plain_text() -> None:
    assert plain_prompt(TALK) == "Be kind.\n\nUser: Hello?\n\nAssistant: Hello.\n\nUser: Bye.\n\nAssistant:"


def test_answers_count_and_tell_how_likely_each_token_was() -> None:
    model, told = known(), {0: "", 1: ""}

    def on_text(place: int, piece: str) -> None:
        told[place] += piece

    manner = Manner(max_tokens=5)
    found = list(draft_answers([("user", "Hi")], model=model, seed=3, count=2, manner=manner, on_text=on_text, top=2))
    assert [one.place for one in found] == [0, 1]
    for one in found:
        assert one.text == told[one.place] == one.text.lstrip() and one.tokens == len(one.likely) <= 5
        assert one.prompt_tokens == len(plain_prompt([("user", "Hi")]).encode()) + 1
        assert all(token.logprob <= 0 and len(token.top) == 2 for token in one.likely)
        assert all(token.top[0][1] >= token.logprob - 1e-6 and math.exp(token.top[0][1]) <= 1 for token in one.likely)
        if one.draft is not None:
            recipe = one.draft.recipe
            assert recipe.brief == "Hi" and recipe.seed == 3 + one.place and STOP in recipe.parameters["stop"]


def test_a_beginning_and_what_follows_are_the_draft() -> None:
    model, manner = known(), Manner(max_tokens=6)
    (found,) = draft_answers(["the fox"], model=model, seed=1, manner=manner)
    assert found.text == write(model, ["the fox"], seed=1, manner=manner)[0].text and found.likely == ()
    if found.draft is not None:
        assert found.draft.media == Text("the fox" + found.text)


@pytest.mark.parametrize(("questions", "count"), [(["x" * 80], 1), (["x"], 65), ([("user", "half \ud800")], 1)])
def test_what_cannot_be_answered(questions: list[str], count: int) -> None:
    with pytest.raises(UserError):
        list(draft_answers(questions, model=plm(), count=count))
