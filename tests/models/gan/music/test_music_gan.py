"""GANs of music: discrete symbols carry a gradient, the game draws what it says, folders load strictly, pieces keep
their promises, and all models are measured alike."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from musicgans import counts, save_music_gan, tiny_config, write_excerpts
from scores_for_tests import CHORALES, save_music

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import open_scores
from luokuan.foundation.training import Settings, Training
from luokuan.media import Note, Picture, Score
from luokuan.models.evaluation.music import Figures, density
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.kinds import train_gan
from luokuan.models.gan.music.config import CLASSES, MusicGanConfig, class_of
from luokuan.models.gan.music.game import MusicGame
from luokuan.models.gan.music.material import Part, counts_of, parts_of, window_at
from luokuan.models.gan.music.measure import Column, Comparison, compare
from luokuan.models.gan.music.model import MusicGan
from luokuan.models.gan.music.networks import Discriminator, Generator
from luokuan.models.gan.music.symbols import (
    PITCHES,
    SYMBOLS,
    moved,
    points,
    steps_above_tonic,
    straight_through,
    to_frames,
    to_symbols,
)
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.registry import load_music_model, makes_pictures
from luokuan.models.vae.music.encodings import ENCODINGS, HOLD, REST
from luokuan.models.vae.music.material import frames_of
from luokuan.store.home import open_home

WAY = ENCODINGS["satb", "quarter"]
VOICED = ENCODINGS["satb", "sixteenth"]
PIECES = frames_of(open_scores(CHORALES).split("train"), WAY).pieces
PARTS = parts_of(PIECES, WAY, window=32, bar=4.0)


def game(**changes: object) -> MusicGame:
    settings = GameSettings(objective("relativistic"), Gamma(0.1, 0.01), penalty_every=2, rate=2e-3, rate_end=2e-3)
    return MusicGame(tiny_config(counts=counts_of(PARTS)), settings, PARTS, held_out=PARTS, **changes)  # type: ignore[arg-type]


# --- symbols ------------------------------------------------------------------------------------------


def test_frames_come_back_from_symbols() -> None:
    for piece in PIECES:
        symbols = to_symbols(piece, WAY)
        assert symbols.min() >= 0 and symbols.max() < SYMBOLS - 1  # sets have no hold
        assert np.array_equal(to_frames(symbols, WAY), piece)
    voiced = np.array([[60, REST, 48, 40], [HOLD, 55, HOLD, 41], [62, HOLD, REST, HOLD]])
    assert np.array_equal(to_frames(to_symbols(voiced, VOICED), VOICED), voiced)


def test_what_no_score_can_hold_becomes_one_that_can() -> None:
    hold, rest = PITCHES + 1, PITCHES
    assert to_frames(np.array([[hold] * 4, [rest] * 4, [hold, 39, hold, rest]]), VOICED).tolist() == [
        [REST] * 4,
        [REST] * 4,
        [REST, 60, REST, REST],
    ]
    crossed = to_frames(np.array([[30, 39, 39, 50]]), WAY)  # two voices on one pitch, the bass above all
    assert crossed.tolist() == [[71, 51, 60, REST]]


def test_steps_above_the_tonic_move_with_it() -> None:
    steps = steps_above_tonic()
    assert steps[0, 60 - 21] == 0 and steps[2, 60 - 21] == 10 and steps[7, 67 - 21] == 0
    assert (steps[:, PITCHES:] == 12).all()


def test_a_hard_symbol_has_the_gradient_of_the_soft_one() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 3, SYMBOLS, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(5, 3, SYMBOLS)
    hard = straight_through(logits, temperature=0)
    assert torch.equal(hard.detach().round(), hard.detach()) or torch.allclose(hard.sum(-1), torch.ones(5, 3))
    assert torch.equal(hard.argmax(-1), logits.argmax(-1)) and float(hard.detach().max()) == pytest.approx(1)
    (found,) = torch.autograd.grad((hard * weights).sum(), logits)
    (soft,) = torch.autograd.grad((logits.softmax(-1) * weights).sum(), logits)
    assert torch.allclose(found, soft.to(found.dtype), atol=1e-6) and found.abs().sum() > 0


def test_symbols_are_drawn_as_often_as_their_softmax_says() -> None:
    logits = torch.log(torch.tensor([0.1, 0.6, 0.3])).expand(6000, 3)
    stream = torch.Generator().manual_seed(1)
    shares = straight_through(logits, stream=stream).mean(dim=0)
    assert torch.allclose(shares, torch.tensor([0.1, 0.6, 0.3]), atol=0.03)
    again = straight_through(logits, stream=torch.Generator().manual_seed(1)).mean(dim=0)
    assert torch.equal(shares, again)


# --- networks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "grid"), list(ENCODINGS))
def test_shapes(encoding: str, grid: str) -> None:
    config = tiny_config(encoding=encoding, grid=grid)
    torch.manual_seed(0)
    generator, critic = Generator(config), Discriminator(config)
    y = torch.tensor([0, 40, CLASSES - 1])
    made = generator(torch.randn(3, config.noise), y)
    assert made.shape == (3, config.window, config.way.voices, SYMBOLS)
    assert torch.allclose(made.sum(-1), torch.ones(made.shape[:3]), atol=1e-5)
    assert critic(made, y).shape == (3,)
    longer = generator(torch.randn(1, config.noise_for(3 * config.window + 1)), y[:1])
    assert longer.shape[1] == 3 * config.window + config.cell
    if config.way.sets:
        assert not made[..., PITCHES + 1].round().any()


def test_the_generator_learns_through_the_critic() -> None:
    config = tiny_config()
    torch.manual_seed(0)
    generator, critic = Generator(config), Discriminator(config)
    y = torch.tensor([0, 3])
    critic(generator(torch.randn(2, config.noise), y), y).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in generator.parameters())
    assert sum(float(p.grad.abs().sum()) for p in generator.heads.parameters() if p.grad is not None) > 0


def test_the_critic_judges_each_window_by_itself_and_by_its_key() -> None:
    config = tiny_config()
    torch.manual_seed(0)
    critic = Discriminator(config)
    x = points(torch.randint(PITCHES, (3, config.window, 4))).requires_grad_(True)
    y = torch.tensor([0, 0, 0])
    (gradient,) = torch.autograd.grad(critic(x, y)[1], x)
    assert gradient[1].abs().sum() > 0 and gradient[0].abs().sum() == 0 and gradient[2].abs().sum() == 0
    other = torch.tensor([class_of(5, major=False, density=2)] * 3)
    assert not torch.allclose(critic(x, y), critic(x, other))


@pytest.mark.parametrize(
    ("field", "value"),
    [("encoding", "x"), ("grid", "eighth"), ("width", 4), ("depth", 99), ("counts", (1, 2)), ("counts", (0,) * 72),
     ("kind", "image"), ("bar", 0.0), ("local", 0)],
)  # fmt: skip
def test_a_config_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        MusicGanConfig(**{**tiny_config().to_json(), field: value})


# --- the game -----------------------------------------------------------------------------------------


def test_windows_begin_with_bars_and_know_their_class() -> None:
    for part in PARTS:
        assert all(start % 4 == 0 and len(window_at(part, i, 32)) == 32 for i, start in enumerate(part.starts))
        assert 0 in part.shifts and len(part.densities) == len(part.starts)
        up = part.shifts[-1]
        third = part.densities[0]
        assert part.label(0, up) == class_of((part.key.tonic + up) % 12, major=part.key.major, density=third)
        sounding = moved(part.symbols, up)
        assert sounding[sounding < PITCHES].min() == part.symbols[part.symbols < PITCHES].min() + up
    thirds = Counter(third for part in PARTS for third in part.densities)
    assert set(thirds) == {0, 1, 2} and max(thirds.values()) < 0.6 * sum(thirds.values())
    assert sum(counts_of(PARTS)) == sum(len(part.starts) for part in PARTS)


def test_thirds_of_density_follow_the_notes() -> None:
    def at(third: int) -> list[float]:
        found = [(part, i) for part in PARTS for i in range(len(part.starts)) if part.densities[i] == third]
        return [density(_score(part, i)) for part, i in found]

    assert max(at(0)) <= min(at(2))


def _score(part: Part, place: int) -> Score:
    from luokuan.models.vae.music.encodings import decode

    return decode(to_frames(window_at(part, place, 32), WAY), WAY)


def test_batches_are_transposed_windows() -> None:
    played = game()
    torch.manual_seed(0)
    one, other = (played.batch(np.arange(len(PARTS))) for _draw in range(2))
    assert one.points.shape == (len(PARTS), 32, 4, SYMBOLS) and one.labels is not None
    assert not torch.equal(one.points, other.points)
    torch.manual_seed(0)
    assert torch.equal(one.points, played.batch(np.arange(len(PARTS))).points)
    plain = parts_of(PIECES, WAY, window=32, bar=4.0, transpose=False)
    assert all(part.shifts == (0,) for part in plain)


def test_validation_is_nearer_for_real_windows(tmp_path: Path) -> None:
    played = game()
    assert played.validated < 16 and played.validate({"generator": played.generator}) == {}
    settings = GameSettings(objective("relativistic"), Gamma(0.1, 0.01))
    held = parts_of([piece for piece in PIECES for _copy in range(2)], WAY, window=32, bar=4.0)
    more = MusicGame(tiny_config(counts=counts_of(PARTS)), settings, PARTS, held_out=held)
    assert more.validated >= 16

    class Real(torch.nn.Module):
        def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            rows = [window_at(PARTS[i % len(PARTS)], i % len(PARTS[i % len(PARTS)].starts), 32) for i in range(len(z))]
            return points(torch.from_numpy(np.stack(rows)))

    torch.manual_seed(0)
    with torch.no_grad():
        far = more.validate({"generator": more.generator})["frechet"]
        near = more.validate({"generator": Real()})["frechet"]
    assert near < 0.2 * far


def test_the_preview_is_a_piano_roll() -> None:
    played = game()
    torch.manual_seed(0)
    with torch.no_grad():
        shown = played.preview({"generator": played.generator})
    assert isinstance(shown, Picture) and shown.pixels.shape[1] > 2 * 32 * 16


def test_the_game_learns_a_chord(tmp_path: Path) -> None:
    """Of material that holds one chord, the generator soon plays its notes at least ten times as often as by chance."""
    chord = np.tile(np.array([[72, 48, 67, 60]]), (40, 1))
    parts = parts_of([chord, chord], WAY, window=32, bar=4.0, transpose=False)
    settings = GameSettings(objective("relativistic"), Gamma(0.1, 0.01), rate=3e-3, rate_end=3e-3)
    played = MusicGame(tiny_config(counts=counts_of(parts)), settings, parts)
    outcome = Training(played, Settings(160, 16, log_every=80), tmp_path, quiet=True).run()
    torch.manual_seed(0)
    with torch.no_grad():
        made = outcome.average["generator"](torch.randn(8, played.config.noise), torch.zeros(8, dtype=torch.int64))
    share = (made.argmax(-1).numpy() == to_symbols(chord[:32], WAY)[None]).mean()
    assert share > 10 / SYMBOLS, share


# --- folders ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_music_gan(tmp_path_factory.mktemp("gan") / "tiny").path


def test_equal_seeds_equal_music_of_any_length(folder: Path) -> None:
    model = load_music_model(folder)
    assert isinstance(model, MusicGan) and not makes_pictures(folder)
    one, again, other = (model.sample(seed, bars=3) for seed in (1, 1, 2))
    assert one == again and one != other and one.quarters <= 12 and len(one.tracks) == 4
    assert model.sample(1, bars=20).quarters > 70
    assert model.sample(1, bars=2, temperature=0) == model.sample(1, bars=2, temperature=0) != model.sample(1, bars=2)
    assert model.sample(1, bars=2, truncation=0.2) != model.sample(1, bars=2)


def test_wishes_choose_among_what_was_learnt(tmp_path: Path) -> None:
    classes = [class_of(2, major=True, density=0), class_of(9, major=False, density=2)]
    model = load_music_model(save_music_gan(tmp_path / "two", counts=counts(*classes)).path)
    assert isinstance(model, MusicGan)
    stream = torch.Generator().manual_seed(0)
    assert {int(model._drawn({}, stream)) for _draw in range(40)} == set(classes)
    assert {int(model._drawn({"mode": 1.0}, stream)) for _draw in range(9)} == {classes[1]}
    assert {int(model._drawn({"density": -1.0}, stream)) for _draw in range(9)} == {classes[0]}
    assert {int(model._drawn({}, stream, key=2)) for _draw in range(9)} == {classes[0]}
    assert {int(model._drawn({}, stream, density="high")) for _draw in range(9)} == {classes[1]}
    with pytest.raises(UserError, match="no music of that kind: --density medium, --key 'D major'"):
        model.sample(0, key=2, density="medium")
    with pytest.raises(UserError, match="no music of that kind: --mode minor, --density low"):
        model.sample(0, nudges={"mode": 1.0, "density": -1.0})


def test_it_starts_from_no_piece(folder: Path) -> None:
    model = load_music_model(folder)
    score = Score((Note(0, 1, 60),))
    for call in (lambda: model.vary(score, 0, noise=0.1), lambda: model.interpolate(score, score, 2)):
        with pytest.raises(UserError, match="is a GAN"):
            call()


def test_loading_is_strict(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for item in folder.iterdir():
        (broken / item.name).write_bytes(item.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"width": 32}))
    with pytest.raises(UserError) as raised:
        load_music_model(broken)
    assert raised.value.code == "model.tensors"
    (broken / "config.json").write_text(json.dumps(config | {"grid": "eighth"}))
    with pytest.raises(UserError, match=r"config\.json"):
        load_music_model(broken)


# --- measures -----------------------------------------------------------------------------------------


def test_all_are_measured_alike(tmp_path: Path) -> None:
    corpus = open_scores(write_excerpts(tmp_path / "corpus"))
    model = load_music_model(save_music_gan(tmp_path / "gan").path)
    vae = load_music_model(save_music(tmp_path / "vae").path)
    assert isinstance(model, MusicGan)
    found = compare(model, corpus, seed=3, beside=vae)
    assert (found.split, found.floor, found.pieces) == ("test", "validation", 8) and found.beside is not None
    columns = (found.generator, found.beside, found.real)
    assert all(column.figures.pieces == 8 and column.embedding is not None for column in columns)
    assert found.real.profile < found.generator.profile and found.real.figures.in_scale > 0.8
    assert found.to_json()["units"]["embedding"] and found.verdicts()
    alone = compare(model, corpus, seed=3)
    assert alone.beside is None and alone.real.embedding is None and alone.generator.figures == found.generator.figures


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    model = load_music_model(save_music_gan(tmp_path / "gan").path)
    melody = load_music_model(save_music(tmp_path / "vae", encoding="melody", grid="sixteenth").path)
    assert isinstance(model, MusicGan)
    with pytest.raises(UserError) as other:
        compare(model, open_scores(write_excerpts(tmp_path / "corpus")), beside=melody)
    assert other.value.code == "evaluation.encoding"
    with pytest.raises(UserError) as few:
        compare(model, open_scores(CHORALES))
    assert few.value.code == "evaluation.held_out"


@pytest.mark.parametrize(
    ("mine", "other", "said"),
    [(20.0, 21.0, "neither"), (30.0, 60.0, "nearer to held-out music than"), (60.0, 30.0, "The game brings nothing")],
)
def test_the_verdict_follows_the_distances(mine: float, other: float, said: str) -> None:
    figures = Figures(8, 0.95, 1.0, 2.5, 0.6, 0.05, 0.05, 3.0, 9, 0.0)
    columns = [Column(figures, 0.4, distance, None) for distance in (mine, other, 20.0)]
    found = Comparison("test", "validation", 8, 16, 8, 0, "satb", "quarter", 0, "vae", *columns)
    (verdict,) = found.verdicts()
    assert said in verdict and "vae" in verdict
    worse = Figures(8, 0.7, 1.0, 2.5, 0.6, 0.3, 0.05, 3.0, 20, 0.5)
    columns[0] = Column(worse, 0.9, mine, None)
    told = Comparison("test", "validation", 8, 16, 8, 0, "satb", "quarter", 0, None, columns[0], None, columns[2])
    assert len(told.verdicts()) >= 4


# --- training -----------------------------------------------------------------------------------------


def test_a_corpus_without_long_pieces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short-quarter.json").write_text(json.dumps({"train": [[[60, 64, 67]] * 8] * 5}))
    with pytest.raises(UserError) as raised:
        train_gan(tmp_path, home=open_home(tmp_path / "home"), name="x", steps=1, kind="music")
    assert raised.value.code == "corpus.too_small" and "32 frames" in str(raised.value)
