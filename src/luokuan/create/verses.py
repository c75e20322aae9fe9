"""Chinese verse: form, title and wishes to drafts, drafts to finished works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.prosody import HANZI, LEVEL, OBLIQUE, Form, form_of, rhyme_table, tones
from luokuan.create.texts import begun_by, check_range, recipe_of, shared_with_training
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.create.measures import Characters
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import Home

STARTER = "verse"
TUNE = "词"
"""What stands in the place of the form's name above a poem to a tune, whose name is the title."""
_LONGEST_TITLE = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """What poem is wanted.

    Args:
        title: Its title, in simplified characters; empty: the model's choice. A poem to a tune has the tune's name.
        form: See ``prosody.FORMS``.
        first_line: How it begins, without marks.
        heads: First characters of its lines (藏头), as many as are wished.
        rhyme: A character of the level rhyme, such as 东, or the rhyme's name without its number.
        tones: Whether regular verse keeps its tones.
    """

    title: str = ""
    form: str = "五绝"
    first_line: str = ""
    heads: str = ""
    rhyme: str = ""
    tones: bool = True

    def check(self) -> Form:
        """The form; refuse what doesn't fit it.

        Raises:
            UserError: the form is unknown, or a wish doesn't fit it.
        """
        form = form_of(self.form)
        faults = (
            (len(self.title) > _LONGEST_TITLE or "\n" in self.title, _("The title is too long.")),
            (
                not all(map(HANZI.match, self.first_line + self.heads)),
                _("First line and first characters are Chinese characters without marks."),
            ),
            (
                bool(self.first_line) and len(self.first_line) != form.lengths[0],
                _("A first line of {form} has {count} characters.", form=form.name, count=form.lengths[0]),
            ),
            (
                len(self.heads) > len(form.lengths),
                _("{form} has {count} lines, too few for these first characters.", form=form.name,
                  count=len(form.lengths)),
            ),
            (
                bool(self.first_line and self.heads) and self.first_line[0] != self.heads[0],
                _("The first line doesn't begin with the first of these characters."),
            ),
            (bool(self.rhyme) and not form.regular, _("The rhymes of {form} aren't looked at.", form=form.name)),
            (bool(self.title) and not form.regular, _("A poem to a tune has the tune's name for a title.")),
        )  # fmt: skip
        for wrong, what in faults:
            if wrong:
                raise UserError(what, _("Change it, or choose another --form."), code="verse.wish")
        return form


def draft_verses(
    asked: Asked | str,
    *,
    model: PlmModel,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    on_text: Callable[[int, str], None] | None = None,
) -> Iterator[Draft]:
    """Make drafts of poems that keep the form; see ``texts.draft_texts`` for the other arguments.

    A draft is the title, an empty line, and the poem.

    Args:
        asked: What is wanted; a text is a title.
        model: One that writes poems as ``scripts/make_verse_corpus.py`` lays them out, character by character.

    Raises:
        UserError: a wish doesn't fit the form, or the model doesn't know its characters.
    """
    from luokuan.colophon.schema import Draft
    from luokuan.create.measures import Characters
    from luokuan.models.plm.sampling import Manner
    from luokuan.models.plm.writing import write

    asked = Asked(asked) if isinstance(asked, str) else asked
    form, manner = asked.check(), manner or Manner()
    check_range(count, seed)
    characters = Characters(model)
    for text in (asked.title, asked.first_line, asked.heads):
        characters.check(text)
    title = asked.title if form.regular else form.name
    begun = asked.first_line + form.marks[0] if asked.first_line else ""
    prompt = f"{form.name if form.regular else TUNE}·{title}" + (f"\n{begun}" if title else "")
    told = begun_by(f"{title}\n\n{begun}" if title else "", on_text)
    allowed = _allowed(asked, form, characters, model, seed, count)
    # Room for a title, the poem, and the token that ends it.
    whole = replace(manner, max_tokens=_LONGEST_TITLE + len(form.places) + 2, stop=())
    written = write(model, [prompt] * count, seed=seed, manner=whole, on_text=told, allowed=allowed)
    said = {**asdict(asked), "form": form.name, **{k: v for k, v in asdict(manner).items() if k != "stop"}}
    for index, found in enumerate(written):
        named, _newline, rest = (title, "", found.text) if title else found.text.partition("\n")
        parameters = {**said, "first_seed": seed, "count": count, **shared_with_training(model, rest)}
        recipe = recipe_of(model, asked.title, parameters, seed + index)
        yield Draft(Text(f"{named}\n\n{begun}{rest}", "zh-CN"), recipe, kind="verse")


def _allowed(
    asked: Asked, form: Form, characters: Characters, model: PlmModel, seed: int, count: int
) -> Callable[[int, Any], Any]:
    from luokuan.create.measures import Measure
    from luokuan.models.plm.writing import end_tokens

    rhyme = _rhyme(asked.rhyme, characters)
    measures = []
    for index in range(count):
        first = None
        if asked.tones and form.regular:
            own = tones(asked.first_line[1]) if asked.first_line else frozenset()
            first = next(iter(own)) if len(own) == 1 else (LEVEL, OBLIQUE)[(seed + index) % 2]
        measures.append(
            Measure(
                characters,
                form,
                min(end_tokens(model)),
                titled=bool(asked.title) or not form.regular,
                begun=asked.first_line + form.marks[0] if asked.first_line else "",
                heads=asked.heads,
                rhyme=rhyme,
                first=first,
            )
        )
    return lambda number, tokens: measures[number].allowed(tokens)


def _rhyme(wanted: str, characters: Characters) -> str | None:
    if not wanted:
        return None
    named = [rhyme for rhyme in characters.rhymes if rhyme.endswith(wanted)]
    holding = [rhyme for rhyme in characters.rhymes if wanted in rhyme_table()[LEVEL][rhyme]]
    found = named or (holding if len(wanted) == 1 else [])
    if not found:
        raise UserError(
            _("'{rhyme}' names no level rhyme.", rhyme=wanted[:20]),
            _("Give one of its characters: {known}.", known="".join(rhyme[-1] for rhyme in characters.rhymes)),
            code="verse.rhyme",
        )
    return found[0]


def create_verses(
    asked: Asked | str = "",
    *,
    model: str | Path = STARTER,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    media_type: str = "text/plain",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_text: Callable[[int, str], None] | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create ``count`` finished poems; see ``draft_verses`` and ``texts.create_texts`` for the arguments.

    Args:
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: see there.
    """
    from luokuan.colophon.finish import finish
    from luokuan.models.registry import load_writing_model
    from luokuan.store.home import open_home

    place = home or open_home()
    loaded = load_writing_model(model)
    for draft in draft_verses(asked, model=loaded, seed=seed, count=count, manner=manner, on_text=on_text):
        yield (finisher or finish)(draft, home=place, media_type=media_type, label=label)


def create_verse(asked: Asked | str = "", *, model: str | Path = STARTER, seed: int = 0, **options: Any) -> Work:
    """Create one finished poem; see ``create_verses``. Fields of ``Asked`` and ``Manner`` may be given by name."""
    from luokuan.models.plm.sampling import Manner

    wanted, how = ({f.name: options.pop(f.name) for f in fields(k) if f.name in options} for k in (Asked, Manner))
    if isinstance(asked, str):
        asked = Asked(asked, **wanted)
    if how:
        options["manner"] = replace(options.get("manner") or Manner(), **how)
    return next(create_verses(asked, model=model, seed=seed, count=1, **options))
