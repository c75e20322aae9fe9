"""Whole evaluations of models whose answer is known: honest, collapsed, and one that learnt pictures by heart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from thrift import kept

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.evaluation.report import balanced_labels, compare, evaluate_model, stand_ins
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
    assert report.pictures is not None and np.array_equal(report.pictures, report.neighbours)
    assert report.same_material is None and report.labels == "none"
    nearest = report.to_json()["nearest"]
    assert len(nearest) == 80 and all(distance < 1e-3 for _index, distance in nearest)
    assert json.loads(json.dumps(nearest)) == [list(pair) for pair in nearest]


def test_a_collapsed_model_is_found(material: dict[str, Any]) -> None:
    report = evaluate_model(Stub(material["held_out"][:1]), **material)  # type: ignore[arg-type]
    assert report.result.neighbourhood.coverage < 0.2
    assert any("Variety is poor" in v for v in report.verdicts)


def test_verdicts_judge_by_both_distances_and_both_measures_of_variety(material: dict[str, Any]) -> None:
    # Blurred noise: on 80 pictures its Fréchet distance alone would pass for "differs visibly".
    noise = np.random.default_rng(0).integers(0, 256, (80, 4, 4, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    report = evaluate_model(Stub(noise), **material)  # type: ignore[arg-type]
    assert "Variety is poor" in report.verdicts[0] and "easy to tell" in report.verdicts[1]
    honest = evaluate_model(Stub(material["train"]), **material)  # type: ignore[arg-type]
    assert "Variety is good" in honest.verdicts[0] and "lie near" in honest.verdicts[1]


def test_labels_follow_the_held_out_balance_and_figures_repeat(material: dict[str, Any]) -> None:
    names = tuple(open_corpus(EXAMPLE).classes)
    models = [Stub(material["held_out"], names) for _i in range(2)]
    reports = []
    for model in models:
        kept.cache_clear()  # computed anew
        reports.append(evaluate_model(model, seed=3, **material).to_json())  # type: ignore[arg-type]
    assert reports[0] == reports[1]
    assert np.bincount(models[0].asked[:80], minlength=10).tolist() == [8] * 10
    for key in ("network", "resolution", "samples", "held_out", "seed", "model_digest", "corpus_digest"):
        assert reports[0][key] not in (None, "")


def test_many_samples_are_all_drawn_anew_with_their_own_labels(material: dict[str, Any]) -> None:
    # They are sampled 256 at a time.
    names = tuple(open_corpus(EXAMPLE).classes)
    model = Stub(np.random.default_rng(0).integers(0, 256, (5000, 4, 4, 3), dtype=np.uint8), names)
    drawn: list[np.ndarray] = []
    sample = model.sample
    model.sample = lambda *a, **k: drawn.append(sample(*a, **k)) or drawn[-1]  # type: ignore[method-assign,func-returns-value]
    report = evaluate_model(model, count=300, resolution=32, **material)  # type: ignore[arg-type]
    assert report.samples == 300 and [len(piece) for piece in drawn[:2]] == [256, 44]
    assert not any(np.array_equal(one, other) for one, other in zip(*drawn[:2], strict=False))
    assert model.asked[:300] == balanced_labels(material["held_out_labels"], 300, 0)


def test_other_material_and_a_short_floor_are_said(material: dict[str, Any]) -> None:
    model = Stub(material["held_out"])
    model.folder = replace(model.folder, training={"corpus": {"digest": "f" * 64}})
    some = {**material, "train": material["train"][:24]}
    report = evaluate_model(model, count=30, resolution=32, **some)  # type: ignore[arg-type]
    assert report.same_material is False and report.floor_pictures == 24 and report.samples == 30
    assert any("other material" in v for v in report.verdicts) and any("only 24" in v for v in report.verdicts)
    model.folder = replace(model.folder, training={"corpus": {"digest": material["corpus_digest"]}})
    report = evaluate_model(model, count=30, resolution=32, **material)  # type: ignore[arg-type]
    assert report.same_material is True and not any("other material" in v for v in report.verdicts)


def test_bad_choices_are_said_before_sampling(material: dict[str, Any]) -> None:
    model = Stub(material["held_out"], ("a",))
    for wrong in ({"resolution": 100}, {"count": 5}):
        with pytest.raises(UserError):
            evaluate_model(model, **{**material, "held_out_labels": [0] * 80, **wrong})  # type: ignore[arg-type]
    assert model.asked == []


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


def test_the_floor_has_the_classes_of_the_samples(material: dict[str, Any]) -> None:
    train = [0] * 50 + [1] * 5 + [2] * 10
    chosen = stand_ins(train, [0] * 4 + [1] * 7 + [2] * 9, 0)
    assert np.bincount(np.asarray(train)[chosen]).tolist() == [4, 5, 9]
    assert len(set(chosen.tolist())) == len(chosen)
    assert np.array_equal(chosen, stand_ins(train, [0] * 4 + [1] * 7 + [2] * 9, 0))
    # Held out is class 0 alone: a floor of all classes would make the model look better than real pictures.
    names = tuple(open_corpus(EXAMPLE).classes)
    labels = np.array(material["held_out_labels"])
    learnt = np.array([item.label for item in open_corpus(EXAMPLE).split("train")])
    some = {
        **material,
        "held_out": np.repeat(material["held_out"][labels == 0], 3, axis=0),
        "held_out_labels": [0] * 24,
    }
    model = Stub(material["train"][learnt == 0], names)
    matched, mixed = (
        evaluate_model(model, resolution=32, train_labels=known, **some)  # type: ignore[arg-type]
        for known in (learnt.tolist(), None)
    )
    assert matched.floor.frechet < mixed.floor.frechet and matched.result.frechet == mixed.result.frechet


def test_sheets(tmp_path: Path) -> None:
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), dtype=np.uint8)
    sheet = grid(pictures, 3, scale=2)
    assert sheet.shape == (2 * (8 + GAP) - GAP, 3 * (8 + GAP) - GAP, 3)
    assert sheet[0, 8 + GAP, 0] == 1 and sheet[8 + GAP, 0, 0] == 3 and sheet[-1, -1, 0] == 255
    write_png(tmp_path / "sheet.png", pairs(pictures, pictures, 2))
    assert Image.open(tmp_path / "sheet.png").size[0] == 4 * (96 + GAP) - GAP
