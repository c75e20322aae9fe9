"""Short clips: a brief and a model to drafts, drafts to finished works; small frames enlarged, and repeated."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.attributes import Term, given_attributes, read_attributes
from luokuan.create.brief import check_text
from luokuan.create.texts import LAST_SEED
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.models.clip.model import ClipModel
    from luokuan.store.home import Home

LEAST_SIDE = 256
"""Pixels that a frame has at least, so that the label and the watermark find room."""
LARGEST_SIDE = 1024
SECONDS = 4.0
"""How long a clip is repeated if nothing is said."""
LONGEST = 60.0
AMONG = 4
"""Drafts, of which the one is taken that owes most to what was asked for."""
MOST = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """What a clip is to be like.

    Args:
        attributes: Attribute to value, named outright.
        fps: Frames a second, 1 to 60; None: as the model's corpus.
        loops: How often it is repeated, 1 to 200; None: for about ``SECONDS``.
        size: Side in pixels that it has at least, 256 to 1024: enlarged by a whole number, without smoothing.
        temperature: Of the tokens, 0.05 to 5: below 1 more probable; None: what is usual.
        guidance: How strongly what is asked for draws, 0 to 20; 1: as learnt; None: what is usual.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    fps: float | None = None
    loops: int | None = None
    size: int = LEAST_SIDE
    temperature: float | None = None
    guidance: float | None = None

    def check(self, *, count: int, seed: int) -> None:
        """Refuse what can't be made.

        Raises:
            UserError: a value is out of its range.
        """
        rules = [
            (self.fps is None or 1 <= self.fps <= 60, "--fps", "1 … 60"),
            (self.loops is None or 1 <= self.loops <= 200, "--loops", "1 … 200"),
            (LEAST_SIDE <= self.size <= LARGEST_SIDE, "--size", f"{LEAST_SIDE} … {LARGEST_SIDE}"),
            (self.temperature is None or 0.05 <= self.temperature <= 5, "--temperature", "0.05 … 5"),
            (self.guidance is None or 0 <= self.guidance <= 20, "--guidance", "0 … 20"),
            (1 <= count <= MOST, "--count", f"1 … {MOST}"),
            (0 <= seed <= LAST_SEED - count + 1, "--seed", "0 … 2⁶³-1"),
        ]
        for good, option, allowed in rules:
            if not good:  # nor is a value that is no number
                raise UserError(
                    _("{option} is out of its range.", option=option),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="create.range",
                )


def understand(brief: str, wish: Wish, model: ClipModel) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """What ``brief`` and ``wish`` ask for, as terms, and the words without effect.

    Raises:
        UserError: nothing of it is known to the model; the nearest values are named.
    """
    return read_wish(brief, wish.attributes, model.attributes, model.folder.aliases)


def read_wish(
    brief: str, given: Mapping[str, str], attributes: Mapping[str, tuple[str, ...]], aliases: Mapping[str, str]
) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """See ``understand``."""
    check_text(brief)
    if not attributes and (given or brief.strip()):
        raise UserError(
            _("The model can't be told anything."), _("Leave the brief and --attribute out."), code="create.attribute"
        )
    named = given_attributes(given, attributes)
    try:
        terms, ignored = read_attributes(brief, attributes, aliases)
    except UserError as error:
        words = brief.casefold().replace(",", " ").split()
        raise UserError(error.what, _("Did you mean {nearest}?", nearest=nearest_values(words, attributes)),
                        code=error.code, status=404) from error  # fmt: skip
    return (*named, *(_called_so(term, aliases) for term in terms)), ignored


def _called_so(term: Term, aliases: Mapping[str, str]) -> Term:
    """The term, of the values that are called just as it says where there are such: a ``female`` is no boots of one."""
    wanted = {term.words, aliases.get(term.words, term.words).casefold()}
    found = {name: tuple(v for v in values if v.casefold() in wanted) for name, values in term.alternatives.items()}
    whole = {name: values for name, values in found.items() if values}
    return replace(term, alternatives=whole) if whole else term


def nearest_values(words: list[str], attributes: Mapping[str, tuple[str, ...]]) -> str:
    """Known values like ``words``; else those of the first attribute, which is mostly the action."""
    known = [value for values in attributes.values() for value in values]
    near = list(dict.fromkeys(n for word in words[:20] for n in difflib.get_close_matches(word, known, 3, 0.6)))
    if not near and attributes:
        name = "action" if "action" in attributes else next(iter(attributes))
        return f"{name}: {', '.join(attributes[name][:12])}"
    return ", ".join(near[:8])


