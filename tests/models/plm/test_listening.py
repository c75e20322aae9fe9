"""Who listens to a text holds the secret; who reads strangers' tokenizers doesn't."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from luokuan.foundation.child import Child
from luokuan.models.plm import listening
from luokuan.models.plm.listening import listener
from luokuan.models.plm.watermark import Watermark
from luokuan.store.home import Home, open_home
from luokuan.store.secrets import watermark_key

WORDS = 400
# A child in which a tokenizer of a certain model does what a hostile one has done.
CHILD = """
import os, signal, sys, time
from luokuan.models.plm import tokenizing
real = tokenizing._built
def built(data):
    if b"crash" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"stall" in data:
        time.sleep(600)
    if b"junk" in data:
        sys.stdout.write("[" * 5000 + "\\n")
        sys.stdout.flush()
    return real(data)
tokenizing._built = built
tokenizing.main()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(listening, "STARTERS", tmp_path / "none")
    yield open_home(tmp_path / "home")


def model(home: Home, name: str, note: str = "x") -> None:
    tokenizer = Tokenizer(models.WordLevel({**{f"w{n}": n for n in range(WORDS)}, note: WORDS}, unk_token=note))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = home.models / name
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"vocab_size": WORDS + 1}))


def marked(home: Home, count: int = 150) -> str:
    mark, chance, tokens = Watermark(watermark_key(home), WORDS + 1), np.random.default_rng(0), [1]
    for _ in range(count):
        green = np.flatnonzero(mark.green(tokens[-1])[:WORDS])
        tokens.append(int(chance.choice(green)))
    return " ".join(f"w{token}" for token in tokens)


def test_a_marked_text_is_heard_through_the_child(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listener(home) is None, "there is no secret yet"
    model(home, "a")
    text, sent = marked(home), []
    real = Child.send
    monkeypatch.setattr(Child, "send", lambda self, value: (sent.append(repr(value)), real(self, value)))
    hear = listener(home)
    assert hear is not None
    found = hear(text)
    assert found is not None and found.marked
    secret = watermark_key(home)
    assert sent and not any(secret.hex() in line or repr(secret) in line for line in sent)
    other = hear(" ".join(f"w{n}" for n in np.random.default_rng(1).integers(0, WORDS, 150)))
    assert other is not None and other.enough and not other.marked


@pytest.mark.parametrize("how", ["crash", "stall", "junk"])
def test_a_hostile_tokenizer_costs_a_process_and_the_others_are_asked(
    home: Home, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(listening, "COMMAND", [sys.executable, "-P", "-c", CHILD])
    if how == "stall":
        monkeypatch.setattr(listening, "SECONDS", 15.0)
    model(home, "a-bad", how)
    model(home, "b-good")
    text_of_ours = marked(home)
    (home.models / "c-none").mkdir()
    for name, text in (("tokenizer.json", "{"), ("config.json", '{"vocab_size": 7}')):
        (home.models / "c-none" / name).write_text(text)
    hear = listener(home)
    assert hear is not None
    for _ in range(2):
        found = hear(text_of_ours)
        assert found is not None and found.marked
