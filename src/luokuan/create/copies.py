"""Copywriting: brief and model to ranked drafts, drafts to finished works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.chinesecopy import best_of, faults_of, laid_out, plan_of
from luokuan.create.chinesewriting import write_lines, writes_chinese_copy
from luokuan.create.copybrief import Brief
from luokuan.create.copychecks import Finding, counted, findings, tokens
from luokuan.create.copyprompts import answer_alone, prompt_of
from luokuan.create.ranking import ranked
from luokuan.create.servers import Server, find_server, is_server
from luokuan.create.slotcopy import tasks_of, texts_of
from luokuan.create.slotwriting import write_sentences, writes_slots
from luokuan.create.texts import LAST_SEED, MOST, draft_served_texts, draft_texts, recipe_of, shared_with_training
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import Home

STARTER, CHINESE_STARTER = "copy-en", "copy-zh"
AMONG, AMONG_SLOTS, AMONG_LINES = 1, 8, 16
"""Drafts for each piece of copy, by a model that answers, by one that writes slots, and by one that writes Chinese
lines, most of which are couplets of other lengths and with other characters at their heads."""
MOST_DRAFTS = 256
TOKENS = 512
"""Most tokens of a text if nothing says otherwise."""
LANGUAGES = {"en": "en", "zh": "zh-CN"}


@dataclass(frozen=True, slots=True)
class _Try:
    text: str
    wrong: tuple[Finding, ...]
    draft: Draft


def draft_copies(
    brief: Brief,
    *,
    model: PlmModel | Server,
    seed: int = 0,
    count: int = 1,
    among: int | None = None,
    manner: Manner | None = None,
    secret: bytes | None = None,
) -> Iterator[Draft]:
    """Make drafts of copy, the best first: those that meet most constraints, of these those that differ most.

    A draft's recipe holds what was found in it (``findings``), its place among all (``rank``), and fields of the brief
    that a model that writes slots never looked at (``ignored``): they are checked all the same.

    Args:
        brief: What is wanted.
        model: A language model with a chat template, one that writes sentences with slots (see ``create.slots``) or
            Chinese lines (see ``create.chinesecopy``), or a server's.
        seed: Of the first draft, the others follow, ≥ 0; of one that writes slots: of all drafts together.
        count: Pieces of copy to make, 1 to ``MOST``.
        among: Drafts from which each is picked, so that ``count`` times it are written; None: ``AMONG_SLOTS`` for a
            model that writes slots, ``AMONG_LINES`` for one that writes lines, else ``AMONG``. At most
            ``MOST_DRAFTS`` in all.
        manner: How tokens are drawn.
        secret: Of the watermark in the words of a model that answers; sentences with slots are too short for it.

    Raises:
        UserError: the brief or a value is out of its range, or the model can't write what is wanted.
    """
    from luokuan.models.plm.chat import chat_template
    from luokuan.models.plm.sampling import Manner

    brief.check()
    manner = manner or Manner(max_tokens=TOKENS)
    write: Callable[..., list[_Try]] = _answered
    if not isinstance(model, Server) and chat_template(model) is None:
        write = _lined if writes_chinese_copy(model) else _slotted
    among = among or {_answered: AMONG, _slotted: AMONG_SLOTS, _lined: AMONG_LINES}[write]
    drafts = count * among
    if not 1 <= count <= MOST or not 1 <= drafts <= MOST_DRAFTS or not 0 <= seed <= LAST_SEED - drafts:
        raise UserError(
            _("The number of texts, of drafts or the seed is out of range."),
            _("--count lies in 1…{most}, --count times --among in 1…{drafts}, seeds in 0…2⁶³-1.", most=MOST,
              drafts=MOST_DRAFTS),
            code="create.range",
        )  # fmt: skip
    tried = write(brief, model, seed, count, among, manner, secret)
    order = ranked([counted(one.wrong) for one in tried], [tokens(one.text) for one in tried], count)
    said = {**asdict(brief), "language": brief.spoken, "attributes": [list(pair) for pair in brief.attributes]}
    for rank, place in enumerate(order, 1):
        one = tried[place]
        more = {"brief": said, "rank": rank, "count": count, "among": among, "first_seed": seed}
        parameters = {**one.draft.recipe.parameters, **more, "findings": [wrong.to_dict() for wrong in one.wrong]}
        recipe = replace(one.draft.recipe, parameters=parameters)
        yield replace(one.draft, media=Text(one.text, LANGUAGES[brief.spoken]), recipe=recipe, kind="copy")


def _answered(
    brief: Brief, model: PlmModel | Server, seed: int, count: int, among: int, manner: Manner, secret: bytes | None
) -> list[_Try]:
    prompt, drafts, found = prompt_of(brief), count * among, list[_Try]()
    # All at once: a recipe tells how many were written together.
    for start in range(0, drafts, MOST):
        number, first = min(MOST, drafts - start), seed + start
        made = (
            draft_served_texts(prompt, model, seed=first, count=number, manner=manner)
            if isinstance(model, Server)
            else draft_texts(prompt, model=model, seed=first, count=number, manner=manner, secret=secret)
        )
        for draft in made:
            assert isinstance(draft.media, Text)
            text = answer_alone(draft.media.text)
            found.append(_Try(text, findings(text, brief), draft))
    return found


def _slotted(
    brief: Brief, model: PlmModel | Server, seed: int, count: int, among: int, manner: Manner, _secret: bytes | None
) -> list[_Try]:
    from luokuan.colophon.schema import Draft
    from luokuan.foundation.compute import mix_seed

    assert not isinstance(model, Server)
    if not writes_slots(model):
        raise UserError(
            _("The model '{name}' neither answers nor writes sentences with slots.", name=model.folder.name),
            _("Choose the starter copy-en, a model with a chat template, or a server's."),
            code="copy.model",
        )
    tasks = tasks_of(brief)
    # Neighbouring seeds would share most of their drafts.
    first = mix_seed(seed, "copy") >> 1
    sentences = write_sentences(model, tasks, seed=first, among=count * among, manner=manner)
    said = {key: value for key, value in asdict(manner).items() if key not in ("stop", "max_tokens")}
    said["ignored"] = [name for name in ("audience", "tone", "length", "must", "must_not") if getattr(brief, name)]
    found = []
    # Of the others, faulty or unlikely as they are, none is to be chosen only because it differs.
    for place, (text, slots) in enumerate(texts_of(tasks, sentences, max(count, count * among // 4))):
        parameters = {**said, "heads": [task.head for task in tasks], "place": place, "ended": "end"}
        recipe = recipe_of(model, brief.product, parameters, seed)
        wrong = (*slots, *findings(text, brief))
        found.append(_Try(text, wrong, Draft(Text(text), recipe)))
    return found


def _lined(
    brief: Brief, model: PlmModel | Server, seed: int, count: int, among: int, manner: Manner, _secret: bytes | None
) -> list[_Try]:
    from luokuan.colophon.schema import Draft
    from luokuan.foundation.compute import mix_seed

    assert not isinstance(model, Server)
    plan, drafts = plan_of(brief, model.tokenizer.get_vocab().keys()), count * among
    wanted, best = max(count, drafts // 4), []
    for place, ways in enumerate(plan.lines):
        lines = [ways[number % len(ways)] for number in range(drafts)]
        written = write_lines(model, lines, seed=mix_seed(seed, f"copy {place}") >> 1, manner=manner)
        tried = [(line, text, nats) for line, (text, nats) in zip(lines, written, strict=True)]
        best.append(best_of(tried, plan.values, wanted))
    said = {key: value for key, value in asdict(manner).items() if key not in ("stop", "max_tokens")}
    found = []
    for place, parts in enumerate(zip(*best, strict=True)):
        text = laid_out(parts, brief, plan.values)
        parameters = {
            **said, "ignored": list(plan.ignored), "heads": [line.head for line, _text in parts], "place": place,
            "ended": "end", **shared_with_training(model, text),
        }  # fmt: skip
        faults = [fault for line, own in parts for fault in faults_of(own, line, plan.values)]
        recipe = recipe_of(model, brief.product, parameters, seed)
        found.append(_Try(text, (*faults, *findings(text, brief)), Draft(Text(text), recipe)))
    return found


def usual_model(brief: Brief) -> str:
    """The starter that writes what is wanted: for Chinese ``CHINESE_STARTER`` if this installation has it."""
    from luokuan.foundation.modelfolder import starters

    return CHINESE_STARTER if brief.spoken == "zh" and CHINESE_STARTER in starters() else STARTER


def create_copies(
    brief: Brief,
    *,
    model: str | Path | None = None,
    seed: int = 0,
    count: int = 1,
    among: int | None = None,
    manner: Manner | None = None,
    media_type: str = "text/plain",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_text: Callable[[int, str], None] | None = None,
    watermark: bool = True,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create ``count`` finished pieces of copy, the best first; see ``draft_copies`` and ``texts.create_texts``.

    Args:
        model: None: ``usual_model``.
        on_text: Called with a piece's place and its whole text, before it is finished.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: see there.
    """
    from luokuan.colophon.finish import finish
    from luokuan.models.registry import load_writing_model
    from luokuan.store.home import open_home
    from luokuan.store.secrets import watermark_key

    brief.check()
    place, model = home or open_home(), model or usual_model(brief)
    writer = find_server(str(model)) if is_server(model) else load_writing_model(model)
    secret = watermark_key(place) if watermark and not isinstance(writer, Server) else None
    made = draft_copies(brief, model=writer, seed=seed, count=count, among=among, manner=manner, secret=secret)
    for index, draft in enumerate(made):
        assert isinstance(draft.media, Text)
        if on_text is not None:
            on_text(index, draft.media.text)
        yield (finisher or finish)(draft, home=place, media_type=media_type, label=label)


def create_copy(brief: Brief | str, *, model: str | Path | None = None, seed: int = 0, **options: Any) -> Work:
    """Create one finished piece of copy; see ``create_copies``.

    Args:
        brief: What is wanted, or the product's name. Fields of ``Brief`` and ``Manner`` may be given by name;
            ``attributes`` as a mapping, too.

    Raises:
        UserError: see there.
    """
    from luokuan.models.plm.sampling import Manner

    wanted, how = ({f.name: options.pop(f.name) for f in fields(k) if f.name in options} for k in (Brief, Manner))
    if isinstance(attributes := wanted.get("attributes"), dict):
        wanted["attributes"] = tuple((str(name), str(value)) for name, value in attributes.items())
    for key in ("must", "must_not"):
        if key in wanted:
            wanted[key] = (wanted[key],) if isinstance(wanted[key], str) else tuple(wanted[key])
    brief = Brief(brief, **wanted) if isinstance(brief, str) else replace(brief, **wanted)
    if how:
        options["manner"] = replace(options.get("manner") or Manner(max_tokens=TOKENS), **how)
    return next(create_copies(brief, model=model, seed=seed, count=1, **options))
