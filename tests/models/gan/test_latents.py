"""A GAN in a codec's latents: points from the cache, augmentation, training, resume, loading with the right codec."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from codecs_for_tests import GAUSSIAN, TOKENS, save_codec
from PIL import Image

from luokuan.errors import UserError
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.modelfolder import ModelFolder, read_folder, save_folder
from luokuan.models.codec.cache import load_latents
from luokuan.models.codec.finding import codec_named
from luokuan.models.codec.model import Codec
from luokuan.models.gan.augment import channels, latent_augment
from luokuan.models.gan.config import GanConfig, latent_preset
from luokuan.models.gan.kinds import train_gan
from luokuan.models.gan.model import GanModel, weights_of
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.gan.objective import automatic_gamma
from luokuan.models.gan.run import GanRun
from luokuan.models.gan.space import LatentSpace
from luokuan.models.gan.train import GanTraining
from luokuan.store.home import Home, open_home

CHOICES = {"space": "latent", "codec": "tiny", "size": 32, "batch": 4, "precision": "float32"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of colours with a dark side, 24 pictures each."""
    folder, rng = tmp_path_factory.mktemp("toy") / "colours", np.random.default_rng(0)
    for name, colour in (("blue", (30, 30, 230)), ("red", (230, 30, 30))):
        (folder / "train" / name).mkdir(parents=True)
        for index in range(24):
            pixels = np.clip(np.array(colour) + rng.integers(-30, 31, (40, 40, 3)), 0, 255)
            pixels[:, : 4 + index] = rng.integers(0, 200, 3)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "train" / name / f"{index}.png")
    (folder / "card.yaml").write_text("title: Colours\nlicence: CC0-1.0\nsource: here\ncredit: Ann\n")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = open_home(tmp_path / "home")
    save_codec(place.models / "tiny")
    return place


def save_gan(path: Path, codec: ModelFolder, *, classes: bool = True) -> ModelFolder:
    """An untrained GAN of 4 × 4 cells in the latents of ``codec``."""
    config = GanConfig(
        size=4,
        widths=(32,),
        style=16,
        latent=8,
        channels=codec.config["latent_channels"],
        classes=("a", "b") if classes else (),
        class_counts=(2, 1) if classes else (),
        space="latent",
        codec=codec.name,
        codec_digest=codec.network_digest,
    )
    torch.manual_seed(0)
    weights = weights_of(Generator(config), Discriminator(config))
    return save_folder(path, config=config.to_json(), tensors=weights, training={}, card="# Test\n")


# --- points ---------------------------------------------------------------------------------------------


def test_points_come_from_the_cache_with_their_mirrored_variants(corpus: Path, home: Home) -> None:
    codec, items = codec_named("tiny", home), open_corpus(corpus).items
    values = load_latents(codec, items, 32, cache=home.cache, crops=2).values
    space, chosen = LatentSpace(codec), np.arange(40)
    torch.manual_seed(0)
    points = space.take(values, chosen, flip=True, device="cpu")
    assert points.shape == (40, 3, 4, 4) and points.dtype == torch.float32
    found = [
        next(v for v in range(4) if np.array_equal(values[i, v].astype(np.float32), points[i].numpy())) for i in chosen
    ]
    assert set(found) == {0, 1, 2, 3}
    torch.manual_seed(0)
    assert torch.equal(space.take(values, chosen, flip=True, device="cpu"), points)
    torch.manual_seed(0)
    straight = space.take(values[:, :2], chosen, flip=False, device="cpu")
    assert np.array_equal(straight.numpy(), values[:40, 0].astype(np.float32))


def test_there_and_back_is_the_codecs_own(corpus: Path, home: Home) -> None:
    codec = codec_named("tiny", home)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    space = LatentSpace(codec)
    points = space.encode(torch.from_numpy(pictures))
    assert torch.equal(points, codec.encode(pictures)) and torch.equal(space.shown(points), points)
    assert np.array_equal(space.decode(points).numpy(), codec.reconstruct(pictures))
    assert (space.side(64), space.channels, space.name) == (8, 3, "latent")


