"""Writing JSON that fits a schema: before each token, only those that can still become such a text are left.

A schema without recursion is a regular language. It becomes an automaton over characters (Thompson 1968), and a token
may follow where the automaton survives all of its characters (Willard and Louf 2023, arXiv 2307.09702). Objects have
their fields in the schema's order, with one space after ``:`` and ``,`` and none elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from torch import Tensor

    from luokuan.models.plm.model import PlmModel

DEEPEST = 12
"""Schemas inside one another."""
FREE = 3
"""Objects and lists inside one another where a schema doesn't say what they hold."""
MOST_PARTS, MOST_STATES = 2000, 50_000
LONGEST = 400
"""Most repeats of a piece whose number the schema limits; characters of a text, and items of a list."""
DIGITS = 15
SAYS_NOTHING = ("title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions",
                "deprecated", "readOnly", "writeOnly", "additionalProperties")  # fmt: skip
"""Keywords that don't change what is written; further properties never are."""
KNOWN = ("type", "properties", "required", "items", "enum", "const", "anyOf", "$ref", "minItems", "maxItems",
         "minLength", "maxLength")  # fmt: skip
Chars = tuple[bool, frozenset[str]]
"""(whether it is any character but these, these)."""
Piece = Callable[["Automaton", int], int]
"""Adds itself behind a state; returns the state behind it."""
_DIGIT: Chars = (False, frozenset("0123456789"))
_PLAIN: Chars = (True, frozenset('"\\\ufffd') | frozenset(map(chr, range(0x20))) | {"\x7f"})


