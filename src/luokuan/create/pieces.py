"""Music: a model and a few wishes to drafts, drafts to finished works: MIDI, sound, sheet, or a piano-roll."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from luokuan.create import songs, soundfont
from luokuan.create.rendering import SCORES, check_drawn, rendered
from luokuan.create.texts import LAST_SEED
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Score

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Ingredient, Origin
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.create.songs import Task
    from luokuan.models.gan.music.model import MusicGan
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.vae.music.model import MusicVae
    from luokuan.store.home import Home

STARTER = "chorale"
MODES, DENSITIES = ("major", "minor"), ("low", "medium", "high")
BARS, TEMPO = 8, 96.0
"""Of a piece by a VAE or a GAN of which nothing else is said."""
MOST = 64
"""Works, or steps of a way, that are made at once."""
AMONG = 8
"""Drafts from which that is taken which has the mode or the density asked for most clearly."""
NOISE = 0.4


@dataclass(frozen=True, slots=True)
class Wish:
    """What a piece is to be like.

    Args:
        bars: Its length, or how many are added; a melody has always two bars. None: what is usual for the model.
        mode: ``major`` or ``minor``; None: as it comes.
        density: ``low``, ``medium`` (no VAEs) or ``high``: few or many notes; None: as it comes.
        tempo: Quarter notes a minute, 20 to 400; None: that of a given piece, or what is usual.
        temperature: Of the notes, 0 to 5: below 1 more probable; None: what is usual.
        truncation: ψ, 0 to 1: below 1 the latents are more typical.
        steps: Pieces on the way from one file to the other, both included.
        noise: How far a variation goes, 0 to 1.
        strip: The steps one after another in one work.
        key: Such as ``A minor``, see ``songs.key_number``; no VAEs. None: as it comes.
    """

    bars: int | None = None
    mode: str | None = None
    density: str | None = None
    tempo: float | None = None
    temperature: float | None = None
    truncation: float = 1.0
    steps: int = 8
    noise: float | None = None
    strip: bool = False
    key: str | None = None

    @property
    def nudges(self) -> dict[str, float]:
        """Attribute to the multiple of its direction: as far from the middle again as the mean of that side is."""
        modes, densities = {"minor": 1.0, "major": -1.0}, {"high": 1.0, "low": -1.0}
        found = {"mode": modes.get(self.mode or ""), "density": densities.get(self.density or "")}
        return {name: value for name, value in found.items() if value is not None}

    def check(self, *, like: bool, way: bool, count: int, seed: int) -> None:
        """Refuse what can't be made.

        Raises:
            UserError: a value is out of its range, or has no say.
        """
        rules = [
            (self.mode in (None, *MODES), "--mode", ", ".join(MODES)),
            (self.density in (None, *DENSITIES), "--density", ", ".join(DENSITIES)),
            (self.tempo is None or 20 <= self.tempo <= 400, "--tempo", "20 … 400"),
            (self.temperature is None or 0 <= self.temperature <= 5, "--temperature", "0 … 5"),
            (0 <= self.truncation <= 1, "--truncation", "0 … 1"),
            (2 <= self.steps <= MOST, "--steps", f"2 … {MOST}"),
            (self.noise is None or 0 <= self.noise <= 1, "--noise", "0 … 1"),
            (1 <= count <= MOST, "--count", f"1 … {MOST}"),
            (0 <= seed <= LAST_SEED - count + 1, "--seed", "0 … 2⁶³-1"),
        ]
        for good, option, allowed in rules:
            if not good:
                raise UserError(
                    _("{option} is out of its range.", option=option),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="create.range",
                )
        clashes = [
            (self.noise is not None and not like, "--noise", "--like", False),
            (self.strip and not way, "--strip", "--from", False),
            (like and way, "--like", "--from", True),
            (way and bool(self.nudges), "--mode", "--from", True),
        ]
        for wrong, option, other, both in clashes:
            if wrong:
                raise UserError(
                    _("{option} has no say with {other}.", option=option, other=other)
                    if both
                    else _("{option} has no say without {other}.", option=option, other=other),
                    _("Leave one of them out.") if both else _("Add {other}, or leave it out.", other=other),
                    code="create.option",
                )


@dataclass(frozen=True, slots=True)
class Start:
    """A score to start from, and the SHA-256 of the file in which it came."""

    score: Score
    sha256: str


def start_of(given: Ingredient, home: Home) -> Start:
    """The score of a file that was taken in: of a work of this home the one without label.

    Raises:
        UserError: it is no MIDI file, damaged, or its score can't be used.
    """
    from luokuan.colophon.ingredients import master_of
    from luokuan.foundation.corpus.midi import BrokenScore, read_midi

    if given.media_type in SCORES and isinstance(found := master_of(given, home), Score):
        return Start(found, given.sha256)
    try:
        return Start(read_midi(given.data).score, given.sha256)
    except BrokenScore as error:
        raise unusable(given.title, str(error)) from error


def unusable(title: str, why: str) -> UserError:
    """What is said of a file that no piece can start from."""
    return UserError(
        _("{path} can't be used: {reason}.", path=title, reason=why),
        _("Give a MIDI file (.mid) with notes that fit the model's encoding."),
        code="create.like",
    )


def draft_music(
    wish: Wish | None = None,
    *,
    model: MusicVae | MusicGan | MusicPlm,
    seed: int = 0,
    count: int = 1,
    like: Start | None = None,
    ends: tuple[Start, Start] | None = None,
    task: Task | None = None,
) -> Iterator[Draft]:
    """Make drafts: scores with their recipe, not yet labelled, so not yet fit to leave.

    Draft i has the seed ``seed + i`` and is the same whether made alone or with others; on a way all have ``seed``.

    Args:
        wish: What they are to be like.
        model: A loaded VAE, GAN or language model of music.
        count: Drafts to make; on a way there are ``wish.steps``.
        like: A score to vary.
        ends: The scores between which the way leads.
        task: What a language model does with a score.

    Raises:
        UserError: a value is out of its range, the model can't start from a score or has no such attribute, or a score
            doesn't fit its encoding.
    """
    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.vae.music.encodings import Unfit
    from luokuan.models.vae.music.model import FAITHFUL

    wish = wish or Wish()
    wish.check(like=like is not None, way=ends is not None, count=count, seed=seed)
    folder = model.folder
    if isinstance(model, MusicPlm):
        songs.check_songs(wish, model, elsewhere=like is not None or ends is not None)
        yield from songs.draft_songs(wish, model=model, seed=seed, count=count, task=task)
        return
    songs.refuse_songs(wish, model, task=task is not None)

    def drafted(score: Score, own: int, parameters: Mapping[str, Any]) -> Draft:
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            parameters=parameters,
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        return Draft(score, recipe, kind="music")

    try:
        if ends is not None:
            first, last = ends
            warmth = FAITHFUL if wish.temperature is None else wish.temperature
            scores = model.interpolate(first.score, last.score, wish.steps, seed=seed, temperature=warmth)
            told = {"from": first.sha256, "to": last.sha256, "steps": wish.steps, "temperature": warmth}
            yield from _along(scores, told, wish, model, seed, drafted)
            return
        for index in range(count):
            own = seed + index
            if like is not None:
                noise = NOISE if wish.noise is None else wish.noise
                warmth = FAITHFUL if wish.temperature is None else wish.temperature
                make = partial(model.vary, like.score, noise=noise, temperature=warmth, nudges=wish.nudges)
                said: dict[str, Any] = {"like": like.sha256, "noise": noise, "temperature": warmth}
            else:
                warmth = model.usual_temperature if wish.temperature is None else wish.temperature
                said = {
                    "bars": BARS if wish.bars is None else wish.bars,
                    "temperature": warmth,
                    "truncation": wish.truncation,
                    "tempo": TEMPO if wish.tempo is None else wish.tempo,
                }
                make = partial(model.sample, nudges=wish.nudges, **said, **songs.conditions(wish, model))
            score, chosen = _clearest(make, own, wish)
            yield drafted(score, own, {**said, "mode": wish.mode, "density": wish.density, "key": wish.key, **chosen})
    except Unfit as error:
        raise unusable(_("The given file"), str(error)) from error


def _along(
    scores: list[Score],
    told: Mapping[str, Any],
    wish: Wish,
    model: MusicVae | MusicGan,
    seed: int,
    drafted: Callable[[Score, int, Mapping[str, Any]], Draft],
) -> Iterator[Draft]:
    from luokuan.models.vae.music.model import one_after_another

    if wish.strip:
        yield drafted(one_after_another(scores, model.config.bar), seed, {**told, "strip": True})
        return
    for index, score in enumerate(scores):
        yield drafted(score, seed, {**told, "step": index + 1})


def _clearest(make: Callable[[int], Score], seed: int, wish: Wish) -> tuple[Score, dict[str, Any]]:
    """Of ``AMONG`` drafts the one in which what was asked for is heard most clearly; without wishes the first.

    The direction in the latents alone moves the average; which draft went that way is measured.
    """
    from luokuan.foundation.compute import mix_seed
    from luokuan.models.evaluation.music import density, key_of

    if not wish.nudges and wish.key is None:
        return make(seed), {}
    tonic = None if wish.key is None else songs.key_number(wish.key) % 12
    drafts = [make(seed if index == 0 else mix_seed(seed, "among", index)) for index in range(AMONG)]
    amounts = [density(score) for score in drafts]
    spread = float(np.std(amounts)) or 1.0

    def clear(index: int) -> float:
        key, found = key_of(drafts[index]), 0.0
        if wish.mode is not None:
            found += key.fit if key.major == (wish.mode == "major") else -key.fit
        if tonic is not None:
            found += key.fit if key.tonic == tonic else -key.fit
        if wish.density in ("high", "low"):
            sign = 1 if wish.density == "high" else -1
            found += sign * (amounts[index] - float(np.mean(amounts))) / spread
        return found

    best = max(range(AMONG), key=clear)
    return drafts[best], {"among": AMONG, "taken": best}


def create_music(
    wish: Wish | None = None,
    *,
    model: str | Path = STARTER,
    seed: int = 0,
    count: int = 1,
    like: Path | None = None,
    start: Path | None = None,
    to: Path | None = None,
    go_on: Path | None = None,
    accompany: Path | None = None,
    infill: Path | None = None,
    from_bar: int | None = None,
    to_bar: int | None = None,
    media_type: str = "audio/midi",
    font: Path | str | None = None,
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_score: Callable[[Score, float], None] | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create finished music, one work after the other; see ``draft_music`` for the other arguments.

    Args:
        model: Store name, starter name, folder or Hub id.
        like: A MIDI file to vary.
        start: A MIDI file from which a way leads.
        to: The MIDI file to which it leads.
        go_on: A MIDI file that goes on.
        accompany: A MIDI file with a melody, to which the other parts are written.
        infill: A MIDI file of which some bars are written anew.
        from_bar: The first of them, counted from 1.
        to_bar: The last of them.
        media_type: ``audio/midi``; a sound, such as ``audio/wav``; a picture, such as ``image/png``: the piano-roll;
            or a sheet, see ``rendering.SCORES``.
        font: A SoundFont for sounds; None: the one that the system has, else the built-in synthesiser; empty: that.
        label: The explicit label; default: both languages.
        home: Where the works are kept; default: the user's home.
        on_score: Called with each score and the quarter notes of its bar, before it is finished.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, it makes no music, a file can't be used, what draws a sheet isn't installed, or see
            ``draft_music`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.ingredients import Origin, take_in
    from luokuan.files import expand
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.registry import load_music_model
    from luokuan.store.home import open_home

    wish = wish or Wish()
    wish.check(like=like is not None, way=(start or to) is not None, count=count, seed=seed)
    check_drawn(media_type)  # before a model is loaded
    tasks = {"--continue": go_on, "--accompany": accompany, "--infill": infill}
    others = {"--like": like is not None, "--from": (start or to) is not None}
    songs.check_tasks(
        {**others, **{option: path is not None for option, path in tasks.items()}}, first=from_bar, last=to_bar
    )
    if wish.key is not None:
        songs.key_number(wish.key)
    if (start is None) != (to is None):
        raise UserError(_("A way needs two ends."), _("Give both --from and --to."), code="create.option")
    sounds = media_type.startswith("audio/") and media_type != "audio/midi"
    if font and not sounds:
        raise UserError(
            _("{option} has no say with {other}.", option="--soundfont", other=media_type),
            _("Write a sound, such as .wav, or leave it out."),
            code="create.option",
        )
    chosen = (
        (soundfont.check(Path(font)) if font else soundfont.installed() if font is None else None) if sounds else None
    )
    place = home or open_home()
    given: list[Ingredient] = [
        take_in(expand(path), place, "inputTo") for path in (like, start, to, *tasks.values()) if path is not None
    ]
    starts = [start_of(one, place) for one in given]
    origin: Origin | None = Origin("reference", tuple(given)) if given else None
    loaded = load_music_model(model)
    drafts = draft_music(
        wish,
        model=loaded,
        seed=seed,
        count=count,
        like=starts[0] if like is not None else None,
        ends=(starts[0], starts[1]) if start is not None else None,
        task=next(
            (
                songs.Task(cast("Any", option[2:]), starts[0], from_bar or 0, to_bar or 0)
                for option, path in tasks.items()
                if path is not None
            ),
            None,
        ),
    )
    bar = loaded.bar if isinstance(loaded, MusicPlm) else loaded.config.bar
    for draft in drafts:
        assert isinstance(draft.media, Score)
        media = rendered(draft.media, media_type, chosen, bar=bar)
        parameters = draft.recipe.parameters
        if sounds:
            parameters = {**parameters, "synthesiser": "built-in" if chosen is None else chosen.name}
        made = replace(draft, media=media, recipe=replace(draft.recipe, parameters=parameters))
        if on_score is not None:
            on_score(draft.media, bar)
        yield (finisher or finish)(made, home=place, media_type=media_type, label=label, origin=origin)


def create_one(*, model: str | Path = STARTER, seed: int = 0, **options: Any) -> Work:
    """Create one finished piece; see ``create_music``. Fields of ``Wish`` may be given by name."""
    from dataclasses import fields

    wanted = {f.name: options.pop(f.name) for f in fields(Wish) if f.name in options}
    if wanted:
        options["wish"] = replace(options.get("wish") or Wish(), **wanted)
    wish = options.pop("wish", None)
    return next(create_music(wish, model=model, seed=seed, count=1, **options))
