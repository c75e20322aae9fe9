"""A short: a storyboard to a clip, drafts to finished works."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.shorts.sources import Larder, Sources, beside
from luokuan.create.shorts.speaking import Timed, timed, words_of
from luokuan.create.shorts.storyboard import Board, files_in, models_in, read_storyboard, voices_in
from luokuan.errors import UserError
from luokuan.media import Clip, PackedFrames, Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Origin
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Recipe, Work
    from luokuan.create.presenters.lettering import Panel
    from luokuan.store.home import Home

RIG = "luokuan shorts 1"
"""The drawing and the mixing: another one, another number."""


_LONGEST_NAME = 120


def draft_video(
    board: Board, *, sources: Sources, on_frame: Callable[[int, int], None] | None = None
) -> tuple[Draft, Larder]:
    """Make a draft of a clip, its frames packed, with the words of its speech; and what was used for it.

    Args:
        board: A storyboard that was read.
        sources: Where what it names comes from.
        on_frame: Called with the number of frames that are drawn, and of all; what it raises ends the work.

    Raises:
        UserError: something that it names isn't there or can't be used, or it would be too long: the line of the
            storyboard is named.
    """
    from luokuan.colophon.schema import Draft
    from luokuan.create.shorts.stage import Set, frames_of

    check_board(board)
    larder, story = Larder(board, sources), board.story
    for one in files_in(story):  # what is missing is told before anything takes its time
        larder.taken(one.name, one.place)
    scenes = timed(larder)
    sets = [Set.of(larder, one) for one in scenes]
    count = sum(one.frames for one in scenes)
    sound = _heard(larder, scenes, count / story.fps)
    drawn = _told(_captioned(board, frames_of(larder, scenes, sets), sound), count, on_frame)
    clip = Clip(PackedFrames(story.shape, map(PackedFrames.pack, drawn)), float(story.fps), sound)
    return Draft(clip, _recipe(larder, scenes, count), kind="video"), larder


def check_board(board: Board, voices: Callable[[tuple[str, ...]], object] | None = None) -> None:
    """Refuse what can be seen to be wrong without making anything: looks, voices, letters that can't be drawn.

    Args:
        board: A storyboard that was read.
        voices: Refuses the voices of a line; None: those that aren't registered are refused.

    Raises:
        UserError: so it is; the line is named.
    """
    from luokuan.create.presenters.looks import look_of
    from luokuan.create.shorts.letters import undrawable
    from luokuan.create.voices.registry import for_languages
    from luokuan.i18n import _

    for number, scene in enumerate(board.story.scenes):
        for place, one in enumerate(scene.characters):
            look = partial(look_of, one.rig or {}, 0)
            _or_fault(board, ("scenes", number, "characters", place, "rig"), look)
        for place, line in enumerate(scene.speech):
            _or_fault(board, ("scenes", number, "speech", place, "voice"), partial(voices or for_languages, line.voice))
        for place, word in enumerate(scene.words):
            if lacking := undrawable(word.text.text or ""):
                shown = lacking[:12] if lacking.isprintable() else ascii(lacking[:12])[1:-1]
                raise board.fault(
                    ("scenes", number, "words", place, "text"),
                    _("it holds letters that can't be drawn here: {letters}", letters=shown),
                )


def _or_fault(board: Board, at: tuple[str | int, ...], check: Callable[[], object]) -> None:
    try:
        check()
    except UserError as error:
        raise board.caused(at, error) from error


def _heard(larder: Larder, scenes: Sequence[Timed], seconds: float) -> Sound | None:
    from luokuan.create.shorts.mixing import Heard, mixed

    story = larder.board.story
    speech, effects = list[Heard](), list[Heard]()
    for scene in scenes:
        start = scene.first / story.fps
        speech += [Heard(one.sound, start + one.start) for one in scene.spoken]
        length = scene.frames / story.fps
        for place, asked in enumerate(scene.scene.sounds):
            at = ("scenes", scene.number, "sounds", place)
            sound = larder.sound(asked, at, larder.seed(asked.seed, scene.number, place, 8))
            until = length if asked.seconds is None else min(length, asked.at + asked.seconds)
            end = start + max(asked.at + 0.05, until) if asked.loop or asked.seconds is not None else None
            effects.append(Heard(sound, start + asked.at, asked.volume, end, asked.loop))
    music = story.music
    played = None
    if music is not None:
        sound = larder.music(music, ("music",), larder.seed(music.seed, "music"))
        played = Heard(sound, 0.0, music.volume, seconds, music.loop)
    found = mixed(seconds, speech, effects, played)
    return None if found is None else Sound(found.samples, found.rate, words_of(scenes, story.fps))


def _captioned(board: Board, frames: Iterator[NDArray[np.uint8]], sound: Sound | None) -> Iterator[NDArray[np.uint8]]:
    shown = _captions(board, sound) if board.story.captions and sound is not None else []
    for place, frame in enumerate(frames):
        now = (place + 0.5) / board.story.fps
        for start, end, panel in shown:
            if start <= now < end:
                panel.lay(frame)
        yield frame


def _captions(board: Board, sound: Sound) -> list[tuple[float, float, Panel]]:
    from luokuan.colophon.captions import cues_of, lines_of
    from luokuan.create.presenters.lettering import caption, drawable

    shape = board.story.shape
    found = []
    for cue in cues_of(sound):
        lines = ["".join(one for one in line if drawable(one)).strip() for line in lines_of(cue)]
        if lines := [line for line in lines if line]:
            found.append((cue.start, cue.end, caption(shape, lines, round(0.045 * shape[0]))))
    return found


def _told(
    frames: Iterator[NDArray[np.uint8]], count: int, on_frame: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.uint8]]:
    for place, frame in enumerate(frames):
        yield frame
        if on_frame is not None:
            on_frame(place + 1, count)


def _recipe(larder: Larder, scenes: Sequence[Timed], frames: int) -> Recipe:
    """All that was used: pieces that models and voices made, and files and works by their SHA-256. One digest stands
    for the drawing with all its models."""
    from luokuan.colophon.schema import Recipe
    from luokuan.create.presenters.lettering import FONT
    from luokuan.files import sha256_bytes
    from luokuan.foundation.licences import joint_licence

    board, story = larder.board, larder.board.story
    used = [one for _kind, one in larder.recipes]
    names = dict.fromkeys(part for one in used for part in one.model.split("+"))
    digests = [RIG, sha256_bytes(FONT.read_bytes()), *dict.fromkeys(one.model_digest for one in used)]
    credits_ = dict.fromkeys(one.credit for one in used if one.credit)
    return Recipe(
        model=_named(["storyboard", *names]),
        model_digest=hashlib.sha256("\n".join(digests).encode()).hexdigest(),
        brief=story.title,
        parameters={
            "program": True,
            "voices": _voices(used),
            "storyboard": board.text,
            "aspect": story.aspect,
            "size": story.size,
            "fps": float(story.fps),
            "frames": frames,
            "scenes": [[one.first, one.frames] for one in scenes],
            "pieces": larder.pieces,
            "files": sorted(larder.ingredients),
        },
        seed=story.seed,
        licence=joint_licence([*(one.licence for one in used), *_licences(larder)] or ["Apache-2.0"]),
        credit="; ".join(credits_),
    )


def _voices(used: Sequence[Recipe]) -> list[Any]:
    """The voices that were heard, as speech tells them, each once."""
    told = [voice for one in used for voice in one.parameters.get("voices", ())]
    return list({voice["digest"]: voice for voice in told}.values())


def _named(names: Sequence[str]) -> str:
    """All names as one, as long as it is short enough to be a name."""
    whole = "+".join(names)
    return whole if len(whole) <= _LONGEST_NAME else f"{names[0]}+{len(names) - 1}"


def _licences(larder: Larder) -> list[str]:
    from luokuan.create.enlargements import licence_of

    home, said = larder.sources.home, larder.board.story.licence
    return [licence_of(one.work_id, home, said) for one in larder.ingredients.values()]


def _origin(larder: Larder) -> Origin | None:
    """The files and works that it was put together from; those of somebody else make it a composite."""
    from luokuan.colophon.ingredients import COMPOSITE, Origin
    from luokuan.colophon.xmp import GENERATED

    used = tuple(larder.ingredients.values())
    if not used:
        return None
    ours = all(one.work_id or one.like for one in used)
    return Origin("reference", used, GENERATED if ours else COMPOSITE)


def create_video(
    storyboard: Board | Path | str,
    *,
    sources: Sources | None = None,
    media_type: str = "video/mp4",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    finisher: Finisher | None = None,
    **changes: Any,
) -> Work:
    """Create a finished short from a storyboard, with captions (.srt, .vtt) beside it where somebody speaks.

    Args:
        storyboard: A file of YAML, or a storyboard that was read.
        sources: Where what it names comes from; default: files from the storyboard's folder, models of the home.
        media_type: ``video/mp4`` or ``video/webm``.
        label: The explicit label; default: both languages at the top right, where it covers no captions.
        home: Where the work is kept; default: the user's home.
        on_frame: See ``draft_video``.
        finisher: Stands in the place of ``finish``.
        **changes: Fields of the storyboard that are to be otherwise: ``size``, ``fps``, ``aspect``, ``seed``,
            ``captions``, ``licence``.

    Raises:
        UserError: see ``draft_video`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.formats import format_of
    from luokuan.colophon.label import LabelOptions
    from luokuan.create.voices.trained import use_voices
    from luokuan.store.home import open_home

    format_of(media_type, Clip)  # refused before anything is drawn
    board = storyboard if isinstance(storyboard, Board) else read_storyboard(storyboard)
    board = board.changed(changes)
    place = home or open_home()
    use_voices(voices_in(board.story), place)
    folder = Path() if isinstance(storyboard, Board) else Path(storyboard).expanduser().parent
    found = sources or beside(folder, place)
    draft, larder = draft_video(board, sources=found, on_frame=on_frame)
    source = _origin(larder)
    options: dict[str, Any] = {} if source is None else {"origin": source}
    return (finisher or finish)(
        draft,
        home=place,
        media_type=media_type,
        label=label or LabelOptions(corner="top-right"),
        **options,
    )


__all__ = ["RIG", "check_board", "create_video", "draft_video", "models_in"]
