"""Schedules by hand and setters that reach every group."""

from __future__ import annotations

import pytest
import torch
from torch.nn import Parameter

from luokuan.foundation.optim import Together, adam, cosine, hold_then_fall, muon, set_beta2, set_rate


def test_cosine_by_hand() -> None:
    rate = cosine(2.0, 1.0)
    assert rate(0, 11) == pytest.approx(2.0)
    assert rate(5, 11) == pytest.approx(1.5)
    assert rate(10, 11) == pytest.approx(1.0)
    assert rate(50, 11) == pytest.approx(1.0)
    assert rate(0, 1) == pytest.approx(2.0)


def test_warm_up_rises_linearly() -> None:
    rate = cosine(1.0, 0.0, warm_up=4)
    assert [rate(i, 100) for i in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_hold_then_fall_by_hand() -> None:
    rate = hold_then_fall(2.0, warm_up=4, decay_from=0.5)
    assert [rate(step, 100) for step in (0, 3, 49, 75, 99)] == pytest.approx([0.5, 2.0, 2.0, 1.0, 0.04])


def test_setters() -> None:
    optimiser = adam([Parameter(torch.zeros(2))], rate=0.1, betas=(0.0, 0.9))
    set_rate(optimiser, 0.5)
    set_beta2(optimiser, 0.95)
    assert optimiser.param_groups[0]["lr"] == 0.5
    assert optimiser.param_groups[0]["betas"] == (0.0, 0.95)


def test_first_adam_step_has_the_size_of_the_rate() -> None:
    weight = Parameter(torch.tensor([1.0, -2.0]))
    optimiser = adam([weight], rate=0.01, betas=(0.9, 0.999))
    (weight * torch.tensor([3.0, -7.0])).sum().backward()
    optimiser.step()
    assert weight.tolist() == pytest.approx([1.0 - 0.01, -2.0 + 0.01], abs=1e-6)


def test_muon_steps_matrices_and_adam_the_rest_with_one_rate() -> None:
    torch.manual_seed(0)
    matrix, vector = Parameter(torch.randn(4, 8)), Parameter(torch.zeros(8))
    both = Together(*muon([matrix], [vector], rate=0.5, factor=10))
    set_rate(both, 0.01)
    assert [group["lr"] for group in both.param_groups] == pytest.approx([0.1, 0.01])
    before = matrix.detach().clone()
    both.zero_grad()
    (matrix @ (vector + 1)).square().sum().backward()
    both.step()
    # A Muon step is near-orthogonal: all its singular values are near the rate.
    moved = torch.linalg.svdvals(before - matrix.detach())
    assert moved[0].item() == pytest.approx(0.1, rel=0.35)
    assert vector.detach().abs().tolist() == pytest.approx([0.01] * 8, rel=1e-3)
