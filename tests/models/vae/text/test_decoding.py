"""Sentences are written to their end, by streams of their own, without what may not be written."""

from __future__ import annotations

import pytest
import torch
from textvaes import awake, tiny

from luokuan.models.vae.text.decoding import write
from luokuan.models.vae.text.networks import TextVaeNetwork


@pytest.fixture
def network() -> TextVaeNetwork:
    return awake(TextVaeNetwork(tiny(12)))


def streams(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(number) for number in range(count)]


def test_a_sentence_does_not_depend_on_its_neighbours(network: TextVaeNetwork) -> None:
    z = torch.randn(70, 4)
    many = write(network, z, temperature=1.0, generators=streams(70))
    assert many[:3] == write(network, z[:3], temperature=1.0, generators=streams(3))
    assert all(0 < len(row) < 48 and 0 not in row and max(row) < 12 for row in many)
    assert len({tuple(row) for row in many}) > 30


def test_greedy_takes_the_likeliest(network: TextVaeNetwork) -> None:
    z = torch.randn(2, 4)
    (row, _other) = write(network, z)
    with torch.no_grad():
        logits = network.decode(torch.tensor([[0, *row]]), z[:1])[0, : len(row), 1:12]
    assert (logits.argmax(dim=1) + 1).tolist()[:1] == row[:1]
    assert write(network, z) == write(network, z, temperature=1.0, top_p=1e-9, generators=streams(2))


def test_forbidden_tokens_are_not_written(network: TextVaeNetwork) -> None:
    rows = write(network, torch.randn(40, 4), temperature=1.0, generators=streams(40), forbidden=(5, 7))
    assert not {5, 7} & {token for row in rows for token in row}
