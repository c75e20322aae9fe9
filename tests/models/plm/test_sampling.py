"""What is left to draw from, by hand and against transformers; how often each token is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from luokuan.errors import UserError
from luokuan.models.plm.sampling import Manner, next_tokens

GRID = 2000


def shares(logits: torch.Tensor, manner: Manner, **more: torch.Tensor) -> torch.Tensor:
    """How often each token of one text is drawn over evenly spread uniforms, (V,)."""
    uniforms = (torch.arange(GRID, dtype=torch.float64) + 0.5) / GRID
    tokens = next_tokens(logits.expand(GRID, -1), uniforms, manner, **more)
    return torch.bincount(tokens, minlength=logits.shape[-1]) / GRID


def logs(*chances: float) -> torch.Tensor:
    return torch.tensor(chances).log()


PLAIN = Manner(temperature=1.0)


@pytest.mark.parametrize(
    ("manner", "wanted"),
    [
        (PLAIN, (0.1, 0.4, 0.2, 0.3)),
        (Manner(temperature=1.0, top_k=2), (0, 4 / 7, 0, 3 / 7)),
        (Manner(temperature=1.0, top_k=9), (0.1, 0.4, 0.2, 0.3)),
        (Manner(temperature=1.0, top_p=0.65), (0, 4 / 7, 0, 3 / 7)),
        (Manner(temperature=1.0, top_p=0.75), (0, 4 / 9, 2 / 9, 3 / 9)),
        (Manner(temperature=1.0, top_p=0.01), (0, 1, 0, 0)),
        (Manner(temperature=1.0, min_p=0.4), (0, 4 / 9, 2 / 9, 3 / 9)),
        # 4/7 of what top_k leaves is enough for half, though 0.4 of all is not.
        (Manner(temperature=1.0, top_k=2, top_p=0.5), (0, 1, 0, 0)),
        (Manner(temperature=0.5), (1 / 30, 16 / 30, 4 / 30, 9 / 30)),
        (Manner(temperature=0), (0, 1, 0, 0)),
    ],
)
def test_by_hand(manner: Manner, wanted: tuple[float, ...]) -> None:
    assert shares(logs(0.1, 0.4, 0.2, 0.3), manner).tolist() == pytest.approx(wanted, abs=1.5 / GRID)


def test_repetition_by_hand() -> None:
    logits, seen = torch.tensor([[2.0, -1.0, 1.5]]), torch.tensor([[True, True, False]])
    manner = Manner(temperature=1.0, repetition_penalty=2.0)
    wanted = torch.tensor([1.0, -2.0, 1.5]).softmax(0)
    assert shares(logits, manner, seen=seen).tolist() == pytest.approx(wanted.tolist(), abs=1.5 / GRID)
    assert int(next_tokens(logits, torch.zeros(1).double(), Manner(temperature=0), seen=seen)) == 0
    greedy = Manner(temperature=0, repetition_penalty=2.0)
    assert int(next_tokens(logits, torch.zeros(1).double(), greedy, seen=seen)) == 2


def test_barred_tokens_are_never_drawn() -> None:
    barred = torch.tensor([False, True, True, False])
    for manner in (PLAIN, Manner(temperature=0), Manner(top_k=3), Manner(top_p=0.99), Manner(min_p=0.01)):
        found = shares(logs(0.1, 0.4, 0.2, 0.3), manner, barred=barred)
        assert found[barred].sum() == 0 and found.sum() == pytest.approx(1)


@pytest.mark.parametrize("uniform", [0.0, math.nextafter(1, 0)])
def test_the_ends_of_the_unit_interval_meet_what_has_probability(uniform: float) -> None:
    barred = torch.tensor([True, False, False, True])
    for manner in (PLAIN, Manner(top_p=0.9), Manner(top_k=4)):
        uniforms = torch.tensor([uniform], dtype=torch.float64)
        token = next_tokens(logs(0.3, 0.1, 0.2, 0.4)[None], uniforms, manner, barred=barred)
        assert int(token) in (1, 2)


def test_rows_are_drawn_for_themselves() -> None:
    torch.manual_seed(0)
    logits, uniforms = torch.randn(7, 50), torch.rand(7, dtype=torch.float64)
    for manner in (PLAIN, Manner(top_k=5), Manner(top_p=0.7), Manner(min_p=0.1)):
        together = next_tokens(logits, uniforms, manner)
        alone = [int(next_tokens(logits[i : i + 1], uniforms[i : i + 1], manner)) for i in range(7)]
        assert together.tolist() == alone


@given(
    seed=st.integers(0, 10**6),
    words=st.sampled_from([2, 7, 40, 700]),
    temperature=st.floats(0.2, 3),
    top_k=st.sampled_from([0, 1, 3, 30, 600, 1000]),
    top_p=st.sampled_from([1.0, 0.999, 0.9, 0.5, 0.1]),
    min_p=st.sampled_from([0.0, 0.01, 0.2, 0.9]),
    penalty=st.sampled_from([1.0, 1.3, 2.5]),
    spread=st.sampled_from([0.1, 1.0, 5.0]),
)
def test_as_transformers_has_it(
    seed: int, words: int, temperature: float, top_k: int, top_p: float, min_p: float, penalty: float, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(3, words)) * spread).float()
    past = torch.from_numpy(rng.integers(0, words, (3, 5)))
    steps = [RepetitionPenaltyLogitsProcessor(penalty), TemperatureLogitsWarper(temperature)]
    steps += [TopKLogitsWarper(top_k)] if top_k else []
    steps += [TopPLogitsWarper(top_p)] if top_p < 1 else []
    steps += [MinPLogitsWarper(min_p)] if min_p else []
    theirs = LogitsProcessorList(steps)(past, logits.double()).softmax(-1)  # (3, V)
    seen = torch.zeros(3, words, dtype=torch.bool).scatter_(1, past, True)
    manner = Manner(temperature, top_k, top_p, min_p, penalty)
    for row in range(3):
        found = shares(logits[row], manner, seen=seen[row].expand(GRID, -1))
        # Evenly spread uniforms give each token its probability.
        assert (found - theirs[row]).abs().max() < 1.5 / GRID + 1e-4
        assert bool((found[theirs[row] == 0] == 0).all())


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"temperature": 5.1},
        {"temperature": math.nan},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"min_p": 1.0},
        {"min_p": -0.1},
        {"repetition_penalty": 0.9},
        {"repetition_penalty": math.inf},
        {"max_tokens": 0},
        {"stop": ("",)},
        {"stop": ("x" * 201,)},
        {"stop": ("x",) * 17},
    ],
)
def test_what_cant_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        Manner(**wrong).check()  # type: ignore[arg-type]
    assert caught.value.code.startswith("sampling.")


def test_what_works_passes() -> None:
    Manner().check()
    Manner(0, 40, 0.9, 0.05, 1.1, 1, ("\n", "END")).check()