def test_latent_augmentation_keeps_gradients_and_what_is_real_apart() -> None:
    x = torch.randn(64, 8, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    torch.manual_seed(1)
    y = latent_augment(x)
    assert y.shape == x.shape
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert 0.4 < float((gradient != 0).double().mean()) < 1  # cut out and shifted out places have none
    torch.manual_seed(1)
    jittered = channels(x.detach(), noise=0.0) - x.detach()
    gain = (jittered[:, :, 0, 0] - jittered[:, :, 0, 1]) / (x[:, :, 0, 0] - x[:, :, 0, 1]).detach()
    assert float(gain.abs().max()) <= 0.1 + 1e-6 and float(gain.std()) > 0.04
    offset = jittered[:, :, 0, 0] - gain * x[:, :, 0, 0].detach()
    assert float(offset.abs().max()) <= 0.1 + 1e-9 and float(offset.std()) > 0.04
    # Each channel has its own: no operation on colours.
    assert float((gain[:, 0] - gain[:, 1]).abs().max()) > 0.05
    torch.manual_seed(1)
    noise = channels(torch.zeros(64, 8, 8, 8), strength=0.0)
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)


# --- config and run -------------------------------------------------------------------------------------


def test_pixel_configs_are_written_as_before() -> None:
    assert not {"codec", "codec_digest"} & GanConfig(size=8, widths=(16, 16)).to_json().keys()
    config = latent_preset("cpu-small", 128, channels=8, codec="tiny", codec_digest="ab" * 32)
    assert (config.size, config.pixels, config.widths, config.depth) == (16, 128, (256, 192, 128), 2)
    assert config.to_json()["codec"] == "tiny"


@pytest.mark.parametrize(
    "values",
    [
        {"codec": "tiny"},
        {"space": "latent"},
        {"space": "latent", "codec": "../tiny", "codec_digest": "ab" * 32},
        {"space": "latent", "codec": "tiny", "codec_digest": "abc"},
    ],
)
def test_a_codec_and_its_digest_belong_to_latents_alone(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="codec"):
        GanConfig(size=4, widths=(32,), **values)


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ({"codec": "tiny"}, "--codec has no say"),
        ({"crops": 2}, "--crops has no say"),
        ({"space": "dreams"}, "--space"),
        ({"space": "latent", "crops": 0}, "--crops"),
        ({"space": "latent", "size": 48}, "--size"),
    ],
)
def test_choices_without_a_say_are_refused(choices: dict[str, object], what: str) -> None:
    with pytest.raises(UserError, match=what):
        GanRun(name="x", **choices).check()


def test_the_batch_is_the_spaces_own() -> None:
    assert [GanRun.of(name="x", space=space).batch for space in ("pixels", "latent")] == [32, 64]
    assert GanRun.of(name="x", batch=8).batch == 8 and GanRun.of(name="x", batch=None).batch == 32
    assert GanRun(name="x").whole() == GanRun(name="x")
    assert GanRun(name="x", space="latent").whole().codec == "picture-codec"


def test_gamma_follows_the_distance_in_the_space() -> None:
    assert GanRun(name="x").gamma_schedule() == automatic_gamma(64)
    assert GanRun(name="x").gamma_schedule(0.1).start == pytest.approx(0.2)
    assert GanRun(name="x", gamma=3.0).gamma_schedule(0.1).start == 3.0


# --- training -------------------------------------------------------------------------------------------


def test_it_trains_saves_and_samples(corpus: Path, home: Home) -> None:
    folder = train_gan(corpus, home=home, name="latents", steps=3, **CHOICES)
    assert folder is not None
    config, codec = folder.config, read_folder(home.models / "tiny")
    assert (config["size"], config["channels"], config["space"], config["codec"]) == (4, 3, "latent", "tiny")
    assert config["codec_digest"] == codec.network_digest
    record = json.loads((home.runs / "latents/run.json").read_text())
    assert record["codec"] == {"name": "tiny", "digest": codec.network_digest}
    assert record["run"]["codec"] == "tiny" and record["run"]["crops"] == 1
    # The codec of the tests has no licence: neither have works of this model.
    material = folder.training["corpus"]
    assert folder.licence == "unknown" and material["codec"]["licence"] == "unknown"
    assert material["codec"]["digest"] == codec.network_digest and material["credit"] == "Ann"
    card = (folder.path / "README.md").read_text(encoding="utf-8")
    assert codec.network_digest in card and "--space latent --codec tiny" in card and "32 × 32 pixels" in card
    model = GanModel.from_folder(folder)
    assert model.size == 32 and model.classes == ("blue", "red")
    many = model.sample(19, seed=5)
    assert many.shape == (19, 32, 32, 3) and many.dtype == np.uint8
    for count in (1, 8, 9, 17):
        assert np.array_equal(model.sample(count, seed=5), many[:count])


