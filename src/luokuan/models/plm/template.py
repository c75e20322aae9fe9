"""The child process that runs a chat template: one JSON object in, one out.

In: ``template`` and ``variables``, a list of them for several texts. Out: ``texts``, or ``error`` in words. The
environment is that of transformers (``transformers/utils/chat_template_utils.py``); it isn't imported, because that
would take seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

CPU_SECONDS = 2
MEMORY = 1 << 30
"""Address space of this process in bytes."""
LONGEST = 4 << 20
"""Most characters that a template may make."""


class _Generation(Extension):
    """``{% generation %}``, which marks the model's own words for training: its inside is all that counts here."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)


class _Namespace(Namespace):
    """Without names that begin with an underscore, which lead into the interpreter."""

    def __init__(*args: Any, **named: Any) -> None:
        self, *rest = args
        values = dict(*rest, **named)
        for name in values:
            _check_name(name)
        Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace can't hold {name!r}")


class _Dict:
    """``dict`` without the class behind it."""

    def __call__(self, *args: Any, **named: Any) -> dict[Any, Any]:
        return dict(*args, **named)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """As ``dict.fromkeys``."""
        return dict.fromkeys(*args)


def render(template: str, variables: Mapping[str, Any]) -> str:
    """What ``template`` makes of ``variables``, as transformers' ``apply_chat_template`` with a generation prompt.

    Raises:
        TemplateError: the template is wrong, forbidden, or says so itself.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: Any = 0
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment.filters["tojson"] = tojson
    environment.globals |= {
        "raise_exception": raise_exception,
        "strftime_now": lambda form: datetime.now().strftime(form),
        "dict": _Dict(),
        "namespace": _Namespace,
    }
    given = {"tools": None, "documents": None, "add_generation_prompt": True, **variables}
    pieces, length = [], 0
    for piece in environment.from_string(template).generate(**given):
        pieces.append(piece)
        length += len(piece)
        if length > LONGEST:
            raise TemplateError("it makes too long a text")
    return "".join(pieces)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    for kind, most in ((resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(kind, (most, most))


def main() -> None:
    """Answer one question."""
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    asked = json.load(sys.stdin)
    _limit()
    try:
        answer: dict[str, Any] = {"texts": [render(asked["template"], given) for given in asked["variables"]]}
    except Exception as error:  # whatever a stranger's program comes to
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
