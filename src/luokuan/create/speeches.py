"""Speech: a text to a draft with the time of each word, drafts to finished works."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Sound, Word

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Origin
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Recipe, Work
    from luokuan.create.voices.scripts import Run
    from luokuan.create.voices.voice import Said, Voice
    from luokuan.store.home import Home

LONGEST = 20_000
"""Characters of the longest text: about an hour and a half of Chinese, twenty minutes of English."""
PAUSE = 0.1
"""Seconds between two voices."""
_PEAK = 0.95


@dataclass(frozen=True, slots=True)
class Manner:
    """How a text is spoken.

    Args:
        voices: Names of voices, at most one a language; a language without one is spoken by its first voice.
        rate: How fast, 0.5 to 2; 1: as the voice is used to.
        pitch: Semitones higher, -12 to 12.

    Raises:
        UserError: a value is out of its range.
    """

    voices: tuple[str, ...] = ()
    rate: float = 1.0
    pitch: float = 0.0

    def __post_init__(self) -> None:
        from luokuan.create.voices.voice import PITCHES, RATES

        for name, value, (low, high) in (("--rate", self.rate, RATES), ("--pitch", self.pitch, PITCHES)):
            if not low <= value <= high:  # nor is a value that is no number
                raise UserError(
                    _("{option} can't be {value}.", option=name, value=value),
                    _("Choose a number from {low} to {high}.", low=f"{low:g}", high=f"{high:g}"),
                    code="speech.range",
                )


def speak(text: str, *, manner: Manner | None = None, seed: int = 0) -> Iterator[Said]:
    """Speak ``text``, piece by piece, each run of a language by the voice that can; what none can is left out.

    Raises:
        UserError: nothing in it can be spoken, it is too long, holds half a character, or a voice is unknown or lacks
            its package.
    """
    how = manner or Manner()
    for _voice, said in _pieces(text, how, seed):
        yield said


def _pieces(text: str, how: Manner, seed: int) -> Iterator[tuple[Voice, Said]]:
    from luokuan.create.voices.registry import for_languages, voice_of
    from luokuan.create.voices.scripts import speakable

    chosen = for_languages(how.voices)
    found = _runs(speakable(_checked(text)), chosen, how)
    spoken = [run for run in found if voice_of(chosen[run.language]).can_say(run.text)]
    if not spoken:
        raise UserError(
            _("There is nothing in the text that the voices here can speak."),
            _("Write Chinese characters, Latin letters or figures."),
            code="speech.silent",
        )
    for number, run in enumerate(spoken):
        voice = voice_of(chosen[run.language])
        last = number + 1 == len(spoken)
        for said in voice.say(run.text, rate=how.rate, pitch=how.pitch, seed=seed):
            switched = not last and spoken[number + 1].language != run.language and run.text.endswith(said.text)
            yield voice, replace(said, sound=_with_silence(said.sound)) if switched else said


def _runs(plain: str, chosen: Mapping[str, str], how: Manner) -> list[Run]:
    """The runs of a text; letters of other scripts go to the voice that was asked for, if it may know them."""
    from luokuan.create.voices.registry import voice_of
    from luokuan.create.voices.scripts import runs
    from luokuan.create.voices.voice import Choosy

    knows = [language for language, name in chosen.items() if name in how.voices and isinstance(voice_of(name), Choosy)]
    return runs(plain, "en" if "en" in knows else "")


def _checked(text: str) -> str:
    if len(text) > LONGEST:
        raise UserError(
            _("The text is too long to speak: {count} characters, {most} at most.", count=len(text), most=LONGEST),
            _("Cut it into parts."),
            code="speech.long",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            _("The text holds half a character at place {place}.", place=error.start + 1),
            _("Leave it out."),
            code="speech.surrogate",
        ) from error
    return text


def _with_silence(sound: Sound) -> Sound:
    import numpy as np

    silence = np.zeros((1, round(PAUSE * sound.rate)), np.float32)
    return replace(sound, samples=np.concatenate([sound.samples, silence], axis=1))


def draft_speech(
    text: str,
    *,
    manner: Manner | None = None,
    seed: int = 0,
    on_piece: Callable[[Said], None] | None = None,
) -> Draft:
    """Speak ``text``: a draft of one channel at 24 kHz, whose ``words`` hold the times.

    Args:
        text: Chinese, English, or both; as it is written, with figures, dates and units.
        manner: Voices, rate and pitch.
        seed: Of what is random in the voices.
        on_piece: Called with each piece as soon as it is spoken.

    Raises:
        UserError: see ``speak``.
    """
    import numpy as np

    from luokuan.colophon.schema import Draft

    how = manner or Manner()
    samples, words, seconds = [], list[Word](), 0.0
    used: dict[str, Voice] = {}
    for voice, said in _pieces(text, how, seed):
        used.setdefault(voice.card.name, voice)
        samples.append(said.sound.samples)
        for word in said.sound.words:
            end = round(word.end + seconds, 3)
            if words and not any(letter.isalnum() for letter in word.text):  # the rest of a telephone number
                words[-1] = Word(words[-1].text + word.text, words[-1].start, end)
            else:
                words.append(Word(word.text, round(word.start + seconds, 3), end))
        seconds += said.sound.seconds
        if on_piece is not None:
            on_piece(said)
    whole = np.concatenate(samples, axis=1)
    whole *= min(1.0, _PEAK / max(float(np.abs(whole).max()), 1e-6))
    sound = Sound(whole, said.sound.rate, tuple(words))
    return Draft(sound, _recipe(text, how, seed, list(used.values())), kind="speech")


def _recipe(text: str, how: Manner, seed: int, voices: list[Voice]) -> Recipe:
    from luokuan.colophon.schema import Recipe
    from luokuan.foundation.licences import joint_licence

    cards = [voice.card for voice in voices]
    digests = [voice.digest for voice in voices]
    one = digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    told = [
        {"name": card.name, "digest": digest, "licence": card.licence, "consent": card.consent}
        for card, digest in zip(cards, digests, strict=True)
    ]
    return Recipe(
        model="+".join(card.name for card in cards),
        model_digest=one,
        brief=text,
        parameters={
            "voices": told,
            "rate": float(how.rate),
            "pitch": float(how.pitch),
            "left_out": _left_out(text, how)[:60],
        },
        seed=seed,
        licence=joint_licence(card.works_licence for card in cards),
        credit="; ".join(card.credit for card in cards if card.credit),
    )


def _left_out(text: str, how: Manner) -> str:
    """The letters that no voice spoke, each once."""
    from luokuan.create.voices.registry import for_languages, voice_of
    from luokuan.create.voices.scripts import left_out, speakable
    from luokuan.create.voices.voice import Choosy

    chosen = for_languages(how.voices)
    found = []
    for run in _runs(speakable(text), chosen, how):
        voice = voice_of(chosen[run.language])
        found.append(voice.left_out(run.text) if isinstance(voice, Choosy) else left_out(run.text))
    return "".join(dict.fromkeys("".join(found)))


def create_speech(
    text: str,
    *,
    voices: tuple[str, ...] | str = (),
    rate: float = 1.0,
    pitch: float = 0.0,
    seed: int = 0,
    media_type: str = "audio/wav",
    label: LabelOptions | None = None,
    home: Home | None = None,
    origin: Origin | None = None,
    on_piece: Callable[[Said], None] | None = None,
    finisher: Finisher | None = None,
) -> Work:
    """Create a finished work of speech, with captions (.srt, .vtt) beside it; see ``draft_speech``.

    Args:
        voices: See ``Manner``, or models of the home that speak; one may be given by its name alone.
        rate: See ``Manner``.
        pitch: See ``Manner``.
        media_type: A format of sound, see ``finish``.
        label: The explicit label; by default its policy says whether words or a rhythm are heard, see
            ``voices.label.with_voice``.
        home: Where the work is kept; default: the user's home.
        origin: What the text came from.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: see ``draft_speech`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.houselabel import house_label
    from luokuan.create.voices.label import with_voice
    from luokuan.create.voices.trained import use_voices
    from luokuan.store.home import open_home

    how = Manner((voices,) if isinstance(voices, str) else tuple(voices), rate, pitch)
    place = home or open_home()
    use_voices(how.voices, place)
    draft = draft_speech(text, manner=how, seed=seed, on_piece=on_piece)
    options: dict[str, Any] = {} if origin is None else {"origin": origin}
    wanted = with_voice(label or house_label(place))
    return (finisher or finish)(draft, home=place, media_type=media_type, label=wanted, **options)
