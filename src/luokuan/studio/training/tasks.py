"""What can be trained in the browser, in plain words. A new row is a new thing to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _


@dataclass(frozen=True, slots=True)
class Task:
    """Something to train.

    Args:
        key: Its name in addresses and forms.
        family: Which ``luokuan train`` it is.
        title: What comes out of it.
        says: In a sentence, when to choose it.
        material: Kinds of corpora that it learns from, see ``material.reports``.
        choices: Fixed ones of the family's run.
        sizes: What ``size`` may be, the first one being usual; empty: it has none.
        base: Whether it goes on from a language model that is to be named.
        evaluated: Whether ``evaluate.model`` measures what comes out.
    """

    key: str
    family: str
    title: str
    says: str
    material: tuple[str, ...]
    choices: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[int | str, ...] = ()
    base: bool = False
    evaluated: bool = True


def tasks() -> tuple[Task, ...]:
    """All of them, in the reader's language."""
    pictures, text = ("pictures",), ("text",)
    return (
        Task(
            "latent", "gan", _("Pictures by class, in the space of the shipped codec"),
            _("The best choice for a catalogue: a GAN that learns in minutes, because a codec has learnt pictures "
              "already."),
            pictures, {"space": "latent", "condition": "class"}, (64, 128),
        ),
        Task(
            "prior", "prior", _("Pictures by class, attribute or caption"),
            _("A transformer over the codec's tokens: slower, but varied, and it reads captions where there are some."),
            pictures, {}, (64, 128),
        ),
        Task(
            "gan", "gan", _("Pictures by class, from pixels"),
            _("A GAN that starts from nothing: for pictures unlike photographs, such as signs and patterns."),
            pictures, {"space": "pixels", "condition": "class"}, (64, 32, 128),
        ),
        Task(
            "vae", "vae", _("Pictures with a map of what they have in common"),
            _("A VAE: softer pictures, but one can walk from one to another and ask how likely one is."),
            pictures, {"kind": "image"}, (64, 32),
        ),
        Task(
            "plm", "plm", _("A language model of its own"),
            _("It writes as the corpus does. Some millions of characters give good results."),
            text, {}, ("micro", "nano", "small"),
        ),
        Task(
            "tune", "plm", _("A language model, taught further"),
            _("Goes on from a model that can write already, with texts, or with examples of question and answer."),
            ("text", "examples"), {"method": "sft"}, base=True,
        ),
        Task(
            "sentences", "vae", _("Sentences with a map of what they mean"),
            _("A VAE of sentences: one can walk from one sentence to another."),
            text, {"kind": "text"}, ("micro", "nano", "small"), evaluated=False,
        ),
        Task(
            "textgan", "gan", _("English sentences by a GAN"),
            _("It plays in the latents of the starter 'sentences'. For those who want to compare the families."),
            text, {"kind": "text"}, evaluated=False,
        ),
        Task(
            "music", "vae", _("Music in four voices"),
            _("A VAE of music: from .mid files, or .json files of frames."),
            ("music",), {"kind": "music"}, evaluated=False,
        ),
        Task(
            "songs", "plm", _("Songs in three parts"),
            _("A language model of melody, bridge and piano: from .mid files of whole songs. It goes on, accompanies "
              "and fills gaps."),
            ("music",), {"kind": "music"}, ("micro", "nano"), evaluated=False,
        ),
        Task(
            "musicgan", "gan", _("Music by a GAN"),
            _("It can be asked for a mode and a density. For those who want to compare the families."),
            ("music",), {"kind": "music"}, evaluated=False,
        ),
        Task(
            "sound", "sound", _("Sound effects by category"),
            _("A codec of sound and a transformer over its tokens: from WAV, FLAC, OGG or MP3 files."),
            ("sounds",), evaluated=False,
        ),
        Task(
            "clip", "clip", _("Short clips by attribute"),
            _("A codec of frames and a transformer over clips: from animations or strips of frames with metadata.jsonl "
              "or .csv."),
            ("clips",), evaluated=False,
        ),
        Task(
            "speech", "speech", _("A voice that reads English"),
            _("From one speaker's recordings with their texts. It takes an hour of speech and hours of training."),
            ("speech",), evaluated=False,
        ),
        Task(
            "translation", "seq2seq", _("Translation between two languages"),
            _("From .jsonl files with a column for each language."),
            ("pairs",), {}, ("micro", "nano", "small"), evaluated=False,
        ),
        Task(
            "upscaler", "upscaler", _("An enlarger of pictures"),
            _("Doubles the sides of pictures, as the material looks."),
            pictures,
        ),
        Task(
            "codec", "codec", _("A codec of pictures"),
            _("The space in which other models work. The shipped one does for most; it takes hours and many pictures."),
            pictures,
        ),
    )  # fmt: skip


def task_named(key: str) -> Task:
    """The task of this name.

    Raises:
        UserError: there is none.
    """
    found = next((task for task in tasks() if task.key == key), None)
    if found is None:
        raise UserError(
            _("There is nothing of this name to train."),
            _("Choose one from the list."),
            code="task.unknown",
            status=422,
        )
    return found


@dataclass(frozen=True, slots=True)
class Length:
    """How long to train. ``minutes`` None: as is typed."""

    key: str
    title: str
    minutes: float | None


def lengths() -> tuple[Length, ...]:
    """What is offered."""
    return (
        Length("try", _("a trial: 2 minutes"), 2.0),
        Length("short", _("10 minutes"), 10.0),
        Length("hour", _("one hour"), 60.0),
        Length("night", _("a night: 8 hours"), 480.0),
        Length("own", _("as typed below"), None),
    )


def material_word(kind: str) -> str:
    """A kind of material, for people."""
    return {
        "pictures": _("pictures"),
        "text": _("text"),
        "music": _("music"),
        "sounds": _("sounds"),
        "clips": _("clips"),
        "speech": _("recordings with their texts"),
        "pairs": _("pairs of sentences"),
        "examples": _("examples"),
    }.get(kind, kind)


def unit_word(unit: str) -> str:
    """What an item of a training is, for people."""
    return {
        "pictures": _("pictures"),
        "windows": _("windows of text"),
        "examples": _("examples"),
        "pairs": _("pairs"),
        "sentences": _("sentences"),
        "texts": _("texts"),
        "pieces": _("pieces"),
        "clips": _("clips"),
        "animations": _("clips"),
        "utterances": _("utterances"),
    }.get(unit, unit)


def family_word(family: str, choices: Mapping[str, Any]) -> str:
    """What a run trains, for people, by its family and choices."""
    usual = {"kind": "image", "space": "pixels"}
    goes_on = family == "plm" and bool(choices.get("base"))
    for task in tasks():
        fits = all((choices.get(key) or value) == task.choices.get(key, value) for key, value in usual.items())
        if task.family == family and fits and task.base == goes_on:
            return task.title
    return family