class Automaton:
    """States with edges: (characters, next) or (None, next), which takes no character."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[Chars | None, int]]] = [[]]

    def state(self) -> int:
        """A new state.

        Raises:
            UserError: there are too many.
        """
        if len(self.edges) >= MOST_STATES:
            raise _unfit(_("it is too large"))
        self.edges.append([])
        return len(self.edges) - 1

    def join(self, start: int, end: int, chars: Chars | None = None) -> None:
        """An edge."""
        self.edges[start].append((chars, end))

    def closure(self, states: Iterator[int] | Sequence[int]) -> frozenset[int]:
        """These states, and those that are reached without a character."""
        found, waiting = set[int](), list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                waiting += [end for chars, end in self.edges[state] if chars is None]
        return frozenset(found)

    def after(self, states: frozenset[int], letter: str) -> frozenset[int]:
        """Where a character leads."""
        return self.closure(
            [
                end
                for state in states
                for chars, end in self.edges[state]
                if chars is not None and (letter in chars[1]) != chars[0]
            ]
        )


def _lit(text: str) -> Piece:
    return _seq(*(_one((False, frozenset(letter))) for letter in text))


def _one(chars: Chars) -> Piece:
    def add(machine: Automaton, start: int) -> int:
        end = machine.state()
        machine.join(start, end, chars)
        return end

    return add


def _seq(*pieces: Piece) -> Piece:
    def add(machine: Automaton, start: int) -> int:
        for piece in pieces:
            start = piece(machine, start)
        return start

    return add


def _alt(*pieces: Piece) -> Piece:
    def add(machine: Automaton, start: int) -> int:
        end = machine.state()
        for piece in pieces:
            machine.join(piece(machine, start), end)
        return end

    return add


def _many(piece: Piece, least: int = 0, most: int | None = None) -> Piece:
    """From ``least`` to ``most`` times; None: without end."""

    def add(machine: Automaton, start: int) -> int:
        for _number in range(least):
            start = piece(machine, start)
        end = machine.state()
        machine.join(start, end)
        if most is None:
            machine.join(piece(machine, end), end)
        for _number in range(0 if most is None else most - least):
            start = piece(machine, start)
            machine.join(start, end)
        return end

    return add


def _text(least: int = 0, most: int | None = None) -> Piece:
    hexes = _one((False, frozenset("0123456789abcdef")))
    # Half a character (\ud800) is no text; what needs no escape is written as it is.
    escaped = _alt(_one((False, frozenset('"\\/bfnrt'))), _seq(_lit("u00"), _one((False, frozenset("01"))), hexes))
    return _seq(_lit('"'), _many(_alt(_one(_PLAIN), _seq(_lit("\\"), escaped)), least, most), _lit('"'))


def _whole() -> Piece:
    more = _seq(_one((False, frozenset("123456789"))), _many(_one(_DIGIT), 0, DIGITS - 1))
    return _seq(_many(_lit("-"), 0, 1), _alt(_lit("0"), more))


def _number() -> Piece:
    return _seq(_whole(), _many(_seq(_lit("."), _many(_one(_DIGIT), 1, DIGITS)), 0, 1))


def _list(item: Piece, least: int, most: int | None) -> Piece:
    if most == 0:
        return _lit("[]")
    more = _many(_seq(_lit(", "), item), max(least - 1, 0), None if most is None else most - 1)
    filled = _seq(_lit("["), item, more, _lit("]"))
    return filled if least else _alt(_lit("[]"), filled)


def _object(fields: Sequence[tuple[str, Piece, bool]]) -> Piece:
    """Fields as (name, value, whether it must be there), in this order."""

    def add(machine: Automaton, start: int) -> int:
        none = _lit("{")(machine, start)
        some: int | None = None  # behind at least one field
        for name, value, must in fields:
            named = _seq(_lit(f"{json.dumps(name, ensure_ascii=False)}: "), value)
            reached = machine.state()
            if none >= 0:
                machine.join(named(machine, none), reached)
            if some is not None:
                machine.join(_seq(_lit(", "), named)(machine, some), reached)
                if not must:
                    machine.join(some, reached)
            some, none = reached, (-1 if must else none)
        end = machine.state()
        for state in (none, -1 if some is None else some):
            if state >= 0:
                machine.join(_lit("}")(machine, state), end)
        return end

    return add


def _free(depth: int) -> Piece:
    plain = [_text(), _number(), _lit("true"), _lit("false"), _lit("null")]
    return _alt(*plain, *([_free_object(depth - 1), _list(_free(depth - 1), 0, None)] if depth else []))


def _free_object(depth: int) -> Piece:
    pair = _seq(_text(1), _lit(": "), _free(depth))
    return _alt(_lit("{}"), _seq(_lit("{"), pair, _many(_seq(_lit(", "), pair)), _lit("}")))


class _Reader:
    """From a schema to a piece."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root, self._parts = schema, 0

    def piece(self, schema: Any, depth: int = 0) -> Piece:
        """What fits ``schema``."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _unfit(_("it is too large"))
        if depth > DEEPEST:
            raise _unfit(_("it is too deep, or goes in circles"))
        if schema is True or schema == {}:
            return _free(FREE)
        if not isinstance(schema, Mapping):
            raise _unfit(_("a part of it is no object"))
        if strange := [key for key in schema if key not in KNOWN and key not in SAYS_NOTHING]:
            raise _unfit(_("'{keyword}' isn't supported", keyword=str(strange[0])[:40]))
        if "$ref" in schema:
            return self.piece(self._found(schema["$ref"]), depth + 1)
        if "const" in schema:
            return _lit(json.dumps(schema["const"], ensure_ascii=False))
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return _alt(*(_lit(json.dumps(value, ensure_ascii=False)) for value in schema["enum"]))
        if isinstance(schema.get("anyOf"), list) and schema["anyOf"]:
            return _alt(*(self.piece(one, depth + 1) for one in schema["anyOf"]))
        kinds = schema.get("type", "object" if "properties" in schema else None)
        named = kinds if isinstance(kinds, list) else [kinds]
        return _alt(*(self._typed(kind, schema, depth) for kind in named))

    def _typed(self, kind: Any, schema: Mapping[str, Any], depth: int) -> Piece:
        if kind == "string":
            return _text(*_bounds(schema, "Length"))
        if kind == "array":
            item = self.piece(schema.get("items", True), depth + 1)
            return _list(item, *_bounds(schema, "Items"))
        if kind == "object":
            return self._fields(schema, depth)
        simple = {"integer": _whole, "number": _number, "null": lambda: _lit("null"),
                  "boolean": lambda: _alt(_lit("true"), _lit("false"))}  # fmt: skip
        if kind not in simple:
            raise _unfit(_("'{keyword}' isn't supported", keyword=f"type {str(kind)[:40]}"))
        return simple[kind]()

    def _fields(self, schema: Mapping[str, Any], depth: int) -> Piece:
        fields, must = schema.get("properties"), schema.get("required", [])
        if not fields:
            return _free_object(FREE - 1) if schema.get("additionalProperties", True) is True else _lit("{}")
        if not isinstance(fields, Mapping) or not isinstance(must, list) or set(map(str, must)) - fields.keys():
            raise _unfit(_("a required field isn't among its properties"))
        return _object([(name, self.piece(value, depth + 1), name in must) for name, value in fields.items()])

    def _found(self, reference: Any) -> Any:
        found: Any = self._root
        for part in str(reference).removeprefix("#").strip("/").split("/"):
            if part:
                found = found.get(part) if isinstance(found, Mapping) else None
        if not str(reference).startswith("#") or found is None:
            raise _unfit(_("'{keyword}' isn't supported", keyword=str(reference)[:40]))
        return found


def _bounds(schema: Mapping[str, Any], what: str) -> tuple[int, int | None]:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    for value in (least, 0 if most is None else most):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST:
            raise _unfit(_("'{keyword}' isn't supported", keyword=f"{what} {value}"))
    if most is not None and most < least:
        raise _unfit(_("nothing fits it"))
    return least, most


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that can't be followed, without a model.

    Raises:
        UserError: so it is.
    """
    machine = Automaton()
    _Reader(schema).piece(schema)(machine, 0)


