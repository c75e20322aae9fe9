"""Starting from another prior's weights: what is taken, by meaning, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.prior.base import base_named, start_from
from luokuan.models.prior.condition import meanings
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.model import weights_of
from luokuan.models.prior.networks import Prior
from luokuan.store.home import open_home

CONFIG = PriorConfig(
    codec="c", codec_digest="0" * 64, size=64, cells=8, levels=(8, 8), width=64, layers=2, heads=1,
    condition="class", classes=("dress", "hat", "shoes"), class_counts=(1, 1, 1), conditions=2,
)  # fmt: skip


def prior_of(config: PriorConfig, seed: int) -> Prior:
    torch.manual_seed(seed)
    prior = Prior(config)
    with torch.no_grad():
        for value in prior.parameters():
            value.copy_(torch.randn_like(value).half())  # as it is stored
    return prior


def folder_of(path: Path, config: PriorConfig, prior: Prior) -> ModelFolder:
    length = len(prior.places) - config.cells**2
    tensors = weights_of(prior, torch.zeros(config.conditions, length, dtype=torch.int64))
    return save_folder(path, config=config.to_json(), tensors=tensors, training={}, card="")


def test_all_weights_are_taken_and_classes_by_their_names(tmp_path: Path) -> None:
    base = prior_of(CONFIG, 0)
    folder = folder_of(tmp_path / "base", CONFIG, base)
    config = replace(CONFIG, classes=("bag", "hat", "dress"))
    prior = prior_of(config, 1)
    bag = prior.condition.weight[1].clone()
    assert start_from(prior, folder) == 2
    assert torch.equal(prior.condition.weight[0], base.condition.weight[0])  # nothing said
    assert torch.equal(prior.condition.weight[1], bag)
    assert torch.equal(prior.condition.weight[2], base.condition.weight[2])
    assert torch.equal(prior.condition.weight[3], base.condition.weight[1])
    other: dict[str, Tensor] = base.state_dict()
    same = [torch.equal(v, other[k]) for k, v in prior.state_dict().items() if k != "condition.weight"]
    assert all(same) and len(same) > 10


def test_a_prefix_of_another_length_takes_the_cells_places(tmp_path: Path) -> None:
    base = prior_of(CONFIG, 0)
    folder = folder_of(tmp_path / "base", CONFIG, base)
    values: dict[str, Any] = {"classes": (), "class_counts": (), "condition": "attributes"}
    values |= {"attributes": ("hat", "hair"), "values": (("cap",), ("red", "black")), "value_counts": ((1,), (1, 1))}
    config = replace(CONFIG, **values)
    prior = prior_of(config, 1)
    first = prior.places[:2].clone()
    assert meanings(config) == [(), ("hat", "cap"), ("hair", "red"), ("hair", "black")]
    assert start_from(prior, folder) == 0
    assert torch.equal(prior.places[:2], first) and torch.equal(prior.places[2:], base.places[1:])
    assert torch.equal(prior.condition.weight[0], base.condition.weight[0])


def test_words_keep_their_vectors_and_know_nothing_of_classes(tmp_path: Path) -> None:
    values: dict[str, Any] = {"classes": (), "class_counts": (), "condition": "text"}
    known, wanted = (replace(CONFIG, **values, words=words) for words in (("hat", "red"), ("blue", "red", "cap")))
    base = prior_of(known, 0)
    folder = folder_of(tmp_path / "base", known, base)
    prior = prior_of(wanted, 1)
    blue = prior.told.weight[1].clone()
    assert start_from(prior, folder) == 1
    assert torch.equal(prior.told.weight[[0, 2]], base.told.weight[[0, 2]]) and torch.equal(prior.told.weight[1], blue)
    prefix = torch.tensor([[2, 0]])
    assert torch.equal(prior.condition(prefix), base.condition(prefix))
    assert start_from(prior_of(CONFIG, 1), folder) == 0
    assert start_from(prior_of(wanted, 1), folder_of(tmp_path / "classes", CONFIG, prior_of(CONFIG, 0))) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 128, "heads": 2}, "--width 64"),
        ({"layers": 1}, "--layers 2"),
        ({"order": "masked"}, "--order autoregressive"),
        ({"size": 128, "cells": 16}, "--size 64"),
        ({"codec_digest": "1" * 64}, "codec c .000000000000., this run c .111111111111"),
    ],
)
def test_another_shape_or_codec_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    folder = folder_of(tmp_path / "base", CONFIG, prior_of(CONFIG, 0))
    prior = prior_of(replace(CONFIG, **change), 1)
    before = {k: v.clone() for k, v in prior.state_dict().items()}
    with pytest.raises(UserError, match=said):
        start_from(prior, folder)
    assert all(torch.equal(v, before[k]) for k, v in prior.state_dict().items())


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    broken = prior_of(CONFIG, 0)
    with torch.no_grad():
        broken.places[0, 0] = torch.nan
    folder = folder_of(tmp_path / "base", CONFIG, broken)
    with pytest.raises(UserError, match="not finite"):
        start_from(prior_of(CONFIG, 1), folder)


def test_only_a_prior_can_be_a_base(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with pytest.raises(UserError, match="family 'gan'"):
        base_named("garments-32", home)
    with pytest.raises(UserError, match="no model 'absent'"):
        base_named("absent", home)
