"""Texts: prompt and model to drafts, drafts to finished works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.servers import Server, find_server, is_server
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Recipe, Work
    from luokuan.models.gan.text.model import TextGan
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner
    from luokuan.models.vae.text.model import TextVae
    from luokuan.store.home import Home

LAST_SEED = 2**63 - 1
MOST = 64
"""Texts that are written at once."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a text is to be made of.

    Args:
        text: How it begins; with a model that has a chat template: what is asked.
        system: What such a model is told first.
        raw: Whether such a model goes on with ``text`` instead.
    """

    text: str = ""
    system: str = ""
    raw: bool = False


def draft_texts(
    prompt: Prompt | str,
    *,
    model: PlmModel,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    on_text: Callable[[int, str], None] | None = None,
    secret: bytes | None = None,
) -> Iterator[Draft]:
    """Make drafts: texts with their recipe, not yet labelled, so not yet fit to leave.

    Text i has the seed ``seed + i``; all are written together. A model without chat template goes on with the prompt,
    and the draft is both; of one with such a template the draft is the answer.

    Args:
        prompt: How it begins, or what is asked.
        model: A loaded language model.
        seed: Of the first draft, ≥ 0.
        count: Drafts to make, 1 to ``MOST``.
        manner: How tokens are drawn.
        on_text: Called with a draft's index and each piece of its text, the prompt's first, as soon as it is certain.
        secret: Of the watermark; None: none. The likeliest token (temperature 0) is taken from among the marked logits.

    Raises:
        UserError: a value is out of its range, the prompt is too long for the model or no text, or ``system`` was given
            to a model without chat template.
    """
    from luokuan.colophon.schema import Draft
    from luokuan.models.plm.chat import as_chat, chat_template
    from luokuan.models.plm.sampling import Manner
    from luokuan.models.plm.watermark import SHARE, STRENGTH, Watermark
    from luokuan.models.plm.writing import write

    prompt = Prompt(prompt) if isinstance(prompt, str) else prompt
    manner = manner or Manner()
    check_range(count, seed)
    chat = chat_template(model) is not None and not prompt.raw
    if prompt.system and not chat:
        raise UserError(
            _("The model '{name}' takes no --system here: nothing parts it from the prompt.", name=model.folder.name),
            _("Leave it out, and choose a model with a chat template, without --raw."),
            code="create.system",
        )
    given = prompt.text
    if chat:
        told = [{"role": "system", "content": prompt.system}] if prompt.system else []
        given = as_chat(model, [*told, {"role": "user", "content": prompt.text}])
    kept = "" if chat else prompt.text
    mark = None if secret is None else Watermark(secret, int(model.network.get_input_embeddings().weight.shape[0]))
    written = write(
        model, [given] * count, seed=seed, manner=manner, on_text=begun_by(kept, on_text), chat=chat, watermark=mark
    )
    said = {**asdict(manner), "stop": list(manner.stop), "chat": chat, "system": prompt.system}
    said["watermark"] = None if mark is None else {"share": SHARE, "strength": STRENGTH}
    for index, found in enumerate(written):
        # Written together, they are the same again only together: products round otherwise in another shape.
        parameters = {**said, "first_seed": seed, "count": count, "ended": found.ended}
        parameters |= shared_with_training(model, found.text)
        yield Draft(Text(kept + found.text), recipe_of(model, prompt.text, parameters, seed + index), kind="text")


def begun_by(begin: str, on_text: Callable[[int, str], None] | None) -> Callable[[int, str], None] | None:
    """``on_text``, told ``begin`` before the first piece of each text: a prompt that is refused is never shown."""
    if on_text is None or not begin:
        return on_text
    begun: set[int] = set()

    def tell(index: int, piece: str) -> None:
        on_text(index, piece if index in begun else begin + piece)
        begun.add(index)

    return tell


def draft_served_texts(
    prompt: Prompt | str,
    server: Server,
    *,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    on_text: Callable[[int, str], None] | None = None,
) -> Iterator[Draft]:
    """As ``draft_texts``, by a model that a server has: one text after the other, always the answer alone unless the
    prompt is ``raw``.

    Raises:
        UserError: a value is out of its range, or see ``Server.write``.
    """
    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.models.plm.sampling import Manner

    prompt = Prompt(prompt) if isinstance(prompt, str) else prompt
    manner = manner or Manner()
    manner.check()
    check_range(count, seed)
    for index in range(count):
        begun = begun_by(prompt.text if prompt.raw else "", on_text)
        tell = None if begun is None else partial(begun, index)
        text, ended = server.write(prompt, manner, seed + index, tell)
        said = {"server": server.address, "ended": ended, "chat": not prompt.raw, "system": prompt.system}
        recipe = Recipe(
            model=server.short_name,
            model_digest=server.digest,
            brief=prompt.text,
            parameters={**asdict(manner), "stop": list(manner.stop), **said},
            seed=seed + index,
        )
        yield Draft(Text((prompt.text if prompt.raw else "") + text), recipe, kind="text")


def shared_with_training(model: PlmModel | TextVae | TextGan, text: str) -> dict[str, Any]:
    """Of the recipe: the longest run of words that a text shares with what the model learnt, as ``Shared`` has it; both
    None if its folder doesn't say what that was."""
    if model.ngrams is None:
        return {"shared_words": None, "shared_run": None}
    found = model.ngrams.longest_shared(text)
    return {"shared_words": found.words, "shared_run": found.run}


