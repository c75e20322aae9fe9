"""Toy sentences, and a tiny VAE of them for tests: untrained, but whole."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.corpus.sentences import Sentence
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.plm import tokenizers
from luokuan.models.vae.prior import fit
from luokuan.models.vae.text.attributes import directions
from luokuan.models.vae.text.config import TextVaeConfig, text_vae_config
from luokuan.models.vae.text.learning import posteriors
from luokuan.models.vae.text.material import lay_out
from luokuan.models.vae.text.model import weights_of
from luokuan.models.vae.text.networks import TextVaeNetwork

WHO = ("the cat", "a dog", "my old horse", "the small bird", "one fox")
DOES = ("sees", "finds", "likes", "follows")
WHAT = ("red apples", "the river", "a stone", "green leaves of the tall tree", "snow")


def sentences() -> list[str]:
    """A hundred statements and a hundred questions of the same words."""
    made = [f"{who} {does} {what}" for who, does, what in itertools.product(WHO, DOES, WHAT)]
    return [f"{one}." for one in made] + [f"{one}?" for one in made]


def write_corpus(folder: Path, texts: list[str] | None = None, *, name: str = "lines.txt") -> Path:
    """A corpus with a card: a sentence a line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(sentences() if texts is None else texts) + "\n", encoding="utf-8")
    (folder / "card.yaml").write_text('title: "Toys"\nlicence: "CC0-1.0"\ncredit: "nobody"\n', encoding="utf-8")
    return folder


def tiny(tokens: int, **changes: Any) -> TextVaeConfig:
    """A shape for tests."""
    shape: dict[str, Any] = {"width": 16, "heads": 2, "hidden": 16, "encoder": 1, "decoder": 2, "latent": 4}
    return TextVaeConfig(**{"tokens": tokens, "context": 48, "end": 0, "components": 2, **shape, **changes})


def awake(network: TextVaeNetwork) -> TextVaeNetwork:
    """``network`` with random projections instead of zeros, so that every part has a say."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network.eval()


def save_text_vae(path: Path, *, kind: str = "chars", texts: list[str] | None = None, **changes: Any) -> ModelFolder:
    """Write an untrained VAE of the toy sentences."""
    torch.manual_seed(0)
    known = [Sentence(text) for text in (sentences() if texts is None else texts)]
    tokenizer = tokenizers.build(kind, (one.text for one in known), vocabulary=300)
    config = tiny(tokenizers.size(tokenizer), **changes)
    network = awake(TextVaeNetwork(config))
    rows = lay_out(tokenizer, known, context=config.context)
    mean, log_variance = posteriors(network, rows.rows)
    found = directions(rows.sentences, mean)
    values = config.to_json() | {"directions": list(found)}
    weights = weights_of(network, fit(mean, log_variance.exp(), config.components), list(found.values()))
    training = {"corpus": {"licence": "CC0-1.0"}}
    files = tokenizers.files(tokenizer)
    return save_folder(path, config=values, tensors=weights, training=training, card="# Test\n", more=files)


def preset(sentences: int = 50_000, tokens: int = 4096) -> TextVaeConfig:
    """The default shape."""
    return text_vae_config("micro", tokens=tokens, context=64, end=0, latent=32, items="lines", sentences=sentences)
