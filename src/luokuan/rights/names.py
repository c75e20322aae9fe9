"""Names and marks on the owner's list, and how texts are searched for them.

Texts and names are compared by a skeleton: without case, width, accents, spaces, signs and invisible characters, and
with one letter for all that look like it (in the manner of Unicode Technical Standard 39, section 4, with a table of
our own: letters of Cyrillic, Greek and Armenian, digits and signs that stand in for Latin letters). Chinese characters
are compared as they are: a name in both traditional and simplified characters is two names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.rights import NameRow, add_name, list_names, remove_name

if TYPE_CHECKING:
    import sqlalchemy as sa

MAX_NAME, MAX_SEARCHED = 100, 200_000
"""Longest name, and what of a text is searched, in characters."""
LEAST = 2
"""Shorter names would be found everywhere."""

_ALIKE = {
    "a": "а α ɑ @", "b": "ь в β", "c": "с ϲ ¢", "d": "ԁ ɗ", "e": "е ε € є ҽ", "f": "ƒ ϝ", "g": "ɡ ց", "h": "һ н հ",
    "j": "ј ϳ", "k": "к κ ĸ", "l": "i і ı ι ӏ 1 | ! ǀ ł լ", "n": "п η ո ռ", "o": "о ο 0 օ ø ö", "p": "р ρ ƿ",
    "q": "ԛ գ", "r": "г ɾ ᴦ", "rn": "m м", "s": "ѕ $ ꜱ", "t": "т τ", "u": "υ ս ц", "v": "ν ѵ", "vv": "w ω ѡ ш ա",
    "x": "х χ ×", "y": "у γ ү ყ", "z": "ᴢ ʐ",
}  # fmt: skip
_MAP = {other: letter for letter, others in _ALIKE.items() for other in others.split()}
_SIGNS = frozenset("@$|!¢€×")
"""Signs that stand for letters inside a word; at its ends they are what they are."""
_CAPITALS = str.maketrans("ΝΗΥ", "NHY")
"""Greek capitals that look like other Latin letters than their small forms do."""
_UNSEEN = ("Mn", "Me", "Cf")


@dataclass(frozen=True, slots=True)
class Folded:
    """``letters``: what is compared. ``starts`` and ``ends``: where words begin and end in it."""

    letters: str
    starts: frozenset[int]
    ends: frozenset[int]


@dataclass(frozen=True, slots=True)
class Mention:
    """A protected name in a text. ``place``: which of the texts."""

    name: str
    kind: str
    place: str


def fold(text: str, *, by_look: bool = False) -> Folded:
    """The skeleton of a text. ``by_look``: with Greek capitals as the Latin ones that they look like; a Greek word is
    then another one in capitals."""
    whole = unicodedata.normalize("NFKC", text[:MAX_SEARCHED])
    plain = (whole.translate(_CAPITALS) if by_look else whole).casefold()
    # Accents, and what nobody sees, part no words.
    seen = [one for one in unicodedata.normalize("NFD", plain) if unicodedata.category(one) not in _UNSEEN]
    letters: list[str] = []
    starts, ends = {0}, set[int]()
    size, before = 0, ""
    for place, one in enumerate(seen):
        kind = unicodedata.category(one)[0]
        inside = one in _SIGNS and _letter(seen, place - 1) and _letter(seen, place + 1)
        if kind not in "LN" and not inside:
            before = ""
            continue
        # Each Chinese character may begin or end a name, and so may digits after letters.
        kind = "C" if _single(one) else kind
        if kind == "C" or (kind != before and not inside):
            starts.add(size)
            ends.add(size)
        shown = _MAP.get(one, one)
        letters.append(shown)
        size += len(shown)
        before = before if inside else kind
    return Folded("".join(letters), frozenset(starts), frozenset({*ends, size}))


def mentions(texts: Iterable[tuple[str, str]], names: Iterable[NameRow]) -> list[Mention]:
    """Which protected names stand in which texts.

    Args:
        texts: Pairs of what a text is and the text.
        names: The list.
    """
    known = list(names)
    found: dict[tuple[str, str], Mention] = {}
    for place, text in texts:
        ways = [fold(text), *([fold(text, by_look=True)] if set(text) & {"Ν", "Η", "Υ"} else [])]
        for one in known:
            if any(_holds(way, one.skeleton) for way in ways):
                found.setdefault((one.skeleton, place), Mention(one.name, one.kind, place))
    return list(found.values())


def protect(
    connection: sa.Connection, name: str, now: datetime, *, kind: Literal["name", "mark"] = "name", note: str = ""
) -> NameRow:
    """Put a name on the list.

    Raises:
        UserError: it is too short, too long or no plain line, or is there already.
    """
    plain = " ".join(name.split())
    skeleton = fold(plain).letters
    fits = len(plain) <= MAX_NAME and plain.isprintable() and len(skeleton) >= LEAST and len(skeleton) <= 2 * MAX_NAME
    if not fits or len(note) > MAX_NAME or (note and not note.isprintable()):
        raise UserError(
            _("'{name}' can't be searched for.", name=name[:40]),
            _("Give {least} to {most} letters in one line.", least=LEAST, most=MAX_NAME),
            code="names.name",
        )
    row = NameRow(skeleton, plain, kind, note, now)
    if not add_name(connection, row):
        raise UserError(
            _("'{name}' is on the list already, or what looks like it.", name=plain),
            _("`luokuan rights names list` shows all."),
            code="names.there",
            status=409,
        )
    return row


def protect_no_more(connection: sa.Connection, name: str) -> None:
    """Take a name from the list.

    Raises:
        UserError: it isn't there.
    """
    if not remove_name(connection, fold(name[:MAX_SEARCHED]).letters):
        raise UserError(
            _("'{name}' isn't on the list.", name=name[:40]),
            _("`luokuan rights names list` shows all."),
            code="names.missing",
            status=404,
        )


def protected(connection: sa.Connection) -> list[NameRow]:
    """The list."""
    return list_names(connection)


def _holds(text: Folded, skeleton: str) -> bool:
    at = text.letters.find(skeleton)
    while at >= 0:
        if at in text.starts and at + len(skeleton) in text.ends:
            return True
        at = text.letters.find(skeleton, at + 1)
    return False


def _letter(seen: list[str], place: int) -> bool:
    return 0 <= place < len(seen) and unicodedata.category(seen[place])[0] in "LN"


def _single(character: str) -> bool:
    """Whether a character is written without spaces around words: Chinese characters, kana, Thai and the like."""
    return unicodedata.category(character) == "Lo" and not "\u05d0" <= character <= "\u06ff" and character not in _MAP
