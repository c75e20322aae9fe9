"""A text cut into lines and sentences, and put together again in another language with its layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_LEAD = re.compile(r"[^\S\n]*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])[^\S\n]+)*")
_END = re.compile(r"""[。！？…]+["”’』」）)]*|[.!?]+["”’)]*(?=\s)""")
_SHORT = re.compile(r"(?:\A|[\s(\"“])(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|No|[A-Z])\.$")
"""Abbreviations whose point ends no sentence."""
_SHORTS = 8
"""Characters of the longest of them, with what stands before and after, or a few more."""
_CLAUSES = re.compile(r"[,;:，；：、—]+\s*")
_WORDS = re.compile(r"\s+")
TIGHT = ("zh", "ja")
"""Languages that put no space between sentences."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text.

    Args:
        lead: Indentation and marks of lists and headings before the first sentence.
        sentences: What is to be translated; none of an empty line.
        end: Spaces after the last sentence, and the line feed if there is one.
    """

    lead: str
    sentences: tuple[str, ...]
    end: str


def lines_of(text: str) -> list[Line]:
    """The lines of ``text``; nothing but spaces between sentences is lost."""
    found = []
    for raw in text.splitlines(keepends=True):
        lead = re.match(_LEAD, raw)
        begin = lead.end() if lead else 0
        body = raw[begin:].rstrip()
        found.append(Line(raw[:begin], tuple(_sentences(body)), raw[begin + len(body) :]))
    return found


def _sentences(body: str) -> Iterator[str]:
    start = 0
    for mark in re.finditer(_END, body):
        # Its end alone: long runs of abbreviations would be read again and again.
        if not _SHORT.search(body[max(start, mark.end() - _SHORTS) : mark.end()]):
            yield body[start : mark.end()].strip()
            start = mark.end()
    if rest := body[start:].strip():
        yield rest


def put_together(lines: Sequence[Line], sentences: Sequence[Sequence[str]], language: str) -> str:
    """The text whose lines have these sentences instead of their own, as ``language`` puts them together."""
    gap = "" if language in TIGHT else " "
    return "".join(line.lead + gap.join(own) + line.end for line, own in zip(lines, sentences, strict=True))


def fitting(sentence: str, fits: Callable[[str], bool]) -> list[str]:
    """``sentence`` in as few pieces as it takes until ``fits`` holds for each: cut near the middle after a mark between
    clauses, else at a space, else between characters."""
    if len(sentence) < 2 or fits(sentence):
        return [sentence]
    middle = len(sentence) / 2
    for marks in (_CLAUSES, _WORDS):
        places = [m.end() for m in re.finditer(marks, sentence) if 0 < m.end() < len(sentence)]
        if places:
            cut = min(places, key=lambda place: abs(place - middle))
            break
    else:
        cut = len(sentence) // 2
    return [*fitting(sentence[:cut].strip(), fits), *fitting(sentence[cut:].strip(), fits)]