def enlarged(frames: NDArray[np.uint8], least: int) -> NDArray[np.uint8]:
    """Frames (frames, H, W, 3) whose sides are a whole number of times as long, ``least`` pixels or more: each pixel a
    square."""
    times = max(1, math.ceil(least / min(frames.shape[1:3])))
    return frames.repeat(times, axis=1).repeat(times, axis=2)


def draft_clips(
    brief: str = "", wish: Wish | None = None, *, model: ClipModel, seed: int = 0, count: int = 1
) -> Iterator[Draft]:
    """Make drafts: clips with their recipe, not yet labelled, so not yet fit to leave.

    Draft i has the seed ``seed + i`` and is the same whether made alone or with others.

    Args:
        brief: What is to be seen, such as "walk south, leather cap"; empty: as the training clips are.
        wish: Attributes by name, length, size, manner.
        model: A loaded model of clips.
        count: Drafts to make.

    Raises:
        UserError: a value is out of its range, or nothing of what is asked for is known.
    """
    import numpy as np

    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.media import Clip

    how = wish or Wish()
    how.check(count=count, seed=seed)
    terms, ignored = understand(brief, how, model)
    folder, config = model.folder, model.config
    fps = config.fps if how.fps is None else how.fps
    loops = max(1, round(SECONDS * fps / config.frames)) if how.loops is None else how.loops
    seconds = loops * config.frames / fps
    if seconds > LONGEST:
        raise UserError(
            _("{loops} times {frames} frames are {seconds} s; {longest} s at most.", loops=loops, frames=config.frames,
              seconds=f"{seconds:.0f}", longest=f"{LONGEST:.0f}"),
            _("Give fewer --loops, or more --fps."),
            code="create.range",
        )  # fmt: skip
    for own in range(seed, seed + count):
        told, missed = None, []
        if terms:
            told = model.plausible([term.alternatives for term in terms], own)
            missed = [t.words for t in terms if not any(told.get(n) in v for n, v in t.alternatives.items())]
        frames = model.sample([told], seeds=[own], temperature=how.temperature, guidance=how.guidance, among=AMONG)[0]
        large = enlarged(frames, how.size)
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            brief=brief,
            parameters={
                "attributes": told,
                "ignored_words": [*missed, *ignored],
                "frames": config.frames * loops,
                "fps": float(fps),
                "loops": loops,
                "size": large.shape[1],
                "temperature": float(model.usual_temperature if how.temperature is None else how.temperature),
                "guidance": float(model.usual_guidance if how.guidance is None else how.guidance),
                "among": AMONG,
            },
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        yield Draft(Clip(np.tile(large, (loops, 1, 1, 1)), float(fps)), recipe, kind="video")


def create_clips(
    brief: str = "",
    wish: Wish | None = None,
    *,
    model: str | Path,
    seed: int = 0,
    count: int = 1,
    media_type: str = "video/mp4",
    label: LabelOptions | None = None,
    home: Home | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create finished clips, one work after the other; see ``draft_clips`` for the other arguments.

    Args:
        model: Store name, starter name, folder or Hub id.
        media_type: ``video/mp4`` or ``video/webm``.
        label: The explicit label; default: the house's.
        home: Where the works are kept; default: the user's home.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, it makes no clips, or see ``draft_clips`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.formats import format_of
    from luokuan.colophon.houselabel import house_label
    from luokuan.media import Clip
    from luokuan.models.registry import load_clip_model
    from luokuan.store.home import open_home

    (wish or Wish()).check(count=count, seed=seed)
    format_of(media_type, Clip)  # refused before anything is made
    place = home or open_home()
    loaded = load_clip_model(model)
    wanted = label or house_label(place)
    for draft in draft_clips(brief, wish, model=loaded, seed=seed, count=count):
        yield (finisher or finish)(draft, home=place, media_type=media_type, enlarge="nearest", label=wanted)


def create_clip(brief: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished clip.

    Args:
        brief: See ``draft_clips``.
        model: See ``create_clips``.
        seed: Of all that is random.
        options: Fields of ``Wish``, or arguments of ``create_clips``.

    Raises:
        UserError: see ``create_clips``.
    """
    named = {one.name for one in fields(Wish)}
    wish = Wish(**{key: value for key, value in options.items() if key in named})
    others = {key: value for key, value in options.items() if key not in named}
    return next(create_clips(brief, wish, model=model, seed=seed, **others))
