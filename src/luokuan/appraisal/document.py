"""A report as a row of blocks, so that the page and the PDF say the same; figures carry the marks of their notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from luokuan.appraisal.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and the notes that it rests on, such as ``A1-A13``; ``tone``: ``bad`` or ``good`` stands out."""

    text: str
    notes: tuple[str, ...] = ()
    tone: Literal["", "bad", "good"] = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words; ``urgent``: framed, for what a person must decide."""

    cell: Cell
    urgent: bool = False
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Cards:
    """A few large figures with their names."""

    cards: tuple[tuple[str, Cell], ...]
    kind: Literal["cards"] = "cards"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; the first column holds words, ``numbers`` names those that are set to the right; ``shares``:
    how wide columns are to each other on paper."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart and what it shows."""

    drawing: Drawing
    caption: Cell
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True, slots=True)
class Note:
    """What a figure rests on: a record, an assumption or a method."""

    mark: str
    text: str


Block = Heading | Paragraph | Cards | Table | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """Title, what stands below it, the sentence that nobody may overlook, the blocks, and the notes by their groups."""

    title: str
    subtitle: str
    advice: tuple[str, str]
    blocks: tuple[Block, ...]
    notes: tuple[tuple[str, tuple[Note, ...]], ...]
    language: str
    words: dict[str, str] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """All that is to be read, for whoever looks for a font."""
        found = [self.title, self.subtitle, *self.advice, *self.words.values()]
        for block in self.blocks:
            if isinstance(block, Heading):
                found.append(block.text)
            elif isinstance(block, Paragraph):
                found.append(block.cell.text)
            elif isinstance(block, Cards):
                found += [text for name, cell in block.cards for text in (name, cell.text)]
            elif isinstance(block, Table):
                found += [*block.columns, *(cell.text for row in block.rows for cell in row)]
            else:
                found += [block.caption.text, *(getattr(shape, "text", "") for shape in block.drawing.shapes)]
        return [*found, *(text for name, notes in self.notes for text in (name, *(n.text for n in notes)))]


class Notes:
    """Collects notes in groups, a letter each."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[str, list[Note]]] = {}

    def group(self, letter: str, name: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Add a group. Returns the mark of all of it, such as ``("A1-A13",)``; empty without texts."""
        notes = [Note(f"{letter}{at}", text) for at, text in enumerate(texts, start=1)]
        if not notes:
            return ()
        self._groups[letter] = (name, notes)
        return (notes[0].mark if len(notes) == 1 else f"{notes[0].mark}-{notes[-1].mark}",)

    def all(self) -> tuple[tuple[str, tuple[Note, ...]], ...]:
        """Names of the groups and their notes."""
        return tuple((name, tuple(notes)) for name, notes in self._groups.values())
