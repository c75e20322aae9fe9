"""`luokuan models` on models from strangers. (What it does with own models: test_main_job.py.)"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import list_models, save_folder
from luokuan.store.home import open_home


def test_a_strangers_card_can_do_nothing_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    card = "# Card\n\n\tindented\n\x1b[2J\x1b]0;title\x07 gone\n"
    folder = tmp_path / "m"
    save_folder(folder, config={"family": "gan"}, tensors={"a": torch.ones(2)}, training={}, card=card)
    assert main(["models", "show", str(folder)]) == 0
    out = capfd.readouterr().out
    assert "\x1b" not in out and "\x07" not in out
    assert out.startswith("# Card\n\n") and "indented" in out and " gone\n" in out


def test_a_damaged_folder_is_named_beside_the_list(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models = open_home(tmp_path).models
    save_folder(models / "whole", config={"family": "gan"}, tensors={}, training={}, card="")
    save_folder(models / "half", config={"family": "gan"}, tensors={}, training={}, card="")
    (models / "half" / "config.json").write_text("{", encoding="utf-8")
    assert main(["models", "list", "--home", str(tmp_path)]) == 0
    out = capfd.readouterr().out
    assert "whole" in out and f"{models / 'half'}" in out.splitlines()[-1]
    assert main(["models", "list", "--home", str(tmp_path), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert "half" in found["unreadable"][0] and "half" not in {model["name"] for model in found["models"]}


def test_a_narrow_terminal_cuts_nothing(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    home = open_home()
    config = {"family": "gan", "size": 32, "classes": ["a"]}
    training = {"corpus": {"licence": "CC-BY-NC-SA-4.0"}}
    save_folder(home.models / "coats-and-hats-of-1905", config=config, tensors={}, training=training, card="")
    assert main(["models", "list"]) == 0
    out = capfd.readouterr().out
    assert "coats-and-hats-of-1905" in out and "…" not in out
    (digest,) = [model.digest[:12] for model in list_models(home) if model.name == "coats-and-hats-of-1905"]
    assert digest[:4] in out
