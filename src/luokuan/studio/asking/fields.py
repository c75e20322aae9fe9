"""The fields of a form, from the JSON schema of a kind's brief: nothing of a kind is written down twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from luokuan.studio.asking.words import choice_word, field_words
from luokuan.studio.jobs.kinds import Brief, Kind

Shape = Literal["line", "words", "number", "tick", "choice", "lines", "pairs", "file", "model"]
LONG = 400
"""Characters from which on a text gets more than one line."""
MOST_TYPED = 10_000
"""Characters that a form takes of one text; programs may send more."""
MAIN = {
    "create.image": ("model", "brief", "like", "count"),
    "create.text": ("model", "prompt", "count"),
    "create.sentences": ("model", "sentence", "toward", "attributes", "count"),
    "create.music": ("model", "bars", "mode", "density", "key", "like", "format", "count"),
    "create.verse": ("model", "title", "form", "heads", "count"),
    "create.copy": ("model", "product", "attributes", "form", "language", "count"),
    "create.translation": ("model", "text", "file", "to"),
    "create.enlargement": ("model", "file", "by"),
    "create.presenter": ("text", "title", "subtitle", "captions"),
    "create.video": ("storyboard",),
    "create.effect": ("file", "effect", "of", "strength", "toward", "background"),
    "create.speech": ("text", "rate"),
    "create.clip": ("model", "brief", "fps", "loops", "count"),
    "create.sound": ("model", "category", "seconds", "loop", "count"),
}
"""Fields that stand open in a form, in their order, besides those that must be filled in; the rest is under "More"."""
USUAL = ("model", "brief", "prompt", "text", "title", "file", "voice", "count")
"""The same for kinds that aren't known here."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Args:
        name: As the form sends it; parts of a brief within the brief are parted by dots.
        shape: What is shown: ``line`` and ``words`` are texts, ``lines`` one text a line, ``pairs`` a name and a text a
            line, ``file`` a work of the library, ``model`` a model.
        label: For people.
        help: A sentence more; may be empty.
        required: Whether it must be filled in.
        main: Whether it stands open.
        default: What an empty field means.
        optional: Whether an empty field means that nothing is asked for.
        whole: Whether a number is a whole one.
        choices: (value, as it is sent, for people).
        least: Smallest number, or None.
        most: Largest number, or None.
        longest: Characters, or None.
        numbers: Whether what stands in its lines or pairs are numbers.
        of: Kind of media that a file must be, or families that a model must be of.
    """

    name: str
    shape: Shape
    label: str
    help: str
    required: bool
    main: bool
    default: Any = None
    optional: bool = False
    whole: bool = False
    choices: tuple[tuple[Any, str, str], ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    numbers: bool = False
    of: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Of its element."""
        return f"field-{self.name.replace('.', '-')}"


def fields_of(kind: Kind[Any]) -> list[Field]:
    """All fields of a kind's form, the main ones first."""
    schema = schema_of(kind.brief)
    found = list(_fields(schema, schema.get("$defs", {}), kind, ""))
    order = {name: place for place, name in enumerate(MAIN.get(kind.name, USUAL))}
    return sorted(found, key=lambda field: (not field.main, order.get(field.name, len(order))))


def schema_of(brief: type[Brief]) -> dict[str, Any]:
    """The JSON schema of a brief."""
    return brief.model_json_schema()


def _fields(schema: Mapping[str, Any], definitions: Mapping[str, Any], kind: Kind[Any], inside: str) -> Iterator[Field]:
    for name, given in schema.get("properties", {}).items():
        about, optional = _plain(given, definitions)
        if "properties" in about:
            yield from _fields(about, definitions, kind, f"{inside}{name}.")
            continue
        shape = _shape(name, about)
        label, explained = field_words(f"{inside}{name}", kind.name)
        required = name in schema.get("required", ())
        yield Field(
            name=f"{inside}{name}",
            shape=shape,
            label=label,
            help=explained,
            required=required and not inside,
            main=not inside and (required or name in MAIN.get(kind.name, USUAL)),
            default=about.get("default"),
            optional=optional,
            whole=about.get("type") == "integer",
            choices=tuple((value, str(value), choice_word(name, value)) for value in about.get("enum", ())),
            least=about.get("minimum", about.get("exclusiveMinimum")),
            most=about.get("maximum", about.get("exclusiveMaximum")),
            longest=about.get("maxLength"),
            numbers=_of_numbers(about),
            of=(about["file"],) if "file" in about else tuple(about.get("families", kind.families)),
        )


def _plain(given: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A property without references and without "or nothing", and whether it may be nothing."""
    about, optional = dict(given), False
    for choice in ("anyOf", "allOf"):
        if choice in about:
            parts = [part for part in about.pop(choice) if part.get("type") != "null"]
            optional = optional or len(parts) < len(given[choice])
            if len(parts) == 1:
                about = {**parts[0], **about}
    if "$ref" in about:
        about = {**definitions.get(about.pop("$ref").rpartition("/")[2], {}), **about}
    if "const" in about:
        about["enum"] = [about["const"]]
    return about, optional


def _of_numbers(about: Mapping[str, Any]) -> bool:
    """Whether an array or an object holds numbers alone."""
    inner = about.get("prefixItems") or [about.get("items") or about.get("additionalProperties")]
    return all(isinstance(one, Mapping) and one.get("type") == "number" for one in inner)


def _shape(name: str, about: Mapping[str, Any]) -> Shape:
    kind = about.get("type")
    if "enum" in about:
        return "choice"
    if name in ("model", "upscaler", "codec"):
        return "model"
    if "file" in about:
        return "file"
    if kind == "boolean":
        return "tick"
    if kind in ("integer", "number"):
        return "number"
    if kind == "array":
        return "lines"
    if kind == "object":
        return "pairs"
    return "words" if about.get("maxLength", 0) > LONG else "line"
