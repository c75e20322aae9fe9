"""Songs: pieces of melody, bridge and piano by a language model of music: new ones, ones that go on, parts for a
melody, gaps filled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Score

if TYPE_CHECKING:
    from luokuan.colophon.schema import Draft
    from luokuan.create.pieces import Start, Wish
    from luokuan.models.gan.music.model import MusicGan
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.vae.music.model import MusicVae

BARS = 16
"""Bars of a piece where nothing is said."""
_ENGLISH = re.compile(r"([A-Ga-g])([#♯b♭]?)\s*(major|minor|maj|min|m|)", re.IGNORECASE)
_CHINESE = re.compile(r"([升降]?)([A-Ga-g])([#♯b♭]?)\s*(大调|小调)")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"#": 1, "♯": 1, "升": 1, "b": -1, "♭": -1, "降": -1}


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with a given score.

    Args:
        name: ``continue``: bars are added; ``accompany``: the other parts are written to its melody; ``infill``: the
            bars ``first`` to ``last``, counted from 1 and both included, are written anew.
        start: The score.
    """

    name: Literal["continue", "accompany", "infill"]
    start: Start
    first: int = 0
    last: int = 0


def key_number(text: str) -> int:
    """A key such as ``A minor``, ``F# major``, ``Bbm`` or ``降E大调``: 0 … 11 C major to B major, 12 … 23 C minor to B
    minor.

    Raises:
        UserError: it is none.
    """
    if found := _ENGLISH.fullmatch(text.strip()):
        tonic, sign, mode = found.groups()
        # A capital M is no minor.
        minor = mode.lower() in ("minor", "min") or mode == "m"
        good = mode != "M"
    elif found := _CHINESE.fullmatch(text.strip()):
        before, tonic, behind, mode = found.groups()
        sign, minor, good = before or behind, mode == "小调", not (before and behind)
    else:
        tonic = sign = ""
        minor = good = False
    if not good:
        raise UserError(
            _("'{text}' is no key.", text=text[:40]),
            _("Give one such as 'C major', 'A minor', 'F# minor' or 'Bb major'."),
            code="create.key",
        )
    return (_STEPS[tonic.upper()] + _SIGNS.get(sign, 0)) % 12 + (12 if minor else 0)


def check_tasks(given: dict[str, bool], *, first: int | None, last: int | None) -> None:
    """Refuse several things at once, and bars that belong to none.

    Args:
        given: Option to whether it was given, of those of which one at most may be.

    Raises:
        UserError: see above.
    """
    chosen = [option for option, there in given.items() if there]
    if len(chosen) > 1:
        raise UserError(
            _("{option} has no say with {other}.", option=chosen[1], other=chosen[0]),
            _("Leave one of them out."),
            code="create.option",
        )
    filling = given.get("--infill", False)
    for option, value in (("--from-bar", first), ("--to-bar", last)):
        if filling and value is None:
            raise UserError(
                _("{option} has no say without {other}.", option="--infill", other=option),
                _("Add {other}, or leave it out.", other=option),
                code="create.option",
            )
        if not filling and value is not None:
            raise UserError(
                _("{option} has no say without {other}.", option=option, other="--infill"),
                _("Add {other}, or leave it out.", other="--infill"),
                code="create.option",
            )


def check_songs(wish: Wish, model: MusicPlm, *, elsewhere: bool) -> None:
    """Refuse what only models with latents do.

    Args:
        elsewhere: Whether a piece was given that only such a model can use.

    Raises:
        UserError: see above.
    """
    rules = (
        (elsewhere, "--like, --from, --to"),
        (wish.mode is not None, "--mode"),
        (wish.truncation != 1, "--truncation"),
        (wish.noise is not None, "--noise"),
        (wish.strip, "--strip"),
    )
    for wrong, option in rules:
        if wrong:
            raise UserError(
                _("{option} has no say with '{name}'.", option=option, name=model.folder.name),
                _("It is a language model of music: see --key, --continue, --accompany and --infill."),
                code="create.option",
            )


def refuse_songs(wish: Wish, model: MusicVae | MusicGan, *, task: bool) -> None:
    """Refuse what only a language model of music does, or a GAN of music too.

    Raises:
        UserError: it was asked of another model.
    """
    keyed = bool(conditions(wish, model))
    rules = (
        (task, "--continue, --accompany, --infill"),
        (wish.key is not None and not keyed, "--key"),
        (wish.density == "medium" and not keyed, "--density medium"),
    )
    name = model.folder.name
    for wrong, option in rules:
        if wrong:
            raise UserError(
                _("{option} has no say with '{name}'.", option=option, name=name),
                _("Choose a language model of music, trained with `luokuan train plm CORPUS --kind music`."),
                code="create.option",
            )


def conditions(wish: Wish, model: MusicVae | MusicGan) -> dict[str, Any]:
    """What a GAN of music is told besides: its classes are keys and densities. Of a VAE nothing.

    Raises:
        UserError: there is no such key.
    """
    from luokuan.models.gan.music.model import MusicGan

    if not isinstance(model, MusicGan):
        return {}
    return {"key": None if wish.key is None else key_number(wish.key), "density": wish.density}


def draft_songs(
    wish: Wish, *, model: MusicPlm, seed: int = 0, count: int = 1, task: Task | None = None
) -> Iterator[Draft]:
    """Make drafts, see ``pieces.draft_music``.

    Raises:
        UserError: a value is out of its range, or a score can't be used.
    """
    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.create.pieces import unusable
    from luokuan.models.plm.music.material import placed
    from luokuan.models.plm.music.model import Asked
    from luokuan.models.vae.music.encodings import Unfit

    asked = Asked(
        BARS if wish.bars is None else wish.bars,
        None if wish.key is None else key_number(wish.key),
        wish.tempo,
        wish.density,
        model.usual_temperature if wish.temperature is None else wish.temperature,
    )
    said: dict[str, Any] = {"temperature": asked.temperature, "top_p": asked.top_p}
    said |= {"key": wish.key, "density": wish.density, "tempo": wish.tempo}
    if task is not None:
        try:
            given = placed(task.start.score, melody=task.name == "accompany")
        except Unfit as error:
            raise unusable(_("The given file"), str(error)) from error
        said[task.name] = task.start.sha256
    if task is None or task.name == "continue":
        said["bars"] = asked.bars
    elif task.name == "infill":
        said |= {"from_bar": task.first, "to_bar": task.last}
    folder = model.folder
    for index in range(count):
        own = seed + index
        if task is None:
            score = model.write(asked, own)
        elif task.name == "continue":
            score = model.go_on(given, asked, own)
        elif task.name == "accompany":
            score = model.accompany(given, asked, own)
        else:
            score = model.infill(given, task.first, task.last, asked, own)
        if not score.notes:
            raise UserError(_("There are no notes to be heard."), _("Try another seed."), code="sound.empty")
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            parameters=dict(said),
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        yield Draft(score, recipe, kind="music")


def voice_of(score: Score) -> str:
    """What the built-in synthesiser plays a score with: strings that are plucked for songs and single tracks, an organ
    for voices."""
    from luokuan.models.plm.music.tokens import PARTS

    return (
        "pluck" if len(score.tracks) == 1 or {name.lower() for name in score.tracks if name} <= set(PARTS) else "organ"
    )
