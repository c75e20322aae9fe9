"""Sentences with slots: facts of a product as placeholders, so that a model can't write a figure that wasn't given.

Delexicalisation after Wen et al. 2015 (arXiv 1508.01745, section 3): each value of an attribute becomes a word of its
own, such as PRICE, and is put back once the sentence is written. What is true or false (``TRUTHS``) has no value to be
found in the sentence, so the brief above the sentence tells it to the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

Attributes = Sequence[tuple[str, str]]
"""Names and values; a name that comes again belongs to the next product."""

NAME, TYPE = "name", "type"
_BOTH = (NAME, TYPE, "family", "price", "pricerange")
SLOTS: Mapping[str, tuple[str, ...]] = {
    "laptop": (
        *_BOTH, "battery", "batteryrating", "design", "dimension", "drive", "driverange", "isforbusinesscomputing",
        "memory", "platform", "processor", "utility", "warranty", "weight", "weightrange",
    ),
    "tv": (
        *_BOTH, "accessories", "audio", "color", "ecorating", "hasusbport", "hdmiport", "powerconsumption",
        "resolution", "screensize", "screensizerange",
    ),
}  # fmt: skip
"""Attributes of each kind of product of copywriting_products (RNNLG, Wen et al. 2016)."""
TRUTHS = frozenset({"isforbusinesscomputing", "hasusbport"})
"""Attributes that are ``true`` or ``false``."""
CUES = {"ecorating": "eco", "hdmiport": "hdmi", "batteryrating": "batter", "screensizerange": "screen"}
"""What stands near the value of an attribute whose values are common words or figures."""
_ALL = sorted({name for names in SLOTS.values() for name in names} - TRUTHS)
_SLOT = re.compile(r"(?<!\w)(" + "|".join(name.upper() for name in _ALL) + r")([2-9]?)(?!\w)")
_CAPITALS = re.compile(r"[A-Z]{2}")


def placeholder(name: str, number: int = 1) -> str:
    """The word for the value of an attribute of the product with this number, 1 to 9."""
    return name.upper() + (str(number) if number > 1 else "")


def placeholders(text: str) -> Counter[str]:
    """How often each placeholder stands in a text."""
    return Counter(match.group() for match in _SLOT.finditer(text))


def values_of(attributes: Attributes) -> dict[str, str]:
    """Placeholders and their values, in the order of the attributes; truths have none."""
    seen: Counter[str] = Counter()
    found = {}
    for name, value in attributes:
        seen[name] += 1
        if name not in TRUTHS:
            found[placeholder(name, seen[name])] = value
    return found


def normalised(text: str, attributes: Attributes) -> str:
    """A sentence of the corpus with one spelling: `` -s`` joined, spaces single, values without plural endings."""
    text = re.sub(r" -(?=(?:s|es|ly|er)\b)", "", " ".join(text.split()))
    for value in sorted({value for _name, value in attributes}, key=len, reverse=True):
        if value[-1:].isalpha():
            text = re.sub(_whole(value, ending="e?s"), lambda match: match.group(1), text)
    return text


def _whole(value: str, ending: str = "") -> str:
    """A pattern for ``value`` (group 1) that is no part of a longer word or figure."""
    return rf"(?<!\w)(?<!\d[.,])({re.escape(value)}){ending}(?![\w+]|[.,]\d)"


def delexicalised(text: str, attributes: Attributes) -> str | None:
    """The sentence with a placeholder for each value, or None if it can't be aligned: a value isn't there, stands
    there more often than there are attributes with it (a name or type may), or the text holds capitals that could be
    taken for placeholders. ``lexicalised`` gives the sentence back.
    """
    values = values_of(attributes)
    if _CAPITALS.search(text) or any(not value or _CAPITALS.search(value) for value in values.values()):
        return None
    wanted: dict[str, list[str]] = {}
    for slot, value in values.items():
        wanted.setdefault(value, []).append(slot)
    taken: list[tuple[int, int, str]] = []
    for value in sorted(wanted, key=len, reverse=True):  # the name before the family that it begins with
        slots = wanted[value]
        places = [m.span(1) for m in re.finditer(_whole(value), text)]
        places = [(a, b) for a, b in places if all(b <= start or a >= end for start, end, _slot in taken)]
        often = all(slot.rstrip("23456789").lower() in (NAME, TYPE) for slot in slots)
        if often and len(slots) == 1:
            slots = slots * max(1, len(places))
        places = _near(text, places, slots)
        if len(places) != len(slots):
            return None
        taken += [(start, end, slot) for (start, end), slot in zip(places, slots, strict=True)]
    for start, end, slot in sorted(taken, reverse=True):
        text = text[:start] + slot + text[end:]
    return text


def _near(text: str, places: list[tuple[int, int]], slots: list[str]) -> list[tuple[int, int]]:
    """Of too many places for a common word, the one nearest to what it is about."""
    cue = CUES.get(slots[0].rstrip("23456789").lower()) if slots else None
    marks = [match.start() for match in re.finditer(cue, text)] if cue else []
    if len(slots) != 1 or len(places) < 2 or not marks:
        return places
    return [min(places, key=lambda place: min(abs(place[0] - mark) for mark in marks))]


def lexicalised(text: str, attributes: Attributes) -> str:
    """The sentence with each value in the place of its placeholder; placeholders without a value stay."""
    values = values_of(attributes)
    return _SLOT.sub(lambda match: values.get(match.group(), match.group()), text)


def heading(act: str, domain: str, attributes: Attributes) -> str:
    """The brief above a sentence: act and kind of product, then what is to be said, each product on a line.

    Attributes are sorted, for their order says nothing; truths stand with their value.
    """
    seen: Counter[str] = Counter()
    lines: dict[int, list[str]] = {}
    for name, value in attributes:
        seen[name] += 1
        word = f"{name} {value}" if name in TRUTHS else placeholder(name, seen[name])
        lines.setdefault(seen[name], []).append(word)
    return "\n".join([f"{act} {domain}", *(" ".join(sorted(lines[number])) for number in sorted(lines))]) + "\n"


def slot_errors(text: str, attributes: Attributes) -> tuple[int, int, int]:
    """Slots that are missing in ``text``, that are there too often or uncalled for, and that were asked for.

    The slot error rate is (missing + redundant) / asked for (Wen et al. 2015, section 4); truths aren't counted, as
    there. Before the values are put back.
    """
    wanted, found = Counter(dict.fromkeys(values_of(attributes), 1)), placeholders(text)
    return (wanted - found).total(), (found - wanted).total(), wanted.total()