def test_resume_gives_the_uninterrupted_result(corpus: Path, home: Home) -> None:
    for name in ("whole", "cut"):
        train_gan(corpus, home=home, name=name, steps=5, crops=2, **CHOICES)
    # As if it had been killed before its first timed checkpoint: only the one at step 0 is left.
    shutil.rmtree(home.models / "cut")
    for folder in (home.runs / "cut/checkpoints").iterdir():
        if folder.name != "step-0000000000":
            shutil.rmtree(folder)
    train_gan(corpus, home=home, name="cut", resume=True)
    files = [(home.models / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert files[0] == files[1]
    # With another codec of that name it is not resumed.
    shutil.rmtree(home.models / "tiny")
    save_codec(home.models / "tiny", GAUSSIAN)
    with pytest.raises(UserError, match="'tiny', on which the run rests, has changed") as caught:
        train_gan(corpus, home=home, name="cut", resume=True)
    assert caught.value.code == "training.codec_changed"


def test_the_codecs_licence_binds(corpus: Path, home: Home) -> None:
    codec = home.models / "tiny"
    learnt = {"title": "Emoji", "licence": "CC-BY-4.0", "credit": "Bob; Ann", "source": "there", "digest": "c" * 64}
    (codec / "training.json").write_text(json.dumps({"corpus": learnt}))
    prepared = GanTraining(corpus, GanRun(name="bound", steps=1, **CHOICES), home=home, quiet=True)
    _outcome, folder = prepared.train()
    assert folder is not None and folder.licence == "CC-BY-4.0 AND CC0-1.0"
    material = folder.training["corpus"]
    assert material["credit"] == "Ann; Bob" and material["source"] == "here; there"
    assert material["codec"]["corpus_digest"] == "c" * 64 and material["digest"] == open_corpus(corpus).digest
    card = (folder.path / "README.md").read_text(encoding="utf-8")
    assert "CC-BY-4.0 AND CC0-1.0" in card and "Emoji" in card and "Bob; Ann" in card


def test_the_plan_names_codec_grid_and_distances(corpus: Path, home: Home) -> None:
    prepared = GanTraining(corpus, GanRun(name="plan", steps=2, **CHOICES), home=home, quiet=True)
    ratio = prepared.space.distance_ratio
    assert ratio > 0 and prepared.gamma.start == pytest.approx(2 * (32 / 64) ** 3 * ratio)
    plan = prepared.plan()
    assert plan.details["cells"] == 4 and plan.details["codec"] == "tiny" and plan.details["distance_ratio"] == ratio
    assert plan.gflop_per_item > 0 and plan.training_items == 48


def test_training_needs_a_codec(corpus: Path, home: Home) -> None:
    for name, what in (("absent", "no codec 'absent'"), ("../tiny", "can't be a name")):
        with pytest.raises(UserError, match=what):
            train_gan(corpus, home=home, name="x", steps=1, **{**CHOICES, "codec": name})
    save_gan(home.models / "gan", read_folder(home.models / "tiny"))
    with pytest.raises(UserError, match="no codec") as caught:
        train_gan(corpus, home=home, name="x", steps=1, **{**CHOICES, "codec": "gan"})
    assert caught.value.code == "codec.family"


# --- loading --------------------------------------------------------------------------------------------


def test_another_codec_of_that_name_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = read_folder(home.models / "tiny")
    gan = save_gan(home.models / "gan", codec)
    shutil.rmtree(codec.path)
    with pytest.raises(UserError, match="isn't here") as missing:
        GanModel.from_folder(gan)
    assert missing.value.code == "model.codec_missing" and codec.network_digest in missing.value.what
    other = save_codec(codec.path, GAUSSIAN)
    with pytest.raises(UserError) as mismatch:
        GanModel.from_folder(gan)
    assert mismatch.value.code == "model.codec_mismatch" and mismatch.value.do
    assert codec.network_digest in mismatch.value.what and other.network_digest in mismatch.value.what


def test_the_codec_is_found_beside_the_model_in_the_store_and_among_starters(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(home.path))
    gan = save_gan(tmp_path / "elsewhere/gan", codec := read_folder(home.models / "tiny"))
    shown = GanModel.from_folder(gan).sample(2, seed=0)
    monkeypatch.setattr("luokuan.foundation.finding.STARTERS", tmp_path / "starters")
    for place in (tmp_path / "starters/tiny", tmp_path / "elsewhere/tiny"):
        shutil.copytree(codec.path, place)
        shutil.rmtree(codec.path)
        save_codec(codec.path, GAUSSIAN)  # another one of that name comes first, but doesn't fit
        assert np.array_equal(GanModel.from_folder(gan).sample(2, seed=0), shown)
        shutil.rmtree(codec.path)
        shutil.copytree(place, codec.path)
        shutil.rmtree(place)


def test_a_config_that_contradicts_its_codec_is_one_sentence(home: Home) -> None:
    gan = save_gan(home.models / "gan", read_folder(home.models / "tiny"))
    config = {**gan.config, "channels": 4}
    (gan.path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"config\.json"):
        GanModel.from_folder(read_folder(gan.path))


@pytest.mark.parametrize("codec", [TOKENS, GAUSSIAN], ids=["fsq", "kl"])
def test_drafts_are_judged_as_points_whatever_the_count(home: Home, codec: object) -> None:
    shutil.rmtree(home.models / "tiny")
    gan = GanModel.from_folder(save_gan(home.models / "gan", save_codec(home.models / "tiny", codec)))  # type: ignore[arg-type]
    labels = [i % 2 for i in range(11)]
    best = gan.sample_ranked(11, seed=2, labels=labels, among=3)
    many = [y for y in labels for _i in range(3)]
    styles = gan.styles(gan.latents(33, 2), many)
    points = gan._points(styles)
    scores = gan._judge(points, torch.tensor(many)).reshape(11, 3)
    drafts = gan.render(styles)
    assert len({int(row) for row in scores.argmax(axis=1)}) > 1
    assert np.array_equal(best, drafts[scores.argmax(axis=1) + 3 * np.arange(11)])
    assert np.array_equal(gan.sample_ranked(2, seed=2, labels=labels[:2], among=3), best[:2])
    path = gan.interpolate((3, 9), 5, labels=(0, 1))
    assert np.array_equal(path[:1], gan.sample(1, seed=3, labels=[0]))
    scored = gan.score(best, labels)
    assert np.array_equal(gan.score(best[:9], labels[:9]), scored[:9])
    loaded = gan.space
    assert isinstance(loaded, LatentSpace) and isinstance(loaded.codec, Codec)


@pytest.mark.parametrize("classes", [True, False])
def test_the_exported_network_ends_in_pictures(home: Home, tmp_path: Path, classes: bool) -> None:
    import onnxruntime

    from luokuan.models.export import to_onnx

    codec = save_codec(home.models / "smooth", GAUSSIAN)
    gan = GanModel.from_folder(save_gan(home.models / "gan", codec, classes=classes))
    assert to_onnx(gan, tmp_path / "gan.onnx") < 1e-3
    labels = [0, 1, 1] if classes else None
    z = gan.latents(3, 7)
    feed = {"latents": z.numpy(), **({"labels": np.array(labels)} if classes else {})}
    (pictures,) = onnxruntime.InferenceSession(tmp_path / "gan.onnx").run(None, feed)
    theirs = ((pictures + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.abs(gan.render(gan.styles(z, labels)).astype(int) - theirs).max() <= 1
