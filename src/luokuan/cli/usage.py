"""Wrong command lines in our words: Typer's own sentences are English only and end as they like."""

from __future__ import annotations

import gettext
import os
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
    elif kind == "BadParameter":
        reason = str(error.message).rstrip(".")
        what = _("The value of {name} can't be used: {reason}.", name=_name(error), reason=reason)
    else:
        what = error.format_message().rstrip(".") + "."
    return _usage(what, _("See --help."))


def _usage(what: str, do: str) -> UserError:
    return UserError(what, do, code="cli.usage")


def _name(error: Any) -> str:
    """The option or argument in question, as it is written on the command line."""
    hint = error.param_hint or (error.param.get_error_hint() if error.param is not None else "?")
    return hint if isinstance(hint, str) else " / ".join(hint)