def recipe_of(model: PlmModel | TextVae | TextGan, brief: str, parameters: Mapping[str, Any], seed: int) -> Recipe:
    """The recipe of a text."""
    from luokuan.colophon.schema import Recipe

    folder = model.folder
    return Recipe(
        model=folder.name,
        model_digest=folder.digest,
        brief=brief,
        parameters=parameters,
        seed=seed,
        licence=folder.licence,
        corpus_digest=folder.corpus_digest or None,
    )


def check_range(count: int, seed: int) -> None:
    """Refuse too many texts and seeds that no recipe can hold.

    Raises:
        UserError: a value is out of its range.
    """
    if not 1 <= count <= MOST or not 0 <= seed <= LAST_SEED - count + 1:
        raise UserError(
            _("The number of texts or the seed is out of range."),
            _("--count lies in 1…{most}, seeds in 0…2⁶³-1.", most=MOST),
            code="create.range",
        )


def create_texts(
    prompt: Prompt | str = "",
    *,
    model: str | Path,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    media_type: str = "text/plain",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_text: Callable[[int, str], None] | None = None,
    watermark: bool = True,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create ``count`` finished texts; see ``draft_texts`` for the other arguments.

    Args:
        model: Store name, starter name, folder, Hub id, or a server's address (see ``luokuan.create.servers``).
        media_type: ``text/plain``, ``text/markdown``, ``application/json`` or ``text/html``.
        label: The explicit label; default: both languages.
        home: Where the work is kept, and whose secret marks it; default: the user's home.
        watermark: Whether the choice of words carries the home's watermark; a server's texts never do.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, it writes no text, or see ``draft_texts`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.models.registry import load_writing_model
    from luokuan.store.home import open_home
    from luokuan.store.secrets import watermark_key

    place = home or open_home()
    if is_server(model):
        drafts = draft_served_texts(
            prompt, find_server(str(model)), seed=seed, count=count, manner=manner, on_text=on_text
        )
    else:
        loaded = load_writing_model(model)
        secret = watermark_key(place) if watermark else None
        drafts = draft_texts(
            prompt, model=loaded, seed=seed, count=count, manner=manner, on_text=on_text, secret=secret
        )
    for draft in drafts:
        yield (finisher or finish)(draft, home=place, media_type=media_type, label=label)


def create_text(prompt: Prompt | str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished text; see ``create_texts``. Fields of ``Prompt`` and ``Manner`` may be given by name."""
    from luokuan.models.plm.sampling import Manner

    asked, how = ({f.name: options.pop(f.name) for f in fields(k) if f.name in options} for k in (Prompt, Manner))
    if isinstance(prompt, str):
        prompt = Prompt(prompt, **asked)
    if how:
        options["manner"] = replace(options.get("manner") or Manner(), **how)
    return next(create_texts(prompt, model=model, seed=seed, count=1, **options))
