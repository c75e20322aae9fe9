"""What is said in a short: each line spoken, and when; from it follows how long the scenes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from luokuan.create.shorts.fields import LONGEST, Line, Scene
from luokuan.create.shorts.sources import Larder
from luokuan.create.shorts.storyboard import frames_fault, too_long
from luokuan.errors import UserError
from luokuan.media import Sound, Word

if TYPE_CHECKING:
    from luokuan.create.voices.voice import Phone, Said
    from luokuan.foundation.yamlfile import Place

LEAD, TAIL = 0.15, 0.5
"""Seconds of a scene before its first line, besides its pause, and after its last."""
_FASTEST = 26.0  # characters a second that no voice here exceeds at its own rate


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line. ``start``: seconds after the beginning of its scene; ``sound``: with the times of its words, ``phones``:
    those of its sounds, from its own beginning."""

    line: Line
    start: float
    sound: Sound
    phones: tuple[Phone, ...]

    @property
    def end(self) -> float:
        """When it is over, likewise."""
        return self.start + self.sound.seconds


@dataclass(frozen=True, slots=True)
class Timed:
    """A scene in time: the first of its ``frames`` is frame ``first`` of the short; ``tail``: frames after its end for
    which it is still seen, while the next one comes in."""

    number: int
    scene: Scene
    first: int
    frames: int
    tail: int
    spoken: tuple[Spoken, ...]


def timed(larder: Larder) -> list[Timed]:
    """Speak everything and lay the scenes one behind the other, in whole frames.

    Raises:
        UserError: a text can't be spoken, or it all would take too long; the line of the storyboard is named.
    """
    story = larder.board.story
    found: list[Timed] = []
    first, seconds = 0, 0.0
    for number, scene in enumerate(story.scenes):
        spoken = _spoken(larder, scene, number, LONGEST - seconds)
        length = max(scene.seconds or 0.0, spoken[-1].end + TAIL if spoken else 0.0)
        frames = max(1, math.ceil(length * story.fps - 1e-6))
        following = story.scenes[number + 1].transition.lasting if number + 1 < len(story.scenes) else 0.0
        found.append(Timed(number, scene, first, frames, math.ceil(following * story.fps), tuple(spoken)))
        first, seconds = first + frames, (first + frames) / story.fps
        if seconds > LONGEST + 1e-6:
            raise larder.board.fault(("scenes", number), too_long())
    if (fault := frames_fault(story, seconds)) is not None:
        raise larder.board.fault(("scenes",), fault)
    return found


def _spoken(larder: Larder, scene: Scene, number: int, room: float) -> list[Spoken]:
    from luokuan.create.speeches import Manner, draft_speech

    at, found = scene.transition.lasting + LEAD, list[Spoken]()
    for place, line in enumerate(scene.speech):
        where: Place = ("scenes", number, "speech", place, "say")
        text = larder.text(line.say, where, larder.seed(line.say.seed, number, place, 1))
        if len(text) / _FASTEST / line.rate > room:
            raise larder.board.fault(where, too_long())
        heard = _Collected()
        try:
            manner = Manner(line.voice, line.rate, line.pitch)
            draft = draft_speech(text, manner=manner, seed=larder.seed(None, number, place), on_piece=heard.take)
        except UserError as error:
            raise larder.board.caused(where, error) from error
        larder.note("speech", draft.recipe)
        assert isinstance(draft.media, Sound)
        at += line.pause
        found.append(Spoken(line, at, draft.media, tuple(heard.phones)))
        at += draft.media.seconds
        if at > room + 1:
            raise larder.board.fault(where, too_long())
    return found


class _Collected:
    """The sounds of speech as they come, placed in the whole line."""

    def __init__(self) -> None:
        self.phones: list[Phone] = []
        self.seconds = 0.0

    def take(self, said: Said) -> None:
        from luokuan.create.presenters.visemes import phones_of_words

        own = said.phones or tuple(phones_of_words(said.sound.words))
        self.phones += [replace(one, start=max(0.0, one.start + self.seconds), end=max(0.0, one.end + self.seconds))
                        for one in own]  # fmt: skip
        self.seconds += said.sound.seconds


def words_of(scenes: Sequence[Timed], fps: float) -> tuple[Word, ...]:
    """All words that are said, at their times in the short."""
    found = []
    for scene in scenes:
        for one in scene.spoken:
            offset = scene.first / fps + one.start
            found += [Word(word.text, round(word.start + offset, 3), round(word.end + offset, 3))
                      for word in one.sound.words]  # fmt: skip
    return tuple(found)


def lines_by(scene: Timed, name: str | None, seconds: float) -> tuple[list[Phone], Sound]:
    """What somebody says in a scene: the sounds of speech, and the sound, as long as ``seconds``."""
    import numpy as np

    own = [one for one in scene.spoken if one.line.who == name and name is not None]
    rate = own[0].sound.rate if own else 24_000
    samples = np.zeros((1, max(1, round(seconds * rate))), np.float32)
    phones: list[Phone] = []
    for one in own:
        phones += [replace(sound, start=sound.start + one.start, end=sound.end + one.start) for sound in one.phones]
        at = round(one.start * rate)
        part = one.sound.samples[:, : samples.shape[1] - at]
        samples[:, at : at + part.shape[1]] += part
    return phones, Sound(samples, rate)
