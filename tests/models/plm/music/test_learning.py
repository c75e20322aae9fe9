"""What a language model of music learns from: excerpts, gaps, and that it does learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from musicplms import song

from luokuan.models.plm.config import qwen3_config
from luokuan.models.plm.learning import PlmSettings
from luokuan.models.plm.music.grammar import wrong
from luokuan.models.plm.music.learning import (
    MusicLearning,
    MusicSettings,
    fitting,
    gapped,
    held_out_rows,
    latest,
    nats_in,
    notes_in,
)
from luokuan.models.plm.music.material import density_limits, song_of
from luokuan.models.plm.music.tokens import (
    BEGIN,
    END,
    HEAD,
    MIDDLE,
    NEW_BAR,
    PAD,
    SUFFIX,
    TOKENS,
    bar_tokens,
    bars_of,
    bars_token,
)

SONGS = [replace(song_of("a", song(24)), key=21), song_of("b", song(9))]
CONTEXT = 160


@pytest.fixture(scope="module")
def learning() -> MusicLearning:
    config = qwen3_config("nano", vocabulary=len(TOKENS), context=CONTEXT, end=END, layers=1)
    own = MusicSettings(fill=0.5, blank=0.0)
    return MusicLearning(
        config, PlmSettings(), own, SONGS, limits=density_limits(SONGS), held_out=SONGS[1:], context=CONTEXT
    )


def test_excerpts_hold_whole_bars_and_now_and_then_a_gap(learning: MusicLearning) -> None:
    torch.manual_seed(1)
    rows = np.concatenate([learning.batch(np.arange(learning.items())).numpy() for _round in range(12)])
    assert rows.shape[1] == CONTEXT + 1 and learning.items() >= 4
    gaps, keys = 0, set()
    for row in rows:
        written = row[row != PAD].tolist()
        assert written[0] == BEGIN and written[HEAD] in (NEW_BAR, SUFFIX)
        keys.add(written[1])
        body = written[HEAD:]
        if SUFFIX in body:
            gaps += 1
            before, rest = body[: body.index(SUFFIX)], body[body.index(SUFFIX) + 1 :]
            behind, gap = rest[: rest.index(MIDDLE)], rest[rest.index(MIDDLE) + 1 :]
            assert gap[0] == bars_token(len(bars_of(gap))) and gap[-1] == END and behind[0] == NEW_BAR
            body = before + gap[1:-1] + behind
        elif body[-1] == END:
            body = body[:-1]
        # The end of a bar that came out of order by a chord at the edge of the piano is the only thing let through.
        assert wrong(np.array(body, np.uint8)) is None
    assert 0.2 < gaps / len(rows) < 0.8 and len(keys) == 12  # of A minor, all keys
    torch.manual_seed(1)
    assert (learning.batch(np.arange(learning.items())).numpy() == rows[: learning.items()]).all()


def test_a_gap_by_hand() -> None:
    bars = [bar_tokens([(0, 0, 60 + number, 4)]) for number in range(4)]
    tokens = [token for bar in bars for token in bar]
    starts = [0, 5, 10, 15, 20]
    found = gapped(tokens, starts, (0.99, 0.0))
    assert found == [SUFFIX, *bars[2], *bars[3], MIDDLE, bars_token(2), *bars[0], *bars[1], END]
    found = gapped(tokens, starts, (0.0, 0.99))
    assert found == [*bars[0], *bars[1], SUFFIX, *bars[3], MIDDLE, bars_token(1), *bars[2], END]


def test_windows_reach_from_bar_to_bar() -> None:
    long = SONGS[0]
    assert fitting(long, 0, 1) == 1 and fitting(long, 0, 10**6) == long.bars
    last = latest(long, 100)
    assert long.starts[-1] - long.starts[last] <= 100 < long.starts[-1] - long.starts[last - 1]
    assert latest(SONGS[1], 10**6) == 0
    rows = held_out_rows(SONGS, (1.0, 2.0), CONTEXT)
    assert notes_in(rows) == sum(int(one.counts.sum()) for one in SONGS)
    assert (rows[:, 0] == BEGIN).all() and (rows == END).sum() == 2


def test_only_bars_and_ends_count(learning: MusicLearning) -> None:
    rows = torch.from_numpy(held_out_rows(SONGS[1:], (1.0, 2.0), CONTEXT))
    nats = nats_in(learning.model, rows)
    assert len(nats) == len(SONGS[1].tokens) + 1
    other = rows.clone()
    other[other == PAD] = END  # what is only filled up is told apart by its number
    assert len(nats_in(learning.model, other)) > len(nats)


def test_it_learns(learning: MusicLearning) -> None:
    with torch.no_grad():
        before = learning.validate({"model": learning.model})
    for step in range(12):
        torch.manual_seed(step)
        rows = learning.batch(np.arange(4))
        for phase in learning.phases(step, 12):
            phase.optimiser.zero_grad()
            loss, _more = phase.loss(rows, 0)
            loss.backward()
            phase.optimiser.step()
    with torch.no_grad():
        after = learning.validate({"model": learning.model})
    assert after["nats_per_token"] < before["nats_per_token"] - 0.3
    assert after["notes"] == SONGS[1].counts.sum() and after["nats_per_note"] > after["nats_per_token"]
    picture = learning.preview({"model": learning.model})
    assert picture is not None and picture.width > 400
    again = learning.preview({"model": learning.model})
    assert again is not None and (picture.pixels == again.pixels).all()


def test_verdicts(learning: MusicLearning) -> None:
    def rows(*costs: float) -> list[dict[str, float]]:
        return [{"step": index, "validation/nats_per_token": cost} for index, cost in enumerate(costs)]

    assert learning.verdict([]) == []
    assert "by heart" in learning.verdict(rows(2.0, 1.0, 1.2))[0]
    assert "still improving" in learning.verdict(rows(2.0, 1.5, 1.2))[0]
