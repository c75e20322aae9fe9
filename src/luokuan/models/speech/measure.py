"""How well a voice is understood, on held-out sentences beside their recordings, and beside another voice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.corpus.audio import resampled
from luokuan.foundation.corpus.utterances import SpeechCorpus, Utterance
from luokuan.i18n import _
from luokuan.models.speech.listening import RATE, Listener, errors, words_of
from luokuan.models.speech.model import SpeechModel

SENTENCES = 50
FEWEST = 5
POOR = 0.3
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """Shares of words heard wrong: where one of the sentences is chosen, and by the free model."""

    grammar: float
    free: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found.

    Args:
        sentences: How many.
        words: In them.
        seed: Which were drawn.
        said: By the voice.
        recorded: Their recordings.
        heart: By the voice ``heart``, where it was asked.
        seconds_ratio: How long the voice takes for them, over their recordings.
        listener: What heard them.
        examples: Text, and what was heard of it freely.
    """

    sentences: int
    words: int
    seed: int
    said: Heard
    recorded: Heard
    heart: Heard | None
    seconds_ratio: float
    listener: str
    examples: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def verdicts(self) -> list[str]:
        """In words."""
        if self.said.grammar > POOR:
            return [_("It can't be understood yet: {share} of the words of held-out sentences are heard wrong.",
                      share=f"{self.said.grammar:.0%}")]  # fmt: skip
        found = [_("Of the words of held-out sentences {share} are heard wrong.", share=f"{self.said.grammar:.1%}")]
        if self.said.free > 2 * self.recorded.free + 0.05:
            found.append(_("Without knowing the sentences far more is heard wrong than of the recordings."))
        return found


def measure(
    model: SpeechModel,
    corpus: SpeechCorpus,
    *,
    count: int | None = None,
    seed: int = 0,
    other: Callable[[str], Samples] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    listener: Listener | None = None,
) -> Measured:
    """Word error rates by pocketsphinx on test sentences whose words its dictionary has.

    Args:
        count: Sentences; None: ``SENTENCES``, or as many as there are.
        seed: Which are drawn, and all that is random in the voice.
        other: Says a text, float32 (samples,) at 16 kHz: the voice beside it.
        progress: Told (what, done, total).
        listener: What hears them; None: a new one.

    Raises:
        UserError: pocketsphinx isn't installed, or too few sentences are held out.
    """
    listener = listener or Listener()
    able = [one for one in corpus.split("test") if listener.knows(one.text)]
    wanted = count or SENTENCES
    if len(able) < (wanted if count else FEWEST):
        raise UserError(
            _("{path} has {count} held-out sentences that can be measured; that is too few.", path=corpus.path,
              count=len(able)),
            _("Give the corpus the voice was trained on, or a smaller --count."),
            code="evaluation.sentences",
        )  # fmt: skip
    order = np.random.default_rng(mix_seed(seed, "sentences")).permutation(len(able))[:wanted]
    chosen = [able[index] for index in order.tolist()]
    listener.expect([one.text for one in chosen])
    made = []
    for number, one in enumerate(chosen):
        made.append(model.say(one.text, seed=mix_seed(seed, "measured", number)).samples)
        if progress is not None:
            progress(_("Saying sentences"), number + 1, len(chosen))
    real = [one.clip.samples(RATE) for one in chosen]
    said, told = _heard(listener, chosen, [_at_16k(samples, model.config.rate) for samples in made])
    beside = None if other is None else _heard(listener, chosen, [other(one.text) for one in chosen])[0]
    return Measured(
        sentences=len(chosen),
        words=sum(len(words_of(one.text)) for one in chosen),
        seed=seed,
        said=said,
        recorded=_heard(listener, chosen, real)[0],
        heart=beside,
        seconds_ratio=sum(map(len, made)) / model.config.rate / (sum(map(len, real)) / RATE),
        listener="pocketsphinx, en-us",
        examples=tuple((one.text, " ".join(words)) for one, words in list(zip(chosen, told, strict=True))[:5]),
    )


def _at_16k(samples: Samples, rate: int) -> Samples:
    return resampled(samples, rate, RATE)


def _heard(listener: Listener, chosen: Sequence[Utterance], sounds: Sequence[Samples]) -> tuple[Heard, list[list[str]]]:
    """Error rates, and what was heard freely."""
    wanted = [words_of(one.text) for one in chosen]
    total = sum(map(len, wanted))
    found = [[hear(sound) for sound in sounds] for hear in (listener.among, listener.free)]
    rates = [sum(map(errors, wanted, words)) / total for words in found]
    return Heard(*rates), found[1]
