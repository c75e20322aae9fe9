"""Wrong command lines in our words: Typer's own sentences are English only and end as they like."""

from __future__ import annotations

import gettext
import os
import re
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import LOCALE_FOLDER, _, language


def translate_headings() -> None:
    """Let Typer, which asks gettext's current domain, find its headings in our catalogue.

    gettext reads the language from LANGUAGE alone once that is set; child processes may see it, and agree.
    """
    gettext.bindtextdomain("luokuan", str(LOCALE_FOLDER))
    gettext.textdomain("luokuan")
    os.environ["LANGUAGE"] = language()


def headings() -> tuple[str, ...]:
    """Typer's words that the catalogue must know, in its own spelling."""
    return (
        _("Arguments"),
        _("Options"),
        _("Commands"),
        _("required"),
        _("default: {default}"),
        _("(dynamic)"),
        _("Missing command."),
        _("No such command {name!r}."),
    )


def usage_error(error: Any) -> UserError:
    """The sentence for one of Typer's usage errors; which part of the command line is wrong, and why.

    Args:
        error: Any ``TyperException``; its kinds are told apart by what they carry, as they aren't public.
    """
    kind = type(error).__name__
    if kind == "NoSuchOption":
        what = _("There is no option {name}.", name=error.option_name)
        if error.possibilities:
            near = ", ".join(sorted(error.possibilities))
            return _usage(what, _("Did you mean {names}? See --help.", names=near))
    elif kind == "MissingParameter":
        what = _("{name} is missing.", name=_name(error))
    elif kind == "BadOptionUsage":
        takes = "requires" in error.message
        form = _("{name} needs a value.", name=error.option_name)
        what = form if takes else _("{name} takes no value.", name=error.option_name)
    elif kind == "BadParameter":
        what = _("The value of {name} can't be used: {reason}.", name=_name(error), reason=_reason(error))
    elif extra := re.fullmatch(r"Got unexpected extra argument\(s\) \((.*)\)", error.format_message()):
        what = _("Too many arguments: {names}.", names=extra.group(1))
    else:
        # Typer hangs its guess on to the (translated) sentence: "No such command 'x'. Did you mean 'y'?"
        sentence, _joint, guess = error.format_message().partition(". Did you mean ")
        what = sentence if sentence.endswith("。") else sentence.rstrip(".") + "."
        if guess:
            return _usage(what, _("Did you mean {names}? See --help.", names=guess.rstrip("?")))
    return _usage(what, _("See --help."))


def _reason(error: Any) -> str:
    """Why a value is refused. Typer lets Pydantic check values; it hands its findings on as the cause."""
    cause: Any = error.__cause__
    findings = cause.errors() if hasattr(cause, "errors") else []
    found = findings[0] if findings else {}
    kind, bounds = found.get("type"), found.get("ctx", {})
    if kind == "greater_than_equal":
        return _("it must be at least {bound}", bound=bounds["ge"])
    if kind == "less_than_equal":
        return _("it must be at most {bound}", bound=bounds["le"])
    if kind in ("int_parsing", "int_from_float"):
        return _("it is no whole number")
    if kind == "float_parsing":
        return _("it is no number")
    message = str(error.message).removeprefix("Value error, ").rstrip(".")
    value, joint, choices = message.partition(" is not one of ")
    return _("{value} is none of {choices}", value=value, choices=choices) if joint else message


def _usage(what: str, do: str) -> UserError:
    return UserError(what, do, code="cli.usage")


def _name(error: Any) -> str:
    """The option or argument in question, as it is written on the command line."""
    hint = error.param_hint or (error.param.get_error_hint() if error.param is not None else "?")
    return hint if isinstance(hint, str) else " / ".join(hint)
