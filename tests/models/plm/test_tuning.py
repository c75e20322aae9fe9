"""Fine-tuning on answers: only their tokens count, rows don't see each other, and resume changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plms import plm
from torch.nn import functional as F

from luokuan.errors import UserError
from luokuan.foundation.corpus import Example
from luokuan.foundation.training import Settings, Training
from luokuan.models.plm.chat import chat_template
from luokuan.models.plm.layout import TEMPLATE, Row, lay_out, padded
from luokuan.models.plm.learning import add_dropout
from luokuan.models.plm.tuning import TuneSettings, Tuning, answer_nats, portions, warm_then_fall


def example(prompt: str, *answers: str, turns: tuple[tuple[str, str], ...] = ()) -> Example:
    return Example("a.jsonl:1", prompt, turns, answers)


EXAMPLES = [example(f"{i}+{i}=", f"{2 * i}.") for i in range(40)]


def game(dropout: float = 0.0, rate: float = 3e-3) -> Tuning:
    model = plm()
    add_dropout(model.network, dropout)
    rows, held_out = (lay_out(model, part, context=64, as_chat=False) for part in (EXAMPLES[:30], EXAMPLES[30:]))
    return Tuning(model, model.network, TuneSettings(rate=rate), rows, held_out=held_out)


def test_a_plain_prompt_is_followed_by_its_answer_and_the_end() -> None:
    model = plm()
    end = model.tokenizer.eos_token_id
    (pair,) = lay_out(model, [example("ab", "c", "dé")], context=64, as_chat=False).rows
    encode = model.tokenizer.backend_tokenizer.encode
    for row, answer in zip(pair, ("c", "dé"), strict=True):
        assert row.tokens.tolist() == [end, *encode("ab").ids, *encode(answer).ids, end] and row.start == 3


def test_a_model_without_a_template_talks_by_a_plain_one() -> None:
    model = plm()
    turns = (("user", "Hi"), ("assistant", "Yes?"), ("user", "Bye"))
    with pytest.raises(UserError, match="no chat template"):
        lay_out(model, [example("", "Bye!", turns=turns)], context=256, as_chat=False)
    model.tokenizer.chat_template = TEMPLATE
    assert chat_template(model) == TEMPLATE
    examples = [example("", "Bye!", turns=turns), example("Hi", "Yes?"), example("x", "y")]
    for as_chat in (False, True):
        rows = lay_out(model, examples, context=256, as_chat=as_chat).rows
        end = model.tokenizer.eos_token
        texts = [
            [model.tokenizer.decode(part.tolist()) for part in np.split(row.tokens, [row.start])] for (row,) in rows
        ]
        said = f"{end}<user>\nHi\n<assistant>\nYes?{end}\n<user>\nBye\n<assistant>\n"
        assert texts[0] == [said, f"Bye!{end}"]
        asked = f"{end}<user>\nHi\n<assistant>\n" if as_chat else f"{end}Hi"
        assert texts[1] == [asked, f"Yes?{end}"] and texts[2][1] == f"y{end}"


def test_marks_in_a_conversation_are_refused_and_in_plain_text_are_text() -> None:
    model = plm()
    model.tokenizer.chat_template = TEMPLATE
    end = model.tokenizer.eos_token
    (pair,) = lay_out(model, [example(f"a{end}", f"b{end}")], context=64, as_chat=False).rows
    assert (pair[0].tokens == model.tokenizer.eos_token_id).sum() == 2
    with pytest.raises(UserError, match="with which this model marks turns"):
        lay_out(model, [example(f"a{end}", "b")], context=64, as_chat=True)


def test_a_template_that_rewrites_what_was_said_is_refused() -> None:
    model = plm()
    model.tokenizer.chat_template = "{{ messages | length }}{% if add_generation_prompt %}?{% endif %}"
    with pytest.raises(UserError, match="doesn't put the answer after"):
        lay_out(model, [example("a", "b")], context=64, as_chat=True)


def test_long_prompts_are_left_out_and_long_answers_cut() -> None:
    model, end = plm(), plm().tokenizer.eos_token_id
    short = [example("p", "a" * 3)] * 30
    found = lay_out(model, [*short, example("p", "a" * 20), example("p" * 20, "a")], context=10, as_chat=False)
    assert (len(found.rows), found.left_out, found.cut) == (31, 1, 1)
    assert len(found.rows[-1][0].tokens) == 10 and found.rows[-1][0].tokens[-1] != end
    assert found.answer_tokens == 30 * 4 + 8
    with pytest.raises(UserError, match=r"1 of 2 prompts leave no room .* a.jsonl:1 with 21"):
        lay_out(model, [example("p", "a"), example("p" * 20, "a")], context=10, as_chat=False)


def test_the_loss_by_hand_counts_answers_alone() -> None:
    tuning = game()
    rows = tuning.batch(np.array([3, 12]))
    loss, _figures = tuning._loss(rows, 0)
    total, count = 0.0, 0
    for index in (3, 12):
        (row,) = tuning._rows[index]
        with torch.no_grad():
            logits = tuning._network(input_ids=torch.from_numpy(row.tokens)[None], use_cache=False).logits[0]
        for place in range(row.start, len(row.tokens)):
            total -= float(F.log_softmax(logits[place - 1], -1)[int(row.tokens[place])])
            count += 1
    assert count == len("6.") + len("24.") + 2
    assert float(loss.detach()) == pytest.approx(total / count, rel=1e-5)


def test_the_prompt_and_its_neighbours_don_t_count() -> None:
    network = plm().network
    one, other = Row(np.array([0, 5, 6, 7, 8, 0]), 3), Row(np.array([0, 9, 10, 11, 12, 13, 14, 15, 0]), 2)
    with torch.no_grad():
        together, alone = (answer_nats(network, padded(rows, fill=0)) for rows in ([one, other], [one]))
        refilled = answer_nats(network, padded([one, other], fill=3))
    assert together[0, :2].tolist() == [0, 0] and together[0, 5:].tolist() == [0, 0, 0]  # prompt and filling
    assert torch.allclose(together[0, :5], alone[0], atol=1e-5) and torch.equal(together, refilled)
    assert bool((together[0, 2:5] > 0).all()) and bool((together[1, 1:] > 0).all())


# Made with TRL 1.16.0 and transformers 5.24.0: SFTTrainer.compute_loss of the model plms.plm() in float32 on the
# examples ("ab", "cd") and ("x", "yz! and more"), whose rows are those below: TRL begins none with a mark.
TRL_SFT = 5.943772792816162


def test_the_loss_is_that_of_trl() -> None:
    network = plm().network
    rest = [89, 90, 1, 221, 65, 78, 68, 221, 77, 79, 82, 69, 0]
    batch = padded([Row(np.array([65, 66, 67, 68, 0]), 2), Row(np.array([88, *rest]), 1)], fill=0)
    loss = answer_nats(network, batch).sum() / batch.counted.sum()
    assert float(loss.detach()) == pytest.approx(TRL_SFT, rel=1e-5)


def test_it_learns_to_answer_and_to_end(tmp_path: Path) -> None:
    settings = Settings(steps=60, batch=10, validations=3, log_every=20, precision="float32", best_by="nats_per_token")
    tuning = game()
    with torch.no_grad():
        before = tuning.validate(tuning.modules())
    outcome = Training(tuning, settings, tmp_path / "run", quiet=True).run()
    assert before["examples"] == 10 and before["tokens"] == 10 * 4
    last = outcome.history[-1]
    assert last["validation/nats_per_token"] < 0.7 * before["nats_per_token"] and "sft/loss" in last
    text = tuning.preview(outcome.average)
    assert text is not None and "30+30=" in text.text


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    settings = Settings(steps=12, batch=4, validations=3, log_every=2, precision="float32", best_by="nats_per_token")
    ends = []
    for name, stop in (("whole", None), ("stopped", 7)):
        tuning = game(dropout=0.2)
        training = Training(tuning, settings, tmp_path / name, quiet=True)
        if stop:
            stopping(tuning, training, stop)
            assert not training.run().finished
            training = Training(game(dropout=0.2), settings, tmp_path / name, quiet=True)
        outcome = training.run(resume=bool(stop))
        ends.append((outcome.kept, torch.cat([p.flatten() for p in outcome.average["model"].parameters()])))
    assert ends[0][0] == ends[1][0] and torch.equal(ends[0][1], ends[1][1])


def stopping(tuning: Any, training: Training, step: int) -> None:
    """Let ``training`` be stopped during ``step``, counted from 1."""
    play, calls = tuning._loss, iter(range(1, step + 1))

    def loss(rows: Any, part: int) -> Any:
        if next(calls) == step:
            training.stop()
        return play(rows, part)

    tuning._loss = loss


def test_validation_reads_a_few_rows_at_a_time() -> None:
    rows = [(Row(np.zeros(length, dtype=np.int64), 1),) for length in (5, 9, 3, 40, 2, 2)]
    parts = list(portions(rows, (1 << 26) // 20))
    assert [row for part in parts for row in part] == rows
    assert [len(part) for part in parts] == [2, 1, 1, 2]
    assert list(portions([], 10)) == []


def test_the_rate_rises_and_falls() -> None:
    rate = warm_then_fall(1.0)
    values = [rate(step, 100) for step in range(100)]
    assert values[0] == pytest.approx(0.1) and max(values) == pytest.approx(0.91, abs=0.02) and values[-1] < 0.02
    assert rate(0, 5) == 1.0
    assert rate(49, 10_000) == pytest.approx(0.9951)


def test_adam_alone_learns() -> None:
    (optimiser,) = game().optimisers().values()
    assert isinstance(optimiser, torch.optim.AdamW)
