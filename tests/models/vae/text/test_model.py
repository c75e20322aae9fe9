"""A VAE of sentences loads strictly, reads what it can, and moves in z; and what it is worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from textvaes import save_text_vae, sentences, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.models.registry import load_latent_text_model, load_model, load_picture_model, makes_pictures
from luokuan.models.vae.text.measure import measure
from luokuan.models.vae.text.model import TextVae


@pytest.fixture
def vae(tmp_path: Path) -> TextVae:
    save_text_vae(tmp_path / "toys")
    return load_latent_text_model(tmp_path / "toys")


def test_it_is_found_by_its_kind(vae: TextVae) -> None:
    assert isinstance(load_model(vae.folder.path), TextVae) and not makes_pictures(vae.folder.path)
    with pytest.raises(UserError, match="makes text and no pictures"):
        load_picture_model(vae.folder.path)
    with pytest.raises(UserError, match="nor a GAN of sentences"):
        load_latent_text_model("verse")


def test_samples_depend_on_seed_and_item_alone(vae: TextVae) -> None:
    many = vae.latents(9, 5)
    assert torch.equal(vae.latents(3, 5), many[:3]) and not torch.equal(vae.latents(3, 6), many[:3])
    texts = vae.write(many, temperature=1.0, seed=5)
    assert vae.write(many[:3], temperature=1.0, seed=5) == texts[:3] and all(texts)
    assert vae.reconstruct([sentences()[0]]) == vae.write(vae.posterior([sentences()[0]])[0])


def test_moves(vae: TextVae) -> None:
    one, two = sentences()[0], sentences()[-1]
    way = vae.between(one, two, 5)
    ends = vae.posterior([one, two])[0]
    assert torch.equal(way[0], ends[0]) and torch.equal(way[-1], ends[1]) and way.shape == (5, 4)
    mean, log_variance = vae.posterior([one])
    assert torch.equal(vae.around(one, 2, 0, noise=0), mean.expand(2, -1))
    cloud = vae.around(one, 400, 0) - mean
    assert torch.allclose(cloud.var(dim=0), log_variance[0].exp(), rtol=0.4)
    assert torch.equal(vae.around(one, 2, 3), vae.around(one, 7, 3)[:2])
    assert {"length", "tone=question"} <= set(vae.directions)
    assert torch.allclose(vae.moved(mean, "length", 2.0) - mean, 2 * vae.directions["length"], atol=1e-5)
    with pytest.raises(UserError, match="no attribute 'mood'") as error:
        vae.moved(mean, "mood", 1)
    assert "tone=question" in str(error.value.do)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("   ", "empty"),
        ("the cat\nsees snow.", "one line"),
        ("the cat sees " * 9, "reads 47"),
        ("the cat 看见 snow!", "doesn't know: 看见!"),
    ],
)
def test_what_it_cannot_read_is_refused(vae: TextVae, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        vae.posterior([text])


def test_bytes_know_every_script_and_documents_have_lines(tmp_path: Path) -> None:
    texts = [f"山{n}水\nи река {n}" for n in range(60)]
    save_text_vae(tmp_path / "mixed", kind="bpe", texts=texts, items="documents", context=64)
    vae = load_latent_text_model(tmp_path / "mixed")
    assert vae.rows([" 山1水 \n\n и река 1 "]) == vae.rows(["山1水\nи река 1"])
    assert vae.spell(vae.rows(["山1水\nи река 1"])[0]) == "山1水\nи река 1"
    assert vae.posterior(["🙂 été"])[0].isfinite().all()


def test_wrong_folders_are_refused(vae: TextVae, tmp_path: Path) -> None:
    place = vae.folder.path
    weights, config = load_file(place / "model.safetensors"), json.loads((place / "config.json").read_text())

    def refused(said: str) -> None:
        with pytest.raises(UserError, match=said):
            load_model(place)

    save_file(
        {**weights, "network.embedding.weight": weights["network.embedding.weight"][:-1]}, place / "model.safetensors"
    )
    refused("don't fit")
    save_file({**weights, "prior.weights": -weights["prior.weights"]}, place / "model.safetensors")
    refused("not a distribution")
    broken = weights["network.moments.bias"].clone()
    broken[0] = torch.nan
    save_file({**weights, "network.moments.bias": broken}, place / "model.safetensors")
    refused("not finite")
    save_file(weights, place / "model.safetensors")
    (place / "config.json").write_text(json.dumps(config | {"latent": 0, "encoder": 0}))
    refused("latent")
    (place / "config.json").write_text(json.dumps(config | {"directions": []}))
    refused("not part of it")
    (place / "config.json").write_text(json.dumps(config))
    save_text_vae(tmp_path / "other", texts=["xyz!", "zyx?"] * 20)
    tokenizer = (place / "tokenizer.json").read_bytes()
    (place / "tokenizer.json").write_bytes((tmp_path / "other/tokenizer.json").read_bytes())
    refused("other tokens")
    (place / "tokenizer.json").write_bytes(tokenizer[: len(tokenizer) // 2])
    refused("no tokenizer that can be used")
    (place / "model.safetensors").write_bytes(b"\0" * 40)
    refused("damaged|cut off")


def test_figures_have_their_order_and_repeat(vae: TextVae, tmp_path: Path) -> None:
    corpus = open_texts(write_corpus(tmp_path / "corpus"))
    found = measure(vae, corpus, draws=20, samples=10, seed=3)
    assert found == measure(vae, corpus, draws=20, samples=10, seed=3)
    assert found.importance_nats is not None and found.importance_bound_nats is not None
    assert found.importance_nats < found.importance_bound_nats
    assert found.bound_nats == pytest.approx(found.reconstruction_nats + found.kl_nats, rel=1e-5)
    # Fitted on the posteriors, the mixture can't be a much worse prior than N(0, I).
    assert found.importance_mixture_nats < found.importance_nats + 1
    assert found.split == "test" and found.importance_sentences == found.sentences
    assert found.written.texts == found.real.texts == min(10, found.sentences)
    assert found.real.copies == 0 and 0 <= found.written.self_bleu <= 1
    assert found.to_json()["units"]["kl_nats"].startswith("nats a sentence") and found.verdicts()
    assert measure(vae, corpus, draws=0, samples=2).importance_nats is None


def test_held_out_sentences_may_have_characters_that_the_model_never_met(vae: TextVae, tmp_path: Path) -> None:
    strange = [f"é {text}" for text in sentences()]
    corpus = open_texts(write_corpus(tmp_path / "corpus", [*sentences(), *strange]))
    found = measure(vae, corpus, draws=2, samples=4)
    assert 0 < found.reconstructed < found.sentences
    assert not vae.knows(strange[0]) and vae.knows(sentences()[0])
    alone = measure(vae, open_texts(write_corpus(tmp_path / "alone", strange)), draws=0, samples=2)
    assert alone.reconstructed == 0 and alone.sentences > 0
