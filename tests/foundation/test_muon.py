"""Muon: against PyTorch's own, against the SVD, and in the precision that is quick."""

import pytest
import torch
from torch import nn

from luokuan.foundation import muon
from luokuan.foundation.muon import Muon, orthogonalised, quick_precision


@pytest.mark.parametrize("shape", [(16, 48), (48, 16), (24, 24)])
def test_steps_agree_with_pytorchs_where_both_use_bfloat16(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muon, "quick_precision", lambda _device: torch.bfloat16)
    torch.manual_seed(0)
    start = torch.randn(shape)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    one = Muon([ours], lr=0.02, weight_decay=0.1)
    other = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1)
    for _step in range(4):
        gradient = torch.randn(shape)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        one.step()
        other.step()
    assert torch.allclose(ours, theirs, atol=2e-3)
    assert (ours - start).abs().max() > 0.01


@pytest.mark.parametrize("shape", [(8, 32), (32, 8)])
def test_singular_values_go_near_one_and_directions_stay(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    matrix = torch.randn(shape)
    found = orthogonalised(matrix, torch.float32)
    values = torch.linalg.svdvals(found)
    assert found.shape == shape and float(values.min()) > 0.5 and float(values.max()) < 1.5
    u, _s, v = torch.linalg.svd(matrix, full_matrices=False)
    inside = u.T @ found @ v.T  # diagonal where the singular vectors are the same
    assert float((inside - inside.diag().diag()).abs().max()) < 1e-4


def test_a_gradient_of_zeros_gives_no_nan() -> None:
    assert not bool(orthogonalised(torch.zeros(4, 6), torch.float32).any())


def test_products_are_in_bfloat16_only_where_the_cpu_has_it() -> None:
    expected = torch.bfloat16 if muon.machine("cpu").bf16 else torch.float32
    assert quick_precision(torch.device("cpu")) == expected
    assert quick_precision(torch.device("cuda")) == torch.bfloat16


def test_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="matrices"):
        Muon([nn.Parameter(torch.zeros(3))], lr=0.1)


def test_a_parameter_without_gradient_stays() -> None:
    still = nn.Parameter(torch.ones(2, 2))
    Muon([still], lr=0.1, weight_decay=0.5).step()
    assert torch.equal(still, torch.ones(2, 2))


def test_a_closure_is_computed_with_gradients() -> None:
    matrix = nn.Parameter(torch.ones(2, 2))

    def loss() -> float:
        value = matrix.square().sum()
        value.backward()
        return value.item()

    assert Muon([matrix], lr=0.1).step(loss) == 4.0
    assert not torch.equal(matrix, torch.ones(2, 2))
