"""What a model that is told attributes can understand of a brief: values, colours of things, and things themselves."""

from __future__ import annotations

import colorsys
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luokuan.create.denials import CHINESE_DENIAL, DENIALS, TURNS, clauses, plain
from luokuan.errors import UserError
from luokuan.i18n import _

COLOURS = {
    "black": (20, 18, 18), "white": (250, 250, 250), "grey": (128, 128, 128), "gray": (128, 128, 128),
    "red": (200, 30, 25), "orange": (240, 140, 40), "yellow": (250, 215, 70), "green": (70, 170, 80),
    "blue": (60, 130, 200), "purple": (125, 85, 165), "pink": (240, 150, 180), "brown": (110, 70, 40),
    "blond": (215, 180, 120), "blonde": (215, 180, 120), "beige": (240, 220, 185),
}  # fmt: skip
"""Names of colours, sRGB 0..255."""
SMALL = ("a", "an", "the", "with", "and", "of", "in")
"""Words that ask for nothing, even where a value has them in its name."""
NEAR = 110.0
"""Largest distance of a value of another hue from a named colour, in the same units."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a brief asks for: any of the ``alternatives``, attribute to the values that would do."""

    words: str
    alternatives: Mapping[str, tuple[str, ...]]


def read_attributes(
    brief: str, attributes: Mapping[str, Sequence[str]], aliases: Mapping[str, str] | None = None
) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """The terms of ``brief``, and the words without effect.

    A word is a value (``smiling`` for ``smile``), a colour with the thing that has it (``red hair`` for the reddest
    ``hairColor``), or a thing (``glasses`` for any value of ``glasses``). What is denied (``without glasses``) is a
    value only where one is called so (``no hair`` for ``noHair``), else it is without effect.

    Args:
        attributes: Attribute to its values.
        aliases: Words for other words, such as ``{"微笑": "smile"}``; those in a script without spaces are found
            inside the text.

    Raises:
        UserError: the brief asks for something, and for nothing that the model knows.
    """
    others = {key.casefold(): value for key, value in (aliases or {}).items()}
    text = plain(brief)
    for key in sorted((k for k in others if not k.isascii()), key=len, reverse=True):
        text = text.replace(key, f" {others[key]} ")
    words = re.findall(r"[^\W_]+", text)
    terms, ignored, used = _denials(words, clauses(text), others, attributes)
    for index, word in enumerate(words):
        if word not in COLOURS or index in used:
            continue
        for place in (index + 1, index + 2, index - 1, index - 2):
            if not 0 <= place < len(words) or place in used:
                continue
            found = _coloured(COLOURS[word], _meanings(words[place], others), attributes)
            if found:
                terms.append(Term(f"{word} {words[place]}", found))
                used |= {index, place}
                break
    for index, word in enumerate(words):
        if index in used or word in SMALL:
            continue
        found = _named(_meanings(word, others), attributes)
        if found:
            terms.append(Term(word, found))
        else:
            ignored.append(word)
    if not terms and any(i not in used and word not in SMALL for i, word in enumerate(words)):
        raise UserError(
            _("The brief '{brief}' says nothing that this model knows.", brief=brief),
            _("It knows: {names}.", names=", ".join(attributes)),
            code="create.attribute",
        )
    return tuple(terms), tuple(ignored)


def given_attributes(given: Mapping[str, str], attributes: Mapping[str, Sequence[str]]) -> tuple[Term, ...]:
    """Attributes that were named outright, as terms.

    Raises:
        UserError: an unknown attribute or value, with the nearest known ones.
    """
    terms = []
    for name, value in given.items():
        if name not in attributes:
            raise UserError(
                _("This model has no attribute '{name}'.", name=name),
                _("Did you mean {nearest}?", nearest=_nearest(name, list(attributes))),
                code="create.attribute",
            )
        found: dict[str, tuple[str, ...]] = {name: (value,)} if value in attributes[name] else {}
        if not found and value in COLOURS:
            found = _coloured(COLOURS[value], set(_pieces(name)), {name: attributes[name]})
        if not found:
            raise UserError(
                _("The attribute '{name}' has no value '{value}'.", name=name, value=value),
                _("Did you mean {nearest}?", nearest=_nearest(value, attributes[name])),
                code="create.attribute",
            )
        terms.append(Term(f"{name}={value}", found))
    return tuple(terms)


