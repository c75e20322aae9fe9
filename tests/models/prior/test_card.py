"""The card of a prior says which state of the run it holds."""

from __future__ import annotations

import json
from pathlib import Path

import luokuan
from luokuan.models.prior.card import prior_card

STARTER = Path(luokuan.__file__).parent / "starters/portraits"


def test_a_state_before_the_last_is_named() -> None:
    config, training = (json.loads((STARTER / f"{name}.json").read_text("utf-8")) for name in ("config", "training"))
    last = prior_card("p", config, training)
    assert "Kept" not in last and "nats with their condition" in last
    assert "--keep last" in last  # an older record: there was no choice
    training["run"]["keep"] = "best"
    training["kept"] = training["steps"] // 2
    assert f"Kept 保留: the average after step {training['kept']}, the best on these. -log p" in prior_card(
        "p", config, training
    )
    assert "--keep" not in prior_card("p", config, training)
