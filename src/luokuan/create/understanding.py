"""From what a person asks to what a model is told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from luokuan.create.attributes import Term, given_attributes, read_attributes
from luokuan.create.brief import check_text, joined, read_brief
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.models.interface import Wish, words_of

if TYPE_CHECKING:
    from luokuan.models.interface import PictureModel


_ARTICLE = re.compile(r"^\s*(a|an|the)\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for.

    Args:
        brief: In words; may be empty.
        class_name: A class by its name.
        attributes: Attribute to value.
    """

    brief: str = ""
    class_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a model makes of it: a class, terms, or a caption; and the words without effect."""

    label: int | None = None
    terms: tuple[Term, ...] = ()
    text: str = ""
    ignored: tuple[str, ...] = ()

    def told(self, model: PictureModel, seed: int, *, from_picture: bool = False) -> tuple[Wish | None, dict[str, Any]]:
        """What to tell the model for one picture, None for nothing in particular; and what the recipe says of it.

        Args:
            from_picture: It starts from a picture, which shows what it is: no class is drawn by chance.
        """
        said: dict[str, Any] = {"class": None, "ignored_words": list(self.ignored)}
        if model.classes and self.label is None and from_picture:
            return None, said
        if model.classes:
            label = self.label if self.label is not None else model.draw_labels(1, seed)[0]
            return Wish(label), said | {"class": model.classes[label]}
        if self.terms:
            chosen = model.plausible([term.alternatives for term in self.terms], seed)
            missed = [t.words for t in self.terms if not any(chosen.get(n) in v for n, v in t.alternatives.items())]
            return Wish(attributes=chosen), said | {"attributes": chosen, "ignored_words": [*missed, *self.ignored]}
        return (Wish(text=self.text) if self.text else None), said


def understand(asked: Asked, model: PictureModel) -> Understanding:
    """Read what was asked with the model's own vocabulary.

    Raises:
        UserError: it names no class, attribute or word of the model; or an option has no say with this model.
    """
    check_text(asked.brief)
    _refuse_foreign(asked, model)
    aliases = model.folder.aliases
    if model.attributes:
        terms, ignored = read_attributes(asked.brief, model.attributes, aliases)
        return Understanding(terms=(*given_attributes(asked.attributes, model.attributes), *terms), ignored=ignored)
    if model.words:
        return _caption(asked.brief, model.words)
    if asked.class_name is not None:
        return Understanding(label=_class(asked.class_name, model.classes, aliases))
    reading = read_brief(asked.brief, model.classes, aliases)
    return Understanding(label=reading.label, ignored=reading.ignored)


def _class(name: str, classes: Sequence[str], aliases: Mapping[str, str]) -> int:
    """The class called ``name``: exactly so, else without case, spaces and hyphens; by its own name or an alias."""
    known = {own: own for own in classes}
    known |= {word: own for word, own in aliases.items() if own in classes and word not in known}
    if name in known:
        return classes.index(known[name])
    forms: dict[str, str] = {}
    for word in known:
        forms.setdefault(joined(word), word)
    forms.pop("", None)  # of emoji and punctuation nothing is left
    if joined(name) in forms:
        return classes.index(known[forms[joined(name)]])
    close = difflib.get_close_matches(joined(name), forms, n=3, cutoff=0.3)
    raise UserError(
        _("This model has no class '{name}'.", name=name),
        _("Did you mean {nearest}?", nearest=", ".join([forms[form] for form in close] or classes)),
        code="create.class",
    )


def _refuse_foreign(asked: Asked, model: PictureModel) -> None:
    if asked.class_name is not None and not model.classes:
        raise UserError(
            _("The model '{name}' has no classes.", name=model.folder.name),
            _("Leave --class out; see `luokuan models show {name}`.", name=model.folder.name),
            code="create.option",
        )
    if asked.class_name is not None and asked.brief.strip():
        raise UserError(_("Both a brief and --class were given."), _("Give one of them."), code="create.option")
    if asked.attributes and not model.attributes:
        raise UserError(
            _("The model '{name}' has no attributes.", name=model.folder.name),
            _("Leave --attribute out; see `luokuan models show {name}`.", name=model.folder.name),
            code="create.option",
        )


def _caption(brief: str, vocabulary: tuple[str, ...]) -> Understanding:
    known = set(vocabulary)
    # Captions are named "rainbow": to a model that learnt them, an article before that is another caption.
    text = _ARTICLE.sub("", brief)
    words = words_of(text)
    ignored = tuple(dict.fromkeys(word for word in words_of(brief) if word not in known))
    if words and not known & set(words):
        near = list(dict.fromkeys(n for w in words[:20] for n in difflib.get_close_matches(w, vocabulary, n=3)))
        raise UserError(
            _("The model knows none of these words: {words}.", words=" ".join(ignored[:12])),
            _("Did you mean {nearest}?", nearest=", ".join(near[:8]) or ", ".join(vocabulary[:12])),
            code="create.words",
        )
    return Understanding(text=text, ignored=ignored)
