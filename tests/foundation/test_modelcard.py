"""Cards carry what was measured, or say that nothing was."""

from __future__ import annotations

from typing import Any

import yaml

from luokuan.foundation.modelcard import gan_card

TRAINING: dict[str, Any] = {
    "corpus": {
        "title": "Clothes",
        "digest": "d" * 64,
        "licence": "CC0-1.0",
        "source": "s",
        "credit": "c",
        "pictures": 9,
    },
    "run": {
        "name": "n",
        "size": 32,
        "objective": "hinge",
        "condition": "class",
        "batch": 8,
        "rate": 1e-3,
        "rate_end": 1e-4,
        "seed": 3,
        "gamma": 0.5,
        "preset": None,
        "flip": False,
    },
    "steps": 12000,
    "items": 96000,
    "precision": "bf16",
    "threads": 2,
    "machine": {"cpu": "X"},
    "versions": {"torch": "2"},
    "verdicts": ["stable"],
}
CONFIG = {"family": "gan", "size": 32, "classes": ["dress", "hat"]}


def test_a_card_without_measurements_says_so() -> None:
    text = gan_card("n", CONFIG, TRAINING)
    front = yaml.safe_load(text.split("---")[1])
    assert front["license"] == "cc0-1.0" and front["library_name"] == "luokuan"
    assert "Nothing was measured" in text and "dress, hat" in text
    assert "--steps 12000 --batch 8 --rate 0.001 --rate-end 0.0001 --seed 3 --gamma 0.5 --no-flip" in text
    assert "--no-flip --precision bf16\n" in text


def test_the_command_names_every_choice_that_was_made() -> None:
    run = {**TRAINING["run"], "accumulate": 2, "device": "cpu", "preset": "cpu", "gamma": None, "flip": True}
    text = gan_card("n", CONFIG, {**TRAINING, "run": run, "precision": "float32"})
    assert "--seed 3 --preset cpu --accumulate 2 --device cpu --precision float32\n" in text


def test_a_card_with_measurements_names_counts_seed_and_floor() -> None:
    figures = {
        "frechet_distance": 321.4,
        "kernel_distance": {"mean": 0.01, "low": 0.009, "high": 0.011},
        "precision": 0.7,
        "recall": 0.1,
        "density": 0.8,
        "coverage": 0.5,
    }
    evaluation = {
        "result": figures,
        "floor": {**figures, "frechet_distance": 250.1},
        "samples": 713,
        "held_out": 713,
        "seed": 0,
        "truncation": 1.0,
        "among": 1,
        "corpus": "Clothes",
        "size": 32,
        "floor_pictures": 712,
        "memorisation": {"samples_median": 1.5, "held_out_median": 2.25},
        "network": "EfficientNet-Lite0",
        "resolution": 128,
        "neighbours_k": 5,
        "verdicts": ["limited"],
    }
    ranked = {**evaluation, "among": 4, "truncation": 0.7, "result": {**figures, "frechet_distance": 300.9}}
    text = gan_card("n", CONFIG, TRAINING, evaluation=evaluation, ranked=ranked)
    for part in (
        "321.4 | 300.9 | 250.1",
        "best of 4, truncation 0.7",
        "713 samples (seed 0",
        "713 held-out pictures of Clothes at 32²",
        "712 training pictures",
        "(median, feature units) | 1.50 | 1.50 | 2.25 |",
        "kernel distance ↓ (squared kernel units)",
        "luokuan evaluate MODEL CORPUS -n 713 --seed 0 --resolution 128 --truncation 1.0 --among 1\n",
        "luokuan evaluate MODEL CORPUS -n 713 --seed 0 --resolution 128 --truncation 0.7 --among 4\n",
        "EfficientNet-Lite0 at 128²",
        "- limited",
    ):
        assert part in text, part