def _nearest(word: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, known, n=5, cutoff=0.3) or list(known)[:8]
    return ", ".join(found)


def _pieces(name: str) -> list[str]:
    """``smileBig2`` to smile, big."""
    return [_stem(piece.casefold()) for piece in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_A-Za-z]+", name)]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _meanings(word: str, aliases: Mapping[str, str]) -> set[str]:
    return {_stem(piece) for piece in [word, *re.findall(r"[^\W_]+", aliases.get(word, "").casefold())]}


def _denials(
    words: Sequence[str], begins: set[int], aliases: Mapping[str, str], attributes: Mapping[str, Sequence[str]]
) -> tuple[list[Term], list[str], set[int]]:
    """What is denied: as terms, as words without effect, and at which places they stand.

    A denial holds to the end of its clause: rather too much is left out than a thing asked for that isn't wanted.
    """
    terms: list[Term] = []
    ignored: list[str] = []
    used: set[int] = set()

    def denial(place: int) -> bool:
        return words[place] in DENIALS or bool(CHINESE_DENIAL.search(words[place]))

    def ends(place: int) -> bool:
        # 的 closes a denial ("不戴眼镜的女人"), but not between a colour and its thing ("没有红的头发").
        closed = words[place].startswith("的") and words[place - 1] not in COLOURS
        return place in begins or words[place] in TURNS or closed or denial(place)

    for index in range(len(words)):
        if index in used or not denial(index):
            continue
        first = index + 1
        while first < len(words) and words[first] in SMALL and not ends(first):
            first += 1
        end, found = first, {}
        if first < len(words) and not ends(first):
            found = _named_wholly([{"no", thing} for thing in _meanings(words[first], aliases)], attributes)
            end = first + 1
        while not found and end < len(words) and not ends(end):
            end += 1
        said = " ".join(words[index:end])
        if found:
            terms.append(Term(said, found))
        else:
            ignored.append(said)
        used |= set(range(index, end))
    return terms, ignored, used


def _named_wholly(wanted: Sequence[set[str]], attributes: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Values that have all pieces of one of ``wanted`` in their names."""
    found = {
        name: tuple(v for v in values if any(pieces <= set(_pieces(v)) for pieces in wanted))
        for name, values in attributes.items()
    }
    return {name: values for name, values in found.items() if values}


def _coloured(
    colour: tuple[int, int, int], things: set[str], attributes: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, values in attributes.items():
        shades = [value for value in values if _HEX.fullmatch(value)]
        if not shades or not things & set(_pieces(name)):
            continue
        alike = [v for v in shades if _distance(colour, v) <= NEAR or _same_hue(colour, v)]
        if alike:
            best = min(_distance(colour, value) for value in alike)
            found[name] = tuple(v for v in alike if _distance(colour, v) <= 1.2 * best)
    return found


def _distance(colour: tuple[int, int, int], shade: str) -> float:
    """Euclidean distance in sRGB, red and blue weighted by how red both are (the "redmean" approximation)."""
    other = [int(shade[i : i + 2], 16) for i in (1, 3, 5)]
    mean = (colour[0] + other[0]) / 2
    red, green, blue = (a - b for a, b in zip(colour, other, strict=True))
    total = (2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2
    return float((total / 3) ** 0.5)


def _same_hue(colour: tuple[int, int, int], shade: str) -> bool:
    """Whether a pale or dark shade is still of that colour: light blue is blue. Greys have no hue."""
    one, other = colour, [int(shade[i : i + 2], 16) for i in (1, 3, 5)]
    (hue, _l, strength), (hue_other, _m, strength_other) = (
        colorsys.rgb_to_hls(*(value / 255 for value in values)) for values in (one, other)
    )
    apart = abs(hue - hue_other)
    return min(strength, strength_other) > 0.25 and min(apart, 1 - apart) < 30 / 360


def _named(meanings: set[str], attributes: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, values in attributes.items():
        fitting = tuple(v for v in values if not _HEX.fullmatch(v) and meanings & set(_pieces(v)))
        if fitting:
            found[name] = fitting
    if found:
        return found
    # A thing by its name alone: whatever it looks like, but not the colour of one.
    return {
        name: tuple(values)
        for name, values in attributes.items()
        if meanings & set(_pieces(name)) and not _HEX.fullmatch(values[0])
    }
