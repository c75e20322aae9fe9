"""Works of music: MIDI, sound and piano-rolls that verify, from nothing, from a piece, between two."""

from __future__ import annotations

from pathlib import Path

import pytest
from scores_for_tests import DATA, END, chunk, midi, save_music

import luokuan
from luokuan.colophon.finish import export_work
from luokuan.colophon.verification import verify_file
from luokuan.create.pieces import AMONG, Start, Wish, create_music, draft_music, rendered
from luokuan.create.rendering import FOOT
from luokuan.errors import UserError
from luokuan.media import Note, Picture, Score, Sound
from luokuan.models.evaluation.music import density
from luokuan.models.registry import load_music_model
from luokuan.models.vae.music.model import MusicVae
from luokuan.models.vae.music.pianoroll import PAPER
from luokuan.store.home import open_home


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_music(tmp_path_factory.mktemp("music") / "tiny").path


@pytest.fixture(scope="module")
def model(folder: Path) -> MusicVae:
    return load_music_model(folder)


SHORT = Score(tuple(Note(at, 1, pitch) for at in range(16) for pitch in (60, 64, 67 + at % 3)))
OTHER = Score(tuple(Note(at, 1, pitch) for at in range(16) for pitch in (57, 60, 64 + at % 2)))


def test_drafts_do_not_depend_on_their_number(model: MusicVae) -> None:
    alone = next(draft_music(Wish(bars=1), model=model, seed=8))
    together = list(draft_music(Wish(bars=1), model=model, seed=7, count=2))
    assert together[1].media == alone.media and alone.kind == "music" and alone.recipe.seed == 8
    assert alone.recipe.parameters["bars"] == 1 and alone.recipe.licence == "CC0-1.0"


def test_variations_and_ways(model: MusicVae) -> None:
    one, other = Start(SHORT, "a" * 64), Start(OTHER, "b" * 64)
    (varied,) = draft_music(Wish(noise=0.2), model=model, like=one)
    assert varied.recipe.parameters["like"] == "a" * 64 and varied.recipe.parameters["noise"] == 0.2
    steps = list(draft_music(Wish(steps=3), model=model, ends=(one, other)))
    assert [step.recipe.parameters["step"] for step in steps] == [1, 2, 3]
    (strip,) = draft_music(Wish(steps=3, strip=True), model=model, ends=(one, other))
    assert isinstance(strip.media, Score)
    assert len(strip.media.notes) == sum(len(step.media.notes) for step in steps if isinstance(step.media, Score))


def test_wishes_are_heard(model: MusicVae) -> None:
    (few,) = draft_music(Wish(bars=2, density="low"), model=model)
    (many,) = draft_music(Wish(bars=2, density="high"), model=model)
    assert isinstance(few.media, Score) and isinstance(many.media, Score)
    assert density(few.media) <= density(many.media)
    assert few.recipe.parameters["among"] == AMONG and few.recipe.parameters["density"] == "low"
    (minor,) = draft_music(Wish(bars=1, mode="minor"), model=model)
    assert minor.recipe.parameters["mode"] == "minor" and 0 <= minor.recipe.parameters["taken"] < AMONG


@pytest.mark.parametrize(
    ("wish", "options", "what"),
    [
        (Wish(mode="dorian"), {}, "--mode"),
        (Wish(density="none"), {}, "--density"),
        (Wish(tempo=0), {}, "--tempo"),
        (Wish(temperature=-1), {}, "--temperature"),
        (Wish(truncation=2), {}, "--truncation"),
        (Wish(steps=1), {}, "--steps"),
        (Wish(noise=2), {"like": Start(SHORT, "a" * 64)}, "--noise"),
        (Wish(noise=0.5), {}, "--noise has no say without --like"),
        (Wish(strip=True), {}, "--strip has no say without --from"),
        (Wish(mode="minor"), {"ends": (Start(SHORT, "a" * 64), Start(OTHER, "b" * 64))}, "--mode has no say"),
        (Wish(), {"count": 0}, "--count"),
        (Wish(), {"seed": -1}, "--seed"),
        (Wish(bars=0), {}, "bars"),
    ],
)
def test_what_cannot_be_made_is_refused(model: MusicVae, wish: Wish, options: dict[str, object], what: str) -> None:
    with pytest.raises(UserError) as caught:
        list(draft_music(wish, model=model, **options))  # type: ignore[arg-type]
    assert what in caught.value.what


def test_rendered_by_media_type() -> None:
    assert rendered(SHORT, "audio/midi", None) is SHORT
    assert isinstance(rendered(SHORT, "audio/wav", None), Sound)
    picture = rendered(SHORT, "image/png", None)
    assert isinstance(picture, Picture) and picture.width == 16 * 24
    # The explicit label has its room below the notes.
    assert (picture.pixels[-round(FOOT * picture.height / (1 + FOOT)) + 1 :] == PAPER).all()


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [("audio/midi", "mid"), ("audio/wav", "wav"), ("audio/ogg", "ogg"), ("image/png", "png")],
)
def test_finished_works_verify(folder: Path, tmp_path: Path, media_type: str, ending: str) -> None:
    home = open_home()
    (work,) = create_music(Wish(bars=2), model=folder, seed=4, media_type=media_type, font="", home=home)
    exported = export_work(work, tmp_path / f"x.{ending}")
    assert exported.path is not None and verify_file(exported.path, home).verdict == "ours"
    assert work.kind == "music" and work.label
    told = work.recipe.parameters.get("synthesiser")
    assert told == ("built-in" if media_type in ("audio/wav", "audio/ogg") else None)


def test_a_work_may_start_from_a_work(folder: Path, tmp_path: Path) -> None:
    home = open_home()
    (first,) = create_music(Wish(bars=2), model=folder, seed=1, home=home)
    path = tmp_path / "first.mid"
    export_work(first, path)
    (varied,) = create_music(Wish(noise=0.5), model=folder, like=path, home=home)
    assert varied.recipe.parameters["like"] == first.sha256
    steps = list(create_music(Wish(steps=2), model=folder, start=path, to=DATA / "chorale-2.mid", home=home))
    assert len(steps) == 2


def test_wrong_files_are_refused(folder: Path, tmp_path: Path) -> None:
    silent, other = tmp_path / "silent.mid", tmp_path / "x.txt"
    silent.write_bytes(midi(chunk(END)))
    other.write_text("words", encoding="utf-8")
    for path, what in ((silent, "no notes"), (other, "no MIDI"), (tmp_path / "absent.mid", "")):
        with pytest.raises(UserError) as caught:
            list(create_music(model=folder, like=path))
        assert what in caught.value.what
    with pytest.raises(UserError, match="two ends"):
        list(create_music(model=folder, start=silent))
    with pytest.raises(UserError, match="--soundfont has no say"):
        list(create_music(model=folder, font=other))
    with pytest.raises(UserError, match="no SoundFont"):
        list(create_music(model=folder, media_type="audio/wav", font=other))
    with pytest.raises(UserError, match="no music"):
        list(create_music(model="garments-32"))


def test_the_facade(folder: Path) -> None:
    work = luokuan.create.music(model=folder, seed=2, bars=1)
    assert work.media_type == "audio/midi" and work.recipe.parameters["bars"] == 1
