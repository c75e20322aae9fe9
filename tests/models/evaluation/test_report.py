"""Whole evaluations of models whose answer is known: honest, collapsed, and one that learnt pictures by heart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.evaluation.report import balanced_labels, compare, evaluate_model
from luokuan.models.evaluation.sheet import GAP, grid, pairs, write_png

EXAMPLE = Path(__file__).parents[3] / "examples/clothing-small"


class Stub:
    """A picture model that returns pictures from a list."""

    def __init__(self, pictures: np.ndarray, classes: tuple[str, ...] = ()) -> None:
        self.pictures, self.classes = pictures, classes
        self.folder = ModelFolder(Path("stub"), "stub", {}, {}, "0" * 64)
        self.size = pictures.shape[1]
        self.asked: list[int] = []

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        self.asked += list(labels or ())
        order = np.random.default_rng(seed).integers(0, len(self.pictures), count)
        return self.pictures[order]


@pytest.fixture(scope="module")
def material() -> dict[str, Any]:
    corpus = open_corpus(EXAMPLE)
    held = (*corpus.split("validation"), *corpus.split("test"))
    return {
        "train": load_pixels(corpus.split("train"), 32),
        "held_out": load_pixels(held, 32),
        "held_out_labels": load_labels(held).tolist(),
        "corpus_title": "clothing",
        "corpus_digest": corpus.digest,
    }


def test_a_model_that_learnt_by_heart_is_found(material: dict[str, Any]) -> None:
    report = evaluate_model(Stub(material["train"]), **material)  # type: ignore[arg-type]
    assert report.memorisation is not None and report.memorisation.closer_than_1_percent > 0.9
    assert any("by heart" in v and "look at the sheet" in v for v in report.verdicts)
    assert report.result.frechet < 1.5 * report.floor.frechet
    assert report.samples == report.held_out == 80
    assert np.array_equal(report.pictures, report.neighbours)


def test_a_collapsed_model_is_found(material: dict[str, Any]) -> None:
    report = evaluate_model(Stub(material["held_out"][:1]), **material)  # type: ignore[arg-type]
    assert report.result.neighbourhood.coverage < 0.2
    assert any("Variety is poor" in v for v in report.verdicts)


def test_labels_follow_the_held_out_balance_and_figures_repeat(material: dict[str, Any]) -> None:
    names = tuple(open_corpus(EXAMPLE).classes)
    models = [Stub(material["held_out"], names) for _i in range(2)]
    reports = [evaluate_model(m, seed=3, **material).to_json() for m in models]  # type: ignore[arg-type]
    assert reports[0] == reports[1]
    assert np.bincount(models[0].asked[:80], minlength=10).tolist() == [8] * 10
    for key in ("network", "resolution", "samples", "held_out", "seed", "model_digest", "corpus_digest"):
        assert reports[0][key] not in (None, "")


def test_too_few_pictures_are_one_sentence(material: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="Too few"):
        compare(
            material["train"][:5],
            train=material["train"],
            held_out=material["held_out"],
            seed=0,
            model="m",
            model_digest="",
            corpus="c",
            corpus_digest="",
        )


def test_balanced_labels_repeat_and_cut() -> None:
    assert sorted(balanced_labels([0, 1, 2], 6, 0)) == [0, 0, 1, 1, 2, 2]
    assert len(balanced_labels([0, 1, 2], 2, 0)) == 2


def test_sheets(tmp_path: Path) -> None:
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), dtype=np.uint8)
    sheet = grid(pictures, 3, scale=2)
    assert sheet.shape == (2 * (8 + GAP) - GAP, 3 * (8 + GAP) - GAP, 3)
    assert sheet[0, 8 + GAP, 0] == 1 and sheet[8 + GAP, 0, 0] == 3 and sheet[-1, -1, 0] == 255
    write_png(tmp_path / "sheet.png", pairs(pictures, pictures, 2))
    assert Image.open(tmp_path / "sheet.png").size[0] == 4 * (96 + GAP) - GAP
