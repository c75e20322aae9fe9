"""A language model learns its text; packed documents don't see each other; dropout works only while training."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from luokuan.foundation.training import Settings, Training
from luokuan.media import Text
from luokuan.models.plm.config import SIZES, qwen3_config
from luokuan.models.plm.learning import PlmLearning, PlmSettings, new_model
from luokuan.models.plm.likelihood import positions_of, windows_of
from luokuan.models.plm.shards import Stream
from luokuan.models.plm.tokenizers import build
from luokuan.models.plm.train import _unknown

END, WORDS, CONTEXT = 0, 12, 16


def shape(**changes: Any) -> Any:
    config = qwen3_config("nano", vocabulary=WORDS, context=CONTEXT, end=END)
    for name, value in {"num_hidden_layers": 2, "hidden_size": 32, "head_dim": 8, **changes}.items():
        setattr(config, name, value)
    config.layer_types = config.layer_types[: config.num_hidden_layers]
    config.intermediate_size = 48
    return config


def stream(tokens: list[int]) -> Stream:
    found = np.array(tokens, dtype=np.uint16)
    return Stream(found, int((found == END).sum()), int((found != END).sum()))


def counting(length: int) -> Stream:
    """Documents that count 1 … 11."""
    return stream([*([END, *range(1, WORDS)] * (length // WORDS + 1))][:length])


def learning(**settings: float) -> PlmLearning:
    return PlmLearning(
        shape(),
        PlmSettings(**settings),
        counting(600),
        held_out=counting(100),
        context=CONTEXT,
        decode=lambda numbers: " ".join(map(str, numbers)),
    )


def shaken(config: Any = None) -> torch.nn.Module:
    """A model whose weights say something: fresh ones have zeros where blocks meet the stream."""
    torch.manual_seed(1)
    model = new_model(config or shape()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def test_positions_begin_anew_at_each_document() -> None:
    rows = torch.tensor([[5, 6, END, 7, END, END, 8], [END, 1, 2, 3, 4, 5, 6]])
    found = positions_of(rows, END)
    assert found is not None
    assert found.tolist() == [[0, 1, 0, 1, 0, 0, 1], [0, 1, 2, 3, 4, 5, 6]]
    assert positions_of(rows[1:], END) is None


def test_packed_documents_dont_see_each_other() -> None:
    model = shaken()
    rows = torch.tensor([[END, 3, 4, 5, END, 6, 7, 8], [2, 3, 4, 5, 6, END, 7, 8]])
    changed = rows.clone()
    changed[0, 1:4], changed[1, 0:5] = torch.tensor([9, 10, 11]), torch.tensor([11, 10, 9, 1, 2])
    with torch.no_grad():
        one, two = (
            model(input_ids=r, position_ids=positions_of(r, END), use_cache=False).logits for r in (rows, changed)
        )
        alone = model(input_ids=rows[:1, 4:], use_cache=False).logits
    assert torch.equal(one[0, 4:], two[0, 4:]) and torch.equal(one[1, 5:], two[1, 5:])
    assert not torch.allclose(one[0, 2], two[0, 2])
    assert torch.allclose(one[0, 4:], alone[0], atol=1e-5)  # as if nothing stood before it


def test_no_token_sees_a_later_one() -> None:
    model, rows = shaken(), torch.tensor([[END, 3, 4, 5, END, 6, 7, 8]])
    for place in range(1, 8):
        changed = rows.clone()
        changed[0, place] = 11
        with torch.no_grad():
            one, two = (
                model(input_ids=r, position_ids=positions_of(r, END), use_cache=False).logits for r in (rows, changed)
            )
        assert torch.equal(one[0, :place], two[0, :place])


def test_at_first_every_token_is_equally_likely() -> None:
    game = learning()
    loss, _figures = game._loss(game.batch(np.arange(8)), 0)
    assert float(loss.detach()) == pytest.approx(math.log(game.model.config.vocab_size), abs=0.01)


def test_it_learns_its_text(tmp_path: Path) -> None:
    game = learning(warm_up=5, rate=5e-3)
    settings = Settings(steps=120, batch=8, validations=4, precision="float32", log_every=5)
    outcome = Training(game, settings, tmp_path / "run", quiet=True).run()
    rows = [row for row in outcome.history if "validation/nats_per_token" in row]
    costs = [row["validation/nats_per_token"] for row in rows]
    assert costs[-1] < 0.02 < costs[0] < math.log(WORDS)
    previews = list((tmp_path / "run/previews").glob("*.txt"))
    text = game.preview(outcome.average)
    assert isinstance(text, Text) and previews[-1].read_text(encoding="utf-8").split()
    assert game.preview(outcome.average) != Text("")


def stopping(game: PlmLearning, training: Training, step: int) -> None:
    """Let ``training`` be stopped during ``step``, counted from 1."""
    play, calls = game._loss, iter(range(1, step + 1))

    def loss(rows: torch.Tensor, part: int) -> Any:
        if next(calls) == step:
            training.stop()
        return play(rows, part)

    game._loss = loss  # type: ignore[method-assign]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    settings = Settings(steps=20, batch=4, validations=5, log_every=2, precision="float32", best_by="nats_per_token")
    ends = []
    for name, stop in (("whole", None), ("stopped", 11)):
        game = learning(dropout=0.1, warm_up=5)
        training = Training(game, settings, tmp_path / name, quiet=True)
        if stop:
            stopping(game, training, stop)
            assert not training.run().finished
            training = Training(learning(dropout=0.1, warm_up=5), settings, tmp_path / name, quiet=True)
        outcome = training.run(resume=bool(stop))
        assert outcome.finished
        ends.append((outcome.kept, torch.cat([p.flatten() for p in outcome.average["model"].parameters()])))
    assert ends[0][0] == ends[1][0] and torch.equal(ends[0][1], ends[1][1])


def test_windows_lie_in_the_text_and_cover_it() -> None:
    game = learning()
    assert game.items() == 599 // CONTEXT
    seen = set()
    for seed in range(40):
        torch.manual_seed(seed)
        rows = game.batch(np.arange(game.items()))
        assert rows.shape == (game.items(), CONTEXT + 1)
        # Each token is followed by the next of its document.
        assert bool((rows[:, 1:] == (rows[:, :-1] + 1) % WORDS).all())
        seen |= {int(row[0]) for row in rows}
    assert seen == set(range(WORDS))


def test_validation_by_hand() -> None:
    game = learning()
    game.model = shaken(game.model.config)
    held, total = torch.from_numpy(counting(100).tokens.astype(np.int64)), 0.0
    for start in range(0, 99, CONTEXT):
        row = held[start : start + CONTEXT + 1][None]
        with torch.no_grad():
            logits = game.model(
                input_ids=row[:, :-1], position_ids=positions_of(row[:, :-1], END), use_cache=False
            ).logits
        total += float(F.cross_entropy(logits[0], row[0, 1:], reduction="sum"))
    with torch.no_grad():
        found = game.validate({"model": game.model})
    assert found["tokens"] == 99
    assert found["nats_per_token"] == pytest.approx(total / 99, rel=1e-5)
    # A token of a hundred in nine is a mark and no byte of text.
    assert found["bits_per_byte"] == pytest.approx(total / counting(100).bytes / math.log(2), rel=1e-5)


def test_of_much_held_out_text_spread_windows_are_read() -> None:
    tokens = np.arange(1000, dtype=np.uint16)
    rows = torch.cat(list(windows_of(tokens, CONTEXT, most=4 * CONTEXT)))
    assert rows.shape == (4, CONTEXT + 1)
    assert rows[0, 0] == 0 and rows[-1, 0] == (999 // CONTEXT - 1) * CONTEXT
    whole = list(windows_of(tokens, CONTEXT, most=999))
    assert sum(part[:, 1:].numel() for part in whole) == 999


def test_marks_are_no_unknown_characters(tmp_path: Path) -> None:
    tokenizer = build("chars", ["ab"])
    tokens = np.array([0, 1, 1, 2, 0], dtype=np.uint16)
    assert _unknown(Stream(tokens, 2, 3), tokenizer) == 2
    tokenizer.unk_token = tokenizer.eos_token  # as GPT-2 has it
    assert _unknown(Stream(tokens, 2, 3), tokenizer) == 0


def test_without_held_out_text_nothing_is_claimed() -> None:
    empty = Stream(np.empty(0, dtype=np.uint16), 0, 0)
    game = PlmLearning(shape(), PlmSettings(), counting(50), held_out=empty, context=16, decode=str)
    assert game.validate({"model": game.model}) == {} and game.verdict([]) == []


def test_dropout_works_only_while_training() -> None:
    model = shaken()
    dropping = new_model(model.config, dropout=0.5)  # type: ignore[arg-type]
    dropping.load_state_dict(model.state_dict())
    rows = torch.tensor([[END, 1, 2, 3]])

    def logits(network: torch.nn.Module) -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = network(input_ids=rows, use_cache=False).logits
        return found

    assert not torch.allclose(logits(dropping), logits(dropping))
    assert torch.equal(logits(copy.deepcopy(dropping).eval()), logits(model))
    assert len(list(dropping.parameters())) == len(list(model.parameters()))


def test_the_mark_has_a_vector_of_its_own() -> None:
    game = learning()
    with torch.no_grad():
        game.model.lm_head.weight.normal_()  # type: ignore[union-attr]
    game._loss(game.batch(np.arange(8)), 0)[0].backward()
    assert bool(game.model.model.embed_tokens.weight.grad[END].any())  # type: ignore[union-attr,index]


def test_muon_has_the_hidden_matrices_alone() -> None:
    game = learning()
    names = {id(p): name for name, p in game.model.named_parameters()}
    by = {
        kind: {names[id(p)] for group in optimiser.param_groups for p in group["params"]}
        for kind, optimiser in game.optimisers().items()
    }
    assert all(".layers." in name and name.endswith("proj.weight") for name in by["muon"])
    assert {"lm_head.weight", "model.embed_tokens.weight", "model.norm.weight"} <= by["adam"]
    assert by["muon"] | by["adam"] == set(names.values()) and not by["muon"] & by["adam"]


@pytest.mark.parametrize("size", list(SIZES))
def test_sizes_are_round(size: str) -> None:
    config = qwen3_config(size, vocabulary=67, context=64, end=0)
    assert config.vocab_size == 128 and config.head_dim * config.num_attention_heads == config.hidden_size
    assert config.hidden_size % 64 == 0 and config.intermediate_size % 32 == 0


@pytest.mark.parametrize(
    ("costs", "said"),
    [([2.0, 1.5, 1.6], "learns its text by heart"), ([2.0, 1.5, 1.4], "still improving"), ([2.0, 1.5, 1.495], "")],
)
def test_verdicts(costs: list[float], said: str) -> None:
    history = [{"step": 10 * i, "validation/nats_per_token": cost} for i, cost in enumerate(costs)]
    found = learning().verdict(history)
    assert (said in found[0]) if said else found == []


def test_too_little_text_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="fewer tokens"):
        PlmLearning(shape(), PlmSettings(), counting(CONTEXT), held_out=None, context=CONTEXT, decode=str)
