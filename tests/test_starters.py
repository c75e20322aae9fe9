"""The cards of the shipped models are complete, and their sentences follow from their figures."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from PIL import Image

from luokuan.foundation.modelcard import _command, storage_section
from luokuan.foundation.modelfolder import CARD, CONFIG, SHEET, STARTERS, TRAINING, WEIGHTS, read_folder
from luokuan.i18n import speaking
from luokuan.models.clip.card import command as clip_command
from luokuan.models.codec.card import _command as codec_command
from luokuan.models.evaluation.report import _likeness, _variety
from luokuan.models.plm.card import _command as plm_command
from luokuan.models.plm.music.card import command as songs_command
from luokuan.models.prior.card import _command as prior_command
from luokuan.models.seq2seq.card import _command as seq2seq_command
from luokuan.models.sound.card import command as sound_command
from luokuan.models.speech.card import command as speech_command
from luokuan.models.upscaler.card import command, comparison_table
from luokuan.models.upscaler.record import worth_using
from luokuan.models.vae.music.card import _command as music_command
from luokuan.models.vae.text.card import _command as sentences_command


def of_family(family: str) -> list[str]:
    folders = [path.parent for path in STARTERS.glob(f"*/{CONFIG}") if json.loads(path.read_text())["family"] == family]
    return sorted(folder.name for folder in folders)


FAMILIES = ("gan", "upscaler", "codec", "prior", "plm", "seq2seq", "vae", "sound", "clip", "speech")
GANS, UPSCALERS, CODECS, PRIORS, ALL_PLMS, TRANSLATORS, VAES, SOUNDS, CLIPS, VOICES = map(of_family, FAMILIES)
SONGS = [name for name in ALL_PLMS if json.loads((STARTERS / name / CONFIG).read_text()).get("kind") == "music"]
PLMS = [name for name in ALL_PLMS if name not in SONGS]


def figures(card: str, name: str) -> list[list[float]]:
    """The numbers in each cell of a row: as they come, ranked, floor."""
    (row,) = re.findall(rf"^\| {name}[^|]*\|(.*)\|$", card, flags=re.MULTILINE)
    return [[float(number) for number in re.findall(r"[\d.]+", cell)] for cell in row.split("|")]


@pytest.mark.parametrize("name", GANS)
def test_a_gans_card_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 8_000_000
    assert f"\n{_command(training)}\n" in card  # the recipe
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert re.search(r"^\d+ samples \(seed \d+\) against \d+ held-out pictures", card, flags=re.MULTILINE)
    assert len(re.findall(r"^luokuan evaluate MODEL CORPUS -n \d+ --seed \d+ .*--among \d+$", card, re.MULTILINE)) == 2
    for row in ("Fréchet distance", "kernel distance", "precision", "recall", "density", "coverage"):
        assert len(figures(card, row)) == 3, row
    assert re.search(rf"!\[.*seed \d+\]\({SHEET}\)", card)
    with Image.open(folder / SHEET) as sheet:
        assert min(sheet.size) > 200


@pytest.mark.parametrize("name", GANS)
def test_a_gans_card_says_what_its_figures_say(name: str) -> None:
    card = (STARTERS / name / CARD).read_text(encoding="utf-8")

    def column(index: int) -> SimpleNamespace:
        kernel = dict(zip(("mean", "low", "high"), figures(card, "kernel distance")[index], strict=True))
        share = {key: figures(card, key)[index][0] for key in ("coverage", "recall")}
        return SimpleNamespace(
            frechet=figures(card, "Fréchet distance")[index][0],
            kernel=SimpleNamespace(**kernel),
            neighbourhood=SimpleNamespace(**share),
        )

    report = SimpleNamespace(result=column(0), floor=column(2))
    with speaking("en"):
        for verdict in (_variety(report), _likeness(report)):  # type: ignore[arg-type]
            # The figures in the sentence come from unrounded ones; the judgement is what must agree.
            assert re.split("[:,]", verdict)[0] in card


@pytest.mark.parametrize("name", UPSCALERS)
def test_an_upscalers_card_is_complete_and_its_record_good(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 1_000_000
    assert worth_using(training)
    assert f"\n{command(training)}\n" in card and comparison_table(training["comparison"]) in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    # One table for the end of the training, one for each corpus, with the command that repeats it.
    assert card.count("| this upscaler |") == 1 + len(training["corpus"].get("digests", "1"))
    assert len(re.findall(r"^luokuan evaluate MODEL CORPUS --size \d+ --seed \d+$", card, re.MULTILINE)) >= 1
    with Image.open(folder / SHEET) as sheet:
        assert min(sheet.size) > 200


@pytest.mark.parametrize("name", CODECS)
def test_a_codecs_card_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 8_000_000
    assert f"\n{codec_command(training)}\n" in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    # A row for each corpus, those that it learnt from and one that it never saw, at 64 and at 128 pixels.
    rows = re.findall(r"^\| [^|]+, (64|128)², \d+ \|", card, flags=re.MULTILINE)
    assert rows.count("64") == rows.count("128") > len(training["corpus"]["digests"])


@pytest.mark.parametrize("name", PRIORS)
def test_a_priors_card_is_complete_and_its_codec_at_hand(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    config, training = (json.loads((folder / part).read_text(encoding="utf-8")) for part in (CONFIG, TRAINING))
    assert (folder / WEIGHTS).stat().st_size < 8_000_000
    assert f"\n{prior_command(config, training)}\n" in card
    assert config["codec_digest"] == read_folder(STARTERS / config["codec"]).network_digest
    for row in ("Fréchet distance", "kernel distance", "precision", "recall", "density", "coverage"):
        assert len(figures(card, row)) == 3, row
    assert "recognis" in card  # what fresh eyes said of it


@pytest.mark.parametrize("name", PLMS)
def test_a_language_models_card_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size <= 10_000_000
    assert f"\n{plm_command(training)}\n" in card  # the recipe
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    measured = training["measured"]["validation/nats_per_token"]
    assert f"{measured:.4f} nats a token" in card
    assert list(folder.glob("LICENSE*"))


@pytest.mark.parametrize("name", [name for name in PLMS if name == "copy-en"])
def test_a_copywriters_card_says_that_it_tells_what_it_is_given(name: str) -> None:
    card = (STARTERS / name / CARD).read_text(encoding="utf-8")
    briefs, wrong = (figures(card, row) for row in (r"briefs(?= \|)", "slot error rate"))
    assert [cell[0] for cell in briefs] == [briefs[0][0]] * 4 and briefs[0][0] >= 1000
    assert wrong[0][0] <= wrong[2][0] and wrong[0][0] < 0.01


@pytest.mark.parametrize("name", [name for name in PLMS if name == "copy-zh"])
def test_a_chinese_copywriters_card_says_that_it_keeps_the_rules(name: str) -> None:
    card = (STARTERS / name / CARD).read_text(encoding="utf-8")
    rows = (
        "slot error rate",
        "sentences with such a fact",
        "all four rules",
        "given first characters",
        "holds the word",
    )
    wrong, uncalled, rules, heads, words = (figures(card, row) for row in rows)
    assert uncalled[0] == [0.0] and wrong[0][0] < 0.05
    assert rules[0] == heads[0] == words[0] == [1.0] and 0 < rules[2][0] < 1
    assert card.count("stand in the training part") == 3


@pytest.mark.parametrize("name", [name for name in PLMS if name.startswith("verse")])
def test_a_poets_card_says_that_it_keeps_the_form(name: str) -> None:
    card = (STARTERS / name / CARD).read_text(encoding="utf-8")
    poems, kept, rhymes = (figures(card, row) for row in (r"poems(?= \|)", "form kept", "rhyme kept"))
    assert [cell[0] for cell in poems] == [500, 500, 500]
    assert kept[0] == [1.0] and kept[2] == [1.0] and rhymes[0] == [1.0]
    assert all(0 < share <= 1 for (share,) in (*kept, *rhymes))


@pytest.mark.parametrize("name", [name for name in PLMS if name.startswith("prose")])
def test_a_novelists_card_says_how_much_it_copies(name: str) -> None:
    card = (STARTERS / name / CARD).read_text(encoding="utf-8")
    texts, kinds, longest = (figures(card, row) for row in (r"texts(?= \|)", "distinct-2", "the same, longest"))
    assert texts == [[40.0], [40.0]]
    assert 0 < kinds[0][0] < kinds[1][0] < 1
    assert longest[0][0] <= longest[1][0]
    assert card.count("> **") == 6


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translators_card_is_complete_and_it_beats_a_memory(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size <= 10_000_000
    assert f"\n{seq2seq_command(training)}\n" in card  # the recipe
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert f"{training['measured']['validation/nats_per_token']:.4f} nats a token" in card
    for start, to in json.loads((folder / CONFIG).read_text(encoding="utf-8"))["directions"]:
        cells = figures(card, f"{start} → {to}")
        assert cells[0][0] == 1000 and cells[3][0] >= 5, (start, to)
    assert "version:2." in card


@pytest.mark.parametrize("name", VAES)
def test_a_vaes_card_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    kind = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["kind"]
    assert (folder / WEIGHTS).stat().st_size < 6_000_000
    command = {"text": sentences_command, "music": music_command}[kind](training)
    assert f"\n{command}\n" in card  # the recipe
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert all(sentence in card for sentence in training["verdicts"])
    unit = {"text": "nats a sentence", "music": "nats a frame"}[kind]
    assert len(re.findall(rf"[\d.]+ {unit}|\({unit}\) \| [\d.]+", card)) >= 2
    assert "seed 0" in card and re.search(r"\d+ draws", card)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_models_card_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 6_000_000
    assert f"\n{sound_command(training)}\n" in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert training["corpus"]["aliases"]["雨"] == "rain"
    for row in ("recognised by the classifier", "Fréchet distance", "distance to the nearest training clip"):
        assert len(figures(card, row)) == 3, row
    assert re.search(r"^luokuan evaluate MODEL CORPUS -n \d+ --seed \d+$", card, re.MULTILINE)
    assert "penultimate layer" in card and re.search(rf"!\[.*seed \d+\]\({SHEET}\)", card)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_models_card_is_complete_and_its_licence_beside_it(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 8_000_000
    assert f"\n{clip_command(training)}\n" in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert training["corpus"]["aliases"]["south"] == "down"
    for row in ("action: recognised", "flicker", "distance to the nearest training clip", "nearly copies"):
        assert len(figures(card, row)) == 3, row
    assert re.search(r"^luokuan evaluate MODEL CORPUS -n \d+ --seed \d+$", card, re.MULTILINE)
    assert re.search(rf"!\[.*seed \d+\]\({SHEET}\)", card)
    if "-SA" in training["corpus"]["licence"]:
        assert list(folder.glob("LICENSE*")) and list(folder.glob("AUTHORS*"))


@pytest.mark.parametrize("name", SONGS)
def test_the_card_of_a_language_model_of_music_is_complete(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size <= 8_000_000
    assert f"\n{songs_command(training)}\n" in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert f"{training['measured']['validation/nats_per_token']:.4f} nats a token" in card
    for row in ("share of notes in the natural scale", "share of bars that hold the same", "longest run of melody"):
        assert len(figures(card, row)) == 2, row
    assert re.search(rf"!\[.*seed \d+ and on\]\({SHEET}\)", card)
    with Image.open(folder / SHEET) as sheet:
        assert min(sheet.size) > 200


@pytest.mark.parametrize("name", VOICES)
def test_a_voices_card_is_complete_and_names_the_consent(name: str) -> None:
    folder = STARTERS / name
    card = (folder / CARD).read_text(encoding="utf-8")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    assert (folder / WEIGHTS).stat().st_size < 10_000_000
    assert f"\n{speech_command(training)}\n" in card
    assert training["corpus"]["digest"] in card and training["corpus"]["licence"] in card
    assert training["corpus"]["consent"] and training["corpus"]["consent"] in card
    for row in ("this voice", "recordings", "voice heart"):
        assert len(figures(card, row)) == 2, row
    assert re.search(r"^50 held-out sentences, \d+ words, seed \d+", card, re.MULTILINE)
    assert re.search(rf"!\[.*seed \d+\]\({SHEET}\)", card)
    with Image.open(folder / SHEET) as sheet:
        assert sheet.width > 400 and sheet.height >= 2 * 80  # two rows of mel bands


def test_starters_stay_small() -> None:
    """A download of the package carries them all."""
    sizes = {path: path.stat().st_size for path in STARTERS.rglob("*") if path.is_file()}
    assert all(size <= 10_000_000 for path, size in sizes.items() if path.name == WEIGHTS)
    assert sum(sizes.values()) <= 90_000_000


@pytest.mark.parametrize("name", sorted(path.parent.name for path in STARTERS.glob(f"*/{CONFIG}")))
def test_a_card_says_how_weights_are_stored(name: str) -> None:
    folder = read_folder(STARTERS / name)
    card = (folder.path / CARD).read_text(encoding="utf-8")
    assert (storage_section(measured=True) in card) == (folder.stored == "int8")
    assert storage_section(measured=False) not in card  # its figures are of what is shipped
    assert not list(folder.path.glob("*.png"))
