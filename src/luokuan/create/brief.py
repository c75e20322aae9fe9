"""What a class-conditional picture model can understand of a brief: the class that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luokuan.errors import UserError
from luokuan.i18n import _

LONGEST = 2000
"""Characters of a brief."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``label``: index of the class, or None when the brief was empty; ``ignored``: words without effect."""

    label: int | None
    ignored: tuple[str, ...]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _joined(name: str) -> str:
    return "".join(_words(name))


def _forms(name: str) -> set[str]:
    joined = _joined(name)
    # English plurals both ways: "a shoe" for a class "shoes", "dresses" for "dress".
    return {joined, joined + "s", joined + "es", joined.removesuffix("s")} - {""}


def check_text(brief: str) -> None:
    """Refuse what no recipe could hold.

    Raises:
        UserError: it is no Unicode text, or longer than ``LONGEST`` characters.
    """
    try:
        brief.encode()
    except UnicodeEncodeError as error:  # bytes of another encoding
        raise UserError(
            _("The brief holds bytes that are not UTF-8 text."),
            _("Type it again, in a terminal that is set to UTF-8."),
            code="create.text",
        ) from error
    if len(brief) > LONGEST:
        raise UserError(
            _("The brief has {count} characters.", count=len(brief)),
            _("Use {most} at most; a few words are best.", most=LONGEST),
            code="create.text",
        )


def read_brief(brief: str, classes: Sequence[str], aliases: Mapping[str, str] | None = None) -> Reading:
    """Find the class that ``brief`` names.

    Words are compared without case, hyphens and plural s; of several matches the longest name wins
    ("t-shirt" over "shirt"). A class name in a script without spaces is found inside the text.

    Args:
        aliases: Other words for classes, such as ``{"连衣裙": "dress"}``; those of unknown classes have no effect.

    Raises:
        UserError: the brief isn't empty, and names no class of the model; or it is no Unicode text.
    """
    check_text(brief)
    words = _words(brief)
    if not words:
        return Reading(None, ())
    if not classes:
        return Reading(None, tuple(words))
    best: tuple[int, int, int, int] | None = None  # (length of the name, -start, index, words used)
    names = [(name, index) for index, name in enumerate(classes)]
    names += [(word, classes.index(name)) for word, name in (aliases or {}).items() if name in classes]
    for name, index in names:
        forms = _forms(name)
        for start in range(len(words)):
            for count in range(1, len(_words(name)) + 1):
                if "".join(words[start : start + count]) in forms:
                    found = (len(name), -start, index, count)
                    best = max(best, found) if best else found
        if not name.isascii():
            for start, word in enumerate(words):
                if _joined(name) in word:
                    found = (len(name), -start, index, 1)
                    best = max(best, found) if best else found
    if best is None:
        raise UserError(
            _("The brief '{brief}' names no class of this model.", brief=brief),
            _("It knows: {classes}.", classes=", ".join(classes)),
            code="create.class",
        )
    _length, start, index, count = best
    used = range(-start, -start + count)
    skip = {"a", "an", "the"}
    return Reading(index, tuple(w for i, w in enumerate(words) if i not in used and w not in skip))
