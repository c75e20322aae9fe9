"""The loss by hand, one run that learns, resume bit for bit, and the folder as transformers loads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import counting
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import read_folder
from luokuan.models.registry import load_model, load_picture_model
from luokuan.models.seq2seq.config import layers_of, marian_config
from luokuan.models.seq2seq.decoding import Search, translate
from luokuan.models.seq2seq.learning import Seq2SeqLearning, Seq2SeqSettings, logits_of, seeded_model
from luokuan.models.seq2seq.material import Row, by_length, padded
from luokuan.models.seq2seq.train import train_seq2seq

SMALL: dict[str, Any] = {"size": "nano", "width": 64, "layers": "1+1", "vocabulary": 300, "batch": 32}
ROWS = [Row((3, 5, 6, 1), (7, 8, 1), "zh"), Row((3, 9, 1), (10, 1), "zh"), Row((4, 7, 1), (5, 6, 9, 1), "en")]


def learning(**changes: Any) -> Seq2SeqLearning:
    config = marian_config("nano", vocabulary=40, pad=0, end=1, directions=[("en", "zh")], layers=(1, 1), width=64)
    model = seeded_model(config, 0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return Seq2SeqLearning(
        model, Seq2SeqSettings(**changes), ROWS, held_out=ROWS, pad=0, translate=lambda _network, _rows: ["x"]
    )


def by_hand(model: Any, row: Row, smoothing: float) -> float:
    """Sum over the targets of a row: (1 - ε)·(-log p) + ε·the mean of -log over the vocabulary."""
    with torch.no_grad():
        inputs = torch.tensor([[0, *row.target[:-1]]])
        logits = model(input_ids=torch.tensor([row.source]), decoder_input_ids=inputs).logits[0]
    costs = -logits.log_softmax(-1)
    chosen = costs[torch.arange(len(row.target)), list(row.target)]
    return float(((1 - smoothing) * chosen + smoothing * costs.mean(-1)).sum())


def test_the_loss_is_that_of_each_row_alone() -> None:
    for smoothing in (0.0, 0.1):
        made = learning(smoothing=smoothing)
        made.model.eval()
        (phase,) = made.phases(0, 10)
        loss, figures = phase.loss(made.batch(np.arange(3)), 0)
        tokens = sum(len(row.target) for row in ROWS)
        expected = sum(by_hand(made.model, row, smoothing) for row in ROWS) / tokens
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5) and figures["tokens"] == tokens


def test_gradients_agree_with_differences() -> None:
    made = learning()
    made.model.eval().double()
    (phase,) = made.phases(0, 10)
    batch = made.batch(np.arange(3))
    names = ["model.decoder.layers.0.encoder_attn.v_proj.weight", "model.encoder.layers.0.fc1.bias"]
    named = dict(made.model.named_parameters())

    def loss() -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for group in batch:
            logits = logits_of(made.model, group)
            total = total + torch.nn.functional.cross_entropy(
                logits, group.targets, ignore_index=-100, label_smoothing=0.1, reduction="sum"
            )
        return total

    for name in names:
        parameter = named[name]
        (slope,) = torch.autograd.grad(loss(), [parameter])
        place = int(slope.abs().argmax())
        with torch.no_grad():
            flat = parameter.view(-1)
            flat[place] += 1e-4
            above = loss()
            flat[place] -= 2e-4
            below = loss()
            flat[place] += 1e-4
        assert float((above - below).detach() / 2e-4) == pytest.approx(float(slope.view(-1)[place]), rel=1e-5)
    assert phase.clip == 1.0


def test_validation_is_without_smoothing_and_by_direction() -> None:
    made = learning()
    made.model.eval()
    found = made.validate({"model": made.model})
    costs = [by_hand(made.model, row, 0.0) for row in ROWS]
    assert found["nats_per_token"] == pytest.approx(sum(costs) / 9, rel=1e-4) and found["tokens"] == 9
    assert found["nats_per_token_to_en"] == pytest.approx(costs[2] / 4, rel=1e-4)
    (group,) = by_length(ROWS[:1], 8)
    assert logits_of(made.model, padded(group, pad=0)).shape[1] == made.model.config.vocab_size


def test_layers_are_two_numbers() -> None:
    assert layers_of("4+3") == (4, 3) and layers_of("12+1") == (12, 1)
    for text in ("4", "4+", "0+1", "13+1", "4+3+2", "a+b", "4 + 3"):
        assert layers_of(text) is None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from luokuan.store.home import open_home

    place = tmp_path_factory.mktemp("seq2seq")
    corpus = counting.write_corpus(place / "corpus")
    train_seq2seq(corpus, name="count", steps=300, dropout=0.05, precision="float32", home=open_home(place / "home"),
                  **SMALL)  # fmt: skip
    return place / "home" / "models" / "count"


def test_it_learns_both_ways_and_transformers_loads_it(trained: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    network, report = AutoModelForSeq2SeqLM.from_pretrained(trained, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    tokenizer = AutoTokenizer.from_pretrained(trained)
    inputs = tokenizer([">>zh<< four one six", ">>en<< 三五二"], return_tensors="pt", padding=True)
    inputs.pop("token_type_ids", None)
    written = network.float().generate(**inputs)
    theirs = tokenizer.batch_decode(written, skip_special_tokens=True)
    model = load_model(trained)
    ours = translate(model, ["four one six"], start="en", to="zh"), translate(model, ["三五二"], start="zh", to="en")
    assert theirs == [ours[0][0], ours[1][0]]
    pairs = counting.pairs()[42:]
    found = translate(model, [en for en, _zh in pairs], start="en", to="zh", search=Search(beams=2))
    assert np.mean([one == zh for one, (_en, zh) in zip(found, pairs, strict=True)]) > 0.7
    back = translate(model, [zh for _en, zh in pairs], start="zh", to="en", search=Search(beams=1))
    assert np.mean([one == en for one, (en, _zh) in zip(back, pairs, strict=True)]) > 0.7


def test_the_folder_says_what_it_is(trained: Path) -> None:
    folder = read_folder(trained)
    assert folder.family == "seq2seq" and folder.licence == "CC0-1.0"
    assert folder.config["directions"] == [["en", "zh"], ["zh", "en"]]
    assert folder.training["corpus"]["sentences"] > 400 and folder.training["corpus"]["synthetic"] == 0
    assert not any(name.endswith("embed_positions.weight") for name in load_file(trained / "model.safetensors"))
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "luokuan train seq2seq CORPUS --name count" in card and "pipeline_tag: translation" in card
    with pytest.raises(UserError, match="makes text"):
        load_picture_model(trained)


def test_what_cant_be_asked_is_refused(trained: Path) -> None:
    model = load_model(trained)
    cases = [
        ({"texts": ["one"], "start": "en", "to": "de"}, "translation.direction"),
        ({"texts": ["\ud800"], "start": "en", "to": "zh"}, "prompt.surrogate"),
        ({"texts": ["one two " * 100], "start": "en", "to": "zh"}, "translation.too_long"),
        ({"texts": ["one"], "start": "en", "to": "zh", "search": Search(beams=0)}, "translation.option"),
        ({"texts": ["one"], "start": "en", "to": "zh", "search": Search(temperature=-1)}, "translation.option"),
    ]
    for arguments, code in cases:
        with pytest.raises(UserError) as caught:
            translate(model, arguments.pop("texts"), **arguments)
        assert caught.value.code == code
    assert translate(model, ["", "  "], start="en", to="zh") == ["", ""]


def test_draws_are_those_of_their_seed(trained: Path) -> None:
    model, texts = load_model(trained), [en for en, _zh in counting.pairs()[50:60]]
    drawn = [
        translate(model, texts, start="en", to="zh", search=Search(temperature=3.0), seed=seed) for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_damaged_folder_is_refused(trained: Path, tmp_path: Path) -> None:
    import shutil

    place = shutil.copytree(trained, tmp_path / "copy")
    config = json.loads((place / "config.json").read_text())
    for change in ({"d_model": 128}, {"directions": [["en", "xx"]]}, {"directions": ["en"]}, {"auto_map": {}}):
        (place / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(UserError):
            load_model(place)
    (place / "config.json").write_text(json.dumps(config))
    (place / "tokenizer.json").unlink()
    with pytest.raises(UserError, match="tokenizer"):
        load_model(place)


def test_a_tokenizer_that_needs_sentencepiece_is_named(trained: Path, tmp_path: Path) -> None:
    import shutil
    from importlib.util import find_spec

    if find_spec("sentencepiece") is not None:
        pytest.skip("sentencepiece is here")
    place = shutil.copytree(trained, tmp_path / "copy")
    (place / "tokenizer.json").rename(place / "source.spm")
    with pytest.raises(UserError, match="sentencepiece"):
        load_model(place)
