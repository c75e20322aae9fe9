"""What a model that is told attributes can understand of a brief: values, colours of things, and things themselves."""

from __future__ import annotations

import colorsys
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
DENIALS = ("no", "not", "without", "没有", "没", "不戴", "不带", "不", "无")
"""Words after which a thing is not wanted; in Chinese also at the end of a piece of text."""
_CHINESE_DENIALS = tuple(word for word in DENIALS if not word.isascii())
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
        UserError: the brief isn't empty, and says nothing that the model knows.
    """
    others = {key.casefold(): value for key, value in (aliases or {}).items()}
    text = brief.casefold()
    for key in sorted((k for k in others if not k.isascii()), key=len, reverse=True):
        text = text.replace(key, f" {others[key]} ")
    words = re.findall(r"[^\W_]+", text)
    terms, ignored, used = _denials(words, _clauses(text), others, attributes)
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
    if words and not terms:
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
        shades = _coloured(COLOURS[value], set(_pieces(name)), {name: attributes[name]}) if value in COLOURS else {}
        if value not in attributes[name] and shades:
            terms.append(Term(f"{name}={value}", shades))
            continue
        if value not in attributes[name]:
            raise UserError(
                _("The attribute '{name}' has no value '{value}'.", name=name, value=value),
                _("Did you mean {nearest}?", nearest=_nearest(value, attributes[name])),
                code="create.attribute",
            )
        terms.append(Term(f"{name}={value}", {name: (value,)}))
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


def _clauses(text: str) -> set[int]:
    """Numbers of the words before which a mark of punctuation stands."""
    found = list(re.finditer(r"[^\W_]+", text))
    between = (text[a.end() : b.start()] for a, b in pairwise(found))
    return {index for index, gap in enumerate(between, 1) if re.search(r"[,.;:!?，。；：！？、]", gap)}


def _denials(
    words: Sequence[str], clauses: set[int], aliases: Mapping[str, str], attributes: Mapping[str, Sequence[str]]
) -> tuple[list[Term], list[str], set[int]]:
    """What is denied: as terms, as words without effect, and at which places they stand."""
    terms, ignored, used = [], [], set()

    def known(word: str) -> bool:
        return word in COLOURS or bool(_named(_meanings(word, aliases), attributes))

    for index, word in enumerate(words):
        english = word in DENIALS and word.isascii()
        if index in used or not (english or word.endswith(_CHINESE_DENIALS)):
            continue
        limit = min([*(c for c in clauses if c > index), len(words)])
        end = index + 1
        while end < limit - 1 and (words[end] in SMALL or words[end] in COLOURS):
            end += 1
        end = min(end + 1, limit)
        while english and end < limit and words[end] not in SMALL and known(words[end]):  # "without dark glasses"
            end += 1
        things = _meanings(words[end - 1], aliases)
        found = _named_wholly([{"no", thing} for thing in things], attributes) if end > index + 1 else {}
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
