"""Songs as works: new ones, ones that go on, accompaniment, gaps; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from musicplms import save_music_plm, song
from scores_for_tests import DATA, END, chunk, midi, save_music

from luokuan.colophon.finish import export_work
from luokuan.colophon.formats import Encoding
from luokuan.colophon.formats.midi import MIDI
from luokuan.colophon.verification import verify_file
from luokuan.create.pieces import Start, Wish, create_music, draft_music
from luokuan.create.rendering import LOUDNESS, levelled, rendered
from luokuan.create.shorts.mixing import loudness, stereo
from luokuan.create.songs import Task, key_number, voice_of
from luokuan.errors import UserError
from luokuan.media import Note, Score, Sound
from luokuan.models.registry import load_music_model
from luokuan.store.home import open_home

GIVEN = Start(song(), "a" * 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_music_plm(tmp_path_factory.mktemp("songs") / "songs").path


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("C major", 0), ("a minor", 21), ("F# minor", 18), ("Bb major", 10), ("Bbm", 22), ("G", 7), ("c♯ min", 13),
        ("降E大调", 3), ("升f小调", 18), ("A小调", 21), ("Cb maj", 11),
    ],
)  # fmt: skip
def test_keys(text: str, number: int) -> None:
    assert key_number(text) == number


@pytest.mark.parametrize("text", ["", "H", "AM", "C##", "A dorian", "minor", "降Eb大调", "1", "A minor please", "🎵"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UserError, match="is no key"):
        key_number(text)


def test_drafts_tell_what_they_come_from(folder: Path) -> None:
    model = load_music_model(folder)
    alone = next(draft_music(Wish(bars=2, key="A minor", density="medium"), model=model, seed=8))
    together = list(draft_music(Wish(bars=2, key="A minor", density="medium"), model=model, seed=7, count=2))
    assert together[1].media == alone.media and alone.recipe.seed == 8
    said = alone.recipe.parameters
    assert said["key"] == "A minor" and said["density"] == "medium" and said["bars"] == 2 and said["top_p"] == 0.95
    tasks: list[tuple[Task, str]] = [
        (Task("continue", GIVEN), "continue"),
        (Task("accompany", GIVEN), "accompany"),
        (Task("infill", GIVEN, 2, 3), "infill"),
    ]
    for task, name in tasks:
        (draft,) = draft_music(Wish(bars=1), model=model, task=task)
        assert isinstance(draft.media, Score) and draft.media.tempo == 80
        assert draft.recipe.parameters[name] == "a" * 64
    assert draft.recipe.parameters["from_bar"] == 2 and "bars" not in draft.recipe.parameters


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [("audio/midi", "mid"), ("audio/ogg", "ogg"), ("image/svg+xml", "svg"), ("application/pdf", "pdf")],
)
def test_finished_songs_verify(folder: Path, tmp_path: Path, media_type: str, ending: str) -> None:
    for name in {"svg": ("verovio",), "pdf": ("verovio", "fpdf")}.get(ending, ()):
        pytest.importorskip(name)
    home, source = open_home(), tmp_path / "given.mid"
    source.write_bytes(midi(chunk(b"\x00\xff\x03\x06MELODY" + 8 * (b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x00") + END)))
    (work,) = create_music(model=folder, accompany=source, media_type=media_type, font="", home=home, seed=3)
    exported = export_work(work, tmp_path / f"x.{ending}")
    assert exported.path is not None and verify_file(exported.path, home).verdict == "ours"
    assert work.kind == "music" and len(work.recipe.parameters["accompany"]) == 64


def test_sounds_are_as_loud_as_streamed_music() -> None:
    sound = rendered(song(1), "audio/wav", None)
    assert isinstance(sound, Sound)
    found = loudness(stereo(sound))
    assert found == pytest.approx(LOUDNESS, abs=0.2) or abs(sound.samples).max() == pytest.approx(0.89, abs=0.01)
    silent = Sound(sound.samples[:, :4000] * 0, sound.rate)
    assert levelled(silent) is silent
    assert voice_of(song()) == "pluck" and voice_of(Score((Note(0, 1, 60),))) == "pluck"
    assert voice_of(Score((Note(0, 1, 60),), tracks=("soprano", "alto"))) == "organ"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"go_on": "song", "accompany": "song"}, "--accompany has no say with --continue"),
        ({"like": "song", "infill": "song"}, "--infill has no say with --like"),
        ({"infill": "song"}, "--infill has no say without --from-bar"),
        ({"infill": "song", "from_bar": 1}, "--infill has no say without --to-bar"),
        ({"go_on": "song", "to_bar": 1}, "--to-bar has no say without --infill"),
        ({"infill": "song", "from_bar": 2, "to_bar": 40}, "not in the piece"),
        ({"infill": "song", "from_bar": 0, "to_bar": 1}, "not in the piece"),
        ({"go_on": "silent"}, "no notes"),
        ({"accompany": "words"}, "no MIDI"),
        ({"infill": "cut", "from_bar": 1, "to_bar": 1}, "damaged"),
        ({"go_on": "absent"}, ""),
        ({"like": "song"}, "--like, --from, --to has no say with"),
        ({"wish": Wish(mode="minor")}, "--mode has no say with"),
        ({"wish": Wish(truncation=0.5)}, "--truncation has no say with"),
        ({"wish": Wish(bars=0)}, "number of bars"),
        ({"wish": Wish(bars=10**6)}, "number of bars"),
        ({"wish": Wish(key="H dur")}, "is no key"),
        ({"wish": Wish(density="some")}, "--density"),
    ],
)
def test_what_cannot_be_made_is_refused(folder: Path, tmp_path: Path, options: dict[str, Any], what: str) -> None:
    files = {
        "song": MIDI.encode(song(), Encoding()),
        "silent": midi(chunk(END)),
        "words": b"words",
        "cut": (DATA / "chorale-1.mid").read_bytes()[:200],
    }
    for name, data in files.items():
        (tmp_path / f"{name}.mid").write_bytes(data)
    given = {key: tmp_path / f"{value}.mid" if isinstance(value, str) else value for key, value in options.items()}
    with pytest.raises(UserError) as caught:
        list(create_music(given.pop("wish", None), model=folder, **given))
    assert what in caught.value.what


def test_other_models_do_not_take_them(tmp_path: Path) -> None:
    vae = save_music(tmp_path / "vae").path
    model = load_music_model(vae)
    for wish, task in ((Wish(key="A minor"), None), (Wish(density="medium"), None), (Wish(), Task("continue", GIVEN))):
        with pytest.raises(UserError, match="has no say with 'vae'"):
            list(draft_music(wish, model=model, task=task))
    with pytest.raises(UserError, match="no music"):
        list(create_music(model="garments-32", accompany=DATA / "chorale-1.mid"))
