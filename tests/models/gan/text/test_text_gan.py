"""GANs of sentences: the game learns the codes of sentences, folders load strictly, samples keep their promises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.textgans import save_text_gan
from tests.helpers.textvaes import save_text_vae, sentences, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_texts
from luokuan.foundation.modelfolder import read_folder
from luokuan.foundation.training import Settings, Training
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.kinds import train_gan
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.gan.text.game import TextGame
from luokuan.models.gan.text.measure import Column, Comparison, compare
from luokuan.models.gan.text.model import TextGan
from luokuan.models.gan.text.networks import Discriminator, Generator
from luokuan.models.registry import load_latent_text_model, load_model, makes_pictures
from luokuan.models.vae.text.measure import Texts
from luokuan.store.home import open_home

CONFIG = TextGanConfig(points=2, codec="vae", codec_digest="ab" * 32, latent=4, width=32, depth=2)


def two_heaps(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Posteriors around two far points, (count, 2) each: their mean is where no sentence lies."""
    stream = torch.Generator().manual_seed(3)
    side = torch.where(torch.rand(count, 1, generator=stream) < 0.5, -1.0, 1.0)
    means = 10 + 4 * side * torch.tensor([1.0, 0.5]) + 0.2 * torch.randn(count, 2, generator=stream)
    return means, torch.full((count, 2), -3.0)


def game(name: str = "relativistic", *, count: int = 512) -> TextGame:
    settings = GameSettings(objective(name), Gamma(0.1, 0.01), penalty_every=2, rate=2e-3, rate_end=2e-3)
    return TextGame(CONFIG, settings, *two_heaps(count), held_out=two_heaps(64), write=spell)


def spell(codes: torch.Tensor) -> list[str]:
    """A decoder for tests: the first number of each code."""
    return [f"{float(row[0]):.3f}" for row in codes]


@pytest.mark.parametrize("name", ["relativistic", "minimax"])
def test_the_generator_finds_both_heaps_of_codes(tmp_path: Path, name: str) -> None:
    played = game(name)
    outcome = Training(played, Settings(300, 64, log_every=100), tmp_path, quiet=True).run()
    generator = outcome.average["generator"]
    assert isinstance(generator, Generator)
    torch.manual_seed(0)
    with torch.no_grad():
        codes = generator.codes(torch.randn(400, 4))
    left = codes[codes[:, 0] < 10]
    right = codes[codes[:, 0] >= 10]
    assert min(len(left), len(right)) > 80, (len(left), len(right))
    assert float((left[:, 0].median() - 6).abs()) < 1 and float((right[:, 0].median() - 14).abs()) < 1


def test_real_points_are_draws_of_spread_one() -> None:
    played = game(count=4000)
    torch.manual_seed(0)
    points = played.batch(np.arange(4000)).points
    assert torch.allclose(points.mean(dim=0), torch.zeros(2), atol=0.05)
    assert torch.allclose(points.std(dim=0), torch.ones(2), atol=0.05)
    assert not torch.equal(points, played.batch(np.arange(4000)).points)


def test_validation_falls_where_samples_are_right() -> None:
    played = game()
    torch.manual_seed(0)
    with torch.no_grad():
        far = played.validate({"generator": played.generator})["frechet"]

    class Right(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return played.batch(np.arange(len(z))).points

    torch.manual_seed(0)
    assert played.validate({"generator": Right()})["frechet"] < 0.2 * far


def test_the_preview_is_what_the_vae_writes() -> None:
    played = game()
    torch.manual_seed(0)
    with torch.no_grad():
        shown = played.preview({"generator": played.generator}).text.split("\n")
    torch.manual_seed(0)
    with torch.no_grad():
        codes = played.generator.codes(torch.randn(12, 4))  # type: ignore[operator]
    assert shown[:-1] == spell(codes)


def test_networks_have_no_classes_and_judge_each_point_by_itself() -> None:
    torch.manual_seed(0)
    critic = Discriminator(CONFIG).double()
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(x)[1], x)
    assert gradient[1].abs().sum() > 0 and gradient[0].abs().sum() == 0 and gradient[2].abs().sum() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("points", 0), ("width", 4), ("depth", 99), ("codec", "../x"), ("codec_digest", "zz"), ("kind", "image")],
)
def test_a_config_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        TextGanConfig(**{**CONFIG.to_json(), field: value})


# --- folders ------------------------------------------------------------------------------------------