class Guide:
    """What may follow, for ``writing.write``'s ``allowed``.

    Args:
        model: Who writes.
        schema: A JSON schema; ``{"type": "object"}``: any object.

    Raises:
        UserError: the schema can't be followed.
    """

    def __init__(self, model: PlmModel, schema: Mapping[str, Any]) -> None:
        from luokuan.models.plm.writing import end_tokens

        self._machine = Automaton()
        self._end = _Reader(schema).piece(schema)(self._machine, 0)
        self._ends = sorted(end_tokens(model))
        self._words = int(model.network.get_input_embeddings().weight.shape[0])
        self._spelled = _spelled(model)
        self._start = self._machine.closure([0])
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._masks: dict[frozenset[int], Tensor] = {}
        self._texts: dict[int, tuple[int, frozenset[int]]] = {}

    def __call__(self, number: int, tokens: Sequence[int]) -> Tensor:
        """Which tokens may follow in a text, bool (V,).

        Raises:
            UserError: none: the model lacks characters that the schema needs.
        """
        read, states = self._texts.get(number, (0, self._start))
        for token in tokens[read:]:
            states = self._after(states, self._spelled.get(token, ""))
        self._texts[number] = (len(tokens), states)
        if states not in self._masks:
            self._masks[states] = self._mask(states)
        return self._masks[states]

    def _after(self, states: frozenset[int], text: str) -> frozenset[int]:
        for letter in text:
            if not states:
                break
            key = (states, letter)
            if key not in self._steps:
                self._steps[key] = self._machine.after(states, letter)
            states = self._steps[key]
        return states

    def _mask(self, states: frozenset[int]) -> Tensor:
        import torch

        mask = torch.zeros(self._words, dtype=torch.bool)
        mask[[token for token, text in self._spelled.items() if self._after(states, text)]] = True
        if self._end in states:
            mask[self._ends] = True
        if not bool(mask.any()):
            raise _unfit(_("this model doesn't know the characters that it takes"))
        return mask


def _spelled(model: PlmModel) -> dict[int, str]:
    """What each token adds to a text; without those that are marks, or not whole characters."""
    decode = model.tokenizer.backend_tokenizer.decode
    before = model.tokenizer("a", add_special_tokens=False).input_ids[-1:]
    lead = decode(before, skip_special_tokens=True)
    found = {}
    for token in model.tokenizer.get_vocab().values():
        text = decode([*before, token], skip_special_tokens=True)
        if text.startswith(lead) and len(text) > len(lead) and "\ufffd" not in text:
            found[token] = text[len(lead) :]
    return found


def _unfit(why: str) -> UserError:
    return UserError(
        _("The JSON schema can't be followed: {why}.", why=why),
        _("Use types, properties, required, items, enum, const, anyOf and limits of length, without circles."),
        code="structured.schema",
    )
