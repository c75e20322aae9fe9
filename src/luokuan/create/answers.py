"""Answers: conversations, or beginnings of texts, and a language model to drafts, with what a program asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from luokuan.create.texts import check_range, recipe_of, shared_with_training
from luokuan.media import Text

if TYPE_CHECKING:
    from torch import Tensor

    from luokuan.colophon.schema import Draft
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner

Turn = tuple[str, str]
"""Role (``system``, ``user`` or ``assistant``) and what was said."""
SPEAKERS = {"user": "User", "assistant": "Assistant"}
"""How a conversation names them for a model without chat template."""
STOP = "\nUser:"
"""Where the answer of such a model ends."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A token, its natural log-probability at temperature 1 without the watermark, and the likeliest in its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written.

    Args:
        place: Question times count, plus which of its answers.
        text: Without the question.
        ended: See ``luokuan.models.plm.writing.Written``.
        prompt_tokens: Tokens of the question, as the model read it.
        tokens: Tokens that were drawn.
        likely: Each token, if that was asked for.
        draft: Not yet labelled, so not yet fit to leave; None: nothing was written.
    """

    place: int
    text: str
    ended: str
    prompt_tokens: int
    tokens: int
    likely: tuple[Likely, ...]
    draft: Draft | None


def plain_prompt(turns: Sequence[Turn]) -> str:
    """A conversation as a model without chat template is asked to go on with it: what the system says, then ``User: ``
    and ``Assistant: `` before what each has said, with an empty line between, and ``Assistant:`` at the end."""
    told = [content if role == "system" else f"{SPEAKERS[role]}: {content}" for role, content in turns]
    return "\n\n".join([*told, f"{SPEAKERS['assistant']}:"])


def draft_answers(
    questions: Sequence[str] | Sequence[Turn],
    *,
    model: PlmModel,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    on_text: Callable[[int, str], None] | None = None,
    secret: bytes | None = None,
    top: int | None = None,
    shape: Mapping[str, Any] | None = None,
) -> Iterator[Answer]:
    """Answer one conversation (turns), or go on from each text, ``count`` times.

    Answer i has the seed ``seed + i``; all are written together. The draft of a beginning is both it and what follows.

    Args:
        questions: Turns, of which the last is answered, or texts.
        model: A loaded language model.
        seed: Of the first answer, ≥ 0.
        count: Answers to each, so that there are 1 to ``texts.MOST`` together.
        manner: How tokens are drawn.
        on_text: Called with a place and each piece of what is written there.
        secret: Of the watermark; None: none.
        top: Tell each token's probability, and those of the so many likeliest ones; None: don't.
        shape: A JSON schema that each answer fits, if it isn't cut off; see ``luokuan.models.plm.structured``.

    Raises:
        UserError: a value is out of its range, a question is too long for the model or no text, or the schema can't be
            followed.
    """
    from luokuan.colophon.schema import Draft
    from luokuan.models.plm.chat import as_chat, chat_template
    from luokuan.models.plm.sampling import Manner
    from luokuan.models.plm.structured import Guide
    from luokuan.models.plm.watermark import SHARE, STRENGTH, Watermark
    from luokuan.models.plm.writing import write

    turns = [one for one in questions if not isinstance(one, str)]
    begun = [one for one in questions if isinstance(one, str)]
    manner = manner or Manner()
    asked, brief = begun, begun
    lead: Callable[[str], str] = _identity
    chat = bool(turns) and chat_template(model) is not None
    if chat:
        asked = [as_chat(model, [{"role": role, "content": content} for role, content in turns])]
    elif turns:
        asked, lead = [plain_prompt(turns)], str.lstrip
        manner = replace(manner, stop=(*manner.stop[: 16 - 1], STOP))
    if turns:
        brief = [next((content for role, content in reversed(turns) if role == "user"), turns[-1][1])]
    check_range(count * len(asked), seed)
    likely: dict[int, list[Likely]] = {}

    def on_token(place: int, token: int, logits: Tensor) -> None:
        likely.setdefault(place, []).append(_likely(model, token, logits, top or 0))

    written = write(
        model,
        [one for one in asked for _number in range(count)],
        seed=seed,
        manner=manner,
        on_text=on_text if lead is _identity else _without_lead(on_text),
        chat=chat,
        allowed=None if shape is None else Guide(model, shape),
        watermark=None
        if secret is None
        else Watermark(secret, int(model.network.get_input_embeddings().weight.shape[0])),
        on_token=None if top is None else on_token,
    )
    said: dict[str, Any] = {
        **asdict(manner),
        "stop": list(manner.stop),
        "chat": chat,
        "turns": [list(t) for t in turns],
    }
    said["watermark"] = None if secret is None else {"share": SHARE, "strength": STRENGTH}
    for place, found in enumerate(written):
        question, text = place // count, lead(found.text)
        draft = None
        if text.strip():
            whole = text if turns else begun[question] + text
            # Written together, they are the same again only together: products round otherwise in another shape.
            parameters = {**said, "first_seed": seed, "count": count, "ended": found.ended}
            parameters |= shared_with_training(model, text)
            draft = Draft(Text(whole), recipe_of(model, brief[question], parameters, seed + place), kind="text")
        yield Answer(
            place, text, found.ended, found.prompt_tokens, len(found.tokens), tuple(likely.get(place, ())), draft
        )


def _identity(text: str) -> str:
    return text


def _without_lead(on_text: Callable[[int, str], None] | None) -> Callable[[int, str], None] | None:
    """``on_text`` without the space before the first word."""
    if on_text is None:
        return None
    begun: set[int] = set()

    def tell(place: int, piece: str) -> None:
        piece = piece if place in begun else piece.lstrip()
        if piece:
            begun.add(place)
            on_text(place, piece)

    return tell


def _likely(model: PlmModel, token: int, logits: Tensor, top: int) -> Likely:
    import torch

    chances = torch.log_softmax(logits.double(), -1)
    leading = chances.topk(min(top, len(chances))) if top else None
    spell = model.tokenizer.backend_tokenizer.decode

    def pair(number: int) -> tuple[str, float]:
        return str(spell([number], skip_special_tokens=False)), round(float(chances[number]), 6)

    return Likely(*pair(token), () if leading is None else tuple(pair(int(number)) for number in leading.indices))
