"""Sound effects: a category and a model to drafts, drafts to finished works; loops without a seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from luokuan.models.sound.model import SoundModel
    from luokuan.store.home import Home

STARTER = "sounds"
SECONDS = (0.1, 120.0)
"""Shortest and longest sound."""
MOST = 64
"""Works that are made at once."""
FADE = 1.0
"""Seconds over which the end of a loop goes over into its beginning; a quarter of a shorter one."""
EDGE = 0.005
"""Seconds in which a sound that is no loop comes and goes: a cut in the middle of a wave clicks."""
AMONG = 6
"""Drafts, of which the one most like the others is taken if it is heard, and as a loop throughout: a loop of a short
cry is mostly silence."""
THROUGHOUT = 0.9
"""Share of a loop that must be heard."""
AUDIBLE = 10 ** (-40 / 20)
"""Level (RMS) that the loudest tenth of a second must have."""
_PEAK = 0.95


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sound is to be like.

    Args:
        seconds: Its length, 0.1 to 120.
        loop: Whether its end goes over into its beginning.
        copies: Whether a category may be taken of which there were so few clips that nearly one of them comes back.
        temperature: Of the tokens, 0.05 to 5: below 1 more probable; None: what is usual.
        guidance: How strongly the category draws, 0 to 20; 1: as learnt; None: what is usual.
    """

    seconds: float = 5.0
    loop: bool = False
    copies: bool = False
    temperature: float | None = None
    guidance: float | None = None

    def check(self, *, count: int, seed: int) -> None:
        """Refuse what can't be made.

        Raises:
            UserError: a value is out of its range.
        """
        low, high = SECONDS
        rules = [
            (low <= self.seconds <= high, "--seconds", f"{low:g} … {high:g}"),  # nor is a value that is no number
            (self.temperature is None or 0.05 <= self.temperature <= 5, "--temperature", "0.05 … 5"),
            (self.guidance is None or 0 <= self.guidance <= 20, "--guidance", "0 … 20"),
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


def label_of(category: str, classes: tuple[str, ...], aliases: Mapping[str, str]) -> int | None:
    """The index of what is asked for: a category, another word for one, or words of which one is; None for nothing.

    Raises:
        UserError: it is too long or no text, or there is no such category; the nearest ones are named.
    """
    wanted = " ".join(category.casefold().replace("_", " ").split())
    if not wanted:
        return None
    if not classes:
        raise UserError(
            _("The model knows no categories."), _("Leave the category out."), code="create.category", status=404
        )
    known = {name.casefold().replace("_", " "): index for index, name in enumerate(classes)}
    known |= {word.casefold(): classes.index(name) for word, name in aliases.items() if name in classes}
    if wanted in known:
        return known[wanted]
    # "heavy rain": the longest known word in it. Chinese has no spaces between words.
    found = [
        name for name in known if name in wanted.split() or (not name.isascii() and name in wanted)
    ]  # fmt: skip
    if len({known[name] for name in found}) == 1:
        check_text(category)  # the whole of it stands in the recipe
        return known[found[0]]
    near = [classes[index] for index in dict.fromkeys(known[name] for name in get_close_matches(wanted, known, 3, 0.6))]
    raise UserError(
        _("There is no category '{category}' in the model.", category=category[:60]),
        _("Did you mean {near}? Known: {known}.", near=" / ".join(near), known=", ".join(classes))
        if near
        else _("Known: {known}.", known=", ".join(classes)),
        code="create.category",
        status=404,
    )


def looped(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """The first ``length`` samples as a loop: what comes after them fades out over their beginning.

    So the sample after the last one is the first one, as in the sound itself. Powers add up to one, as befits parts
    that have nothing to do with each other.

    Args:
        samples: float32 (more than ``length``,).

    Returns:
        float32 (length,).
    """
    import numpy as np

    after = samples[length:]
    # From 0 with its first sample: there the loop is what came after the end, and nothing else.
    angle = np.linspace(0, np.pi / 2, len(after), dtype=np.float64)
    out: NDArray[np.float32] = samples[:length].copy()
    out[: len(after)] = out[: len(after)] * np.sin(angle) + after * np.cos(angle)
    return out


def seam(samples: NDArray[np.float32]) -> tuple[float, float]:
    """How far a loop jumps from its last sample to its first, and the largest jump within it."""
    import numpy as np

    return abs(float(samples[0] - samples[-1])), float(np.abs(np.diff(samples)).max())


def heard_share(samples: NDArray[np.float32], rate: int) -> float:
    """Share of the tenths of a second of a sound that are at most 40 dB softer than its loudest one; 0 if that isn't
    ``AUDIBLE``."""
    import numpy as np

    size = max(1, min(rate // 10, len(samples)))
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.square(blocks, dtype=np.float64).mean(axis=1)
    loudest = float(power.max())
    return float((power >= loudest * 1e-4).mean()) if loudest >= AUDIBLE**2 else 0.0


def faded(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Short raised-cosine ramps at both ends."""
    import numpy as np

    ramp = max(1, min(round(EDGE * rate), len(samples) // 4))
    shape = (0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)).astype(np.float32)
    out: NDArray[np.float32] = samples.copy()
    out[:ramp] *= shape
    out[-ramp:] *= shape[::-1]
    return out


def checked_label(category: str, model: SoundModel, *, copies: bool) -> int | None:
    """See ``label_of``.

    Raises:
        UserError: there is no such category, or so few clips of it were learnt that copies would come.
    """
    aliases = (model.folder.training.get("corpus") or {}).get("aliases") or {}
    label = label_of(category, model.classes, aliases)
    if label is not None and model.few(label) and not copies:
        raise UserError(
            _(
                "Of '{category}' only {count} clips were learnt: what came would be nearly a copy of one of them.",
                category=model.classes[label],
                count=model.config.clips[label],
            ),
            _("Choose another category, train on more clips, or allow it with --copies."),
            code="create.copies",
        )
    return label


def draft_sounds(
    category: str = "", wish: Wish | None = None, *, model: SoundModel, seed: int = 0, count: int = 1
) -> Iterator[Draft]:
    """Make drafts: sounds with their recipe, not yet labelled, so not yet fit to leave.

    Draft i has the seed ``seed + i`` and is the same whether made alone or with others.

    Args:
        category: What is to be heard: a category of the model, or another word for one; empty: any.
        wish: Length, loop, manner.
        model: A loaded model of sound effects.
        count: Drafts to make.

    Raises:
        UserError: a value is out of its range, there is no such category, or too few clips of it were learnt.
    """
    import numpy as np

    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.media import Sound

    how = wish or Wish()
    how.check(count=count, seed=seed)
    label = checked_label(category, model, copies=how.copies)
    folder, rate = model.folder, model.config.rate
    length = max(1, round(how.seconds * rate))
    after = round(min(FADE, how.seconds / 4) * rate) if how.loop else 0
    temperature = model.usual_temperature if how.temperature is None else how.temperature
    guidance = model.usual_guidance if how.guidance is None else how.guidance
    for own in range(seed, seed + count):
        taken, samples = _drawn(
            partial(model.sample, length + after, label=label, temperature=temperature, guidance=guidance),
            model.ranked_seeds(label, own, AMONG),
            rate,
            THROUGHOUT if how.loop else 0.0,
        )
        samples = looped(samples, length) if how.loop else faded(samples, rate)
        samples = samples * np.float32(min(1.0, _PEAK / max(float(np.abs(samples).max()), 1e-6)))
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            brief=category,
            parameters={
                "category": None if label is None else model.classes[label],
                "seconds": float(how.seconds),
                "loop": how.loop,
                "copies": label is not None and model.few(label),
                "temperature": float(temperature),
                "guidance": float(guidance),
                "among": AMONG,
                "taken": taken,
            },
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        yield Draft(Sound(samples[None].astype(np.float32), rate), recipe, kind="sound")


def _drawn(
    make: Callable[..., NDArray[np.float32]], seeds: Sequence[int], rate: int, least: float
) -> tuple[int, NDArray[np.float32]]:
    """The first draft of ``seeds`` that is heard, at least in a share ``least`` of it, else the one that is heard
    longest; and its place."""
    found, most, place = make(seed=seeds[0]), -1.0, 0
    for index, own in enumerate(seeds):
        draft = found if index == 0 else make(seed=own)
        share = heard_share(draft, rate)
        if share > most:
            found, most, place = draft, share, index
        if share > 0 and share >= least:
            return index, draft
    return place, found


def create_sounds(
    category: str = "",
    wish: Wish | None = None,
    *,
    model: str | Path = STARTER,
    seed: int = 0,
    count: int = 1,
    media_type: str = "audio/wav",
    label: LabelOptions | None = None,
    home: Home | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create finished sounds, one work after the other; see ``draft_sounds`` for the other arguments.

    Args:
        model: Store name, starter name, folder or Hub id.
        media_type: A format of sound, such as ``audio/wav``.
        label: The explicit label; default: the house's.
        home: Where the works are kept; default: the user's home.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, it makes no sounds, or see ``draft_sounds`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.houselabel import house_label
    from luokuan.models.registry import load_sound_model
    from luokuan.store.home import open_home

    (wish or Wish()).check(count=count, seed=seed)
    place = home or open_home()
    loaded = load_sound_model(model)
    wanted = label or house_label(place)
    for draft in draft_sounds(category, wish, model=loaded, seed=seed, count=count):
        yield (finisher or finish)(draft, home=place, media_type=media_type, label=wanted)


def create_sound(category: str = "", *, model: str | Path = STARTER, seed: int = 0, **options: Any) -> Work:
    """Create one finished sound.

    Args:
        category: See ``draft_sounds``.
        model: See ``create_sounds``.
        seed: Of all that is random.
        options: Fields of ``Wish``, or arguments of ``create_sounds``.

    Raises:
        UserError: see ``create_sounds``.
    """
    from dataclasses import fields

    named = {field.name for field in fields(Wish)}
    wish = Wish(**{key: value for key, value in options.items() if key in named})
    others = {key: value for key, value in options.items() if key not in named}
    return next(create_sounds(category, wish, model=model, seed=seed, **others))