def test_a_folder_loads_and_samples_item_by_item(tmp_path: Path) -> None:
    vae = save_text_vae(tmp_path / "vae")
    folder = save_text_gan(tmp_path / "gan", vae)
    model = load_model(folder.path)
    assert isinstance(model, TextGan) and isinstance(load_latent_text_model(folder.path), TextGan)
    assert not makes_pictures(folder.path)
    many, few = model.latents(5, 7), model.latents(2, 7)
    assert many.shape == (5, 4) and torch.equal(many[:2], few)
    assert not torch.equal(many, model.latents(5, 8))
    narrow = model.latents(5, 7, truncation=0.2)
    middle = model.latents(5, 7, truncation=0.0)[0]
    assert torch.allclose(narrow, middle + 0.2 * (many - middle), atol=1e-5)
    assert len(model.write(few)) == 2 and model.score(few).shape == (2,)
    said = "the cat sees snow."
    assert torch.allclose(model.between(said, "a dog finds snow?", 3)[0], model.posterior([said])[0][0], atol=1e-5)


def test_another_vae_of_the_same_name_is_refused(tmp_path: Path) -> None:
    folder = save_text_gan(tmp_path / "gan", save_text_vae(tmp_path / "vae"))
    with pytest.raises(UserError) as missing:
        (tmp_path / "vae").rename(tmp_path / "gone")
        load_model(folder.path)
    assert missing.value.code == "model.codec_missing"
    save_text_vae(tmp_path / "vae", width=32)
    with pytest.raises(UserError) as other:
        load_model(folder.path)
    assert other.value.code == "model.codec_mismatch"


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    folder = save_text_gan(tmp_path / "gan", save_text_vae(tmp_path / "vae"))
    config = json.loads((folder.path / "config.json").read_text())
    (folder.path / "config.json").write_text(json.dumps(config | {"width": 16}))
    with pytest.raises(UserError) as raised:
        load_model(folder.path)
    assert raised.value.code == "model.tensors"


# --- training -----------------------------------------------------------------------------------------

CHOICES = {"kind": "text", "codec": "vae", "width": 16, "depth": 1, "batch": 16}


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    """A home with a VAE, and a corpus."""
    home = open_home(tmp_path / "home")
    save_text_vae(home.models / "vae")
    texts = [f"{before}{one}" for before in ("", "here ", "there ", "so ", "still ", "then ") for one in sentences()]
    return tmp_path / "home", write_corpus(tmp_path / "corpus", texts)


def test_training_records_the_vae_and_resumes_to_the_same_bits(place: tuple[Path, Path]) -> None:
    home, corpus = open_home(place[0]), place[1]
    whole = train_gan(corpus, home=home, name="whole", steps=8, **CHOICES)
    assert whole is not None
    record = whole.training
    assert record["corpus"]["codec"]["name"] == "vae" and record["family"] == "gan"
    assert record["corpus"]["texts"] > 100 and "validation/frechet" in record["measured"]

    train_gan(corpus, home=home, name="cut", steps=8, **CHOICES)
    # As if it had been killed before its first timed checkpoint: only the one at step 0 is left.
    shutil.rmtree(home.models / "cut")
    for kept in (home.runs / "cut/checkpoints").iterdir():
        if kept.name != "step-0000000000":
            shutil.rmtree(kept)
    again = train_gan(corpus, home=home, name="cut", resume=True)
    assert again is not None
    assert (again.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()


def test_choices_of_pictures_have_no_say(place: tuple[Path, Path]) -> None:
    with pytest.raises(UserError) as raised:
        train_gan(place[1], home=open_home(place[0]), name="x", steps=1, size=64, **CHOICES)
    assert raised.value.code == "training.option" and "--size" in str(raised.value)


def test_a_codec_of_pictures_is_no_vae_of_sentences(place: tuple[Path, Path]) -> None:
    with pytest.raises(UserError) as raised:
        train_gan(place[1], home=open_home(place[0]), name="x", steps=1, **{**CHOICES, "codec": "picture-codec"})
    assert raised.value.code == "codec.family"


def test_it_is_compared_with_its_vae_and_with_real_sentences(place: tuple[Path, Path]) -> None:
    home, corpus = open_home(place[0]), open_texts(place[1])
    model = train_gan(place[1], home=home, name="mine", steps=3, **CHOICES)
    assert model is not None
    loaded = TextGan.from_folder(read_folder(model.path))
    found = compare(loaded, corpus, samples=16, seed=1)
    assert found.real.frechet >= 0 and found.generator.texts.texts == found.sentences
    assert found == compare(loaded, corpus, samples=16, seed=1)


def test_the_floor_of_equal_sets_is_zero() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("mine", "other", "said"), [(1.05, 1.1, "neither"), (1.4, 2.0, "nearer to real ones than"), (2.0, 1.2, "nothing")]
)
def test_the_verdict_follows_the_distances(mine: float, other: float, said: str) -> None:
    texts = Texts(500, 0.3, 0.03, 0.0)
    columns = [Column(texts, distance) for distance in (mine, other, other, 1.0)]
    (verdict,) = Comparison("test", 500, 0, 1.0, *columns).verdicts()
    assert said in verdict and f"{mine:.2f}" in verdict and f"{other:.2f}" in verdict
